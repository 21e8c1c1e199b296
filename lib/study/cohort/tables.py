"""Tables of the cohort chapter and of the data dictionary."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet

from study.cells import number, significant
from study.cohort.figures import origin
from study.results import Paper


def table_one(paper: Paper) -> Sheet:
    """Return baseline characteristics by drug with standardised differences and missing values."""
    table, arms = paper.study.cohort.table_one, paper.protocol.arms
    flow = paper.study.cohort.attrition
    last = flow[flow["step"] == flow["step"].max()].set_index("arm")["n_remaining"]
    rows, previous = [], ""
    for row in table.itertuples():
        first, previous = row.column != previous, row.column
        unit = f", {row.unit}" if row.unit else ""
        name = (
            f"{row.label}{unit}"
            if first and not row.level
            else f"{row.label}: {row.level}"
            if first
            else f"   {row.level}"
        )
        whole = paper.dictionary.set_index("name").at[row.column, "type"] == "integer"
        cells = [_summary(row, arm, whole=bool(whole)) for arm in ("treated", "control")]
        missing = row.missing_treated + row.missing_control
        rows.append(
            [name, *cells, number(row.smd, 2) if first else "", str(missing) if first and missing else ""]
        )
    columns = [
        "",
        *(f"{arm.capitalize()}, n = {last[arm]}" for arm in (arms.treated, arms.control)),
        "SMD",
        "Missing",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{6.2cm}rrrr")


def _summary(row: object, arm: str, *, whole: bool) -> str:
    """Return median (quartiles) of a number, count (percent) of a level."""
    centre, low, high = (getattr(row, f"{name}_{arm}") for name in ("centre", "low", "high"))
    if pd.isna(high):
        return f"{centre:.0f} ({number(low, 0)}%)"
    if whole:
        return f"{number(centre, 0)} ({number(low, 0)} to {number(high, 0)})"
    return f"{significant(centre)} ({significant(low)} to {significant(high)})"


@outcome_by_arm
def follow_up(paper: Paper) -> Sheet:
    """Return how and when the stay ended."""
    names = {True: paper.protocol.arms.treated.capitalize(), False: paper.protocol.arms.control.capitalize()}
    rows = [
        [
            names[row["treated"]],
            row["end_state"],
            f"{row['count']:.0f}",
            f"{row['50%']:.0f} ({row['25%']:.0f} to {row['75%']:.0f})",
        ]
        for _, row in paper.study.cohort.follow_up.sort_values(
            ["treated", "end_state"], ascending=[False, True]
        ).iterrows()
    ]
    return Sheet(
        pd.DataFrame(rows, columns=["Arm", "End of the stay", "Patients", "Day, median (quartiles)"]),
        origin(paper),
        "llrr",
    )


def dictionary(paper: Paper, roles: tuple[str, ...]) -> Sheet:
    """Return the part of the data dictionary with the given roles."""
    table = paper.dictionary[paper.dictionary["role"].isin(roles)]
    rows = []
    for row in table.itertuples():
        allowed = (
            f"{row.low:g} to {row.high:g}"
            if pd.notna(row.low)
            else row.levels.replace("|", ", ") or {"binary": "0, 1"}.get(row.type, "any")
        )
        rows.append(
            [
                f"`{row.name}`",
                f"{row.label}{f', {row.unit}' if row.unit else ''}",
                allowed,
                "yes" if row.missing_allowed == "yes" else "no",
                row.window,
                row.definition,
            ]
        )
    columns = ["Column", "Meaning, unit", "Allowed", "May be missing", "Window", "Definition"]
    widths = "p{3.2cm}p{2.6cm}p{1.9cm}p{1.2cm}p{2.4cm}p{3.2cm}"
    return Sheet(pd.DataFrame(rows, columns=columns), "design", widths, long=True)
