"""Slips of units: a hospital, an arm or a period whose values are a multiple of the others', and some rows of a column."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from study.hospital.findings import Finding, warning
from study.hospital.units import FACTORS

LEAST = 10  # values in a group, to compare it with the others
FOLD = {"days": float(np.log(8)), "points": float(np.log(4))}  # hours in place of days are 24 times as many
# between medians of all other columns: half of a twofold slip may hide in chance
TWOFOLD = float(np.log(1.75))
ERRORS = 5.0  # of the difference of two medians; groups and columns are many
WIDTH = 0.02  # of a bin, in logarithms
MOST_GROUPS = 200
LARGE = 1.6  # a smaller multiple is no second hump
USUAL = np.log([10.0, 20.0, 100.0, 1000.0])
# in twice the log likelihood, in all and for each patient: tails are seldom normal
GAIN, GAIN_EACH = 22.0, 0.035
SHARE, FEWEST, ENOUGH = 0.015, 8, 60  # of the rows with the slip; of all rows
ROUNDS, CENTRES, COARSE = 25, 25, 3
LOOK = "look at the unit, then correct or acknowledge it"
ONE_UNIT = "have its values in one unit"
# whose last digits are as good as by lot
MEASURED = ("crp", "ferritin", "ddimer", "ldh", "alt", "il6", "platelets")
SAMPLE = 50_000  # values
DOUBLED = 0.08  # of the values, even digits beyond odd ones: rounding alone favours some a little
TENFOLD = np.log([6.0, 16.0])  # a multiple of ten, as far as two medians tell it


def check_slips(
    name: str, row: pd.Series, values: np.ndarray, groups: dict[str, np.ndarray]
) -> list[Finding]:
    """Return a group, or else some rows, whose values are a multiple of the others'; nothing where chance explains it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(values > 0, np.log(values), np.nan)
    known = ~np.isnan(logs)
    if known.sum() < 2 * LEAST:
        return []
    bins = np.full(len(logs), -1)
    start = np.nanmin(logs)
    bins[known] = (logs[known] - start) / WIDTH
    many = int(bins.max()) + 1
    for by, codes in groups.items():
        group = _apart(bins, many, codes, row, start)
        if group is not None:
            must = f"have like values in each {by}"
            return warning("unit.group", name, must, LOOK, known & (codes == group))
    if row["unit"] in FOLD:
        return []
    found = _part(name, np.bincount(bins[known], minlength=many), bins, start)
    return found or (_digits(name, values) if name in MEASURED else [])


def _digits(name: str, values: np.ndarray) -> list[Finding]:
    """Return what last digits tell of some rows: doubles are even, halves and tenths have a decimal more than the others."""
    step = len(values) // SAMPLE
    if step > 1 and not _digits(name, values[::step]):  # a million are looked at where some are odd
        return []
    tens = [np.nan_to_num(values) * 10**places for places in range(3)]
    whole = [np.abs(each - np.rint(each)) < 1e-6 for each in tens]
    there = values > 0
    usual = next((at for at, each in enumerate(whole[:2]) if each[there].mean() > 0.5), None)
    if usual is None:
        return []
    last, finer = np.rint(tens[usual]) % 10, there & ~whole[usual]
    even, odd = (np.isin(last[there & ~finer], digits).sum() for digits in ((2, 4, 6, 8), (1, 3, 7, 9)))
    more = finer & whole[usual + 1]
    if even - odd > max(ERRORS * np.sqrt(even + odd), DOUBLED * (even + odd)):
        found = "even last digits, as if some were doubled"
        return warning("unit.digits", name, ONE_UNIT, LOOK, found=found)
    if more.sum() < max(FEWEST, 0.8 * finer.sum()):
        return []
    rest, (middle, upper) = np.log(values[there & ~finer]), np.quantile(np.log(values[more]), [0.5, 0.9])
    halves = np.mean(np.rint(tens[usual + 1][more]) % 10 == 5) > 0.9
    by_lot = more.sum() / 9  # of values with one decimal, so many end in 0
    among = (rest < upper).sum() > 1 + by_lot + 3 * np.sqrt(by_lot)  # else small values have more decimals
    tenths = among and TENFOLD[0] < np.median(rest) - middle < TENFOLD[1]
    found = "a decimal more in some, as if " + ("halved" if halves else "divided by ten")
    return warning("unit.digits", name, ONE_UNIT, LOOK, more & (halves or tenths), found=found)


def _quantile(counts: np.ndarray, share: float) -> np.ndarray:
    """Return the bin of a quantile in each row of counts, shape (groups,)."""
    total = counts.cumsum(axis=1)
    return (total < share * total[:, -1:]).sum(axis=1)


def _apart(bins: np.ndarray, many: int, codes: np.ndarray, row: pd.Series, start: float) -> int | None:
    """Return the group whose median lies furthest beyond chance and ``FOLD`` from that of all others."""
    size = int(codes.max()) + 1 if len(codes) else 0
    both = (codes >= 0) & (bins >= 0)
    if not 2 <= size <= MOST_GROUPS or not both.any():
        return None
    cells = codes[both].astype(np.int64) * many + bins[both]
    counts = np.bincount(cells, minlength=size * many).reshape(size, many)
    rest = counts.sum(axis=0) - counts
    n, others = counts.sum(axis=1), rest.sum(axis=1)
    if not ((n >= LEAST) & (others >= LEAST)).any():
        return None
    middle = _quantile(counts, 0.5)
    inner, outer = (
        (_quantile(counts, 1 - q) - _quantile(counts, q)) / by for q, by in ((0.25, 1.349), (0.1, 2.563))
    )
    spread = np.average(np.maximum(inner, outer), weights=n)  # doses have few values, of which most have one
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = ERRORS * 1.2533 * max(spread, 1.0) * np.sqrt(1 / (n - 3) + 1 / (others - 3)) * WIDTH
    limit = np.maximum(FOLD.get(str(row["unit"]), TWOFOLD), chance)
    beyond = np.abs(middle - _quantile(rest, 0.5)) * WIDTH / limit
    beyond[(n < LEAST) | (others < LEAST)] = 0
    if beyond.max() <= 1:
        return None
    if size == 2 and row["median_low"] > 0:  # that one which is less like patients
        usual = (np.log(row["median_low"]) + np.log(row["median_high"])) / 2
        return int(np.argmax(np.abs(middle * WIDTH + start - usual)))
    return int(np.argmax(beyond))


def _shifts(name: str) -> Iterator[float]:
    """Yield the logarithms of the multiples that a slip of this column's unit can give."""
    known = {round(abs(float(np.log(by))), 2) for by in FACTORS.get(name, {}).values()}
    for shift in sorted({each for each in known if each > LARGE} | {round(float(each), 2) for each in USUAL}):
        yield from (-shift, shift)


def _part(name: str, counts: np.ndarray, bins: np.ndarray, start: float) -> list[Finding]:
    """Return the rows that are likelier the others' times a multiple: one hump against a hump and its copy elsewhere."""
    n = counts.sum()
    if n < ENOUGH:
        return []
    coarse = np.add.reduceat(counts, np.arange(0, len(counts), COARSE)).astype(float)
    at = start + WIDTH * COARSE * (np.arange(len(coarse)) + 0.5)
    alone = float(coarse @ np.log(_hump(at, *_fitted(at, coarse))))
    shifts = [shift for shift in _shifts(name) if abs(shift) < at[-1] - at[0]]
    if not shifts:
        return []
    tried = (_with_copy(at, coarse, shift, share) for shift in shifts for share in (0.05, 0.35))
    likelihood, copied, factor = max(tried, key=lambda each: each[0])
    gain = 2 * (likelihood - alone)
    if coarse[copied].sum() * 2 > n:
        copied, factor = ~copied, 1 / factor
    if gain < max(GAIN, GAIN_EACH * n) or coarse[copied].sum() < max(FEWEST, SHARE * n):
        return []
    rows = (bins >= 0) & np.isin(bins // COARSE, np.flatnonzero(copied))
    found = f"some as if {factor:.3g} times the others"
    return warning("unit.mixture", name, ONE_UNIT, LOOK, rows, found=found)


def _hump(at: np.ndarray, middle: float, below: float, above: float) -> np.ndarray:
    """Return a density with a spread of its own on each side, over a floor for outliers."""
    away = (at - middle) / np.where(at < middle, below, above)
    return 0.99 * 0.7979 / (below + above) * np.exp(-0.5 * away**2) + 0.01 / (at[-1] - at[0] + 1)


def _fitted(at: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    """Return the likeliest middle and spreads; see John, Communications in Statistics 1982;11:879 (two-piece normal)."""
    total = weights.cumsum()
    middles = at[np.searchsorted(total, np.linspace(0.1, 0.9, CENTRES) * total[-1]).clip(max=len(at) - 1)]
    away = at - middles[:, None]
    low = np.cbrt((np.where(away < 0, away, 0) ** 2) @ weights)
    high = np.cbrt((np.where(away > 0, away, 0) ** 2) @ weights)
    best = int(np.argmin(low + high))
    root = np.sqrt((low + high)[best] / total[-1])
    return float(middles[best]), max(float(low[best] * root), 0.03), max(float(high[best] * root), 0.03)


def _with_copy(
    at: np.ndarray, counts: np.ndarray, shift: float, share: float
) -> tuple[float, np.ndarray, float]:
    """Return the log likelihood of a hump with a copy at a shift, which bins are likelier the copy's, and the multiple."""
    both = np.concatenate([at, at - shift])
    order = np.argsort(both, kind="stable")
    total = counts.cumsum() / counts.sum()
    edge = np.searchsorted(total, 0.5 * (1 - share) + (share if shift < 0 else 0.0))
    spread = max(0.05, 0.6 * float(np.subtract(*at[np.searchsorted(total, [0.75, 0.25])])))
    shape = (float(at[edge]), spread, spread)
    for _ in range(ROUNDS):
        here, there = (1 - share) * _hump(at, *shape), share * _hump(at - shift, *shape)
        part = there / (here + there)
        share = float(counts @ part / counts.sum())
        if share < SHARE / 3 or share > 1 - SHARE / 3:
            break
        shape = _fitted(both[order], np.concatenate([counts * (1 - part), counts * part])[order])
    here, there = (1 - share) * _hump(at, *shape), share * _hump(at - shift, *shape)
    return float(counts @ np.log(here + there)), there > here, float(np.exp(shift))
