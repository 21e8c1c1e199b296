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

from livingpaper.disclosure.curves import group_means, life_table
from livingpaper.disclosure.profiles import DisclosureError, Profile
from livingpaper.disclosure.secondary import protect_tables

Row = tuple[tuple[str, str], ...]
_RULE = object()
_issued: list[dict[str, list[str]]] = []  # by column, what rules of this process gave out


@dataclass(frozen=True)
class Safe:
    """A frame that may be shown of guarded patients; only the functions of this class make one."""

    frame: pd.DataFrame
    by: object = None

    def __post_init__(self) -> None:
        if self.by is not _RULE:
            raise DisclosureError(
                "a safe frame must come from a rule, Safe.of_...; it is not said of a frame that it is"
            )
        records = self.frame.to_dict("list")
        _issued.append({str(name): list(map(_canonical, values)) for name, values in records.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (self.frame,)

    @classmethod
    def of_rows(cls, rows: pd.DataFrame, ledger: pd.DataFrame) -> "Safe":
        """Return a selection of the ledger; ``DisclosureError`` where its numbers are not those that were recorded."""
        numbers = ["estimate", "std_error", "conf_low", "conf_high", "n", "events"]
        known = ledger.reindex(rows["id"])
        same = np.isclose(
            rows[numbers].to_numpy(float), known[numbers].to_numpy(float), rtol=1e-9, equal_nan=True
        )
        if known["text"].isna().any() or not same.all():
            wrong = list(rows["id"][(~same.all(axis=1)) | known["text"].isna().to_numpy()])[:3]
            raise DisclosureError(
                f"rows of a chart must be those of the ledger, {wrong} are not; select them"
            )
        return cls(rows, _RULE)

    @classmethod
    def of_counts(cls, tables: Mapping[str, pd.DataFrame], profile: Profile) -> dict[str, "Safe"]:
        """Return tables of counts, all of one release together; see ``protect_tables``."""
        return {name: cls(table, _RULE) for name, table in protect_tables(tables, profile).items()}

    @classmethod
    def of_curve(cls, days: Sequence[float], causes: Sequence[int], profile: Profile) -> "Safe":
        """Return a curve of events; see ``life_table``."""
        return cls(life_table(days, causes, profile), _RULE)

    @classmethod
    def of_means(cls, frame: pd.DataFrame, by: Sequence[str], value: str, profile: Profile) -> "Safe":
        """Return means of groups; see ``group_means``."""
        return cls(group_means(frame, by, value, profile), _RULE)

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
            raise DisclosureError(
                f"{must}, {name} shows {len(rows)} rows that did not; make it with Safe.of_... and then"
            )


def safe_data(spec: Mapping[str, Any]) -> None:
    """Let the data of a chart through that was drawn of what may be shown, see ``drawn.py``."""
    for _, rows in _data(spec):
        Safe(pd.DataFrame(rows if isinstance(rows, list) else []), _RULE)


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
            elif key not in (
                "scale",
                "axis",
                "legend",
                "config",
                "usermeta",
            ):  # their values are of the drawing
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
