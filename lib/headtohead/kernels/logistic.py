"""Logistic regression by Newton's method for many sets of weights, or many outcomes, at once.

The bootstrap refits the same model with other weights thousands of times: for all resamples together, each Newton step
is one matrix product. They scatter around their mean, so a few steps from its coefficients suffice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from headtohead import door
from headtohead.errors import CannotEstimateError
from headtohead.kernels import Array

MAX_STEPS, TOLERANCE = 30, 1e-7  # steps are quadratic: the error after the last is near the square of it
LONGEST_STEP = 1.5  # in any coefficient of a standardised design: full Newton steps can overshoot
MAX_FAILED_SHARE = 0.05
BLOCK_ROWS = 8192
BLOCK_CELLS, FEWEST_FITS = 2**16, 32  # patients times fits that a cache holds; fits worth one pass
FARTHEST = 30.0  # log odds of a patient beyond which a resample counts as separated
DEPENDENT, SINGULAR = 1e-8, 1e12
Sigmoid = Callable[[Array], Array]


class NoMaximumError(CannotEstimateError):
    """A logistic model has no finite maximum on these patients."""


@dataclass(frozen=True, slots=True)
class LogisticFits:
    """Coefficients by weights or by outcome, shape (B, p), NaN where not ``converged``: there is no maximum."""

    coefficients: Array
    converged: Array


@door.guarded
def fit_logistic(X: Array, y: Array, weights: Array | None = None, *, ridge: float = 0.0) -> LogisticFits:
    """Return the maximum-likelihood coefficients for each row of ``weights`` or of ``y``.

    ``X`` is a standardised design, intercept first, shape (n, p); ``y`` 0/1, shape (n,) or (B, n); ``weights``, shape
    (B, n), are frequencies, for example bootstrap counts, None is 1. ``ridge`` is half the penalty on the squared
    slopes (not on the intercept): a normal prior of variance 1 / ridge; 0 is maximum likelihood. Checked: statsmodels
    Logit and R glm (test_propensity.py), SciPy's minimum of the penalised likelihood (test_logistic.py).
    """
    door.arrays(X=X)
    door.positive("ridge", ridge, or_zero=True)
    y = np.atleast_2d(door.events(np.asarray(y), "outcomes"))
    door.same_length(X=X, y=y.T, weights=None if weights is None else door.weights(weights).T)
    return fits_of_checked(X, y, weights, ridge)


def fits_of_checked(X: Array, y: Array, weights: Array | None, ridge: float = 0.0) -> LogisticFits:
    """Return ``fit_logistic`` of arrays that were checked, ``y`` of shape (1, n) or (B, n)."""
    b = max(len(y), 1 if weights is None else len(weights))
    penalty = ridge * np.r_[0.0, np.ones(X.shape[1] - 1)]
    if weights is None or b == 1 or len(y) > 1:
        beta = _climb_in_blocks(X, y, weights, penalty, np.zeros((b, X.shape[1])))
        return LogisticFits(beta, ~np.isnan(beta[:, 0]))
    beta = _climb_in_blocks(X, y, weights, penalty, _nearby(X, y[0], weights, penalty))
    # far from the mean a step can overshoot, and the next one back, for ever: from zero the way is straighter
    lost = np.flatnonzero(np.isnan(beta[:, 0]))
    beta[lost] = _climb_in_blocks(X, y, weights[lost], penalty, np.zeros((len(lost), X.shape[1])))
    return LogisticFits(beta, ~np.isnan(beta[:, 0]))


def _climb_in_blocks(X: Array, y: Array, weights: Array | None, penalty: Array, beta: Array) -> Array:
    """Climb from ``beta`` in place, as many fits at a time as a cache holds, and return it."""
    size = max(FEWEST_FITS, BLOCK_CELLS // len(X))
    for first in range(0, len(beta), size):
        rows = slice(first, first + size)
        mine = None if weights is None else weights[rows]
        _climb(X, y if len(y) == 1 else y[rows], mine, penalty, beta[rows])
    return beta


def _nearby(X: Array, y: Array, weights: Array, penalty: Array) -> Array:
    """Return one step of every fit away from that of the mean weights, shape (B, p); zeros where there is none."""
    mean, beta = weights.mean(axis=0, keepdims=True), np.zeros((1, X.shape[1]))
    _climb(X, y[None], mean, penalty, beta)
    if np.isnan(beta).any():
        return np.zeros((len(weights), X.shape[1]))
    gap = X * (y - logistic(X @ beta[0]))[:, None]
    curvature = information(X, beta[0], mean[0]) + np.diag(penalty)
    step = np.linalg.lstsq(curvature, (weights @ gap - penalty * beta).T, rcond=None)[0].T
    return np.asarray(beta + step)


def maximum(X: Array, y: Array, *, ridge: float = 0.0) -> Array:
    """Return the coefficients of one outcome, shape (p,), or of each of several, (B, p); NoMaximumError if separated."""
    fits = fit_logistic(X, y, ridge=ridge)
    failed = int((~fits.converged).sum())
    if failed:
        must = "a logistic model must have a finite maximum"
        found = f"{failed} of {len(fits.converged)} on {len(X)} patients and {X.shape[1]} columns have none"
        raise NoMaximumError(f"{must}, {found}; the outcome or the arm is separated: use fewer covariates")
    return fits.coefficients[0] if np.ndim(y) == 1 else fits.coefficients


def information(X: Array, beta: Array, weights: Array | float = 1.0) -> Array:
    """Return the Fisher information of one fit, shape (p, p)."""
    fitted = logistic(X @ beta)
    return np.asarray(X.T @ (X * (weights * fitted * (1 - fitted))[:, None]))


def _climb(X: Array, y: Array, weights: Array | None, penalty: Array, beta: Array) -> None:
    """Take Newton steps from ``beta`` in place; rows that do not arrive become NaN."""
    rows, sigmoid = np.arange(len(beta)), expit if len(beta) == 1 else logistic
    blocks = [slice(first, first + BLOCK_ROWS) for first in range(0, len(X), BLOCK_ROWS)]
    for _ in range(MAX_STEPS):
        mine = weights if weights is None or len(rows) == len(beta) else weights[rows]
        outcomes = y if len(y) == 1 else y[rows]
        parts = [
            _derivatives(X[at], outcomes[:, at], None if mine is None else mine[:, at], beta[rows], sigmoid)
            for at in blocks
        ]
        curvatures, scores, odds = zip(*parts, strict=True)
        curvature = sum(curvatures) + np.diag(penalty)
        step = _solve(curvature, sum(scores) - penalty * beta[rows])
        length = np.abs(step).max(axis=1, keepdims=True)
        beta[rows] += step * np.minimum(1.0, LONGEST_STEP / np.maximum(length, TOLERANCE))
        there = length[:, 0] < TOLERANCE * (1 + np.abs(beta[rows]).max(axis=1))
        if there.any():
            wrong = ~_regular(curvature[there])
            if weights is not None:
                wrong |= np.max([np.abs(eta[there]).max(axis=1) for eta in odds], axis=0) > FARTHEST
            beta[rows[there][wrong]] = np.nan
        rows = rows[~there]
        if not len(rows):
            break
    beta[rows] = np.nan


def _derivatives(X: Array, y: Array, w: Array | None, beta: Array, sigmoid: Sigmoid) -> tuple[Array, ...]:
    """Return information, score and log odds of each fit on some patients."""
    eta = beta @ X.T
    fitted = sigmoid(eta)
    gap, curve = y - fitted, np.subtract(1, fitted)
    curve *= fitted
    if w is not None:
        gap *= w
        curve *= w
    return weighted_gram(X, curve), gap @ X, eta


def logistic(x: Array) -> Array:
    """Return 1 / (1 + exp(-x)), four times faster than SciPy's and equal to it but for the last bit."""
    with np.errstate(over="ignore"):  # to 1 / (1 + infinity)
        out = np.exp(-x)
    out += 1
    return np.reciprocal(out, out=out)


def _solve(curvature: Array, gradient: Array) -> Array:
    """Return the Newton steps, shape (B, p); NaN where an equation is singular."""
    try:
        return np.linalg.solve(curvature, gradient[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:
        if len(curvature) == 1:
            return np.full_like(gradient, np.nan)
        return np.concatenate([_solve(curvature[[i]], gradient[[i]]) for i in range(len(gradient))])


def _regular(curvature: Array) -> Array:
    """Return which matrices can be solved, shape (B,): a nearly singular one shows by a huge solution."""
    # no dependence is orthogonal to the right-hand side by chance; columns are scaled to one length
    scale = np.sqrt(np.einsum("bjj->bj", curvature))
    probe = scale * np.cos(np.arange(scale.shape[1]) ** 2.0)
    return np.asarray((np.abs(_solve(curvature, probe) * scale) < SINGULAR).all(axis=1))


def weighted_gram(X: Array, w: Array) -> Array:
    """Return X' diag(w) X for each row of ``w``, shape (B, p, p)."""
    p = X.shape[1]
    if len(w) == 1 and len(X) >= BLOCK_ROWS:
        return (X.T @ (X * w[0][:, None]))[None]
    upper = np.triu_indices(p)
    full = np.empty((len(w), p, p))
    full[:, upper[0], upper[1]] = full[:, upper[1], upper[0]] = w @ (X[:, upper[0]] * X[:, upper[1]])
    return full


def with_intercept(design: Array) -> Array:
    """Return the standardised design after a column of ones: fitted values stay, Newton's equations are well conditioned."""
    centred = design - design.mean(axis=0)
    spread = centred.std(axis=0)
    return np.column_stack([np.ones(len(design)), centred / np.where(spread > 0, spread, 1.0)])


def full_rank(X: Array) -> Array:
    """Return the columns that are no combination of earlier ones: a period that is not there, say."""
    diagonal = np.abs(np.diag(np.linalg.qr(X, mode="r")))
    return X[:, diagonal > DEPENDENT * np.sqrt(len(X))]
