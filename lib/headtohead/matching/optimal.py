"""Optimal pairs on the propensity score: as many as the caliper allows, and the closest among those.

On a line, two pairs that cross can swap partners without making either the wider of the two wider or
their sum larger. An optimal match without crossings therefore exists, and dynamic programming over both
arms in order of the score finds it; only controls inside the caliper of a patient are ever looked at.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numba import njit

from headtohead.matching.pairs import Matches, as_matches, check_scores, strata_rows

MAX_CELLS = 2_000_000_000  # one byte each
SKIP_TREATED, SKIP_CONTROL, PAIR = 0, 1, 2


def match_optimal(
    linear_predictor: pd.Series,
    treated: pd.Series,
    *,
    caliper: float,
    exact: Sequence[pd.Series] = (),
) -> Matches:
    """Return the largest set of pairs within the caliper, and of those the one of least total distance.

    Parameters
    ----------
    linear_predictor : Series of float, shape (n,)
        Logit of the propensity score.
    treated : Series of bool, shape (n,)
        Same index.
    caliper : float
        Largest allowed distance on the logit; infinite for none.
    exact : sequence of Series
        Columns on which the partners must agree.

    Returns
    -------
    Matches
        One control per treated patient. With more than one it is not said whether more patients or more
        controls per patient are better, so no ratio is offered; ``match_nearest`` has one. Patients with
        equal scores are interchangeable: which of them is taken follows the order of the rows, the
        number of pairs and the total distance do not.

    Raises
    ------
    ValueError
        If the indexes differ, a score is not finite, or the arms are too large for one stratum.
    NoMatchError
        If not one pair lies within the caliper.

    References
    ----------
    Rosenbaum (1989) JASA 84:1024-1032. doi:10.1080/01621459.1989.10478868

    Checked: assignment problem of SciPy and enumeration of all matches (tests/matching/test_optimal.py).
    """
    check_scores(linear_predictor, treated)
    score, arm = linear_predictor.to_numpy(float), treated.to_numpy(bool)
    found = [_match_stratum(score, arm, rows, caliper) for rows in strata_rows(exact, len(score))]
    return as_matches(linear_predictor, treated, found, caliper)


def _match_stratum(
    score: np.ndarray, arm: np.ndarray, rows: np.ndarray, caliper: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers of the pairs inside one stratum."""
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
