"""Whether the people of one release are those of others but for a few, whatever became of columns, names and order.

Of every cell a mark is kept, not its value. Columns are the same by name, or by what stands in them; one that changed
throughout is left out, so that a column more, or another unit, hides nobody.
"""

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import numpy as np
import pandas as pd

ANEW = 0.2  # of the rows: a column in which more changed was made anew
TOLD = 0.9  # of the rows that are like no other: if fewer are, columns do not tell people apart
TIMES = np.uint64(0x9E3779B97F4A7C15)


def marks_of(table: pd.DataFrame) -> pd.DataFrame:
    """Return a number for each cell of a table; 56 and 56.0 are the same."""
    columns = {}
    for name in table:
        values = pd.to_numeric(table[name], errors="coerce").to_numpy(float) + 0.0
        marks = pd.util.hash_array(values)
        if (other := np.isnan(values)).any():
            marks[other] = pd.util.hash_array(table[name][other].astype(str).to_numpy(object))
        columns[str(name)] = marks.astype(np.uint32)
    return pd.DataFrame(columns)


def too_near(now: pd.DataFrame, earlier: Sequence[Path], least: int) -> str:
    """Return the release, or the releases, from whose people those of a table differ by fewer than ``least``; else nothing.

    Parameters
    ----------
    now : DataFrame
        ``marks_of`` the table.
    earlier : sequence of Path
        Parquet files with those of earlier releases.
    least : int
        How many people must differ, or none.
    """
    before = {path.stem: pd.read_parquet(path) for path in earlier}
    for name, marks in before.items():
        sets = _alike([now, marks], least)
        if sets and any(0 < part < least for part in _moved(*sets)):
            return f"release {int(name[:4])}"
    # what releases show together may be worked out of them: those of two wards, taken from those of both
    largest = max((now, *before.values()), key=len)
    inside = [each for each in (now, *before.values()) if _alike([largest, each], least)]
    sets = _alike([largest, *inside], least)[1:] if len(inside) > 2 and inside[0] is now else []
    return "earlier releases together" if sets and _exposed(sets, least) > _exposed(sets[1:], least) else ""


def _moved(one: np.ndarray, other: np.ndarray) -> tuple[int, int]:
    """Return how many of each are not among the others, alike ones counted as often as they are there."""
    counts = pd.Series(one).value_counts().sub(pd.Series(other).value_counts(), fill_value=0)
    return int(counts.clip(lower=0).sum()), int(-counts.clip(upper=0).sum())


def _alike(tables: Sequence[pd.DataFrame], least: int) -> list[np.ndarray]:
    """Return a number for each row of each table by the columns that all have; none if those do not tell people apart."""
    first, others = tables[0], tables[1:]
    pairs = [_columns(first, each, least) for each in others]
    shared = [name for name in first if all(name in each for each in pairs)]
    names = [shared, *([each[name] for name in shared] for each in pairs)]
    sets = [_rows(table[list(of)]) for table, of in zip(tables, names, strict=True)] if shared else []
    whole = all(len(shared) == table.shape[1] for table in tables)
    told = all(len(np.unique(each)) >= TOLD * len(each) for each in sets)
    return sets if whole or told else []


def _columns(now: pd.DataFrame, before: pd.DataFrame, least: int) -> dict[str, str]:
    """Return the column of ``before`` that stands for each of ``now``: of its name, or with the same values."""
    most = max(least, ANEW * min(len(now), len(before)))
    found = {name: name for name in now if name in before and min(_moved(now[name], before[name])) <= most}
    free = [name for name in before if name not in found]
    for name in (name for name in now if name not in found and now[name].nunique() > least):
        by = {other: min(_moved(now[name], before[other])) for other in free}
        if by and by[nearest := min(by, key=by.__getitem__)] < least:
            found[name] = nearest
            free.remove(nearest)
    return found


def _rows(marks: pd.DataFrame) -> np.ndarray:
    columns = (marks[name].to_numpy(np.uint64) for name in marks)
    return reduce(lambda rows, column: (rows ^ (rows >> np.uint64(31))) * TIMES + column, columns)


def _exposed(sets: Sequence[np.ndarray], least: int) -> int:
    """Return how many sums and differences of sets are of nobody but those who are too few in the same ones."""
    who = np.unique(np.concatenate(sets))
    within, people = np.unique([np.isin(who, each) for each in sets], axis=1, return_counts=True)
    many = within[:, people >= least].astype(float)
    told = np.linalg.matrix_rank(many) if many.size else 0
    return int(np.linalg.matrix_rank(within.astype(float)) - told)
