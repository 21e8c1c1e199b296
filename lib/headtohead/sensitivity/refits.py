"""Logistic refits for resamples of one data set, started from its own fit.

Resamples scatter around the full sample, so a handful of Newton steps from its coefficients suffices, and
a small ridge keeps every equation solvable when few events stand behind many terms.
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit

STEPS, TOLERANCE = 25, 1e-7


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

    Raises
    ------
    NoMaximumError
        If a fit has not converged, which means separation.

    Checked: ``matching.logistic.fit_logistic`` without ridge (tests/sensitivity/test_effects.py).
    """
    y = np.atleast_2d(np.asarray(y, dtype=float))
    b = max(len(y), 1 if weights is None else len(weights))
    n, p = X.shape
    upper = np.triu_indices(p)
    products = X[:, upper[0]] * X[:, upper[1]]
    penalty = ridge * np.r_[0.0, np.ones(p - 1)]
    beta = np.tile(np.zeros(p) if start is None else start, (b, 1))
    information = np.empty((b, p, p))
    for _ in range(STEPS):
        fitted = expit(beta @ X.T)
        gap, curve = y - fitted, fitted * (1 - fitted)
        if weights is not None:
            gap, curve = gap * weights, curve * weights
        packed = curve @ products
        information[:, upper[0], upper[1]] = packed
        information[:, upper[1], upper[0]] = packed
        gradient = gap @ X - penalty * beta
        try:
            step = np.linalg.solve(information + np.diag(penalty), gradient[:, :, None])[:, :, 0]
        except np.linalg.LinAlgError:
            break
        beta += step
        if np.abs(step).max() < TOLERANCE * (1 + np.abs(beta).max()):
            return beta
        if not np.abs(beta).max() < 1e3:
            break
    raise NoMaximumError(
        f"a logistic model must have a finite maximum, one of {b} on {n} patients and {p} columns has none; "
        "the outcome or the arm is separated: use fewer covariates"
    )


def resample_counts(rng: np.random.Generator, b: int, n: int) -> np.ndarray:
    """Return how often each of n patients is drawn in each of b bootstrap samples, shape (b, n)."""
    if b < 2:
        raise ValueError(f"a bootstrap needs at least 2 samples, found {b}")
    return rng.multinomial(n, np.full(n, 1 / n), size=b).astype(float)
