"""Tables of counts, all of a release together: no suppressed cell can be worked out from the others and the totals.

A cell is named by the levels it counts, ``{"drug": "a", "sex": "f"}``; what a table sums over is a total with fewer
names. Tables share their cells, so a total in one protects, or gives away, a cell in another. An attacker knows every
shown number up to its rounding, that counts are not negative, and every sum; linear programmes say how narrow that
makes each suppressed cell (Fischetti and Salazar 2001, doi 10.1287/mnsc.47.7.1008.9729, their attacker's problems).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog
from scipy.sparse import lil_array

from livingpaper.disclosure.profiles import DisclosureError, Profile

Cell = frozenset[tuple[str, str]]
SLACK = 1e-6


@dataclass(frozen=True)
class Counts:
    """The cells of tables with their true counts, and which are sums of which."""

    values: dict[Cell, int]
    sums: tuple[tuple[Cell, tuple[Cell, ...]], ...]

    @classmethod
    def of(cls, tables: Iterable[pd.DataFrame], count: str = "n") -> "Counts":
        """Return the cells of tidy tables: a column of counts, every other column a classification, inner cells only.

        ``DisclosureError`` if a count is no whole number, a cell stands twice, or a total differs between tables.
        """
        values: dict[Cell, int] = {}
        sums: dict[tuple[Cell, tuple[Cell, ...]], None] = {}
        for table in tables:
            by = [name for name in table.columns if name != count]
            numbers = pd.to_numeric(table[count], errors="coerce")
            if not by or numbers.isna().any() or (numbers < 0).any() or (numbers % 1 != 0).any():
                raise DisclosureError(
                    f"a table must have classes and whole counts in {count!r}, found {[*table.columns]}"
                )
            if table.duplicated(by).any():
                raise DisclosureError(f"a cell of a table must stand once, the table by {by} has one twice")
            inner = table.assign(**{count: numbers.astype(int)})
            _add(inner.astype(dict.fromkeys(by, str)), by, count, values, sums)
        return cls(values, tuple(sums))


def _add(
    table: pd.DataFrame,
    by: list[str],
    count: str,
    values: dict[Cell, int],
    sums: dict[tuple[Cell, tuple[Cell, ...]], None],
) -> None:
    """Put the cells of a table, and all totals of it, into ``values`` and ``sums``."""
    for cell, n in zip(_cells(table, by), table[count], strict=True):
        if values.setdefault(cell, int(n)) != n:
            raise DisclosureError(
                f"tables must agree, {sorted(cell)} is {values[cell]} in one and {n} in another"
            )
    for over in by:
        rest = [name for name in by if name != over]
        parts: dict[Cell, list[Cell]] = {}
        for cell in _cells(table, by):
            parts.setdefault(frozenset(each for each in cell if each[0] != over), []).append(cell)
        sums |= dict.fromkeys((total, tuple(each)) for total, each in parts.items())
        if rest:
            _add(table.groupby(rest, as_index=False)[count].sum(), rest, count, values, sums)
        else:
            whole = int(table[count].sum())
            if values.setdefault(frozenset(), whole) != whole:
                raise DisclosureError(
                    f"tables must agree, they count {values[frozenset()]} and {whole} people in all"
                )


def _cells(table: pd.DataFrame, by: list[str]) -> list[Cell]:
    return [frozenset(zip(by, map(str, row), strict=True)) for row in table[by].itertuples(index=False)]


def primary(counts: Counts, profile: Profile) -> set[Cell]:
    """Return the cells that are small, or whose rest within some total is, or which are all of a group."""
    hidden = {cell for cell, n in counts.values.items() if profile.small(n)}
    for total, parts in counts.sums:
        whole = counts.values[total]
        for part in parts:
            n = counts.values[part]
            if len(parts) > 1 and n and (n == whole or profile.small(whole - n)):
                hidden.add(part)
    return hidden


def ranges(
    counts: Counts, hidden: set[Cell], profile: Profile, of: Iterable[Cell]
) -> dict[Cell, tuple[float, float]]:
    """Return between which counts an attacker can place each of the cells ``of``."""
    order = {cell: number for number, cell in enumerate(counts.values)}
    half = profile.base / 2 if profile.base > 1 else 0.0
    shown = {cell: profile.rounded(n) for cell, n in counts.values.items()}
    bounds = [
        (0.0, None) if cell in hidden else (max(0.0, shown[cell] - half), shown[cell] + half)
        for cell in order
    ]
    # zeros are exact where they are shown: they were never small
    bounds = [
        (0.0, 0.0) if c not in hidden and counts.values[c] == 0 else b
        for c, b in zip(order, bounds, strict=True)
    ]
    matrix = lil_array((len(counts.sums), len(order)))
    for line, (total, parts) in enumerate(counts.sums):
        matrix[line, order[total]] = -1
        for part in parts:
            matrix[line, order[part]] += 1
    equal, found = matrix.tocsr(), dict[Cell, tuple[float, float]]()
    for cell in of:
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(order))
            goal[order[cell]] = sign
            done = linprog(goal, A_eq=equal, b_eq=np.zeros(len(counts.sums)), bounds=bounds, method="highs")
            if done.status not in (0, 3):
                raise DisclosureError(f"whether tables are safe cannot be told: {done.message}")
            ends.append(sign * np.inf * -1 if done.status == 3 else sign * float(done.fun))
        found[cell] = ends[0], ends[1]
    return found


def suppress(counts: Counts, profile: Profile) -> dict[Cell, str]:
    """Return the cells that are not shown, each with the reason; the attacker can tell none of the small ones.

    Small cells go first. While one of them can be placed within less than 1 to threshold - 1 (or, if it is larger,
    within less than a threshold), the smallest shown cell that shares a sum with it goes too; inner cells before totals.
    """
    first = primary(counts, profile)
    reasons = dict.fromkeys(first, "below the threshold, or the rest of its group is")
    while weak := _placed(counts, set(reasons), profile, first):
        near = _candidates(counts, set(reasons), weak)
        if not near:
            raise DisclosureError("tables cannot be made safe by suppression; show fewer, or wider classes")
        depth = max(map(len, near))
        smallest = min(near, key=lambda c: (depth - len(c), near[c] == 0, near[c], sorted(c)))
        reasons[smallest] = "would give a suppressed cell away"
    for cell in sorted(set(reasons) - first, key=lambda c: -counts.values[c]):  # not needed after all
        rest = set(reasons) - {cell}
        if not _placed(counts, rest, profile, first):
            del reasons[cell]
    return reasons


def _candidates(counts: Counts, hidden: set[Cell], weak: set[Cell]) -> dict[Cell, int]:
    """Return the shown cells that may go next: of sums with one hidden cell, else beside a weak one, else all."""
    sums = [{total, *parts} for total, parts in counts.sums]
    alone = [each for each in sums if len(each & hidden) == 1]
    for some in (alone, [each for each in sums if each & weak], sums):
        if near := set().union(*some) - hidden:
            return {cell: counts.values[cell] for cell in near}
    return {}


def _placed(counts: Counts, hidden: set[Cell], profile: Profile, first: set[Cell]) -> set[Cell]:
    """Return the cells of ``first`` that an attacker can place too well."""
    found = set()
    for cell, (low, high) in ranges(counts, hidden, profile, first).items():
        n, k = counts.values[cell], profile.threshold
        wide = low <= 1 + SLACK and high >= k - 1 - SLACK if n < k else high - low >= k - 1 - SLACK
        if not wide:
            found.add(cell)
    return found


def protect_tables(
    tables: Mapping[str, pd.DataFrame], profile: Profile, *, count: str = "n"
) -> dict[str, pd.DataFrame]:
    """Return tables with their totals as they may be shown: rounded counts, missing where suppressed.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        All tables of one release: tidy, a column of counts, every other one a classification; no totals.
    profile : Profile
        The thresholds.
    count : str
        The column of counts.

    Returns
    -------
    dict of str to DataFrame
        The same classes and counts, with rows for totals ("all"), and in ``withheld`` why a count is missing.
    """
    counts = Counts.of(tables.values(), count)
    reasons, made = suppress(counts, profile), {}
    for name, table in tables.items():
        by = [each for each in table.columns if each != count]
        levels = {each: {*table[each].astype(str)} for each in by}
        own = [
            cell for cell in counts.values
            if all(key in levels and level in levels[key] for key, level in cell)
        ]  # fmt: skip
        rows: list[dict[str, object]] = [
            dict[str, object]({key: dict(cell).get(key, "all") for key in by})
            | {
                count: np.nan if cell in reasons else profile.rounded(counts.values[cell]),
                "withheld": reasons.get(cell, ""),
            }
            for cell in own
        ]
        made[name] = pd.DataFrame(rows, columns=[*by, count, "withheld"])
    return made
