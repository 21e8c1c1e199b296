"""Tables of the cohort chapter and of the data dictionary."""

from collections.abc import Collection
from typing import Any

import pandas as pd
from livingpaper import Ledger, Sheet
from livingpaper.chapters.recording import key

from study.cells import number, significant
from study.labels import arms
from study.protocol.protocol import Protocol


def table_one(
    baseline: pd.DataFrame,
    ledger: Ledger,
    plan: Protocol,
    dictionary: pd.DataFrame,
    *,
    of: Collection[str] = (),
) -> Sheet:
    """Return baseline characteristics by drug with standardised differences and missing values, all or ``of`` columns."""
    kinds = dictionary.set_index("name")["type"]
    smd = ledger.select("cohort.smd.{column}").set_index("column")
    rows, previous = [], ""
    for row in baseline[baseline["column"].isin(of or baseline["column"])].itertuples():
        first, previous = row.column != previous, row.column
        unit = f", {row.unit}" if row.unit else ""
        cells = [_summary(row, arm, whole=kinds[row.column] == "integer") for arm in arms(plan)]
        missing = row.missing_treated + row.missing_control
        rest = [number(smd.at[key(row.column), "estimate"], 2), str(missing or "")] if first else ["", ""]
        rows.append([f"{row.label}: {row.level}" if row.level else f"{row.label}{unit}", *cells, *rest])
    sizes = {arm: ledger[f"cohort.eligible.{key(getattr(plan.arms, arm))}.n"]["text"] for arm in arms(plan)}
    heads = [f"{name}, n = {sizes[arm]}" for arm, name in arms(plan).items()]
    frame = pd.DataFrame(rows, columns=["", *heads, "SMD", "Missing"])
    return Sheet(frame, sources=(baseline, smd), widths="p{6.2cm}rrrr")


def _summary(row: Any, arm: str, *, whole: bool) -> str:
    """Return median (quartiles) of a number, count (percent) of a level."""
    centre, low, high = (getattr(row, f"{name}_{arm}") for name in ("centre", "low", "high"))
    if pd.isna(high):
        return f"{centre:.0f} ({number(low, 0)}%)"
    if whole:
        return f"{number(centre, 0)} ({number(low, 0)} to {number(high, 0)})"
    return f"{significant(centre)} ({significant(low)} to {significant(high)})"


def follow_up(ends: pd.DataFrame, plan: Protocol) -> Sheet:
    """Return how and when the stay ended."""
    rows = [
        [arms(plan)[row["arm"]], row["end_state"], f"{row['n']:.0f}",
         f"{row['50%']:.0f} ({row['25%']:.0f} to {row['75%']:.0f})"]
        for _, row in ends.sort_values(["arm", "end_state"], ascending=[False, True]).iterrows()
    ]  # fmt: skip
    columns = ["Arm", "End of the stay", "Patients", "Day, median (quartiles)"]
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(ends,), widths="llrr")


def data_dictionary(dictionary: pd.DataFrame, roles: tuple[str, ...]) -> Sheet:
    """Return the part of the data dictionary with the given roles."""
    rows = [
        [f"`{row.name}`", f"{row.label}{f', {row.unit}' if row.unit else ''}", _allowed(row),
         "yes" if row.missing_allowed == "yes" else "no", row.window, row.definition]
        for row in dictionary[dictionary["role"].isin(roles)].itertuples(index=False)
    ]  # fmt: skip
    columns = ["Column", "Meaning, unit", "Allowed", "May be missing", "Window", "Definition"]
    widths = "p{3.2cm}p{2.6cm}p{1.9cm}p{1.2cm}p{2.4cm}p{3.2cm}"
    return Sheet(pd.DataFrame(rows, columns=columns), sources=(), widths=widths, long=True)


def _allowed(row: Any) -> str:
    if pd.notna(row.low):
        return f"{row.low:g} to {row.high:g}"
    return row.levels.replace("|", ", ") or {"binary": "0, 1"}.get(row.type, "any")
