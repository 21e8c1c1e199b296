"""Rows of the ledger made from what an analysis returns: frames, series, numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.chapters.selection import HOLE
from livingpaper.ledger.format import scale_of
from livingpaper.ledger.ledger import ID, LEDGER_COLUMNS, LedgerError, entry

Row = dict[str, Any]
TAKEN = tuple(name for name in LEDGER_COLUMNS if name not in ("id", "origin", "text", "code"))


def key(text: object) -> str:
    """Return text as one part of an id: lower case, underscores; a whole number without its ``.0``."""
    if isinstance(text, float) and text.is_integer():
        text = int(text)
    return re.sub(r"[^a-z0-9]+", "_", str(text).lower()).strip("_")


def rows_of(
    rows: Any,
    pattern: str,
    *,
    origin: str,
    code: str,
    scale: str | None,
    value: str = "estimate",
    **columns: Any,
) -> Iterator[Row]:
    """Yield one row of the ledger per result; see ``session.record``."""
    if unknown := sorted(set(columns) - set(TAKEN)):
        raise LedgerError(f"a column of the ledger must be one of {TAKEN}, found {unknown}; rename it")
    frame = _frame(rows, value)
    needed = dict.fromkeys([*HOLE.findall(pattern), value, "scale"])
    if missing := [name for name in needed if name not in frame and not (name == "scale" and scale)]:
        raise LedgerError(
            f"what is recorded as {pattern!r} must have the columns {missing}, found {[*map(str, frame.columns)]}"
        )
    for result in frame.to_dict("records"):
        named = {
            str(name): np.nan if cell is None or cell is pd.NA else cell for name, cell in result.items()
        }
        kind = scale or str(named["scale"])
        id_, parts = pattern, named | {"scale": scale_of(kind).key or kind}
        for name in HOLE.findall(pattern):
            id_ = id_.replace(f"{{{name}}}", key(parts[name]))
        if not ID.fullmatch(id_):
            raise LedgerError(
                f"the pattern {pattern!r} must give ids such as outcomes.death28.ato.rd, found {id_!r}"
            )
        known = {name: named[name] for name in TAKEN if name in named and name not in ("scale", "estimate")}
        yield entry(id_, origin, kind, named[value], code=code, **known | columns)


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
