"""Counts that are sums of each other, all of a release together: no suppressed one can be worked out from the others.

An attacker knows every shown number up to its rounding, that counts are not negative, and every sum; linear programmes
say how narrow that makes each suppressed cell (Fischetti and Salazar 2001, doi 10.1287/mnsc.47.7.1008.9729, their
attacker's problems).
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

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
            members = [cell for cell in (each[0], *each[1]) if cell not in self.fixed]
            merged = [each]
            for old in {of[cell] for cell in members if cell in of}:
                merged += groups.pop(old)
            groups[number] = merged
            of |= {
                cell: number for total, parts in merged for cell in (total, *parts) if cell not in self.fixed
            }
        for group in groups.values():
            inside = {cell: self.values[cell] for total, parts in group for cell in (total, *parts)}
            if not inside.keys().isdisjoint(cells):
                yield Counts(inside, tuple(group), self.fixed & inside.keys(), self.latent & inside.keys())


def linked(ids: Mapping[str, int], known: Collection[int], shown: Collection[str] = ()) -> Counts:
    """Return counts with the sums that their ids and numbers tell.

    Rows that differ in one to three parts of their id are parts of a whole: of the row without that part if it is
    their sum (``a.n`` of ``a.x.n`` and ``a.y.n``), of any of the ``known`` numbers that is, or of what another such
    group sums up to; of some rows, one is the sum of the others. A sum by chance makes what is shown less, never more.
    ``shown`` are ids that an earlier release showed.
    """
    groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for id_ in ids:
        parts = id_.split(".")
        for many in range(1, min(DEEPEST, len(parts) - 1) + 1):
            for at in combinations(range(1, len(parts)), many):
                groups[tuple("*" if i in at else part for i, part in enumerate(parts))].append(id_)
    # rows may differ only in some of the parts that a sum goes over: then it is the same sum again
    alike = {tuple(group): key for key, group in reversed(groups.items()) if len(group) > 1}
    groups = {key: groups[key] for key in reversed(alike.values())}
    totals = {key: sum(map(ids.__getitem__, group)) for key, group in groups.items()}
    shared, sums = Counter(totals.values()), dict[Sum, None]()
    values: dict[Cell, int] = dict(ids.items())
    latent = set[Cell]()
    for key, group in groups.items():
        total, whole = totals[key], ".".join(part for part in key if part != "*")
        if ids.get(whole) == total and key.count("*") == 1:
            sums[whole, tuple(group)] = None
        elif total in known or shared[total] > 1:
            values[total] = total
            latent |= set() if total in known else {total}
            sums[total, tuple(group)] = None
        largest = max(group, key=ids.__getitem__)
        if len(group) > 2 and 2 * ids[largest] == total:
            sums[largest, tuple(each for each in group if each != largest)] = None
    fixed = {total for total in values if total in known and total not in ids} | set(shown)
    return Counts(values, tuple(sums), frozenset(fixed), frozenset(latent))


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

    While one of them can be placed within less than 1 to threshold - 1 (or, if it is larger, within less than a
    threshold), the smallest shown cell that shares a sum with it goes too, parts before totals; if nothing is left to
    go, all of them do. What turns out not to be needed stays.
    """
    gone: set[Cell] = set()
    for part in counts.parts(first):
        own = set(first) & part.values.keys()
        more: set[Cell] = set()
        while weak := placed(part, own | more, profile, own):
            near = _candidates(part, own | more, weak)
            if not near:
                break
            totals = {total for total, _ in part.sums}
            more.add(min(near, key=lambda c: (c in totals, near[c] == 0, near[c], str(c))))
        else:
            for cell in sorted(more, key=lambda c: -part.values[c]):
                if not placed(part, own | more - {cell}, profile, own):
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
    found = set()
    for cell, (low, high) in ranges(counts, hidden, profile, first).items():
        n, k = counts.values[cell], profile.threshold
        wide = low <= 1 + SLACK and high >= k - 1 - SLACK if n < k else high - low >= k - 1 - SLACK
        if not wide:
            found.add(cell)
    return found
