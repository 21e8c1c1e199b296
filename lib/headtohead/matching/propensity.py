"""The propensity score: each patient's probability of the first drug given the baseline."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from statsmodels.discrete.discrete_model import Logit
from statsmodels.tools.sm_exceptions import ConvergenceWarning, PerfectSeparationWarning
from statsmodels.tools.tools import add_constant

from headtohead.matching.errors import CannotAdjustError

EXTREME_SCORE = 1e-6


class SeparationError(CannotAdjustError):
    """The covariates separate the arms: no propensity score exists."""


@dataclass(frozen=True, slots=True)
class Propensity:
    """A fitted propensity score, with what it was fitted to.

    Attributes
    ----------
    design : DataFrame of float, shape (n, p)
    treated : Series of bool, shape (n,)
    ps : Series of float, shape (n,)
        P(treated | covariates), strictly between 0 and 1.
    linear_predictor : Series of float, shape (n,)
        Its logit.
    coefficients : DataFrame
        ``term``, ``estimate`` and ``std_error`` (log odds per unit), intercept first.
    log_likelihood : float
    c_statistic : float
        Probability that a treated patient has the higher score; information, not a criterion.
    """

    design: pd.DataFrame
    treated: pd.Series
    ps: pd.Series
    linear_predictor: pd.Series
    coefficients: pd.DataFrame
    log_likelihood: float
    c_statistic: float


def fit_propensity(design: pd.DataFrame, treated: pd.Series) -> Propensity:
    """Return the logistic propensity score.

    Parameters
    ----------
    design : DataFrame of float, shape (n, p)
        Covariates without intercept, no missing value (``design_matrix``).
    treated : Series of bool, shape (n,)
        True in the first arm; same index as ``design``.

    Raises
    ------
    ValueError
        If the indexes differ, a value is missing or an arm is empty.
    SeparationError
        If a combination of covariates predicts the arm perfectly.

    Checked: R 4.2.2 ``glm`` to 1e-6 (tests/matching/test_propensity.py).
    """
    if not design.index.equals(treated.index):
        raise ValueError("design and treated must have the same index; build both from one frame")
    if design.isna().any(axis=None):
        raise ValueError(
            f"the design must be complete, {list(design.columns[design.isna().any()])} have missing values"
        )
    if treated.nunique() < 2:
        raise ValueError(f"both arms must have patients, all {len(treated)} are in one; check the arms")
    with warnings.catch_warnings():
        warnings.simplefilter("error", PerfectSeparationWarning)
        warnings.simplefilter("error", ConvergenceWarning)
        warnings.simplefilter("error", RuntimeWarning)
        try:
            fit = Logit(treated.astype(float), add_constant(design)).fit(disp=0, method="newton", maxiter=100)
        except (PerfectSeparationWarning, ConvergenceWarning, RuntimeWarning, np.linalg.LinAlgError):
            raise _separation(design, treated) from None
    ps = pd.Series(fit.predict(), index=design.index, name="ps")
    if ps.min() < EXTREME_SCORE or ps.max() > 1 - EXTREME_SCORE:
        raise _separation(design, treated)
    coefficients = pd.DataFrame(
        {
            "term": ["(Intercept)", *design.columns],
            "estimate": fit.params.to_numpy(),
            "std_error": fit.bse.to_numpy(),
        }
    )
    lp = np.log(ps / (1 - ps)).rename("linear_predictor")
    return Propensity(design, treated, ps, lp, coefficients, float(fit.llf), c_statistic(ps, treated))


def _separation(design: pd.DataFrame, treated: pd.Series) -> SeparationError:
    """Return the error that names the covariates whose ranges do not overlap between the arms."""
    low, high = design[treated], design[~treated]
    apart = [
        name for name in design if low[name].min() >= high[name].max() or high[name].min() >= low[name].max()
    ]
    one_sided = [
        name
        for name in design
        if set(design[name].unique()) <= {0.0, 1.0} and treated.groupby(design[name]).nunique().min() < 2
    ]
    suspects = list(dict.fromkeys(apart + one_sided)) or "a combination of covariates"
    return SeparationError(
        f"both drugs must be possible for every kind of patient, but {suspects} predict the drug perfectly "
        f"in {len(design)} patients; restrict the cohort to where both were used or remove the covariate"
    )


def c_statistic(score: pd.Series, treated: pd.Series) -> float:
    """Return the share of treated-control couples in which the treated patient has the higher score."""
    n1, n0 = int(treated.sum()), int((~treated).sum())
    ranks = rankdata(score)
    return float((ranks[treated.to_numpy()].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
