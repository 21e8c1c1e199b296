"""Tables of the matched samples: recorded balance, ways of matching, strata, chance, regression."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import percent, value_text

from study.cells import number, significant, with_interval
from study.cohort.figures import origin
from study.labels import OUTCOMES as OUTCOME_LABELS
from study.matching.tables import NAMES
from study.results import Paper

STAGES = {"crude": "before", "pairs": "pairs"}


def means(paper: Paper) -> Sheet:
    """Return means or shares of the recorded covariates before, in pairs and under the primary weights."""
    known, arms = paper.dictionary.set_index("name")["label"], paper.protocol.arms
    stages = STAGES | {paper.protocol.estimand.primary.lower(): "weighted"}
    table = paper.study.matching.report
    levels = table.groupby("column")["level"].unique()
    rows = []
    for (column, level), part in table.groupby(["column", "level"], sort=False):
        if len(levels[column]) == 2 and level == levels[column][1]:
            continue  # the other of two levels says the same
        cells = part.set_index("key")
        row = [known.get(column, column) + (f": {level}" if level else "")]
        for key in stages:
            row += [_centre(cells.loc[key], arm) for arm in ("treated", "control")]
            row.append(number(cells.at[key, "smd"], 2))
        crude = cells.loc["crude"]
        rows.append([*row, f"{crude['missing_treated']:.0f}, {crude['missing_control']:.0f}"])
    columns = ["Covariate"]
    for name in stages.values():
        columns += [f"{arm.capitalize()}, {name}" for arm in (arms.treated, arms.control)] + [f"SMD, {name}"]
    return Sheet(
        pd.DataFrame(rows, columns=[*columns, "Missing"]),
        origin(paper),
        "p{1.65cm}" + "p{1.27cm}p{1.27cm}p{1.04cm}" * 3 + "p{0.9cm}",
    )


def _centre(row: pd.Series, arm: str) -> str:
    """Return "mean (SD)" of a number, a percentage of a share."""
    if row["kind"] == "share":
        return percent(row[f"mean_{arm}"])
    return f"{significant(row[f'mean_{arm}'])} ({significant(row[f'sd_{arm}'])})"


def designs(paper: Paper) -> Sheet:
    """Return pairs, distances and remaining imbalance of each way of matching."""
    found = paper.study.matching
    worst = found.balance.groupby("key")["smd"].agg(lambda s: s.abs().max())
    above = found.balance.groupby("key")["smd"].agg(
        lambda s: int((s.abs() > paper.protocol.balance.smd_threshold).sum())
    )
    rows = [
        [
            NAMES[row.key],
            f"{row.n_pairs}",
            f"{row.unmatched}",
            number(row.total_distance, 2),
            number(row.largest_distance, 3),
            value_text(worst[row.key], "smd"),
            str(above[row.key]),
        ]
        for row in found.designs.itertuples()
    ]
    rows += [[NAMES[key], "0", *["–"] * 5] for key in ("optimal", "exact") if key in found.skipped]
    columns = [
        "Matching",
        "Pairs",
        "Left out",
        "Total distance",
        "Widest pair",
        "Largest SMD",
        f"SMD above {paper.protocol.balance.smd_threshold:g}",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "lrrrrrr")


def strata(paper: Paper) -> Sheet:
    """Return the pairs of each way of matching by hospital and period."""
    found, by, arms = (
        paper.study.matching.strata,
        list(paper.protocol.matching.exact_finer),
        paper.protocol.arms,
    )
    keys = list(found["key"].unique())
    rows = []
    for levels, part in found.groupby(by, sort=True):
        cells = part.set_index("key")
        row = [str(level) for level in levels]
        row += [f"{cells.at[keys[0], arm]:.0f}" for arm in ("treated", "control")]
        row += [f"{cells.at[key, 'matched_treated']:.0f} ({cells.at[key, 'within']:.0f})" for key in keys]
        rows.append(row)
    columns = [*(name.capitalize() for name in by), arms.treated.capitalize(), arms.control.capitalize()]
    return Sheet(pd.DataFrame(rows, columns=[*columns, *(NAMES[key] for key in keys)]), origin(paper))


def chance(paper: Paper) -> Sheet:
    """Return the imbalance of the pairs beside that of randomised trials of the same patients."""
    found, threshold = paper.study.matching.chance, paper.protocol.balance.smd_threshold
    expected = f"{value_text(found.expected_largest, 'smd')}"
    limits = f"{value_text(found.largest_low, 'smd')} to {value_text(found.largest_high, 'smd')}"
    rows = [
        ["Largest difference", value_text(found.observed_largest, "smd"), f"{expected} ({limits})"],
        [
            f"Terms above {threshold:g}, of {found.n_covariates}",
            str(found.observed_above),
            number(found.expected_above, 1),
        ],
        [
            f"No term above {threshold:g}",
            "yes" if not found.observed_above else "no",
            f"in {value_text(found.prob_all, 'probability')} of trials",
        ],
    ]
    columns = ["", f"Pairs (n = {found.n_treated})", f"Trials of {found.n_treated} and {found.n_control}"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper))


@outcome_by_arm
def regression(paper: Paper) -> Sheet:
    """Return risk differences in each matched sample, plain and with covariates."""
    table = paper.study.outcomes.regression
    primary = table[table["outcome"] == paper.protocol.outcome.primary].set_index(
        ["key", "covariates"], drop=False
    )
    rows = [
        [
            NAMES[key],
            f"{primary.loc[(key, 'none'), 'n'] / 2:.0f}",
            with_interval(primary.loc[(key, "none")]),
            with_interval(primary.loc[(key, "all")]),
        ]
        for key in primary["key"].unique()
    ]
    label = OUTCOME_LABELS[paper.protocol.outcome.primary].lower()
    columns = ["Matching", "Pairs", f"Difference in {label}, plain", "With covariates"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper))
