"""Optimal pairs on the propensity score: as many as the caliper allows, and the closest among those."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from headtohead.kernels.optimal import optimal_pairs
from headtohead.matching.pairs import Matches, as_matches, check_scores


def match_optimal(
    linear_predictor: pd.Series, treated: pd.Series, *, caliper: float, exact: Sequence[pd.Series] = ()
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
    rows = optimal_pairs(score, arm, [one.to_numpy() for one in exact], caliper=caliper)
    return as_matches(linear_predictor, treated, rows, caliper)
