"""Sums over the rows of a partial likelihood: each row is read once and nothing of its size is written."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def weighted_sums(Z: np.ndarray, weights: np.ndarray, group: np.ndarray, n_groups: int) -> np.ndarray:
    """Return sums of the weights and weighted rows of ``Z`` by group, shape (n_groups, 1 + p); negative groups are left out."""
    n, p = Z.shape
    out = np.zeros((n_groups, 1 + p))
    for i in range(n):
        at = group[i]
        if at >= 0:
            out[at, 0] += weights[i]
            for j in range(p):
                out[at, 1 + j] += weights[i] * Z[i, j]
    return out


@njit(cache=True)
def weighted_squares(Z: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return Z' diag(weights) Z, shape (p, p)."""
    n, p = Z.shape
    out = np.zeros((p, p))
    for i in range(n):
        for j in range(p):
            scaled = weights[i] * Z[i, j]
            for k in range(j + 1):
                out[j, k] += scaled * Z[i, k]
    for j in range(p):
        for k in range(j):
            out[k, j] = out[j, k]
    return out


@njit(cache=True, error_model="numpy")
def sums_over_deaths(
    total: np.ndarray, tied: np.ndarray, group: np.ndarray, share: np.ndarray, mean_weight: np.ndarray
) -> tuple[np.ndarray, float]:
    """Return five sums over the deaths of each group, shape (groups, 5), and what the denominators take away.

    With the denominator d = total - share x tied and h = mean weight / d they are those of h, h share, h / d,
    h share / d and h share^2 / d; the last number is the sum of mean weight x log d over all deaths.
    """
    out, logs = np.zeros((len(mean_weight), 5)), 0.0
    for k in range(len(group)):
        g, s = group[k], share[k]
        left = total[g] - s * tied[g]
        hazard = mean_weight[g] / left
        out[g, 0] += hazard
        out[g, 1] += hazard * s
        out[g, 2] += hazard / left
        out[g, 3] += hazard / left * s
        out[g, 4] += hazard / left * s * s
        logs += mean_weight[g] * np.log(left)
    return out, logs
