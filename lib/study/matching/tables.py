"""Tables of the matching chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable
from livingpaper.ledger.format import percent, value_text

from study.cells import number, significant
from study.labels import ADJUSTMENTS, MATCHINGS, OUTCOMES
from study.protocol.protocol import Protocol

STAGES = {"crude": "before", "pairs": "pairs"}


def sizes(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return effective sample sizes, largest weight and worst imbalance of each adjustment."""
    ess = ledger.select("matching.ess.{adjustment}.{arm}").set_index(["adjustment", "arm"])
    weight = ledger.select("matching.weight.largest.{adjustment}").set_index("adjustment")
    rows = []
    for key, name in _named(plan).items():
        if key not in weight.index:
            rows.append([name, *["–"] * 5])
            continue
        used = (ess.loc[(key, arm)] for arm in ("treated", "control"))
        cells = [f"{row['estimate']:.0f} of {row['n']:.0f}" for row in used]
        rows.append([name, *cells, number(weight.at[key, "estimate"], 1), *_imbalance(ledger, key)])
    arms = (plan.arms.treated.capitalize(), plan.arms.control.capitalize())
    columns = ["Adjustment", *(f"{arm}, effective n" for arm in arms), "Largest weight / mean", *_heads(plan)]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(ess, weight), widths="lrrrrr")


def _named(plan: Protocol) -> dict[str, str]:
    """Return the adjustments of the protocol in the order of the tables."""
    asked = {*MATCHINGS, "crude", "entropy", "truncated", *(name.lower() for name in plan.estimand.all)}
    return {key: name for key, name in ADJUSTMENTS.items() if key in asked}


def _imbalance(ledger: Ledger, key: str) -> list[str]:
    """Return the largest difference under an adjustment, and how many exceed the threshold."""
    return [str(ledger[f"matching.smd.{name}.{key}"]["text"]) for name in ("largest", "above_tenth")]


def _heads(plan: Protocol) -> list[str]:
    return ["Largest SMD", f"SMD above {plan.balance.smd_threshold:g}"]


def balance(table: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return SMD, variance ratio and KS distance of each term, crude, in pairs and weighted."""
    primary = plan.estimand.primary.lower()
    keys = {"crude": "crude", "pairs": "pairs", primary: "overlap" if primary == "ato" else "weighted"}
    what = {"smd": "SMD", "variance_ratio": "VR", "ks": "KS"}
    wide = table.pivot(index="term", columns="adjustment", values=list(what)).loc[table["term"].unique()]
    rows = [
        [term, *(number(row[name, key], 2) for name in what for key in keys)] for term, row in wide.iterrows()
    ]
    columns = ["Covariate", *(f"{head} {label}" for head in what.values() for label in keys.values())]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(table,), widths="p{3.2cm}" + "r" * 9)


def coefficients(table: pd.DataFrame) -> Sheet:
    """Return the coefficients of the score: a description of prescribing, not a result."""
    rows = [
        [row.term, value_text(row.estimate, "value"), value_text(row.std_error, "value")]
        for row in table.itertuples()
    ]
    columns = ["Term", "Log odds per unit", "Standard error"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(table,))


def lost(table: pd.DataFrame, ledger: Ledger) -> Sheet:
    """Return how treated patients without a pair differ from those with one, the largest difference first."""
    ranked = table.reindex(table["smd"].abs().sort_values(ascending=False).index)
    rows = [
        [
            row.term,
            value_text(row.mean_matched, "value"),
            value_text(row.mean_lost, "value"),
            number(row.smd, 2),
        ]
        for row in ranked.itertuples()
    ]
    made, left = (ledger[f"matching.pairs.{name}"]["text"] for name in ("n", "unmatched"))
    columns = ["Covariate", f"Matched, mean (n = {made})", f"Left out, mean (n = {left})", "Difference, SD"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(table,))


def means(table: pd.DataFrame, dictionary: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return means or shares of the recorded covariates before, in pairs and under the primary weights."""
    known, stages = (
        dictionary.set_index("name")["label"],
        STAGES | {plan.estimand.primary.lower(): "weighted"},
    )
    levels = table.groupby("column")["level"].unique()
    rows = []
    for (column, level), part in table.groupby(["column", "level"], sort=False):
        if len(levels[column]) == 2 and level == levels[column][1]:
            continue  # the other of two levels says the same
        cells = part.set_index("adjustment")
        row = [known.get(column, column) + (f": {level}" if level else "")]
        for key in stages:
            row += [_centre(cells.loc[key], arm) for arm in ("treated", "control")]
            row.append(number(cells.at[key, "smd"], 2))
        crude = cells.loc["crude"]
        rows.append([*row, f"{crude['missing_treated']:.0f}, {crude['missing_control']:.0f}"])
    arms = (plan.arms.treated.capitalize(), plan.arms.control.capitalize())
    heads = [f"{what}, {name}" for name in stages.values() for what in (*arms, "SMD")]
    widths = "p{1.65cm}" + "p{1.27cm}p{1.27cm}p{1.04cm}" * 3 + "p{0.9cm}"
    return Sheet(
        pd.DataFrame(rows, columns=["Covariate", *heads, "Missing"]), sources=(table,), widths=widths
    )


def _centre(row: pd.Series, arm: str) -> str:
    """Return "mean (SD)" of a number, a percentage of a share."""
    if row["kind"] == "share":
        return percent(row[f"mean_{arm}"])
    return f"{significant(row[f'mean_{arm}'])} ({significant(row[f'sd_{arm}'])})"


def designs(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return pairs, distances and remaining imbalance of each way of matching."""
    made = ledger.select("matching.design.{adjustment}.{measure}")
    cells = made.set_index(["adjustment", "measure"])["estimate"]
    rows = []
    for key in MATCHINGS:
        if key not in cells.index:
            rows.append([ADJUSTMENTS[key], "0", *["–"] * 5])
            continue
        counts = [f"{cells[key, name]:.0f}" for name in ("pairs", "unmatched")]
        distances = [number(cells[key, "total"], 2), number(cells[key, "widest"], 3)]
        rows.append([ADJUSTMENTS[key], *counts, *distances, *_imbalance(ledger, key)])
    columns = ["Matching", "Pairs", "Left out", "Total distance", "Widest pair", *_heads(plan)]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(made,), widths="lrrrrrr")


def strata(table: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return the pairs of each way of matching by the finer strata."""
    by, keys = list(plan.matching.exact_finer), list(table["adjustment"].unique())
    rows = []
    for levels, part in table.groupby(by, sort=True):
        cells = part.set_index("adjustment")
        everyone = [f"{cells.at[keys[0], arm]:.0f}" for arm in ("treated", "control")]
        paired = [f"{cells.at[key, 'matched_treated']:.0f} ({cells.at[key, 'within']:.0f})" for key in keys]
        rows.append([*map(str, levels), *everyone, *paired])
    arms = [plan.arms.treated.capitalize(), plan.arms.control.capitalize()]
    columns = [*(name.capitalize() for name in by), *arms, *(ADJUSTMENTS[key] for key in keys)]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(table,))


def chance(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return the imbalance of the pairs beside that of randomised trials of the same patients."""
    rows = ledger.select("matching.chance.{what}")
    text, threshold = rows.set_index("what")["text"], plan.balance.smd_threshold
    within = "no" if rows.set_index("what").at["observed_above", "estimate"] else "yes"
    limits = f"{text['expected_largest']} ({text['largest_low']} to {text['largest_high']})"
    cells = [
        ["Largest difference", text["observed_largest"], limits],
        [
            f"Terms above {threshold:g}, of {text['n_covariates']}",
            text["observed_above"],
            text["expected_above"],
        ],
        [f"No term above {threshold:g}", within, f"in {text['prob_all']} of trials"],
    ]
    sizes = f"Trials of {text['n_treated']} and {text['n_control']}"
    return Sheet(
        pd.DataFrame(cells, columns=["", f"Pairs (n = {text['n_treated']})", sizes]), sources=(rows,)
    )


def regression(ledger: Ledger, plan: Protocol) -> Sheet:
    """Return risk differences in each matched sample, plain and with covariates."""
    outcome = f"{plan.outcome.primary}{plan.outcome.horizon_days}"
    rows = ledger.select(f"matching.regression.{{adjustment}}.{{model}}.{outcome}.rd")
    label = OUTCOMES[plan.outcome.primary].lower()
    cells = crosstable(
        rows,
        ("adjustment", {key: ADJUSTMENTS[key] for key in MATCHINGS if key in set(rows["adjustment"])}),
        ("model", {"plain": f"Difference in {label}, plain", "adjusted": "With covariates"}),
        corner="Matching",
    )
    pairs = rows[rows["model"] == "plain"].set_index("adjustment")["n"]
    cells.insert(1, "Pairs", [f"{pairs[key] / 2:.0f}" for key in MATCHINGS if key in pairs.index])
    return Sheet(cells, sources=(rows,))
