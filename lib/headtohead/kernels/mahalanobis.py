"""Nearest neighbours in several covariates at once, inside a caliper on the score; with or without replacement.

The controls hang in a k-d tree. A branch is left out if its box is farther away than the best control so far, lies
outside the caliper or holds only controls who are taken; boxes are measured as patients are, so that no tie is lost.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from scipy.linalg import lapack

from headtohead import door
from headtohead.errors import CannotAdjustError
from headtohead.kernels import Array
from headtohead.kernels.pairs import Order, Rows, first_choosers, joined, strata_of

LEAF = 16  # controls in the smallest branches


def whitened(X: Array, arm: Array) -> Array:
    """Return the covariates on axes on which the Euclidean distance is Mahalanobis's, shape (n, k).

    The covariance is that within the arms, pooled. Distances that are equal in theory differ in their last bit, so
    sums have the extended precision of R's, where there is one: then ties are MatchIt's.

    Rubin (1980) Biometrics 36:293-298. doi:10.2307/2529981
    """
    Z = X - _mean(X)
    spread = np.sqrt((Z.astype(np.longdouble) ** 2).sum(axis=0).astype(float) / (len(Z) - 1))
    Z = Z / np.where(spread > 0, spread, 1.0)
    within = np.where(arm[:, None], Z - _mean(Z[arm]), Z - _mean(Z[~arm]))
    long = (within - _mean(within)).astype(np.longdouble)
    covariance = (long.T @ long).astype(float) / (len(Z) - 1) * ((len(Z) - 1) / (len(Z) - 2))
    if np.linalg.matrix_rank(covariance) < len(covariance):
        must = "the covariates of a distance must vary and not determine each other"
        raise CannotAdjustError(f"{must}, one does not vary or is a combination of others; leave it out")
    root, pivot, _, _ = lapack.dpstrf(np.linalg.inv(covariance), lower=0)
    axes = np.triu(root)[:, np.argsort(pivot)]
    return np.asarray((Z.astype(np.longdouble) @ axes.T.astype(np.longdouble)).astype(float))


def _mean(X: Array) -> Array:
    """Return the means of the columns, as R does: with what rounding left of them added."""
    first = (X.astype(np.longdouble).sum(axis=0) / len(X)).astype(float)
    rest = (X.astype(np.longdouble) - first).sum(axis=0) / len(X)
    return np.asarray((first.astype(np.longdouble) + rest).astype(float))


def mahalanobis_pairs(
    X: Array, score: Array, arm: Array, exact: Sequence[Array] = (),
    *, ratio: int, caliper: float, order: Order, replace: bool,
) -> Rows:  # fmt: skip
    """Return row numbers of the treated and of the controls they take, round by round within each stratum.

    Arguments as of ``greedy_pairs``; ``X``, shape (n, k), are the covariates of the distance; ties as ``_rank`` says.
    """
    door.choice("order", order, Order)
    door.positive("the caliper", caliper, or_zero=True)
    axes, place = whitened(X, arm), np.empty(len(X), np.int64)
    place[np.argsort(axes[:, 0], kind="stable")] = np.arange(len(X))
    points, found = np.column_stack([axes, score if caliper < np.inf else np.zeros(len(X))]), []
    for rows in strata_of(exact, len(score)):
        turn, controls = first_choosers(rows[arm[rows]], score, order), rows[~arm[rows]]
        sequence, ends, box = _tree(points[controls], max(0, (len(controls) // LEAF).bit_length() - 1))
        controls = controls[sequence]
        one, other, mine, theirs = points[turn], points[controls], place[turn], place[controls]
        taken, alive = np.full((min(ratio, len(controls)), len(turn)), -1, np.int64), ends[:, 1] - ends[:, 0]
        free, stack = np.ones(len(controls), np.bool_), np.zeros(2 * len(ends), np.int64)
        _nearest(one, other, mine, theirs, ends, box, float(caliper), replace, taken, alive, free, stack)
        rounds, who = np.nonzero(taken >= 0)
        found.append((turn[who], controls[taken[rounds, who]]))
    return joined(found)


def _tree(points: Array, depth: int) -> tuple[Array, Array, Array]:
    """Return points in the order of a tree, where the points of each node begin and end, and its lowest and highest."""
    # node i is halved, on the column in which it is widest, into nodes 2 i + 1 and 2 i + 2
    nodes, order = 2 ** (depth + 1) - 1, np.arange(len(points))
    ends, box = np.zeros((nodes, 2), np.int64), np.zeros((nodes, 2, points.shape[1]))
    ends[0, 1] = len(points)
    for level in range(depth + 1 if len(points) else 0):
        here = slice(2**level - 1, 2 ** (level + 1) - 1)
        (begin, end), mine = ends[here].T, points[order]
        box[here, 0], box[here, 1] = np.minimum.reduceat(mine, begin), np.maximum.reduceat(mine, begin)
        if level < depth:
            node = np.repeat(np.arange(len(begin)), end - begin)
            widest = np.argmax(box[here, 1] - box[here, 0], axis=1)[node]
            order = order[np.lexsort((mine[np.arange(len(mine)), widest], node))]
            halves = np.column_stack([begin, (begin + end) // 2, (begin + end) // 2, end])
            ends[here.stop : 2 * here.stop + 1] = halves.reshape(-1, 2)
    return order, ends, box


@njit(cache=True)
def _away(point: Array, low: Array, high: Array) -> float:
    """Return the squared distance of a point from a box, not counting the last column."""
    gap = 0.0
    for k in range(len(point) - 1):
        gap += max(low[k] - point[k], point[k] - high[k], 0.0) ** 2
    return gap


@njit(cache=True)
def _nearest(
    one: Array, other: Array, mine: Array, place: Array, ends: Array, box: Array,
    caliper: float, replace: bool, taken: Array, alive: Array, free: Array, stack: Array,
) -> None:  # fmt: skip
    """Write the control (by number, in the order of the tree) of each round over -1 in ``taken``; last column the score."""
    for r in range(len(taken)):
        for q in range(len(one)):
            x, t, best, at = one[q], one[q, -1], np.inf, -1
            stack[0], top = 0, 1
            while top:
                top -= 1
                i = stack[top]
                low, high = box[i]
                if not alive[i] or max(t - high[-1], low[-1] - t) > caliper or _away(x, low, high) > best:
                    continue
                left, right = 2 * i + 1, 2 * i + 2
                if right < len(ends):
                    nearer = _away(x, box[left, 0], box[left, 1]) <= _away(x, box[right, 0], box[right, 1])
                    stack[top], stack[top + 1] = (right, left) if nearer else (left, right)
                    top += 2
                    continue
                for j in range(ends[i, 0], ends[i, 1]):
                    if not free[j] or abs(t - other[j, -1]) > caliper:
                        continue
                    if replace and (taken[:r, q] == j).any():
                        continue
                    gap = _away(x, other[j], other[j])
                    if gap < best or (gap == best and _rank(place, mine[q], j) > _rank(place, mine[q], at)):
                        best, at = gap, j
            taken[r, q], i = at, 0
            while at >= 0 and not replace and i < len(ends):
                alive[i], free[at] = alive[i] - 1, False
                i = 2 * i + 1 if 2 * i + 2 < len(ends) and at < ends[2 * i + 1, 1] else 2 * i + 2


@njit(cache=True)
def _rank(place: Array, mine: int, j: int) -> tuple[int, int]:
    """Return which of two controls at the same distance goes first, the higher rank: the one more places away."""
    return abs(place[j] - mine), place[j]
