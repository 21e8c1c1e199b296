"""Propensity-score weights, and what they cost in sample size.

References
----------
Li, Morgan & Zaslavsky (2018) JASA 113:390-400. doi:10.1080/01621459.2016.1260466
Austin (2011) Multivar Behav Res 46:399-424. doi:10.1080/00273171.2011.568786
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import pandas as pd

from headtohead.kernels.weights import Estimand, balancing_weights

__all__ = ["Estimand", "effective_sample_size", "weights_from_ps"]


def weights_from_ps(ps: pd.Series, treated: pd.Series, *, estimand: Estimand) -> pd.Series:
    """Return the weights that make each arm stand for the estimand's population.

    Parameters
    ----------
    ps : Series of float, shape (n,)
        P(treated | covariates), strictly between 0 and 1.
    treated : Series of bool, shape (n,)
        Same index.
    estimand : {"ATE", "ATT", "ATC", "ATO", "ATM"}
        Whose effect is wanted: everyone, the treated, the controls, the overlap, or the matchable.

    Returns
    -------
    Series of float, shape (n,)
        Tilting function over the probability of the own arm; not stabilised.

    Raises
    ------
    ValueError
        If the indexes differ, a score is not inside (0, 1) or the estimand is unknown.

    Checked: by hand; R survey and cobalt (tests/matching/test_weights.py).
    """
    if estimand not in get_args(Estimand):
        raise ValueError(f"estimand must be one of {get_args(Estimand)}, found {estimand!r}")
    if not ps.index.equals(treated.index):
        raise ValueError("ps and treated must have the same index; build both from one frame")
    outside = ps.index[~ps.between(0, 1, inclusive="neither")]
    if len(outside):
        raise ValueError(
            f"scores must lie strictly between 0 and 1, {len(outside)} of {len(ps)} do not, first "
            f"{list(outside[:3])}; look for a covariate that separates the arms"
        )
    weights = balancing_weights(ps.to_numpy(), treated.to_numpy(), estimand)
    return pd.Series(weights, index=ps.index, name="weight")


def effective_sample_size(weights: pd.Series | np.ndarray) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2, in patients; 0 if all weights are 0."""
    total = float(np.sum(weights))
    return total**2 / float(np.sum(np.square(weights))) if total else 0.0
