"""The type that charts and tables of guarded patients must have passed through: a frame that a rule made, not a person.

A ``Safe`` frame comes from a rule only. A chart may show some of its rows and columns; what is computed from it is
made with ``then``. Everything else in a chart of a guarded origin is refused, also data at an address.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from livingpaper.config import config
from livingpaper.disclosure.curves import group_means
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.disclosure.rows import differing

OF_THE_DRAWING = ("scale", "axis", "legend", "config", "usermeta")  # whose values are no data
_RULE = object()
_issued: list[dict[str, list[str]]] = []  # by column, what rules of this process gave out


@dataclass(frozen=True)
class Safe:
    """A frame that may be shown of guarded patients; only the functions of this class make one."""

    frame: pd.DataFrame
    by: object = None

    def __post_init__(self) -> None:
        if self.by is not _RULE:
            must = "a safe frame must come from a rule, Safe.of_..."
            raise DisclosureError(f"{must}; it is not said of a frame that it is")
        records = self.frame.to_dict("list")
        _issued.append({str(name): list(map(_canonical, values)) for name, values in records.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.frame,)

    @classmethod
    def of_rows(cls, rows: pd.DataFrame) -> "Safe":
        """Return a selection of the ledger; ``DisclosureError`` where its numbers are not those that may be shown."""
        from livingpaper.chapters.session import current_ledger  # which knows this module

        if wrong := differing(rows, current_ledger(), rtol=1e-9):
            must = f"rows of a chart must be those of the ledger, {wrong[:3]} are not"
            raise DisclosureError(f"{must}; select them")
        return cls(rows, _RULE)

    @classmethod
    def of_means(cls, frame: pd.DataFrame, by: Sequence[str], value: str) -> "Safe":
        """Return means of groups; see ``group_means``."""
        return cls(group_means(frame, by, value, config().disclosure.limits()), _RULE)

    def then(self, change: Callable[[pd.DataFrame], pd.DataFrame]) -> "Safe":
        """Return what is computed from this frame and nothing else: no function of what may be shown shows more."""
        return Safe(change(self.frame.copy()), _RULE)

    def chart(self, **options: Any) -> alt.Chart:
        """Return an Altair chart of the frame."""
        return alt.Chart(self.frame, **options)


def _again(frame: pd.DataFrame) -> Safe:
    return Safe(frame, _RULE)


def _canonical(value: object) -> str:
    """Return a cell as charts carry it, whatever type it had."""
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return "null"
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value)).lower()
    if isinstance(value, (int, float, np.number)):
        return f"{float(value):.10g}"
    return json.dumps(value.isoformat() if isinstance(value, pd.Timestamp) else str(value))


def require_safe(spec: Mapping[str, Any], name: str) -> None:
    """Raise ``DisclosureError`` unless all data of a chart are rows and columns of safe frames."""
    for where, rows in _data(spec):
        if not isinstance(rows, list):
            raise DisclosureError(f"{name} must carry its data, {where} is at an address; use a safe frame")
        records = [row if isinstance(row, dict) else {"data": row} for row in rows]
        if any(records) and not any(_part_of(records, issued) for issued in _issued):
            must = "a chart of patients must show a frame that passed disclosure control"
            found = f"{name} shows {len(rows)} rows that did not"
            raise DisclosureError(f"{must}, {found}; make it with Safe.of_... and then")


def require_safe_table(frame: pd.DataFrame, name: str) -> None:
    """Raise ``DisclosureError`` unless a printed table is of rows and columns of a safe frame."""
    records = [{str(key): value for key, value in row.items()} for row in frame.to_dict("records")]
    if records and not any(_part_of(records, issued) for issued in _issued):
        must = "a table of patients must show a frame that passed disclosure control"
        raise DisclosureError(f"{must}, {name} does not; make it with Safe.of_rows(...).then(...)")


def safe_frame(*made: Any) -> None:
    """Let through the data of charts, and tables, that were made of what may be shown, see ``drawn.py``."""
    for each in made:
        tables = [each] if isinstance(each, pd.DataFrame) else [rows for _, rows in _data(each.to_dict())]
        for rows in tables:
            Safe(pd.DataFrame(rows if isinstance(rows, (list, pd.DataFrame)) else []), _RULE)


def _data(part: object) -> Iterator[tuple[str, object]]:
    """Yield everything in a specification that holds data."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "datasets" and isinstance(value, dict):
                yield from value.items()
            elif key == "values" and isinstance(value, (list, str)):
                yield key, value
            elif key == "url":
                yield key, None
            elif key not in OF_THE_DRAWING:
                yield from _data(value)
    elif isinstance(part, list):
        for each in part:
            yield from _data(each)


def _part_of(records: list[dict[str, Any]], issued: dict[str, list[str]]) -> bool:
    names = sorted({str(name) for record in records for name in record})
    if not set(names) <= set(issued):
        return False
    known = set(zip(*(issued[name] for name in names), strict=True))
    return all(tuple(_canonical(record.get(name)) for name in names) in known for record in records)
