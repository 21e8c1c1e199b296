"""Whether numbers somewhere are the rows of a table of patients: whole, rounded, reordered, or torn apart into columns."""

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations, product
from math import log2

import numpy as np
import pandas as pd
from scipy.stats import binom

from livingpaper.disclosure.digits import DECIMAL_COMMA, dense, normal, once, printed, streams
from livingpaper.disclosure.tables import NUMBER, Table

FEWEST_BITS, MOST_PATIENTS, SAMPLE = 3.0, 200, 20_000
BY_CHANCE = 1e-12
# rows of a column; distinct values; levels of a group; patients in it
LEAST, FINE, LEVELS, GROUP = 8, 12, 12, 20
PAIRED = 6  # columns, and columns of patients for each, that are tried with each other


@dataclass(frozen=True, eq=False)
class Column:
    """One column of numbers: all of it, and how it is cut by each level of the columns that have few."""

    name: str
    values: np.ndarray
    groups: tuple[np.ndarray, ...]  # each sorted, without what is missing

    @cache  # noqa: B019 - as long as the table
    def codes(self, decimals: int) -> np.ndarray:
        """Return the distinct values as whole numbers of the last digit, halves to even and up."""
        scaled = self.groups[0] * 10.0**decimals
        return np.unique(np.concatenate([np.rint(scaled), np.floor(scaled + 0.5)]))

    @cache  # noqa: B019
    def counted(self, decimals: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the distinct values as whole numbers of the last digit, and how many patients have each."""
        return np.unique(np.rint(self.groups[0] * 10.0**decimals), return_counts=True)


@dataclass(frozen=True)
class Reference:
    """The table whose rows must not be found, one row per patient (or per stay: what must not leave)."""

    frame: pd.DataFrame

    @cached_property
    def columns(self) -> list[Column]:
        """The columns of numbers that have enough different values to be known again."""
        frame = self.frame
        levels = [frame[name] for name in frame if 1 < frame[name].nunique() <= LEVELS]
        parts = [(level == each).to_numpy() for level in levels for each in level.dropna().unique()]
        found = []
        for name in frame:
            values = pd.to_numeric(frame[name], errors="coerce").to_numpy(float)
            if len(np.unique(values[np.isfinite(values)])) < LEAST:
                continue
            cuts = (values, *(values[part] for part in parts if part.sum() >= GROUP))
            found.append(Column(str(name), values, tuple(np.sort(cut[np.isfinite(cut)]) for cut in cuts)))
        return found

    @cached_property
    def index(self) -> dict[str, tuple[np.ndarray, np.ndarray, float]]:
        """Patients and their columns by printed number, rounded in every way, with its bits of information.

        Numbers that more than one patient in eight has say nothing; they have no patients.
        """
        n = len(self.frame)
        some = np.random.default_rng(1).permutation(n)[:SAMPLE]  # of a million patients a sample is enough
        held: dict[str, dict[int, int]] = {}
        for number, column in enumerate(self.columns):
            for patient, value in zip(some.tolist(), column.values[some].tolist(), strict=True):
                for text in printed(value) if value == value else ():
                    held.setdefault(text, {}).setdefault(patient, number)
        most = min(len(some) / 2**FEWEST_BITS, MOST_PATIENTS)
        none = np.empty(0, int)
        return {
            text: (np.fromiter(who, int), np.fromiter(who.values(), int), log2(len(some) / len(who)))
            if len(who) <= most
            else (none, none, 0.0)
            for text, who in held.items()
        }

    @cached_property
    def doubles(self) -> np.ndarray:
        """Numbers with a fraction that at most three patients have, as they stand in a file of bytes."""
        every = np.concatenate([column.groups[0] for column in self.columns] or [np.empty(0)])
        values, counts = np.unique(every[every != np.rint(every)], return_counts=True)
        few = values[counts <= 3].tolist()
        return np.array([value for value in few if len(repr(value).replace(".", "").strip("0")) > 3])

    def ready(self) -> "Reference":
        """Return it with what is computed once, for all processes."""
        self.index, self.doubles  # noqa: B018
        return self

    def rows_in(self, text: str) -> list[int]:
        """Return the rows (from 0) that stand in a text, its numbers next to each other in any order."""
        return sorted(set().union(*map(self._rows, streams(text))))

    def _rows(self, tokens: list[str]) -> set[int]:
        index = self.index
        known = {token: index.get(normal(token)) for token in set(tokens)}
        if not any(entry and entry[2] for entry in known.values()):
            return set()
        # the others say nothing
        told = once([token for token in tokens if (entry := known[token]) is None or entry[2]])
        entries = [(at, entry) for at, token in enumerate(told) if (entry := known[token])]
        sizes = [len(entry[0]) for _, entry in entries]
        at = np.repeat([at for at, _ in entries], sizes)
        who = np.concatenate([entry[0] for _, entry in entries])
        which = np.concatenate([entry[1] for _, entry in entries])
        bits = np.repeat([entry[2] for _, entry in entries], sizes)
        return dense(who, at, which, bits, len(self.frame))

    def held_by(self, table: Table) -> str:
        """Return how a table holds patients, in words; empty if it does not."""
        shown = [_Shown.of(table.column(number)) for number in range(min(table.width, 200))]
        for number, one in enumerate(shown, 1):
            if one and (how := self._column(one)):
                return f"column {number} is {how}"
        return self._pairs([one for one in shown if one and len(one.distinct) >= 5])

    def _column(self, one: "_Shown") -> str:
        m, distinct = len(one.values), len(one.distinct)
        for column in self.columns if distinct >= LEAST else ():
            name = f"the patients' {column.name!r}"
            if one.by_membership(column)[1] < BY_CHANCE and distinct >= FINE:
                return f"{name}, {m} values"
            most = m >= 0.6 * len(column.groups[0]) and distinct >= GROUP
            if most and one.within(*column.counted(one.decimals)):
                return f"{name}, {m} of them in some order"
            for group in column.groups:
                if m == len(group) and one.equals(group):
                    return f"{name}, all {m} of a group in some order"
                if m == len(group) and distinct >= GROUP and one.moved(group):
                    return f"{name}, all {m} of a group on another scale"
        return ""

    def _pairs(self, shown: list["_Shown"]) -> str:
        """Return in words that rows of two columns are patients, more than if their values were dealt at random."""
        whole = [one for one in shown if one.complete][:PAIRED]
        near = {id(one): self._near(one) for one in whole}
        for one, two in combinations(whole, 2):
            for first, second in product(near[id(one)], near[id(two)]):
                if first is not second and _together(one, two, first, second):
                    return f"rows of {first.name!r} with {second.name!r} are {len(one.values)} patients'"
        return ""

    def _near(self, one: "_Shown") -> list[Column]:
        fits = ((*one.by_membership(column), column) for column in self.columns)
        return [column for share, _, column in sorted(fits, key=lambda f: f[1]) if share >= 0.95][:PAIRED]

    def bytes_in(self, raw: bytes) -> int:
        """Return how many of the patients' own numbers stand in a file of bytes, four at least; else none."""
        found: set[float] = set()
        for order, start in product("<>", range(8)):
            many = (len(raw) - start) // 8
            seen = np.frombuffer(raw, f"{order}f8", many, start) if many > 0 else np.empty(0)
            found |= set(seen[np.isin(seen, self.doubles)].tolist())
        return len(found) if len(found) >= 4 else 0


@dataclass(frozen=True)
class _Shown:
    """A column of numbers that was found: its values, and as whole numbers of the last digit shown."""

    values: np.ndarray
    decimals: int
    codes: np.ndarray
    distinct: np.ndarray
    complete: bool

    @classmethod
    def of(cls, cells: list[str]) -> "_Shown | None":
        """Return a column of cells; None where fewer than eight, or than nine in ten, are numbers."""
        texts = [cell.strip().replace("−", "-") for cell in cells]
        texts = [DECIMAL_COMMA.sub(".", text) for text in texts]
        numbers = [text for text in texts if NUMBER.fullmatch(text)]
        filled = sum(text not in ("", "nan", "NA", "null", "None") for text in texts)
        if len(numbers) < max(LEAST, 0.9 * filled):
            return None
        values = np.array(numbers, float)
        decimals = max(len(text.partition(".")[2]) if "e" not in text.lower() else 6 for text in numbers)
        while decimals <= 0 and decimals > -6 and not np.any(np.rint(values) % 10 ** (1 - decimals)):
            decimals -= 1
        codes = np.rint(values * 10.0**decimals)
        return cls(values, decimals, codes, np.unique(codes), len(numbers) == len(cells))

    def by_membership(self, column: Column) -> tuple[float, float]:
        """Return the share of the values that patients have, and the chance of so many if they were any numbers."""
        codes, low, high = column.codes(self.decimals), self.distinct[0], self.distinct[-1]
        hits = int(_among(self.distinct, codes).sum())
        reach = (np.searchsorted(codes, high, "right") - np.searchsorted(codes, low)) / (high - low + 1)
        share = hits / len(self.distinct)
        chance = float(binom.sf(hits - 1, len(self.distinct), min(1.0, reach))) if share >= 0.95 else 1.0
        return share, chance

    def within(self, codes: np.ndarray, counts: np.ndarray) -> bool:
        """Return whether each value occurs at most as often as among the patients."""
        mine, times = np.unique(self.codes, return_counts=True)
        at = np.minimum(np.searchsorted(codes, mine), len(codes) - 1)
        return bool(np.all(_among(mine, codes) & (times <= counts[at])))

    def equals(self, group: np.ndarray) -> bool:
        """Return whether these are the values of a group, in any order."""
        theirs = np.sort(np.rint(group * 10.0**self.decimals))
        return len(self.distinct) >= LEAST and np.array_equal(np.sort(self.codes), theirs)

    def moved(self, group: np.ndarray) -> bool:
        """Return whether these are the values of a group, moved, stretched, turned over or on a log scale."""
        mine = _unit(np.sort(self.values))
        scales = [group, *([np.log(group)] if group[0] > 0 else [])]
        theirs = [each for scale in scales for each in (_unit(scale), 1 - _unit(scale)[::-1])]
        return any(np.abs(mine - each).max() < 2e-3 for each in theirs)


def _among(some: np.ndarray, ordered: np.ndarray) -> np.ndarray:
    """Return which numbers are in an ordered array."""
    return np.asarray(ordered[np.minimum(np.searchsorted(ordered, some), len(ordered) - 1)] == some)


def _unit(ordered: np.ndarray) -> np.ndarray:
    width = ordered[-1] - ordered[0]
    return (ordered - ordered[0]) / (width or 1.0)


def _together(one: _Shown, two: _Shown, first: Column, second: Column) -> bool:
    there = np.isfinite(first.values) & np.isfinite(second.values)
    a, b = (np.rint(c.values[there] * 10.0**s.decimals) for c, s in ((first, one), (second, two)))
    known = set(zip(a.tolist(), b.tolist(), strict=True))
    m = min(len(one.codes), 2000)
    left, right = one.codes[:m].tolist(), two.codes[:m]
    hits = sum(pair in known for pair in zip(left, right.tolist(), strict=True))
    if hits < 0.9 * m:
        return False
    rng = np.random.default_rng(1)
    lots = (zip(left, rng.permutation(right).tolist(), strict=True) for _ in range(5))
    dealt = sum(pair in known for pairs in lots for pair in pairs)
    return bool(binom.sf(hits - 1, m, (dealt + 1) / (5 * m + 1)) < BY_CHANCE * 1e3)
