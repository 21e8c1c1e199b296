"""Logistic regression by Newton's method for many sets of weights at once.

The bootstrap refits the same model with other weights thousands of times. Written for all resamples
together, each Newton step is one matrix product instead of thousands of calls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

MAX_STEPS = 30
BLOCK_ROWS = 8192


@dataclass(frozen=True, slots=True)
class LogisticFits:
    """Fits of one model under B sets of weights.

    Attributes
    ----------
    coefficients : array of float, shape (B, p)
        In the order of the columns of ``X``.
    converged : array of bool, shape (B,)
        False where the likelihood has no maximum (the arms are separated) or none was reached.
    """

    coefficients: np.ndarray
    converged: np.ndarray


def fit_logistic(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray | None = None, *, tol: float = 1e-10
) -> LogisticFits:
    """Return the maximum-likelihood coefficients for each row of ``weights``.

    Parameters
    ----------
    X : array of float, shape (n, p)
        Design matrix with its intercept column.
    y : array, shape (n,) or (B, n)
        0/1, shared or one outcome per fit.
    weights : array, shape (B, n), optional
        Frequency weights, for example bootstrap counts; None is one unweighted fit.
    tol : float
        Largest Newton step, relative to 1 + |coefficient|, at which a fit counts as converged.

    Checked: statsmodels Logit and R glm (tests/matching/test_logistic.py).
    """
    many = np.atleast_2d(np.ones(len(X)) if weights is None else weights)
    y = np.atleast_2d(np.asarray(y, dtype=float))
    if len(many) == 1 and len(y) > 1:
        many = np.broadcast_to(many, (len(y), len(X)))
    beta = np.zeros((len(many), X.shape[1]))
    active = np.ones(len(many), dtype=bool)
    converged = np.zeros(len(many), dtype=bool)
    for _ in range(MAX_STEPS):
        rows = np.flatnonzero(active)
        step, solvable = _newton_step(X, y if len(y) == 1 else y[rows], many[rows], beta[rows])
        beta[rows] += step
        done = np.abs(step).max(axis=1) < tol * (1 + np.abs(beta[rows]).max(axis=1))
        converged[rows[done & solvable]] = True
        runaway = (
            np.abs(beta[rows] @ X.T).max(axis=1) > 30 if len(X) < BLOCK_ROWS else np.zeros(len(rows), bool)
        )
        active[rows[done | ~solvable | runaway]] = False
        if not active.any():
            break
    return LogisticFits(beta, converged)


def _newton_step(
    X: np.ndarray, y: np.ndarray, weights: np.ndarray, beta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the Newton step of each fit, shape (B, p), and whether its equations could be solved."""
    p = expit(beta @ X.T)
    gradient = (weights * (y - p)) @ X
    information = weighted_gram(X, weights * p * (1 - p))
    scale = np.sqrt(np.einsum("bjj->bj", information))
    solvable = (scale > 0).all(axis=1)
    scale[~solvable] = 1.0
    scaled = information / scale[:, :, None] / scale[:, None, :]
    solvable &= np.linalg.cond(scaled, 1) < 1e12
    scaled[~solvable] = np.eye(X.shape[1])
    step = np.linalg.solve(scaled, (gradient / scale)[:, :, None])[:, :, 0] / scale
    step[~solvable] = 0.0
    return step, solvable


def weighted_gram(X: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Return X' diag(w) X for each row of ``w``, shape (B, p, p)."""
    p = X.shape[1]
    if len(w) == 1:
        return (X.T @ (X * w[0][:, None]))[None]
    upper = np.triu_indices(p)
    packed = np.zeros((len(w), len(upper[0])))
    for start in range(0, len(X), BLOCK_ROWS):
        block = X[start : start + BLOCK_ROWS]
        packed += w[:, start : start + BLOCK_ROWS] @ (block[:, upper[0]] * block[:, upper[1]])
    full = np.empty((len(w), p, p))
    full[:, upper[0], upper[1]] = packed
    full[:, upper[1], upper[0]] = packed
    return full


def with_intercept(design: np.ndarray) -> np.ndarray:
    """Return the standardised design with a leading column of ones.

    Standardising changes no fitted value and keeps Newton's equations well conditioned.
    """
    centred = design - design.mean(axis=0)
    spread = centred.std(axis=0)
    return np.column_stack([np.ones(len(design)), centred / np.where(spread > 0, spread, 1.0)])
