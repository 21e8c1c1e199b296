"""Pairs on the propensity score: greedy nearest neighbours, on it or within calipers of it, or the optimal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import NoMatchError, NumberError
from headtohead.kernels.mahalanobis import mahalanobis_pairs
from headtohead.kernels.pairs import Order, Rows, greedy_pairs, optimal_pairs


@dataclass(frozen=True, slots=True)
class Matches:
    """Matched sets.

    ``pairs`` has a row per pair, in the order in which they were formed: ``treated_id``, ``control_id`` and ``distance``
    (on the linear predictor). ``unmatched`` are treated patients without a partner, ``caliper`` is the largest allowed
    distance, infinite if there was none.
    """

    pairs: pd.DataFrame
    unmatched: pd.Index
    caliper: float

    @property
    def n_pairs(self) -> int:
        """Number of treated-control pairs."""
        return len(self.pairs)


@door.guarded
def match_nearest(
    linear_predictor: pd.Series, treated: pd.Series, *, ratio: int, caliper: float, order: Order,
    exact: Sequence[pd.Series] = (), replace: bool = False, mahalanobis: pd.DataFrame | None = None,
) -> Matches:  # fmt: skip
    """Return greedy pairs: each treated patient in turn takes the nearest free control.

    Raises NoMatchError if no pair lies within the caliper.

    Ties. Between two controls at the same distance the one fewer places away in the sorted order of all
    patients is taken, then the one with the lower score; equal scores are sorted by row. This is the rule of
    MatchIt 4.7.2. With heavily tied scores and ``exact``, MatchIt ranks within the stratum as we do.

    ``linear_predictor`` and ``treated``, shape (n,), are the logit of the propensity score and the arms. ``ratio``
    controls per treated patient are taken, in as many rounds. ``caliper`` is the largest allowed distance,
    ``numpy.inf`` for none. ``order`` says who chooses first: the "largest" score, the "smallest", or as in the
    "data". Pairs agree on each of ``exact``. With ``replace`` a control can be taken by several of the treated (by
    each of them once). ``mahalanobis``, shape (n, k), are covariates in whose Mahalanobis distance nearest is meant;
    the caliper stays on the score. Of controls at the same distance the one most places away on the first axis is
    then taken (MatchIt). Checked: MatchIt 4.7.2 pair by pair on three cohorts x eight variants (test_pairs.py).
    """
    door.at_least("ratio", ratio, 1)
    door.flags(replace=replace)
    score, arm, strata = _checked(linear_predictor, treated, exact)
    if mahalanobis is None:
        choose = partial(greedy_pairs, score, arm, strata)
    else:
        covariates = door.aligned(mahalanobis, linear_predictor.index, "covariates of the distance")
        covariates = door.covariates(covariates, "covariates of the distance")
        choose = partial(mahalanobis_pairs, covariates.to_numpy(float), score, arm, strata)
    rows = choose(ratio=ratio, caliper=caliper, order=order, replace=replace)
    return _as_matches(linear_predictor, arm, rows, caliper)


@door.guarded
def match_optimal(
    linear_predictor: pd.Series, treated: pd.Series, *, caliper: float, exact: Sequence[pd.Series] = ()
) -> Matches:
    """Return the largest set of pairs within the caliper, and of those the one of least total distance.

    One control per treated patient (Rosenbaum (1989) JASA 84:1024-1032. doi:10.1080/01621459.1989.10478868). Which of
    patients with equal scores is taken follows the order of the rows; the number of pairs and the total distance do not.
    Parameters and errors are those of ``match_nearest``, and CannotAdjustError if the arms are too large for one stratum.

    Checked: assignment problem of SciPy and enumeration of all matches (test_optimal.py).
    """
    score, arm, strata = _checked(linear_predictor, treated, exact)
    return _as_matches(linear_predictor, arm, optimal_pairs(score, arm, strata, caliper=caliper), caliper)


def _checked(
    linear_predictor: pd.Series, treated: pd.Series, exact: Sequence[pd.Series]
) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Return scores, arms and strata as arrays, in the order of the scores."""
    door.patients(linear_predictor, "scores")
    score, index = door.floats(linear_predictor), linear_predictor.index
    if score is None:
        found = f"found {linear_predictor.dtype}"
        raise NumberError(f"scores must be numbers, {found}; give the logit of the score")
    wrong = ~np.isfinite(score)
    if wrong.any():
        raise NumberError(f"scores must be finite, {door.wrong_rows(wrong, index)}; look for separation")
    arm = door.arms(door.aligned(treated, index, "scores"))
    strata = door.groupings(exact, index, "columns to match exactly on")
    return score, arm.to_numpy(), [one.to_numpy() for one in strata]


def _as_matches(linear_predictor: pd.Series, arm: np.ndarray, rows: Rows, caliper: float) -> Matches:
    """Return the pairs given as row numbers, treated and control."""
    t, c = rows
    if not len(t):
        raise NoMatchError(
            f"at least one treated patient needs a control within the caliper of {caliper:.3g} on the logit, none of "
            f"{int(arm.sum())} has one; widen the caliper, match exactly on less, or look at the overlap of the scores"
        )
    ids, score = linear_predictor.index, linear_predictor.to_numpy(float)
    distance = np.abs(score[t] - score[c])
    pairs = pd.DataFrame({"treated_id": ids[t], "control_id": ids[c], "distance": distance})
    return Matches(pairs, ids[arm].difference(ids[t]), caliper)
