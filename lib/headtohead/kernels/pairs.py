"""Pairs on a line: greedy nearest neighbours, with or without replacement, or the optimal ones.

Greedy: each treated patient takes the nearest free control to its left or right in the order of the score, to which
two union-find forests point; a match costs one sort plus nearly constant time per patient.

Optimal: as many pairs as the caliper allows, and the closest among those. On a line, two pairs that cross can swap
partners without making either the wider of the two wider or their sum larger. An optimal match without crossings
therefore exists; dynamic programming over both arms finds it, looking only at controls inside the caliper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numba import njit

from headtohead import door
from headtohead.errors import CannotAdjustError
from headtohead.kernels import Array

Order = Literal["largest", "smallest", "data"]
CaliperScale = Literal["pooled", "all"]
Rows = tuple[Array, Array]
MAX_CELLS = 2_000_000_000  # one byte each
SKIP_TREATED, SKIP_CONTROL, PAIR = 0, 1, 2


@door.guarded
def caliper_width(
    linear_predictor: pd.Series | Array, treated: pd.Series | Array, *, caliper_sd: float, scale: CaliperScale,
) -> float:  # fmt: skip
    """Return the caliper on the logit.

    ``scale`` names the standard deviation meant by "0.2 SD of the logit", which is read in two ways:
    "pooled" within the arms, sqrt((s1^2 + s0^2) / 2) (Austin), or of "all" patients together (MatchIt).

    Austin (2011) Pharm Stat 10:150-161. doi:10.1002/pst.433
    """
    door.same_length(scores=linear_predictor, arms=treated)
    door.arrays(scores=linear_predictor)
    door.sized(scores=linear_predictor)
    arm = door.events(np.asarray(treated), "arms") > 0
    return caliper_of_checked(np.asarray(linear_predictor, dtype=float), arm, caliper_sd, scale)


def caliper_of_checked(score: Array, arm: Array, caliper_sd: float, scale: CaliperScale) -> float:
    """Return ``caliper_width`` of arrays that were checked."""
    door.positive("caliper_sd", caliper_sd)
    door.choice("scale", scale, CaliperScale)
    if scale == "all":
        return float(caliper_sd * score.std(ddof=1))
    variances = score[arm].var(ddof=1), score[~arm].var(ddof=1)
    return float(caliper_sd * np.sqrt(np.mean(variances)))


def greedy_pairs(
    score: Array, arm: Array, exact: Sequence[Array] = (),
    *, ratio: int = 1, caliper: float, order: Order, replace: bool = False,
) -> Rows:  # fmt: skip
    """Return rows of the treated and of the controls they take, by stratum; arrays of shape (n,), see ``match_nearest``."""
    door.choice("order", order, Order)
    door.positive("the caliper", caliper, or_zero=True)
    found = []
    for stratum in strata_of(exact, len(score)):
        d, is_treated = score[stratum], arm[stratum]
        by_score = np.argsort(d, kind="stable")
        place = np.empty(len(d), np.int64)
        place[by_score] = np.arange(len(d))
        turn = first_choosers(np.flatnonzero(is_treated), d, order)
        left, right = _neighbours(~is_treated[by_score])
        rounds = min(ratio, int(np.count_nonzero(~is_treated)))  # nobody takes a control twice
        at, taken = place[turn], np.full((rounds, len(turn)), -1, np.int32)
        _greedy(d[by_score], left, right, at, left[at], right[at], float(caliper), replace, taken)
        when, who = np.nonzero(taken >= 0)
        found.append((stratum[turn[who]], stratum[by_score[taken[when, who]]]))
    return joined(found)


def strata_of(exact: Sequence[Array], n: int) -> list[Array]:
    """Return the row numbers of each stratum."""
    if not exact:
        return [np.arange(n)]
    code = pd.MultiIndex.from_arrays(list(exact)).factorize()[0]
    return [np.flatnonzero(code == value) for value in np.unique(code)]


def joined(rows: Sequence[Rows]) -> Rows:
    """Return the pairs of all strata as two arrays."""
    t, c = (np.concatenate(part) for part in zip(*rows, strict=True))
    return t, c


def first_choosers(rows: Array, score: Array, order: Order) -> Array:
    """Return the row numbers of the treated, first chooser first."""
    if order == "data":
        return rows
    sign = -1 if order == "largest" else 1
    return rows[np.argsort(sign * score[rows], kind="stable")]


@njit(cache=True)
def _free(links: Array, place: int, end: int) -> int:
    """Return the next free control on one side, or ``end``, and shorten the way to it."""
    at, found = place, links[place]
    while found != end and links[found] != found:
        links[at] = links[found]
        at, found = found, links[found]
    links[place] = found
    return found


def _neighbours(free: Array) -> tuple[Array, Array]:
    """Return the nearest control at or left of each place (-1 for none), and at or right of it (n for none)."""
    place = np.arange(len(free) + 1, dtype=np.int32)
    left = np.maximum.accumulate(np.where(free, place[:-1], np.int32(-1)))
    right = np.minimum.accumulate(np.where(np.append(free, True), place, place[-1])[::-1])[::-1]
    return left, np.ascontiguousarray(right)


@njit(cache=True)
def _greedy(
    d: Array, left: Array, right: Array, turn: Array, below: Array, above: Array,
    caliper: float, replace: bool, taken: Array,
) -> None:  # fmt: skip
    """Write the place of the control of each treated patient in each round over -1 in ``taken``; ``d`` ascends."""
    # turn holds the places of the treated, first chooser first; with replace each takes a control at most once
    n = len(d)
    for r in range(len(taken)):
        for q in range(len(turn)):
            i = turn[q]
            if not replace:
                below[q], above[q] = _free(left, i, -1), _free(right, i, n)
            lo, hi = below[q], above[q]
            gap_lo = d[i] - d[lo] if lo >= 0 else np.inf
            gap_hi = d[hi] - d[i] if hi < n else np.inf
            if min(gap_lo, gap_hi) > caliper or min(gap_lo, gap_hi) == np.inf:
                continue
            lower = gap_lo < gap_hi or (gap_lo == gap_hi and i - lo <= hi - i)
            k = lo if lower else hi
            taken[r, q] = k
            to_left, to_right = left[k - 1] if k > 0 else -1, right[k + 1]
            if not replace:
                left[k], right[k] = to_left, to_right
            elif lower:
                below[q] = to_left
            else:
                above[q] = to_right


def optimal_pairs(score: Array, arm: Array, exact: Sequence[Array] = (), *, caliper: float) -> Rows:
    """Return rows of the largest set of pairs of least total distance; CannotAdjustError if a stratum is too large."""
    door.positive("the caliper", caliper, or_zero=True)
    return joined([_optimal_in_stratum(score, arm, rows, caliper) for rows in strata_of(exact, len(score))])


def _optimal_in_stratum(score: Array, arm: Array, rows: Array, caliper: float) -> Rows:
    by_score = rows[np.argsort(score[rows], kind="stable")]
    treated_rows, control_rows = by_score[arm[by_score]], by_score[~arm[by_score]]
    t, c = score[treated_rows], score[control_rows]
    # one step wider: the sum t + caliper is rounded, the programme itself compares the distance
    low = np.searchsorted(c, np.nextafter(t - caliper, -np.inf), side="left")
    high = np.searchsorted(c, np.nextafter(t + caliper, np.inf), side="right")
    cells = int((high - low).sum())
    if cells > MAX_CELLS:
        must = f"optimal pairs need at most {MAX_CELLS:,} possible pairs in a stratum, found {cells:,}"
        raise CannotAdjustError(f"{must}; narrow the caliper, match exactly on more, or match greedily")
    start = np.append(0, np.cumsum(high - low))
    partner = np.full(len(t), -1, np.int64)  # made here: numba takes seconds to compile what makes arrays
    _align(t, c, low, high, float(caliper), start, partner, np.empty(cells, np.uint8))
    matched = partner >= 0
    return treated_rows[matched], control_rows[partner[matched]]


@njit(cache=True)
def _align(
    t: Array, c: Array, low: Array, high: Array, caliper: float, start: Array, partner: Array, move: Array
) -> None:
    """Write the place of the control of each treated patient over -1 in ``partner``; both scores ascend."""
    # pairs[j], total[j]: best match so far with the first j controls; left of a band the last row stands, right of it too
    m, n = len(t), len(c)
    pairs, total = np.zeros(n + 1, np.int64), np.zeros(n + 1)
    filled = 0
    for i in range(m):
        for j in range(filled + 1, high[i] + 1):
            pairs[j], total[j] = pairs[filled], total[filled]
        filled = max(filled, high[i])
        before_pairs, before_total = pairs[low[i]], total[low[i]]
        for j in range(low[i] + 1, high[i] + 1):
            old_pairs, old_total = pairs[j], total[j]
            step = SKIP_TREATED
            if pairs[j - 1] > pairs[j] or (pairs[j - 1] == pairs[j] and total[j - 1] < total[j]):
                pairs[j], total[j], step = pairs[j - 1], total[j - 1], SKIP_CONTROL
            gap = abs(t[i] - c[j - 1])
            more, sum_ = before_pairs + 1, before_total + gap
            if gap <= caliper and (more > pairs[j] or (more == pairs[j] and sum_ < total[j])):
                pairs[j], total[j], step = more, sum_, PAIR
            move[start[i] + j - 1 - low[i]] = step
            before_pairs, before_total = old_pairs, old_total
    i, j = m - 1, n
    while i >= 0:
        j = min(j, high[i])
        if j <= low[i]:
            i -= 1
            continue
        step = move[start[i] + j - 1 - low[i]]
        if step == PAIR:
            partner[i] = j - 1
            i, j = i - 1, j - 1
        elif step == SKIP_CONTROL:
            j -= 1
        else:
            i -= 1
