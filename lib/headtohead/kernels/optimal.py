"""Optimal pairs on a line: as many as the caliper allows, and the closest among those.

On a line, two pairs that cross can swap partners without making either the wider of the two wider or
their sum larger. An optimal match without crossings therefore exists, and dynamic programming over both
arms in order of the score finds it; only controls inside the caliper of a patient are ever looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit

from headtohead.kernels.pairs import Rows, joined, strata

MAX_CELLS = 2_000_000_000  # one byte each
SKIP_TREATED, SKIP_CONTROL, PAIR = 0, 1, 2


def optimal_pairs(
    score: np.ndarray, arm: np.ndarray, exact: Sequence[np.ndarray] = (), *, caliper: float
) -> Rows:
    """Return row numbers of the largest set of pairs within the caliper of smallest total distance.

    Parameters
    ----------
    score : array of float, shape (n,)
    arm : array of bool, shape (n,)
    exact : sequence of arrays, shape (n,)
        On each of which partners agree.

    Raises
    ------
    ValueError
        If the arms are too large for one stratum.
    """
    return joined([_in_stratum(score, arm, rows, caliper) for rows in strata(exact, len(score))])


def _in_stratum(score: np.ndarray, arm: np.ndarray, rows: np.ndarray, caliper: float) -> Rows:
    by_score = rows[np.argsort(score[rows], kind="stable")]
    treated_rows, control_rows = by_score[arm[by_score]], by_score[~arm[by_score]]
    t, c = score[treated_rows], score[control_rows]
    # one step wider: the sum t + caliper is rounded, the programme itself compares the distance
    low = np.searchsorted(c, np.nextafter(t - caliper, -np.inf), side="left")
    high = np.searchsorted(c, np.nextafter(t + caliper, np.inf), side="right")
    cells = int((high - low).sum())
    if cells > MAX_CELLS:
        raise ValueError(
            f"optimal pairs need at most {MAX_CELLS:,} possible pairs in a stratum, found {cells:,}; "
            "narrow the caliper, match exactly on one more column, or match greedily"
        )
    partner = _align(t, c, low, high, caliper)
    matched = partner >= 0
    return treated_rows[matched], control_rows[partner[matched]]


@njit(cache=True)
def _align(t: np.ndarray, c: np.ndarray, low: np.ndarray, high: np.ndarray, caliper: float) -> np.ndarray:
    """Return the place of the control of each treated patient, -1 for none; both scores ascend.

    ``pairs[j]`` and ``total[j]`` are the best match of the treated so far with the first j controls. Left
    of a patient's band the previous row stands; right of the band nothing changes any more.
    """
    m, n = len(t), len(c)
    start = np.zeros(m + 1, np.int64)
    start[1:] = np.cumsum(high - low)
    move = np.empty(start[m], np.uint8)
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
    partner = np.full(m, -1, np.int64)
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
    return partner
