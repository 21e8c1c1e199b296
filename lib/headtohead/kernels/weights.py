"""Propensity-score weights of many resamples at once, and the weighted risks under them."""

from __future__ import annotations

from typing import Literal

import numpy as np

from headtohead.kernels.logistic import (
    MAX_FAILED_SHARE,
    NoMaximumError,
    fit_logistic,
    logistic,
    weighted_gram,
)

Estimand = Literal["ATE", "ATT", "ATC", "ATO", "ATM"]
EDGE = 1e-9


def balancing_weights(ps: np.ndarray, treated: np.ndarray, estimand: Estimand) -> np.ndarray:
    """Return the weights for arrays of scores whose last axis is the patients (Li, Morgan & Zaslavsky 2018)."""
    tilt = {
        "ATE": np.ones_like(ps),
        "ATT": ps,
        "ATC": 1 - ps,
        "ATO": ps * (1 - ps),
        "ATM": np.minimum(ps, 1 - ps),
    }[estimand]
    return tilt / np.where(treated, ps, 1 - ps)


def weight_slopes(ps: np.ndarray, treated: np.ndarray, estimand: Estimand) -> np.ndarray:
    """Return the derivatives of ``balancing_weights`` by the logit of the score, shape (n,)."""
    tilt = {
        "ATE": np.zeros_like(ps),
        "ATT": 1 - ps,
        "ATC": -ps,
        "ATO": 1 - 2 * ps,
        "ATM": np.where(ps < 0.5, 1 - ps, -ps),
    }[estimand]
    return balancing_weights(ps, treated, estimand) * (tilt - np.where(treated, 1 - ps, -ps))


def spillover(
    X: np.ndarray, gradient: np.ndarray, slope: np.ndarray, curve: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """Return what the estimation of weights adds to the influence of each patient on q statistics, shape (n, q).

    The weights are functions of X'a, and a solves sum of residual_i x_i = 0. If a patient moves a by
    A^-1 x_i residual_i, A = X' diag(curve) X, each statistic moves by its derivative times that (the chain rule
    of stacked estimating equations). ``X``, shape (n, p), has an intercept; ``gradient``, shape (n, q), is the derivative
    of each statistic by each patient's weight; ``slope`` and ``curve``, shape (n,), those of the weight and of minus the
    residual by X'a.

    Stefanski & Boos (2002) Am Stat 56:29-38. doi:10.1198/000313002753631330
    """
    moved = np.linalg.solve(weighted_gram(X, curve[None])[0], X.T @ (gradient * slope[:, None]))
    return np.asarray((X @ moved) * residual[:, None])


def bootstrap_counts(rng: np.random.Generator, b: int, n: int) -> np.ndarray:
    """Return how often each of n units is drawn in each of b bootstrap samples, shape (b, n)."""
    if b < 2:
        raise ValueError(f"a bootstrap needs at least 2 samples, found {b}")
    return rng.multinomial(n, np.full(n, 1 / n), size=b).astype(float)


def refit_scores(X: np.ndarray, arm: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores refitted to each bootstrap sample, and the samples that have one, both (B', n).

    ``X`` is a standardised design, intercept first; ``counts`` has shape (B, n). Raises NoMaximumError if more
    than one in twenty samples has no solution.
    """
    fits = fit_logistic(X, arm, counts)
    failed = float((~fits.converged).mean())
    if failed > MAX_FAILED_SHARE:
        raise NoMaximumError(
            f"the score must be estimable in resamples, {failed:.0%} of {len(counts)} had no solution; "
            "use fewer covariates or look at the overlap of the arms"
        )
    ps = logistic(fits.coefficients[fits.converged] @ X.T)
    return np.clip(ps, EDGE, 1 - EDGE, out=ps), counts[fits.converged]


def weighted_risks(y: np.ndarray, arm: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean of ``y`` in the treated and in the control arm under ``weights`` (B, n), shapes (B,)."""
    w1, w0 = weights[:, arm], weights[:, ~arm]
    return w1 @ y[arm] / w1.sum(axis=1), w0 @ y[~arm] / w0.sum(axis=1)
