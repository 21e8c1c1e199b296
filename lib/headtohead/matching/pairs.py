"""Greedy nearest-neighbour pairs on the propensity score, without replacement.

Sort once, then let each treated patient take the nearest free control to its left or right. Two
union-find forests point from any place in the order to the next free control on either side, so the
whole match costs one sort plus nearly constant time per patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numba import njit

from headtohead.matching.errors import CannotAdjustError

Order = Literal["largest", "smallest", "data"]
CaliperScale = Literal["pooled", "all"]


class NoMatchError(CannotAdjustError):
    """Not one pair lies within the caliper."""


@dataclass(frozen=True, slots=True)
class Matches:
    """Matched sets.

    Attributes
    ----------
    pairs : DataFrame
        One row per treated-control pair: ``treated_id``, ``control_id`` and ``distance`` (absolute
        difference of the linear predictor), in the order in which they were formed.
    unmatched : Index
        Treated patients without a partner.
    caliper : float
        Largest allowed distance on the linear predictor; infinite if there was none.
    """

    pairs: pd.DataFrame
    unmatched: pd.Index
    caliper: float

    @property
    def n_pairs(self) -> int:
        """Number of treated-control pairs."""
        return len(self.pairs)


def caliper_width(
    linear_predictor: pd.Series, treated: pd.Series, *, caliper_sd: float, scale: CaliperScale
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
    if scale == "all":
        return float(caliper_sd * linear_predictor.std())
    variances = linear_predictor[treated].var(), linear_predictor[~treated].var()
    return float(caliper_sd * np.sqrt(np.mean(variances)))


def match_nearest(
    linear_predictor: pd.Series,
    treated: pd.Series,
    *,
    ratio: int,
    caliper: float,
    order: Order,
    exact: Sequence[pd.Series] = (),
) -> Matches:
    """Return greedy pairs: each treated patient in turn takes the nearest free control.

    Parameters
    ----------
    linear_predictor : Series of float, shape (n,)
        Logit of the propensity score.
    treated : Series of bool, shape (n,)
        Same index.
    ratio : int
        Controls per treated patient, taken in as many rounds.
    caliper : float
        Largest allowed distance; ``numpy.inf`` for none.
    order : {"largest", "smallest", "data"}
        Who chooses first: the largest score, the smallest, or the order of the rows.
    exact : sequence of Series
        Pairs agree on each of these.

    Raises
    ------
    ValueError
        If indexes differ, scores are not finite or ``ratio`` is below 1.
    NoMatchError
        If no pair lies within the caliper.

    Notes
    -----
    Ties. Between two controls at the same distance the one fewer places away in the sorted order of all
    patients is taken, then the one with the lower score; equal scores are sorted by row. This is the
    rule of MatchIt 4.7.2. With heavily tied scores and ``exact``, MatchIt ranks within the stratum as
    we do.

    Checked: MatchIt 4.7.2 pair by pair on three cohorts x five variants (tests/matching/test_pairs.py).
    """
    if ratio < 1:
        raise ValueError(f"ratio must be at least 1 control per treated patient, found {ratio}")
    check_scores(linear_predictor, treated)
    score, arm = linear_predictor.to_numpy(float), treated.to_numpy(bool)
    rows = [
        _match_rows(score, arm, stratum, ratio, caliper, order) for stratum in strata_rows(exact, len(score))
    ]
    return as_matches(linear_predictor, treated, rows, caliper)


def check_scores(linear_predictor: pd.Series, treated: pd.Series) -> None:
    """Raise ValueError unless scores and arms have one index and the scores are finite."""
    if not linear_predictor.index.equals(treated.index):
        raise ValueError("linear_predictor and treated must have the same index; build both from one frame")
    wrong = int((~np.isfinite(linear_predictor.to_numpy(float))).sum())
    if wrong:
        raise ValueError(f"scores must be finite, {wrong} are not; look for separation")


def as_matches(
    linear_predictor: pd.Series,
    treated: pd.Series,
    rows: Sequence[tuple[np.ndarray, np.ndarray]],
    caliper: float,
) -> Matches:
    """Return the pairs given as row numbers, treated and control, stratum by stratum.

    Raises
    ------
    NoMatchError
        If there is not one.
    """
    t, c = (np.concatenate(part) for part in zip(*rows, strict=True))
    if not len(t):
        raise NoMatchError(
            f"at least one treated patient needs a control within the caliper of {caliper:.3g} on the logit, "
            f"none of {int(treated.sum())} has one; widen the caliper or look at the overlap of the scores"
        )
    ids, score = linear_predictor.index, linear_predictor.to_numpy(float)
    pairs = pd.DataFrame(
        {"treated_id": ids[t], "control_id": ids[c], "distance": np.abs(score[t] - score[c])}
    )
    return Matches(pairs, ids[treated.to_numpy(bool)].difference(pairs["treated_id"]), caliper)


def strata_rows(exact: Sequence[pd.Series], n: int) -> list[np.ndarray]:
    """Return the row numbers of each stratum."""
    if not exact:
        return [np.arange(n)]
    code = pd.MultiIndex.from_arrays([series.to_numpy() for series in exact]).factorize()[0]
    return [np.flatnonzero(code == value) for value in np.unique(code)]


def _match_rows(
    score: np.ndarray,
    arm: np.ndarray,
    stratum: np.ndarray,
    ratio: int,
    caliper: float,
    order: Order,
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
