"""Greedy nearest-neighbour pairs on a line, without replacement.

Sort once, then let each treated patient take the nearest free control to its left or right. Two
union-find forests point from any place in the order to the next free control on either side, so the
whole match costs one sort plus nearly constant time per patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from numba import njit

Order = Literal["largest", "smallest", "data"]
CaliperScale = Literal["pooled", "all"]
Rows = tuple[np.ndarray, np.ndarray]


def caliper_width(
    linear_predictor: pd.Series | np.ndarray,
    treated: pd.Series | np.ndarray,
    *,
    caliper_sd: float,
    scale: CaliperScale,
) -> float:
    """Return the caliper on the logit.

    ``scale`` names the standard deviation meant by "0.2 SD of the logit", which is read in two ways:
    "pooled" within the arms, sqrt((s1^2 + s0^2) / 2) (Austin), or of "all" patients together (MatchIt).

    References
    ----------
    Austin (2011) Pharm Stat 10:150-161. doi:10.1002/pst.433
    """
    if caliper_sd <= 0:
        raise ValueError(f"the caliper must be positive, found {caliper_sd} standard deviations")
    score, arm = np.asarray(linear_predictor, dtype=float), np.asarray(treated, dtype=bool)
    if scale == "all":
        return float(caliper_sd * score.std(ddof=1))
    variances = score[arm].var(ddof=1), score[~arm].var(ddof=1)
    return float(caliper_sd * np.sqrt(np.mean(variances)))


def greedy_pairs(
    score: np.ndarray,
    arm: np.ndarray,
    exact: Sequence[np.ndarray] = (),
    *,
    ratio: int = 1,
    caliper: float,
    order: Order,
) -> Rows:
    """Return row numbers of the treated and of the controls they take, stratum by stratum.

    Parameters
    ----------
    score : array of float, shape (n,)
    arm : array of bool, shape (n,)
    exact : sequence of arrays, shape (n,)
    ratio, caliper, order
        As in ``matching.pairs.match_nearest``, where the rule for ties stands.
    """
    rows = [_in_stratum(score, arm, one, ratio, caliper, order) for one in strata(exact, len(score))]
    return joined(rows)


def strata(exact: Sequence[np.ndarray], n: int) -> list[np.ndarray]:
    """Return the row numbers of each stratum."""
    if not exact:
        return [np.arange(n)]
    code = pd.MultiIndex.from_arrays(list(exact)).factorize()[0]
    return [np.flatnonzero(code == value) for value in np.unique(code)]


def joined(rows: Sequence[Rows]) -> Rows:
    """Return the pairs of all strata as two arrays."""
    t, c = (np.concatenate(part) for part in zip(*rows, strict=True))
    return t, c


def _in_stratum(
    score: np.ndarray, arm: np.ndarray, stratum: np.ndarray, ratio: int, caliper: float, order: Order
) -> tuple[np.ndarray, np.ndarray]:
    """Return row numbers of the pairs inside one stratum, round by round."""
    d, is_treated = score[stratum], arm[stratum]
    by_score = np.argsort(d, kind="stable")
    place = np.empty(len(d), np.int64)
    place[by_score] = np.arange(len(d))
    treated_rows = np.flatnonzero(is_treated)
    if order != "data":
        sign = -1 if order == "largest" else 1
        treated_rows = treated_rows[np.argsort(sign * d[treated_rows], kind="stable")]
    taken = _greedy(d[by_score], ~is_treated[by_score], place[treated_rows], ratio, caliper)
    rounds, who = np.nonzero(taken >= 0)
    return stratum[treated_rows[who]], stratum[by_score[taken[rounds, who]]]


@njit(cache=True)
def _greedy(d: np.ndarray, free: np.ndarray, turn: np.ndarray, ratio: int, caliper: float) -> np.ndarray:
    """Return the place of the control taken in each round by each treated patient, -1 for none.

    ``d`` ascends; ``free`` marks controls; ``turn`` holds the places of the treated, first chooser first.
    """
    n = len(d)
    left = np.empty(n, np.int32)
    right = np.empty(n + 1, np.int32)
    at = -1
    for j in range(n):
        if free[j]:
            at = j
        left[j] = at
    at = n
    right[n] = n
    for j in range(n - 1, -1, -1):
        if free[j]:
            at = j
        right[j] = at
    taken = np.full((ratio, len(turn)), -1, np.int32)
    for r in range(ratio):
        for q in range(len(turn)):
            i = turn[q]
            lo = left[i]
            j = i
            while lo >= 0 and left[lo] != lo:
                left[j] = left[lo]
                j = lo
                lo = left[lo]
            left[i] = lo
            hi = right[i]
            j = i
            while hi < n and right[hi] != hi:
                right[j] = right[hi]
                j = hi
                hi = right[hi]
            right[i] = hi
            gap_lo = d[i] - d[lo] if lo >= 0 else np.inf
            gap_hi = d[hi] - d[i] if hi < n else np.inf
            if min(gap_lo, gap_hi) > caliper or min(gap_lo, gap_hi) == np.inf:
                continue
            lower = gap_lo < gap_hi or (gap_lo == gap_hi and i - lo <= hi - i)
            k = lo if lower else hi
            taken[r, q] = k
            left[k] = left[k - 1] if k > 0 else -1
            right[k] = right[k + 1]
    return taken
