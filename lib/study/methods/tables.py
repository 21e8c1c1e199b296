"""Tables of the methods chapter, made from the protocol."""

import pandas as pd
from livingpaper import Sheet

from study.protocol.protocol import Protocol
from study.protocol.words import ESTIMATORS, POPULATIONS

FORMS = {
    "linear": "linear",
    "log": "natural logarithm, linear",
    "spline": "restricted cubic spline, {knots} knots",
    "log spline": "natural logarithm, restricted cubic spline, {knots} knots",
    "category": "category",
}
TILTS = {
    "ATO": "h = e(1 − e)",
    "ATT": "h = e",
    "ATM": "h = min(e, 1 − e)",
    "ATE": "h = 1",
    "ATC": "h = 1 − e",
}


def propensity_terms(plan: Protocol, dictionary: pd.DataFrame) -> Sheet:
    """Return the covariates of the propensity score with their functional form and unit."""
    known = dictionary.set_index("name")
    rows = [
        [about["label"], about["unit"] or "–", FORMS[term.form].format(knots=term.knots), about["window"]]
        for term, about in ((term, known.loc[term.column]) for term in plan.propensity.terms)
    ]
    return _sheet(rows, ["Covariate", "Unit", "Form in the model", "Measured"], "llll")


def estimands(plan: Protocol) -> Sheet:
    """Return the estimands of the paper, the primary one first."""
    arms, primary = plan.arms, plan.estimand.primary
    names = [primary, *(name for name in plan.estimand.all if name != primary)]
    rows = []
    for name in names:
        who = POPULATIONS[name].split(",")[0].format(**arms.model_dump())
        role = "primary" if name == primary else "secondary"
        rows.append([name, who, TILTS[name], ESTIMATORS[name], role])
    pairs = f"{plan.matching.ratio}:1 pairs"
    rows.append(["Matched", f"{arms.treated} patients with a match", "as matched", pairs, "replication"])
    return _sheet(rows, ["Estimand", "Whose effect", "Tilting function", "Estimator", "Role"], "lllll")


def eligibility(plan: Protocol) -> Sheet:
    """Return the eligibility criteria in the order in which they are applied."""
    rules = {"at least": "at least {value:g}", "equal": "equal to {value}", "present": "recorded"}
    rows = [
        [str(place), rule.label, f"`{rule.column}` {rules[rule.rule].format(value=rule.value)}"]
        for place, rule in enumerate(plan.eligibility, start=1)
    ]
    return _sheet(rows, ["Order", "Criterion", "In the data"], "lll")


def history(plan: Protocol) -> Sheet:
    """Return the versions of the protocol: what changed, why, and whether outcomes had been seen."""
    rows = [
        [found.date, found.version, found.what, found.why, "yes" if found.outcomes_seen else "no"]
        for found in plan.amendment
    ]
    return _sheet(rows, ["Date", "Version", "What", "Why", "Outcomes seen"], "llp{4.6cm}p{4.6cm}l")


def _sheet(rows: list[list[str]], columns: list[str], widths: str) -> Sheet:
    """Return a table that shows choices, no results."""
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(), widths=widths)
