"""Tables of the outcomes chapter."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import interval_text, p_value, points

from study.cells import with_interval
from study.cohort.figures import origin
from study.index.figures import WORLD_LABELS, true_difference
from study.labels import OUTCOMES as OUTCOME_LABELS
from study.matching.tables import NAMES, ORDER
from study.results import Paper, primary_row


@outcome_by_arm
def effects(paper: Paper, outcome: str) -> Sheet:
    """Return absolute risks, difference and ratio of one outcome under each adjustment."""
    table, protocol = paper.study.outcomes.estimates, paper.protocol
    mine = table[(table["outcome"] == outcome) & (table["horizon_days"] == protocol.outcome.horizon_days)]
    cells = mine.set_index(["key", "scale"], drop=False)
    rows = []
    for key in ORDER:
        row = [NAMES[key], str(cells.loc[(key, "risk difference"), "estimand"])]
        row += [
            with_interval(cells.loc[(key, scale)])
            for scale in ("risk, treated", "risk, control", "risk difference", "risk ratio")
        ]
        rows.append([*row, f"{cells.loc[(key, 'risk difference'), 'n']:.0f}"])
    columns = [
        "Adjustment",
        "Estimand",
        protocol.arms.treated.capitalize(),
        protocol.arms.control.capitalize(),
        "Difference, points",
        "Ratio",
        "n",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{2.6cm}lrrrrr")


@outcome_by_arm
def hazards(paper: Paper) -> Sheet:
    """Return cause-specific hazard ratios of every cause, crude, in pairs and weighted."""
    table = paper.study.outcomes.hazards
    rows = []
    for (outcome, cause), part in table.groupby(["outcome", "cause"], sort=False):
        cells = part.set_index("key")
        row = [OUTCOME_LABELS[str(outcome)], str(cause), f"{cells.at['crude', 'events']:.0f}"]
        rows.append([*row, *(with_interval(cells.loc[key]) for key in ("crude", "pairs", "ato"))])
    columns = ["Endpoint", "Cause", "Events", "Crude", "Matched pairs", "Overlap weights"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{3.4cm}p{3.0cm}rrrr")


@outcome_by_arm
def worlds(paper: Paper) -> Sheet:
    """Return the primary estimate in each world beside its truth and its margin test."""
    rows = []
    for world, found in paper.worlds.items():
        row = primary_row(found.estimates, paper.protocol)
        truth = true_difference(paper, world)
        covered = row["conf_low"] <= truth <= row["conf_high"]
        rows.append(
            [
                WORLD_LABELS[world],
                points(truth),
                points(row["estimate"]),
                interval_text(row["conf_low"], row["conf_high"], "risk difference"),
                "yes" if covered else "no",
                "yes" if row["conf_low"] > 0 or row["conf_high"] < 0 else "no",
                p_value(found.equivalence["margin"].p_value),
            ]
        )
    level = f"{100 * paper.protocol.inference.conf_level:.0f}% interval"
    columns = [
        "World",
        "True difference",
        "Estimate",
        level,
        "Covers the truth",
        "Excludes zero",
        "p of the margin test",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "synthetic")
