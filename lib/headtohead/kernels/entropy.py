"""The weights nearest to given ones under which the columns of a matrix have given means, by Newton's method.

The weights of the convex dual are proportional to exp(x'b), so positive weights come out without asking.

References
----------
Hainmueller (2012) Polit Anal 20:25-46. doi:10.1093/pan/mpr025
Zhao & Percival (2017) J Causal Inference 5:20160010. doi:10.1515/jci-2016-0010
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headtohead import door
from headtohead.kernels.logistic import weighted_gram

MAX_STEPS, MAX_HALVINGS = 60, 30
RESIDUAL = 1e-9  # standard deviations of a covariate


@dataclass(frozen=True, slots=True)
class Tilts:
    """Weights with given means, rows of shape (B, n) that sum to 1; not converged where no positive ones reach them."""

    weights: np.ndarray
    converged: np.ndarray


@door.guarded
def tilt_to_means(X: np.ndarray, base: np.ndarray, targets: np.ndarray) -> Tilts:
    """Return the weights closest to ``base`` in relative entropy whose means of ``X`` are the targets.

    Minimises log sum_i base_i exp((x_i - target)'b) over b by Newton's method with step halving. ``X``, shape (n, p), has
    columns of about unit spread; ``base``, shape (B, n), is not negative, and 0 leaves a row out; ``targets`` has shape
    (B, p).
    """
    door.arrays(X=X, targets=targets)
    door.same_length(X=X, base=door.weights(base).T)
    door.same_length(base=base, targets=targets)
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


def _tilt(
    X: np.ndarray, base: np.ndarray, targets: np.ndarray, beta: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the normalised weights and the value of the dual at ``beta``."""
    exponent = beta @ X.T
    top = np.where(base > 0, exponent, -np.inf).max(axis=1, keepdims=True)
    raw = base * np.exp(np.minimum(exponent - top, 0.0))
    total = raw.sum(axis=1, keepdims=True)
    value = (top + np.log(total))[:, 0] - np.einsum("bp,bp->b", targets, beta)
    return raw / total, value


def _newton(
    X: np.ndarray, share: np.ndarray, means: np.ndarray, gradient: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
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
    X: np.ndarray, base: np.ndarray, targets: np.ndarray, beta: np.ndarray, share: np.ndarray, value: np.ndarray,
    rows: np.ndarray, step: np.ndarray, gradient: np.ndarray,
) -> np.ndarray:  # fmt: skip
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
