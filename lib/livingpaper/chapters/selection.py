"""Rows of the ledger by a pattern with named holes, and a printed table made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import pandas as pd

from livingpaper.ledger.format import interval_text, value_text
from livingpaper.ledger.ledger import LEDGER_COLUMNS, WITHHELD, LedgerError

NOT_ESTIMATED = "not estimable"
HOLE = re.compile(r"\{(\w+)\}")
Axis = str | tuple[str, Mapping[str, str]]


def select_rows(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Return the rows whose id fits ``outcomes.death28.{adjustment}.rd``, each hole a column before the others.

    A hole holds letters, digits, ``_`` and ``-``, as few as fit; a hole named twice holds the same twice. If nothing
    fits, or a hole has the name of a column of the ledger, that is a ``LedgerError``.
    """
    holes = dict.fromkeys(HOLE.findall(pattern))
    if taken := [hole for hole in holes if hole in LEDGER_COLUMNS]:
        raise LedgerError(
            f"a hole must not be named like a column of the ledger, found {taken} in {pattern!r}; rename it"
        )
    regex = HOLE.sub(r"(?P=\1)", re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}"))
    for name in holes:
        regex = regex.replace(f"(?P={name})", f"(?P<{name}>[a-z0-9_-]+?)", 1)
    found = rows["id"].str.extract(f"^(?P<id>{regex})$").dropna()
    if found.empty:
        raise LedgerError(
            f"a pattern must fit some number of the ledger, {pattern!r} fits none; correct it, "
            f"or run the chapter that records it: livingpaper ledger"
        )
    return found[list(holes)].join(rows).reset_index(drop=True)


def with_interval(row: pd.Series, scale: str | None = None) -> str:
    """Return "value (low to high)" of a row, or that it cannot be estimated, or that it is withheld."""
    if row.get("method") == WITHHELD:
        return WITHHELD
    scale = scale or str(row["scale"])
    if pd.isna(row["estimate"]):
        return NOT_ESTIMATED
    text = value_text(float(row["estimate"]), scale)
    if pd.isna(row["conf_low"]):
        return text
    return f"{text} ({interval_text(float(row['conf_low']), float(row['conf_high']), scale)})"


def crosstable(
    rows: pd.DataFrame,
    down: Axis,
    across: Axis,
    *,
    cell: Callable[[pd.Series], str] = with_interval,
    corner: str = "",
) -> pd.DataFrame:
    """Return printed cells; the first column holds the labels of the rows.

    Parameters
    ----------
    rows : DataFrame
        A selection of the ledger.
    down, across : str or (str, mapping)
        A column, or a column with its keys in order and their labels.
    cell : callable
        Makes the text of one row; withheld rows print that.
    corner : str
        Header of the first column.

    Raises
    ------
    LedgerError
        If a key has no row at all, or two rows claim one cell.
    """
    (by, lines), (over, columns) = _axis(rows, down), _axis(rows, across)
    shown = rows[rows[by].isin(lines) & rows[over].isin(columns)]
    if twice := list(shown["id"][shown.duplicated([by, over])]):
        raise LedgerError(f"a cell of a table must stand for one number, two claim it: {twice[0]!r}")
    texts = {
        (row[by], row[over]): WITHHELD if row["method"] == WITHHELD else cell(row)
        for _, row in shown.iterrows()
    }
    body = {corner: list(lines.values())} | {
        label: [texts.get((line, key), NOT_ESTIMATED) for line in lines] for key, label in columns.items()
    }
    return pd.DataFrame(body)


def _axis(rows: pd.DataFrame, axis: Axis) -> tuple[str, Mapping[str, str]]:
    """Return a column and its keys with their labels."""
    column = axis if isinstance(axis, str) else axis[0]
    if column not in rows:
        raise LedgerError(f"a table must go by one of {[*rows.columns]}, found {column!r}; name a hole")
    there = list(dict.fromkeys(rows[column]))
    if isinstance(axis, str):
        return column, {key: str(key) for key in there}
    if missing := [key for key in axis[1] if key not in there]:
        raise LedgerError(f"each key of {column!r} must have a row, {missing} have none; found {there}")
    return column, axis[1]
