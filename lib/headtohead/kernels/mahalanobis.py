"""Nearest neighbours in several covariates at once, inside a caliper on the score; with or without replacement.

Controls are looked at outwards from the place of a treated patient on the first axis, until that axis alone is
farther away than the best control so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from scipy.linalg import lapack

from headtohead import door
from headtohead.errors import CannotAdjustError
from headtohead.kernels.pairs import Order, Rows, first_choosers, joined, strata_of


def whitened(X: np.ndarray, arm: np.ndarray) -> np.ndarray:
    """Return the covariates on axes on which the Euclidean distance is Mahalanobis's, shape (n, k).

    The covariance is that within the arms, pooled. Distances that are equal in theory differ in their last bit, so
    sums have the extended precision of R's, where there is one: then ties are MatchIt's.

    References
    ----------
    Rubin (1980) Biometrics 36:293-298. doi:10.2307/2529981
    """
    Z = X - _mean(X)
    spread = np.sqrt((Z.astype(np.longdouble) ** 2).sum(axis=0).astype(float) / (len(Z) - 1))
    Z = Z / np.where(spread > 0, spread, 1.0)
    within = np.where(arm[:, None], Z - _mean(Z[arm]), Z - _mean(Z[~arm]))
    long = (within - _mean(within)).astype(np.longdouble)
    covariance = (long.T @ long).astype(float) / (len(Z) - 1) * ((len(Z) - 1) / (len(Z) - 2))
    if np.linalg.matrix_rank(covariance) < len(covariance):
        raise CannotAdjustError(
            "the covariates of a distance must vary and not determine each other, one does not vary or is a "
            "combination of others; leave it out"
        )
    root, pivot, _, _ = lapack.dpstrf(np.linalg.inv(covariance), lower=0)
    axes = np.triu(root)[:, np.argsort(pivot)]
    return np.asarray((Z.astype(np.longdouble) @ axes.T.astype(np.longdouble)).astype(float))


def _mean(X: np.ndarray) -> np.ndarray:
    """Return the means of the columns, as R does: with what rounding left of them added."""
    first = (X.astype(np.longdouble).sum(axis=0) / len(X)).astype(float)
    rest = (X.astype(np.longdouble) - first).sum(axis=0) / len(X)
    return np.asarray((first.astype(np.longdouble) + rest).astype(float))


def mahalanobis_pairs(
    X: np.ndarray, score: np.ndarray, arm: np.ndarray, exact: Sequence[np.ndarray] = (),
    *, ratio: int, caliper: float, order: Order, replace: bool,
) -> Rows:  # fmt: skip
    """Return row numbers of the treated and of the controls they take, round by round within each stratum.

    Arguments as of ``greedy_pairs``; ``X`` are the covariates of the distance, shape (n, k). Of controls at the
    same distance the one most places away on the first axis is taken, then the higher one (MatchIt).
    """
    door.choice("order", order, Order)
    door.positive("the caliper", caliper, or_zero=True)
    axes, place = whitened(X, arm), np.empty(len(X), np.int64)
    place[np.argsort(axes[:, 0], kind="stable")] = np.arange(len(X))
    found = []
    for rows in strata_of(exact, len(score)):
        turn = first_choosers(rows[arm[rows]], score, order)
        controls = rows[~arm[rows]]
        controls = controls[np.argsort(place[controls])]
        taken = _nearest(
            axes[turn], axes[controls], score[turn], score[controls], place[turn], place[controls], ratio,
            caliper, replace,
        )  # fmt: skip
        rounds, who = np.nonzero(taken >= 0)
        found.append((turn[who], controls[taken[rounds, who]]))
    return joined(found)


@njit(cache=True)
def _nearest(
    one: np.ndarray, other: np.ndarray, t: np.ndarray, c: np.ndarray, mine: np.ndarray, place: np.ndarray,
    ratio: int, caliper: float, replace: bool,
) -> np.ndarray:  # fmt: skip
    """Return the control (by number, they ascend on the first axis) taken in each round, -1 for none."""
    m, gone = len(other), np.zeros(len(other), np.bool_)
    taken = np.full((ratio, len(one)), -1, np.int64)
    start = np.searchsorted(place, mine)
    for r in range(ratio):
        for q in range(len(one)):
            best, at = np.inf, -1
            lo, hi = start[q] - 1, start[q]
            while lo >= 0 or hi < m:
                gap_lo = one[q, 0] - other[lo, 0] if lo >= 0 else np.inf
                gap_hi = other[hi, 0] - one[q, 0] if hi < m else np.inf
                if min(gap_lo, gap_hi) ** 2 > best:
                    break
                if gap_lo < gap_hi:
                    j, lo = lo, lo - 1
                else:
                    j, hi = hi, hi + 1
                if gone[j] or abs(t[q] - c[j]) > caliper:
                    continue
                gap = 0.0
                for k in range(one.shape[1]):
                    gap += (one[q, k] - other[j, k]) ** 2
                if gap > best:
                    continue
                away, now = abs(place[j] - mine[q]), abs(place[at] - mine[q])
                if at >= 0 and gap == best and (away < now or (away == now and place[j] < place[at])):
                    continue
                if replace and (taken[:r, q] == j).any():
                    continue
                best, at = gap, j
            taken[r, q] = at
            if at >= 0 and not replace:
                gone[at] = True
    return taken
