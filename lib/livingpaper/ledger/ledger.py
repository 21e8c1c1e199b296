"""Every number the paper prints, one row each; committed, so its diff is the review of a change. Prose reads nothing else."""

import csv
import io
import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.build.cache import write_changed
from livingpaper.build.project import plain
from livingpaper.config import config
from livingpaper.ledger.format import estimate_text, interval_text, value_text

ESTIMATE_COLUMNS = (
    "estimand", "population", "outcome", "horizon_days", "scale", "estimate", "std_error", "conf_low",
    "conf_high", "conf_level", "n", "events", "method",
)  # fmt: skip
LEDGER_COLUMNS = ("id", "origin", "text", *ESTIMATE_COLUMNS, "code")
NUMERIC = ("horizon_days", "estimate", "std_error", "conf_low", "conf_high", "conf_level", "n", "events")
ROUNDING_NOISE = 1e-10  # an exact zero computed in floating point differs between machines
WITHHELD = "withheld"  # text and method of a number that may not be seen yet
SUPPRESSED = "suppressed"  # text of a number that would show patients; its method says why
HIDDEN = (WITHHELD, SUPPRESSED)
ID = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.I)
SHOWN = 8  # faults of a damaged file
PARTS = {
    "text": "text", "value": "estimate", "ci": "conf_low", "low": "conf_low", "high": "conf_high", "n": "n",
    "events": "events", "level": "conf_level",
}  # fmt: skip


class LedgerError(ValueError):
    """The ledger is damaged, or does not hold a number that the text asks for."""


def entry(id_: str, origin: str, scale: str, estimate: float, *, code: str, **columns: Any) -> dict[str, Any]:
    """Return one ledger row; the text is made here and nowhere else.

    ``id_`` is dotted, lower case, chapter first: ``outcomes.death28.ato.rd``; origin and scale are of ``paper.toml``,
    ``code`` is ``folder/module.py::function``, and ``columns`` are any other of ``ESTIMATE_COLUMNS``.
    """
    if origin not in (known := config().origins):
        raise LedgerError(f"the origin of {id_!r} must be one of {sorted(known)}, found {origin!r}")
    row = dict.fromkeys(LEDGER_COLUMNS, np.nan) | columns
    row |= {"id": id_, "origin": origin, "scale": scale, "estimate": estimate, "code": code}
    low, high = row["conf_low"], row["conf_high"]
    if pd.isna(low):
        row["conf_level"] = np.nan
    level = 0.95 if pd.isna(row["conf_level"]) else row["conf_level"]
    row["text"] = columns.get("method") or "cannot be estimated"
    if pd.notna(estimate):
        row["text"] = estimate_text(float(estimate), float(low), float(high), float(level), scale)
    return row


def ledger_frame(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return the rows sorted by id; ``LedgerError`` if one occurs twice: a number must have one source."""
    frame = pd.DataFrame(rows, columns=list(LEDGER_COLUMNS)).sort_values("id", ignore_index=True)
    if twice := sorted(set(frame["id"][frame["id"].duplicated()])):
        raise LedgerError(f"each id stands for one number, {twice} occur twice; rename one")
    return frame


def ledger_csv(frame: pd.DataFrame) -> str:
    """Return the ledger as text, the same on every machine: six significant digits, no dates."""
    out = io.StringIO()
    rows = (map(_cell, row) for row in frame.itertuples(index=False))
    csv.writer(out, lineterminator="\n").writerows([LEDGER_COLUMNS, *rows])
    return out.getvalue()


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, (int, float, np.number)) and not isinstance(value, bool):
        return "0" if abs(float(value)) < ROUNDING_NOISE else f"{float(value):.6g}"
    return str(value)


def write_ledger(frame: pd.DataFrame, path: Path) -> bool:
    """Write the ledger whole; return whether it changed."""
    return write_changed(path, ledger_csv(frame).encode())


def read_ledger(path: Path) -> pd.DataFrame:
    """Return the committed ledger indexed by id; see ``parse_ledger`` for errors."""
    if not path.is_file():
        raise LedgerError(f"the numbers must stand in {path}, there is no such file; run: livingpaper ledger")
    return parse_ledger(path.read_bytes(), str(path))


def parse_ledger(data: bytes, path: str) -> pd.DataFrame:
    """Return the ledger in the bytes of a file named ``path``, by id; ``LedgerError`` names what no ledger can hold."""
    return _parsed(data, path, tuple(config().origins)).copy()


@lru_cache(maxsize=8)
def _parsed(data: bytes, path: str, origins: tuple[str, ...]) -> pd.DataFrame:
    again = "run: livingpaper ledger"
    try:
        content = plain(data).decode()
        header, *rows = csv.reader(io.StringIO(content), strict=True)
    except (UnicodeDecodeError, csv.Error, ValueError) as error:
        raise LedgerError(f"{path} must be a table, it cannot be read ({error}); {again}") from None
    if tuple(header) != LEDGER_COLUMNS:
        raise LedgerError(f"{path} must have the columns {LEDGER_COLUMNS}, found {tuple(header)}; {again}")
    faults = [f"  - line {i}: {fault}" for i, row in enumerate(rows, 2) for fault in _faults(row, origins)]
    ids = Counter(row[0] for row in rows if row)
    faults += [f"  - the id {id_} repeats" for id_, n in ids.items() if n > 1]
    if not rows or not content.endswith("\n"):
        faults.append("  - the end is missing")
    if faults:
        must = f"{path} must hold one whole row per number, {len(faults)} place(s) do not:"
        cure = "make it anew: livingpaper ledger; or restore it with git checkout"
        raise LedgerError("\n".join([must, *faults[:SHOWN], cure]))
    missing = {name: [""] for name in ESTIMATE_COLUMNS}
    kinds = {"text": str}  # a short ledger may hold counts only
    frame = pd.read_csv(io.StringIO(content), keep_default_na=False, na_values=missing, dtype=kinds)
    return frame.set_index("id", drop=False)


def _faults(row: list[str], origins: Container[str]) -> Iterator[str]:
    """Yield what is wrong with the fields of one line."""
    if len(row) != len(LEDGER_COLUMNS):
        yield f"{len(LEDGER_COLUMNS)} fields are needed, there are {len(row)}"
        return
    cells = dict(zip(LEDGER_COLUMNS, row, strict=True))
    if not ID.fullmatch(cells["id"]):
        yield f"{cells['id']!r} is not an id"
    if cells["origin"] not in origins:
        yield f"the origin must be one of paper.toml, found {cells['origin']!r}"
    if not cells["text"]:
        yield "there is no text"
    wrong = {name: cells[name] for name in NUMERIC if not NUMBER.fullmatch(cells[name] or "0")}
    if wrong:
        yield f"a number is needed, found {wrong}"
    elif cells["conf_low"] and cells["conf_high"] and float(cells["conf_low"]) > float(cells["conf_high"]):
        yield f"the lower limit {cells['conf_low']} is above the upper one, {cells['conf_high']}"


def ledger_part(row: pd.Series, part: str) -> str:
    """Return one of ``PARTS`` of a row as text; ``LedgerError`` if it is none or the row does not have it."""
    if part not in PARTS:
        raise LedgerError(f"a part must be one of {tuple(PARTS)}, found {part!r} for {row['id']!r}")
    if part == "text" or row["text"] in HIDDEN:
        return str(row["text"])
    column = PARTS[part]
    if pd.isna(row[column]):
        raise LedgerError(f"{row['id']!r} has no {part}: {row['method']}")
    if part == "ci":
        return interval_text(row["conf_low"], row["conf_high"], row["scale"])
    if part == "level":
        return f"{100 * row[column]:.0f}%"
    return value_text(float(row[column]), "count" if part in ("n", "events") else str(row["scale"]))
