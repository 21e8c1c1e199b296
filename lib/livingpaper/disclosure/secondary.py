"""Counts that are sums of each other, all of a release together: no suppressed one can be worked out from the others.

An attacker knows every shown number up to its rounding, that counts are not negative, and every sum; linear programmes
say how narrow that makes each suppressed cell (Fischetti and Salazar 2001, doi 10.1287/mnsc.47.7.1008.9729, their
attacker's problems).
"""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from math import ceil, floor

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from livingpaper.disclosure.profiles import DisclosureError, Profile

Cell = Hashable
Sum = tuple[Cell, tuple[Cell, ...]]
SLACK = 1e-6
REASON = "with others that are shown it would give a suppressed count away"
DEEPEST = 3  # parts of an id that a sum goes over


@dataclass(frozen=True)
class Counts:
    """Counts by cell, and which are sums of which.

    ``fixed`` are shown whatever is decided here (an ``n`` elsewhere, an earlier release), ``latent`` never are: sums
    that nobody prints but that two tables have in common.
    """

    values: Mapping[Cell, int]
    sums: tuple[Sum, ...]
    fixed: frozenset[Cell] = frozenset()
    latent: frozenset[Cell] = frozenset()

    def parts(self, cells: Collection[Cell]) -> Iterator["Counts"]:
        """Yield what hangs together by sums and holds one of ``cells``; fixed numbers tie nothing together."""
        of: dict[Cell, int] = {}
        groups: dict[int, list[Sum]] = {}
        for number, each in enumerate(self.sums):
            merged = [each]
            for old in {of[cell] for cell in (each[0], *each[1]) if cell in of}:
                merged += groups.pop(old)
            groups[number] = merged
            members = {cell for total, parts in merged for cell in (total, *parts)}
            of |= dict.fromkeys(members - self.fixed, number)
        for group in groups.values():
            inside = {cell: self.values[cell] for total, parts in group for cell in (total, *parts)}
            if not inside.keys().isdisjoint(cells):
                yield Counts(inside, tuple(group), self.fixed & inside.keys(), self.latent & inside.keys())


def linked(ids: Mapping[str, int], among: Mapping[str, float], shown: Collection[str] = ()) -> Counts:
    """Return counts with the sums that their ids and numbers tell.

    Rows that differ in parts of their id are parts of a whole: of the row without that part if it is their sum
    (``a.n`` of ``a.x.n`` and ``a.y.n``), of the people among whom they were counted (their ``n``), of one of them, or
    of what other rows are or sum up to, if all sums of both agree. ``shown`` are ids that an earlier release showed.
    """
    sums, values, fixed = dict[Sum, None](), dict[Cell, int](ids.items()), set[Cell](shown)
    alike: dict[tuple[int, ...], dict[frozenset[tuple[str, ...]], None]] = defaultdict(dict)

    def add(whole: Cell, parts: Iterable[str], total: int) -> None:
        values.setdefault(whole, total)
        sums[whole, tuple(each for each in parts if each != whole)] = None

    for groups in _families(ids):
        totals = [sum(map(ids.__getitem__, group)) for group in groups.values()]
        for (key, group), total in zip(groups.items(), totals, strict=True):
            one = _whole_of(key, group, total, ids, among)
            if one is not None:
                add(one, group, total)
                fixed |= {one} - ids.keys()
        if len(set(totals)) > 1 and 4 * sum(totals) >= max(ids.values()):
            alike[tuple(sorted(totals))][frozenset(map(tuple, groups.values()))] = None
    for sizes, families in alike.items():
        rows = [each[0] for family in families for each in family if len(each) == 1]
        latent = tuple(sorted(map(min, families)))
        for parts in {each for family in families if len(families) > 1 for each in family if len(each) > 1}:
            total = sum(map(ids.__getitem__, parts))
            words = set(parts[0].split("."))
            equal = [row for row in rows if ids[row] == total]
            whole: Cell = max(equal, key=lambda row: len(words & {*row.split(".")}), default=(total, *latent))
            # of two latent ones, which is meant?
            if whole not in parts and (equal or sizes.count(total) == 1):
                add(whole, parts, total)
    return Counts(values, tuple(sums), frozenset(fixed), frozenset(values.keys() - ids.keys() - fixed))


def _families(ids: Iterable[str]) -> Iterator[dict[tuple[str, ...], list[str]]]:
    """Yield rows that differ in up to three parts of their id, grouped by what is left when a sum goes over some."""
    by_length: dict[int, list[tuple[str, ...]]] = defaultdict(list)
    for id_ in ids:
        by_length[id_.count(".")].append(tuple(id_.split(".")))
    for length, rows in by_length.items():
        for many in range(1, min(DEEPEST, length) + 1):
            for varying in combinations(range(1, length + 1), many):
                yield from _of_varying(rows, varying)


def _of_varying(
    rows: list[tuple[str, ...]], varying: tuple[int, ...]
) -> Iterator[dict[tuple[str, ...], list[str]]]:
    same: dict[tuple[str, ...], list[tuple[str, ...]]] = defaultdict(list)
    for parts in rows:
        same[tuple("" if at in varying else part for at, part in enumerate(parts))].append(parts)
    for family in same.values():
        if any(len({parts[at] for parts in family}) < 2 for at in varying):
            continue
        for many in range(len(varying) + 1):
            for over in combinations(varying, many):
                groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
                for parts in family:
                    key = tuple("*" if at in over else part for at, part in enumerate(parts))
                    groups[key].append(".".join(parts))
                yield groups


def _whole_of(
    key: tuple[str, ...], group: list[str], total: int, ids: Mapping[str, int], among: Mapping[str, float]
) -> Cell | None:
    """Return what rows that differ in parts of their id are the parts of, as far as they tell it themselves."""
    if len(group) < 2:
        return None
    parent, largest = ".".join(part for part in key if part != "*"), max(group, key=ids.__getitem__)
    if ids.get(parent) == total:
        return parent
    if max(among.get(each, 0.0) for each in group) == total:
        return total
    named = largest.endswith(".n") and not any(each.endswith(".n") for each in group if each != largest)
    large = named or 4 * ids[largest] >= max(ids.values())  # else by chance
    return largest if 2 * ids[largest] == total and key.count("*") == 1 and len(group) > 2 and large else None


def primary(counts: Counts, profile: Profile) -> set[Cell]:
    """Return the cells that are small, or whose rest within a whole of at least two is."""
    own = counts.values.keys() - counts.fixed - counts.latent
    hidden = {cell for cell in own if profile.small(counts.values[cell])}
    for total, parts in counts.sums:
        if isinstance(total, str) and total.count(".") == str(parts[0]).count("."):
            continue  # one row that is the sum of others beside it is no whole of which they are levels
        for part in own.intersection(parts):
            rest = counts.values[total] - counts.values[part]
            if len(parts) > 1 and rest and profile.small(rest):
                hidden.add(part)
    return hidden


def ranges(
    counts: Counts, hidden: Collection[Cell], profile: Profile, of: Iterable[Cell]
) -> dict[Cell, tuple[float, float]]:
    """Return between which counts an attacker can place each of the cells ``of``."""
    order = {cell: number for number, cell in enumerate(counts.values)}
    half = profile.base / 2 if profile.base > 1 else 0.0

    def bounds(cell: Cell) -> tuple[float, float | None]:
        shown = profile.rounded(n := counts.values[cell])
        if cell in hidden or cell in counts.latent:
            return 0.0, None
        return (0.0, 0.0) if n == 0 else (max(0.0, shown - half), shown + half)  # a zero was never small

    entries = [
        (line, order[cell], weight)
        for line, (total, parts) in enumerate(counts.sums)
        for cell, weight in ((total, -1), *((part, 1) for part in parts))
    ]
    lines, columns, weights = zip(*entries, strict=True)
    equal = coo_array((weights, (lines, columns)), shape=(len(counts.sums), len(order))).tocsr()
    limits, found = [bounds(cell) for cell in order], dict[Cell, tuple[float, float]]()
    for cell in of:
        ends = []
        for sign in (1, -1):
            goal = np.zeros(len(order))
            goal[order[cell]] = sign
            done = linprog(goal, A_eq=equal, b_eq=np.zeros(len(counts.sums)), bounds=limits, method="highs")
            if done.status not in (0, 3):
                raise DisclosureError(f"whether counts are safe cannot be told: {done.message}")
            ends.append(-sign * np.inf if done.status == 3 else sign * float(done.fun))
        found[cell] = ends[0], ends[1]
    return found


def suppress(counts: Counts, profile: Profile, first: Collection[Cell]) -> set[Cell]:
    """Return which cells go beside the ``first`` so that the attacker can tell none of those.

    While one of them can be placed too well (see ``open_enough``), the smallest shown cell that shares a sum with it
    goes too, parts before totals. What turns out not to be needed stays. What fixed numbers alone give away cannot be
    helped here.
    """
    gone: set[Cell] = set()
    for part in counts.parts(first):
        own, more = set(first) & part.values.keys(), set[Cell]()
        every = part.values.keys() - part.fixed
        known = placed(part, own, profile, own)
        known -= placed(part, every, profile, known)
        weak = set(known)
        while weak := placed(part, own | more, profile, weak):  # what is wide stays wide
            near, totals = _candidates(part, own | more, weak), {total for total, _ in part.sums}
            # that there is nobody is often known from elsewhere
            more.add(min(near, key=lambda c: (near[c] == 0, c in totals, near[c], str(c))))
        for cell in sorted(more, key=lambda c: -part.values[c]):
            if not placed(part, own | more - {cell}, profile, known):
                more.remove(cell)
        gone |= more
    return gone


def _candidates(counts: Counts, hidden: set[Cell], weak: set[Cell]) -> dict[Cell, int]:
    """Return the shown cells that may go next: of sums with one hidden cell, else beside a weak one, else all."""
    sums = [{total, *parts} for total, parts in counts.sums]
    alone = [each for each in sums if len(each & hidden) == 1 and each & weak]
    for some in (alone, [each for each in sums if each & weak], sums):
        if near := set().union(*some) - hidden - counts.fixed - counts.latent:
            return {cell: counts.values[cell] for cell in near}
    return {}


def placed(counts: Counts, hidden: Collection[Cell], profile: Profile, first: Collection[Cell]) -> set[Cell]:
    """Return the cells of ``first`` that an attacker can place too well."""
    known = ranges(counts, hidden, profile, first).items()
    return {cell for cell, ends in known if not open_enough(counts.values[cell], *ends, profile)}


def open_enough(count: int, low: float, high: float, profile: Profile) -> bool:
    """Return whether somebody who places a count between two numbers knows little of it.

    Of a small one more than half of all small numbers must remain possible, else a threshold of them.
    """
    k = profile.threshold
    if count >= k:
        return high - low >= k - 1 - SLACK
    return 2 * (floor(min(high, k - 1) + SLACK) - ceil(max(low, 1) - SLACK) + 1) > k
