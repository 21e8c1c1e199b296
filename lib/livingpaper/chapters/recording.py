"""Rows of the ledger: made from what an analysis returns, found again by a pattern with named holes, put in a table."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.ledger.format import interval_text, scale_of, value_text
from livingpaper.ledger.ledger import HIDDEN, ID, LEDGER_COLUMNS, LedgerError, entry

NOT_ESTIMATED = "not estimable"
HOLE = re.compile(r"\{(\w+)\}")
Axis = str | tuple[str, Mapping[str, str]]
Row = dict[str, Any]
Printer = Callable[[pd.Series], str]
TAKEN = tuple(name for name in LEDGER_COLUMNS if name not in ("id", "origin", "text", "code"))


def key(text: object) -> str:
    """Return text as one part of an id: lower case, underscores; a whole number without its ``.0``."""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    return re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_")


def rows_of(
    rows: Any, pattern: str, origin: str, code: str, scale: str | None, value: str = "estimate", absent: str = "",
    **more: Any,
) -> Iterator[Row]:  # fmt: skip
    """Yield one row of the ledger per result; see ``session.record``."""
    if unknown := sorted(set(more) - set(TAKEN)):
        raise LedgerError(f"a column of the ledger must be one of {TAKEN}, found {unknown}; rename it")
    frame = _frame(rows, value).rename(columns=str)
    needed = dict.fromkeys([*HOLE.findall(pattern), value, "scale"])
    if missing := [name for name in needed if name not in frame and not (name == "scale" and scale)]:
        found = f"must have the columns {missing}, found {[*frame.columns]}"
        raise LedgerError(f"what is recorded as {pattern!r} {found}")
    for result in frame.to_dict("records"):
        named = {name: np.nan if cell is None or cell is pd.NA else cell for name, cell in result.items()}
        kind = scale or str(named["scale"])
        id_, parts = pattern, named | {"scale": scale_of(kind).key or kind}
        for name in HOLE.findall(pattern):
            id_ = id_.replace(f"{{{name}}}", key(parts[name]))
        if not ID.fullmatch(id_):
            must = "must give ids such as outcomes.death28.ato.rd"
            raise LedgerError(f"the pattern {pattern!r} {must}, found {id_!r}")
        known = {name: named[name] for name in TAKEN if name in named and name not in ("scale", "estimate")}
        known |= more | ({"method": absent} if absent and pd.isna(named[value]) else {})
        yield entry(id_, origin, kind, named[value], code=code, **known)


def _frame(rows: Any, value: str) -> pd.DataFrame:
    """Return results as a frame: a series by name, a number as one row."""
    if isinstance(rows, pd.DataFrame):
        return rows
    if isinstance(rows, (int, float, np.number)):
        return pd.DataFrame({value: [rows]})
    if not isinstance(rows, (pd.Series, Mapping)):
        raise LedgerError(f"record takes a frame, a series, a dict or a number, found {type(rows).__name__}")
    rows = rows if isinstance(rows, pd.Series) else pd.Series(dict(rows), dtype=float)
    return pd.DataFrame({"name": rows.index, value: rows.to_numpy()})


def select_rows(rows: pd.DataFrame, pattern: str) -> pd.DataFrame:
    """Return the rows whose id fits ``outcomes.death28.{adjustment}.rd``, each hole a column before the others.

    A hole holds letters, digits, ``_`` and ``-``, as few as fit; a hole named twice holds the same twice. If nothing
    fits, or a hole has the name of a column of the ledger, that is a ``LedgerError``.
    """
    holes = dict.fromkeys(HOLE.findall(pattern))
    if taken := [hole for hole in holes if hole in LEDGER_COLUMNS]:
        must = "a hole must not be named like a column of the ledger"
        raise LedgerError(f"{must}, found {taken} in {pattern!r}; rename it")
    regex = HOLE.sub(r"(?P=\1)", re.escape(pattern).replace(r"\{", "{").replace(r"\}", "}"))
    for name in holes:
        regex = regex.replace(f"(?P={name})", f"(?P<{name}>[a-z0-9_-]+?)", 1)
    found = rows["id"].str.extract(f"^(?P<id>{regex})$").dropna()
    if found.empty:
        found = f"a pattern must fit some number of the ledger, {pattern!r} fits none"
        raise LedgerError(f"{found}; correct it, or run the chapter that records it: livingpaper ledger")
    return found[list(holes)].join(rows).reset_index(drop=True)


def with_interval(row: pd.Series, scale: str | None = None) -> str:
    """Return "value (low to high)" of a row, or that it cannot be estimated, is withheld or suppressed."""
    if row.get("text") in HIDDEN:
        return str(row["text"])
    scale = scale or str(row["scale"])
    if pd.isna(row["estimate"]):
        return NOT_ESTIMATED
    text = value_text(float(row["estimate"]), scale)
    low, high = row["conf_low"], row["conf_high"]
    return text if pd.isna(low) else f"{text} ({interval_text(float(low), float(high), scale)})"


def crosstable(
    rows: pd.DataFrame, down: Axis, across: Axis, *, cell: Printer = with_interval, corner: str = ""
) -> pd.DataFrame:
    """Return printed cells of a selection of the ledger; the first column, under ``corner``, holds the labels of the rows.

    Tables go ``down`` and ``across`` by a column, or by a column with its keys in order and their labels; ``cell`` makes
    the text of one row, withheld rows print that. A ``LedgerError`` if a key has no row at all, or two rows claim one cell.
    """
    (by, lines), (over, columns) = _axis(rows, down), _axis(rows, across)
    shown = rows[rows[by].isin(lines) & rows[over].isin(columns)]
    if twice := list(shown["id"][shown.duplicated([by, over])]):
        raise LedgerError(f"a cell of a table must stand for one number, two claim it: {twice[0]!r}")
    printed = [row["text"] if row.get("text") in HIDDEN else cell(row) for _, row in shown.iterrows()]
    texts = dict(zip(zip(shown[by], shown[over], strict=True), printed, strict=True))
    body = {name: [texts.get((line, key), NOT_ESTIMATED) for line in lines] for key, name in columns.items()}
    return pd.DataFrame({corner: list(lines.values())} | body)


def _axis(rows: pd.DataFrame, axis: Axis) -> tuple[str, Mapping[str, str]]:
    column = axis if isinstance(axis, str) else axis[0]
    if column not in rows:
        raise LedgerError(f"a table must go by one of {[*rows.columns]}, found {column!r}; name a hole")
    there = list(dict.fromkeys(rows[column]))
    if isinstance(axis, str):
        return column, {key: str(key) for key in there}
    if missing := [key for key in axis[1] if key not in there]:
        raise LedgerError(f"each key of {column!r} must have a row, {missing} have none; found {there}")
    return column, axis[1]
