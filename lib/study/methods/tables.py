"""Tables of the methods chapter, made from the protocol."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet

from study.protocol.words import ESTIMATORS, POPULATIONS
from study.results import Paper

FORMS = {
    "linear": "linear",
    "log": "natural logarithm, linear",
    "spline": "restricted cubic spline, {knots} knots",
    "log spline": "natural logarithm, restricted cubic spline, {knots} knots",
    "category": "category",
}
ESTIMANDS = {
    "ATO": ("patients in clinical equipoise", "h = e(1 − e)", ESTIMATORS["ATO"]),
    "ATT": (POPULATIONS["ATT"], "h = e", ESTIMATORS["ATT"]),
    "ATM": (POPULATIONS["ATM"], "h = min(e, 1 − e)", ESTIMATORS["ATM"]),
    "ATE": (POPULATIONS["ATE"], "h = 1", ESTIMATORS["ATE"]),
    "ATC": (POPULATIONS["ATC"], "h = 1 − e", ESTIMATORS["ATC"]),
}


def propensity_terms(paper: Paper) -> Sheet:
    """Return the covariates of the propensity score with their functional form and unit."""
    known = paper.dictionary.set_index("name")
    rows = [
        [
            known.at[term.column, "label"],
            known.at[term.column, "unit"] or "–",
            FORMS[term.form].format(knots=term.knots),
            known.at[term.column, "window"],
        ]
        for term in paper.protocol.propensity.terms
    ]
    return Sheet(
        pd.DataFrame(rows, columns=["Covariate", "Unit", "Form in the model", "Measured"]), "design", "llll"
    )


def estimands(paper: Paper) -> Sheet:
    """Return the estimands of the paper, the primary one first."""
    arms, primary = paper.protocol.arms, paper.protocol.estimand.primary
    names = [primary, *(name for name in paper.protocol.estimand.all if name != primary)]
    rows = []
    for name in names:
        who, tilt, way = ESTIMANDS[name]
        role = "primary" if name == primary else "secondary"
        rows.append([name, who.format(treated=arms.treated, control=arms.control), tilt, way, role])
    rows.append(
        [
            "Matched",
            f"{arms.treated} patients with a match",
            "as matched",
            f"{paper.protocol.matching.ratio}:1 pairs",
            "replication",
        ]
    )
    columns = ["Estimand", "Whose effect", "Tilting function", "Estimator", "Role"]
    return Sheet(pd.DataFrame(rows, columns=columns), "design", "lllll")


def eligibility(paper: Paper) -> Sheet:
    """Return the eligibility criteria in the order in which they are applied."""
    rules = {"at least": "at least {value:g}", "equal": "equal to {value}", "present": "recorded"}
    rows = [
        [
            str(number),
            criterion.label,
            f"`{criterion.column}` {rules[criterion.rule].format(value=criterion.value)}",
        ]
        for number, criterion in enumerate(paper.protocol.eligibility, start=1)
    ]
    return Sheet(pd.DataFrame(rows, columns=["Order", "Criterion", "In the data"]), "design", "lll")


def history(paper: Paper) -> Sheet:
    """Return the versions of the protocol: what changed, why, and whether outcomes had been seen."""
    rows = [
        [found.date, found.version, found.what, found.why, "yes" if found.outcomes_seen else "no"]
        for found in paper.protocol.amendment
    ]
    columns = ["Date", "Version", "What", "Why", "Outcomes seen"]
    return Sheet(pd.DataFrame(rows, columns=columns), "design", "llp{4.6cm}p{4.6cm}l")
