"""Logistic refits for resamples of one data set, started from its own fit.

Resamples scatter around the full sample, so a handful of Newton steps from its coefficients suffices, and
a small ridge keeps every equation solvable when few events stand behind many terms.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

STEPS, TOLERANCE = 30, 1e-7
LONGEST_STEP = 1.5  # in any coefficient of the standardised design: full Newton steps can overshoot
MAX_FAILED_SHARE = 0.05


class NoMaximumError(ValueError):
    """A logistic model has no finite maximum on these patients."""


def ridge_logistic(
    X: np.ndarray,
    y: np.ndarray,
    weights: np.ndarray | None = None,
    *,
    ridge: float,
    start: np.ndarray | None = None,
) -> np.ndarray:
    """Return coefficients of a logistic model under B sets of weights or for B outcomes, shape (B, p).

    Parameters
    ----------
    X : array, shape (n, p)
        Standardised design, intercept first.
    y : array, shape (n,) or (B, n)
        0/1.
    weights : array, shape (B, n), optional
        Frequency weights, for example bootstrap counts.
    ridge : float
        Half the penalty on the squared slopes (not on the intercept): a normal prior of variance
        1 / ridge; 0 is maximum likelihood.
    start : array, shape (p,), optional
        Coefficients to start from.

    Returns
    -------
    Array of shape (B, p); up to one in twenty fits may have no finite maximum and are NaN.

    Raises
    ------
    NoMaximumError
        If more than one in twenty fits has none, which means separation.

    Checked: ``matching.logistic.fit_logistic`` without ridge (tests/sensitivity/test_refits.py).
    """
    y = np.atleast_2d(np.asarray(y, dtype=float))
    b = max(len(y), 1 if weights is None else len(weights))
    n, p = X.shape
    upper = np.triu_indices(p)
    products = X[:, upper[0]] * X[:, upper[1]]
    penalty = ridge * np.r_[0.0, np.ones(p - 1)]
    beta = np.tile(np.zeros(p) if start is None else start, (b, 1))
    rows = np.arange(b)
    for _ in range(STEPS):
        fitted = expit(beta[rows] @ X.T)
        gap, curve = (y if len(y) == 1 else y[rows]) - fitted, fitted * (1 - fitted)
        if weights is not None:
            mine = weights if len(rows) == b else weights[rows]
            gap, curve = gap * mine, curve * mine
        information = np.empty((len(rows), p, p))
        packed = curve @ products
        information[:, upper[0], upper[1]] = packed
        information[:, upper[1], upper[0]] = packed
        step = _solve(information + np.diag(penalty), gap @ X - penalty * beta[rows])
        length = np.abs(step).max(axis=1, keepdims=True)
        beta[rows] += step * np.minimum(1.0, LONGEST_STEP / np.maximum(length, TOLERANCE))
        rows = rows[~(length[:, 0] < TOLERANCE * (1 + np.abs(beta[rows]).max(axis=1)))]
        if not len(rows):
            break
    if len(rows) > MAX_FAILED_SHARE * b:
        raise NoMaximumError(
            f"a logistic model must have a finite maximum, {len(rows)} of {b} on {n} patients and {p} columns "
            "have none; the outcome or the arm is separated: use fewer covariates"
        )
    beta[rows] = np.nan
    return beta


def _solve(information: np.ndarray, gradient: np.ndarray) -> np.ndarray:
    """Return the Newton steps, shape (B, p); NaN where an equation is singular."""
    try:
        return np.linalg.solve(information, gradient[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        if len(information) == 1:
            return np.full_like(gradient, np.nan)
        return np.concatenate([_solve(information[[i]], gradient[[i]]) for i in range(len(gradient))])


def resample_counts(rng: np.random.Generator, b: int, n: int) -> np.ndarray:
    """Return how often each of n patients is drawn in each of b bootstrap samples, shape (b, n)."""
    if b < 2:
        raise ValueError(f"a bootstrap needs at least 2 samples, found {b}")
    return rng.multinomial(n, np.full(n, 1 / n), size=b).astype(float)
