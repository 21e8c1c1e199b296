"""Greedy nearest-neighbour pairs on the propensity score, without replacement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from headtohead.kernels.pairs import CaliperScale, Order, Rows, caliper_width, greedy_pairs
from headtohead.matching.errors import CannotAdjustError

__all__ = ["CaliperScale", "Matches", "NoMatchError", "Order", "caliper_width", "match_nearest"]


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
    rows = greedy_pairs(
        score, arm, [one.to_numpy() for one in exact], ratio=ratio, caliper=caliper, order=order
    )
    return as_matches(linear_predictor, treated, rows, caliper)


def check_scores(linear_predictor: pd.Series, treated: pd.Series) -> None:
    """Raise ValueError unless scores and arms have one index and the scores are finite."""
    if not linear_predictor.index.equals(treated.index):
        raise ValueError("linear_predictor and treated must have the same index; build both from one frame")
    wrong = int((~np.isfinite(linear_predictor.to_numpy(float))).sum())
    if wrong:
        raise ValueError(f"scores must be finite, {wrong} are not; look for separation")


def as_matches(linear_predictor: pd.Series, treated: pd.Series, rows: Rows, caliper: float) -> Matches:
    """Return the pairs given as row numbers, treated and control.

    Raises
    ------
    NoMatchError
        If there is not one.
    """
    t, c = rows
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
