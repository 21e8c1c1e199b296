"""Propensity-score weights of many resamples at once, the weighted risks under them, and weights with given means.

The latter, nearest to given ones, are found by Newton's method: those of the convex dual are proportional to exp(x'b),
so positive ones come out without asking.

Hainmueller (2012) Polit Anal 20:25-46. doi:10.1093/pan/mpr025
Zhao & Percival (2017) J Causal Inference 5:20160010. doi:10.1515/jci-2016-0010
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from headtohead import door
from headtohead.errors import EmptyArmError, SeparationError
from headtohead.kernels import Array
from headtohead.kernels import logistic as fitting
from headtohead.kernels.logistic import MAX_FAILED_SHARE, weighted_gram

Estimand = Literal["ATE", "ATT", "ATC", "ATO", "ATM"]
EDGE = 1e-9


def balancing_weights(ps: Array, treated: Array, estimand: Estimand) -> Array:
    """Return the weights for arrays of scores whose last axis is the patients (Li, Morgan & Zaslavsky 2018)."""
    tilt = {
        "ATE": np.ones_like(ps), "ATT": ps, "ATC": 1 - ps, "ATO": ps * (1 - ps), "ATM": np.minimum(ps, 1 - ps),
    }[estimand]  # fmt: skip
    return tilt / np.where(treated, ps, 1 - ps)


def weight_slopes(ps: Array, treated: Array, estimand: Estimand) -> Array:
    """Return the derivatives of ``balancing_weights`` by the logit of the score, shape (n,)."""
    tilt = {
        "ATE": np.zeros_like(ps), "ATT": 1 - ps, "ATC": -ps, "ATO": 1 - 2 * ps,
        "ATM": np.where(ps < 0.5, 1 - ps, -ps),
    }[estimand]  # fmt: skip
    return balancing_weights(ps, treated, estimand) * (tilt - np.where(treated, 1 - ps, -ps))


def spillover(X: Array, gradient: Array, slope: Array, curve: Array, residual: Array) -> Array:
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


def bootstrap_counts(rng: np.random.Generator, b: int, n: int) -> Array:
    """Return how often each of n units is drawn in each of b bootstrap samples, shape (b, n)."""
    if b < 2:
        raise ValueError(f"a bootstrap needs at least 2 samples, found {b}")
    return rng.multinomial(n, np.full(n, 1 / n), size=b).astype(float)


def refit_scores(X: Array, arm: Array, counts: Array) -> tuple[Array, Array]:
    """Return scores refitted to ``counts`` (B, n), and those with one, both (B', n); SeparationError if over 1 in 20 fail."""
    fits = fitting.fits_of_checked(X, arm[None].astype(float), counts)
    failed = float((~fits.converged).mean())
    if failed > MAX_FAILED_SHARE:
        must = f"the score must be estimable in resamples, {failed:.0%} of {len(counts)} had no solution"
        raise SeparationError(f"{must}; use fewer covariates or look at the overlap of the arms")
    ps = fitting.logistic(fits.coefficients[fits.converged] @ X.T)
    return np.clip(ps, EDGE, 1 - EDGE, out=ps), counts[fits.converged]


def weighted_risks(y: Array, arm: Array, weights: Array) -> tuple[Array, Array]:
    """Return the mean of ``y`` in the treated and in the control arm under ``weights`` (B, n), shapes (B,)."""
    w1, w0 = weights[:, arm], weights[:, ~arm]
    return w1 @ y[arm] / w1.sum(axis=1), w0 @ y[~arm] / w0.sum(axis=1)


MAX_STEPS, MAX_HALVINGS = 60, 30
RESIDUAL = 1e-9  # standard deviations of a covariate


@dataclass(frozen=True, slots=True)
class Tilts:
    """Weights with given means, rows of shape (B, n) that sum to 1; not converged where no positive ones reach them."""

    weights: Array
    converged: Array


@door.guarded
def tilt_to_means(X: Array, base: Array, targets: Array) -> Tilts:
    """Return the weights closest to ``base`` in relative entropy whose means of ``X`` are the targets.

    Minimises log sum_i base_i exp((x_i - target)'b) over b by Newton's method with step halving. ``X``, shape (n, p), has
    columns of about unit spread; ``base``, shape (B, n), is not negative, and 0 leaves a row out; ``targets`` has shape
    (B, p).
    """
    door.arrays(X=X, targets=targets)
    door.same_length(X=X, base=door.weights(base).T)
    door.same_length(base=base, targets=targets)
    if not base.any(axis=1).all():
        raise EmptyArmError("each row needs a positive weight, found one without; leave it out")
    return tilts_of_checked(X, base, targets)


def tilts_of_checked(X: Array, base: Array, targets: Array) -> Tilts:
    """Return ``tilt_to_means`` of arrays that were checked."""
    beta = np.zeros((len(base), X.shape[1]))
    share, value = _tilt(X, base, targets, beta)
    converged = np.zeros(len(base), bool)
    active = np.arange(len(base))
    for _ in range(MAX_STEPS):
        gradient = share[active] @ X - targets[active]
        arrived = np.abs(gradient).max(axis=1) < RESIDUAL
        converged[active[arrived]] = True
        active, gradient = active[~arrived], gradient[~arrived]
        if not len(active):
            break
        step, solvable = _newton(X, share[active], targets[active] + gradient, gradient)
        active, step, gradient = active[solvable], step[solvable], gradient[solvable]
        moved = _descend(X, base, targets, beta, share, value, active, step, gradient)
        active = active[moved]
    return Tilts(share, converged)


def _tilt(X: Array, base: Array, targets: Array, beta: Array) -> tuple[Array, Array]:
    """Return the normalised weights and the value of the dual at ``beta``."""
    exponent = beta @ X.T
    top = np.where(base > 0, exponent, -np.inf).max(axis=1, keepdims=True)
    raw = base * np.exp(np.minimum(exponent - top, 0.0))
    total = raw.sum(axis=1, keepdims=True)
    value = (top + np.log(total))[:, 0] - np.einsum("bp,bp->b", targets, beta)
    return raw / total, value


def _newton(X: Array, share: Array, means: Array, gradient: Array) -> tuple[Array, Array]:
    """Return the Newton step of each row and whether its equations could be solved."""
    spread = weighted_gram(X, share) - means[:, :, None] * means[:, None, :]
    scale = np.sqrt(np.maximum(np.einsum("bjj->bj", spread), 0.0))
    solvable = (scale > 1e-9).all(axis=1)
    scale[~solvable] = 1.0
    scaled = spread / scale[:, :, None] / scale[:, None, :]
    solvable &= np.linalg.cond(scaled) < 1e12
    scaled[~solvable] = np.eye(X.shape[1])
    return np.linalg.solve(scaled, (gradient / scale)[:, :, None])[:, :, 0] / scale, solvable


def _descend(
    X: Array, base: Array, targets: Array, beta: Array, share: Array, value: Array,
    rows: Array, step: Array, gradient: Array,
) -> Array:  # fmt: skip
    """Take each step, halved until the dual falls, in place; return which rows moved."""
    slope, length = np.einsum("bp,bp->b", gradient, step), np.ones(len(rows))
    waiting = np.ones(len(rows), bool)
    for _ in range(MAX_HALVINGS):
        at = np.flatnonzero(waiting)
        trial = beta[rows[at]] - length[at, None] * step[at]
        new_share, new_value = _tilt(X, base[rows[at]], targets[rows[at]], trial)
        # rounding of the dual near its minimum is allowed for, else the last step would never count
        fell = new_value <= value[rows[at]] - 1e-4 * length[at] * slope[at] + 1e-13
        done = rows[at[fell]]
        beta[done], share[done], value[done] = trial[fell], new_share[fell], new_value[fell]
        waiting[at[fell]] = False
        if not waiting.any():
            break
        length[waiting] /= 2
    return ~waiting
