"""The partial likelihood of Cox regression: risk sets, ties, and sums over them.

All sums over risk sets are running sums over the distinct event times, so no patient is visited twice
in a Newton step. ``cox.py`` fits with it, ``proportional.py`` tests with it.

References
----------
Efron (1977) JASA 72:557-565. doi:10.1080/01621459.1977.10480613
Therneau & Grambsch (2000) Modeling Survival Data. doi:10.1007/978-1-4757-3294-8
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True, slots=True)
class Lingering:
    """Rows that stay at risk after their time, as Fine and Gray ask of competing events.

    Row ``rows[k]`` weighs ``scale[k]`` x ``factor[g]`` in every group g after its own time. One for each set of
    patients with a censoring distribution of its own.
    """

    rows: np.ndarray
    scale: np.ndarray
    factor: np.ndarray


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Rows sorted out once: who is at risk at which event time.

    Group g is one (stratum, event time). Row i is at risk in the groups ``first[i] <= g < last[i]``.
    Deaths are listed group by group; ``step`` counts 0, 1, ... within a group and ``share`` is the part
    of the group's deaths already removed from the risk set (Efron; 0 throughout for Breslow).
    """

    Z: np.ndarray
    weights: np.ndarray
    first: np.ndarray
    last: np.ndarray
    deaths: np.ndarray
    group: np.ndarray
    share: np.ndarray
    size: np.ndarray
    mean_weight: np.ndarray
    times: np.ndarray
    lingering: Sequence[Lingering] = ()

    @property
    def n_groups(self) -> int:
        """Number of distinct event times over all strata."""
        return len(self.mean_weight)


def risk_sets(
    time: np.ndarray,
    event: np.ndarray,
    Z: np.ndarray,
    *,
    weights: np.ndarray,
    strata: np.ndarray,
    entry: np.ndarray | None,
    ties: Ties,
    lingering: Callable[[np.ndarray], Sequence[Lingering]] | None = None,
) -> RiskSets:
    """Return the bookkeeping of the partial likelihood for rows of positive weight.

    ``lingering``, given the event times, says who stays at risk after their own time (one stratum).
    """
    died = np.flatnonzero(event)
    order = died[np.lexsort((time[died], strata[died]))]
    s, t = strata[order], time[order]
    new = np.append(True, (np.diff(s) != 0) | (np.diff(t) != 0))
    group = np.cumsum(new) - 1
    group_stratum, group_time = s[new], t[new]
    size = np.bincount(group)
    step = np.arange(len(order)) - np.repeat(np.cumsum(size) - size, size)
    start = np.searchsorted(group_stratum, strata, side="left")
    last = _count_up_to(group_stratum, group_time, strata, time)
    first = start if entry is None else _count_up_to(group_stratum, group_time, strata, entry)
    share = step / size[group] if ties == "efron" else np.zeros(len(order))
    mean_weight = np.bincount(group, weights[order]) / size
    stay = () if lingering is None else lingering(group_time)
    return RiskSets(Z, weights, first, last, order, group, share, size, mean_weight, group_time, stay)


def _count_up_to(
    group_stratum: np.ndarray, group_time: np.ndarray, strata: np.ndarray, time: np.ndarray
) -> np.ndarray:
    """Return for each row the index after the last group of its stratum at or before ``time``."""
    if strata.max() == 0:
        return np.searchsorted(group_time, time, side="right")
    values = np.unique(np.concatenate([group_time, time]))
    keys = group_stratum * len(values) + np.searchsorted(values, group_time)
    return np.searchsorted(keys, strata * len(values) + np.searchsorted(values, time), side="right")


def sum_at_risk(sets: RiskSets, values: np.ndarray) -> np.ndarray:
    """Return the sum of each column of ``values`` (n, q) over each risk set, shape (groups, q).

    From the last group backwards: small sums first keeps them exact.
    """
    return np.column_stack([_sum_column(sets, column) for column in values.T])


def _sum_column(sets: RiskSets, column: np.ndarray) -> np.ndarray:
    leaving = np.bincount(sets.last, column, sets.n_groups + 1)
    if sets.first.any():
        leaving = leaving - np.bincount(sets.first, column, sets.n_groups + 1)
    total: np.ndarray = np.cumsum(leaving[::-1])[::-1][1:]
    for stay in sets.lingering:
        gone = np.bincount(sets.last[stay.rows], column[stay.rows] * stay.scale, sets.n_groups + 1)
        total = total + stay.factor * np.cumsum(gone)[:-1]
    return total


@dataclass(frozen=True, slots=True)
class Moments:
    """Everything one Newton step needs at given coefficients.

    ``hazard`` is the weight of each death's term over its denominator; ``mean`` the risk-set mean of
    the covariates at each death, shapes (deaths,) and (deaths, p).
    """

    risk: np.ndarray
    hazard: np.ndarray
    mean: np.ndarray
    log_likelihood: float
    score: np.ndarray
    information: np.ndarray


def moments(sets: RiskSets, beta: np.ndarray) -> Moments:
    """Return likelihood, score and information at ``beta`` (on the scale of ``sets.Z``)."""
    eta = sets.Z @ beta
    shift = eta.max()
    risk = sets.weights * np.exp(eta - shift)
    both = np.column_stack([risk, sets.Z * risk[:, None]])
    total = sum_at_risk(sets, both)
    tied = _by_group(sets, both[sets.deaths])
    left = total[sets.group] - sets.share[:, None] * tied[sets.group]
    mean = left[:, 1:] / left[:, [0]]
    hazard = sets.mean_weight[sets.group] / left[:, 0]
    w, mean_weight = sets.weights[sets.deaths], sets.mean_weight[sets.group]
    loglik = float(w @ (eta[sets.deaths] - shift) - mean_weight @ np.log(left[:, 0]))
    score = w @ sets.Z[sets.deaths] - mean_weight @ mean
    information = weighted_information(sets, risk, hazard, mean, np.ones(sets.n_groups))
    return Moments(risk, hazard, mean, loglik, score, information)


def _by_group(sets: RiskSets, values: np.ndarray) -> np.ndarray:
    """Return the sums of rows of ``values`` (one per death) over each group."""
    return np.add.reduceat(values, np.cumsum(sets.size) - sets.size, axis=0)


def weighted_information(
    sets: RiskSets, risk: np.ndarray, hazard: np.ndarray, mean: np.ndarray, factor: np.ndarray
) -> np.ndarray:
    """Return the information with group g counted ``factor[g]`` times, shape (p, p)."""
    scale = factor[sets.group]
    exposure = _exposure(sets, hazard * scale)
    second = (sets.Z * (risk * exposure)[:, None]).T @ sets.Z
    mean_weight = sets.mean_weight[sets.group] * scale
    return second - (mean * mean_weight[:, None]).T @ mean


def _exposure(sets: RiskSets, hazard: np.ndarray) -> np.ndarray:
    """Return each row's hazard summed over the groups it is at risk in, ties thinned as Efron does."""
    running = np.concatenate([[0.0], np.cumsum(np.bincount(sets.group, hazard, sets.n_groups))])
    exposure = running[sets.last] - running[sets.first]
    for stay in sets.lingering:
        later = np.bincount(sets.group, hazard, sets.n_groups) * stay.factor
        to_come = np.concatenate([np.cumsum(later[::-1])[::-1], [0.0]])
        exposure[stay.rows] += stay.scale * to_come[sets.last[stay.rows]]
    thinned = np.bincount(sets.group, hazard * sets.share, sets.n_groups)
    exposure[sets.deaths] -= thinned[sets.group]
    return exposure


def score_residuals(sets: RiskSets, at: Moments, factor: np.ndarray | None = None) -> np.ndarray:
    """Return each row's contribution to the score, weight included, group g counted ``factor[g]`` times, shape (n, p)."""
    times = np.ones(sets.n_groups) if factor is None else factor
    hazard = at.hazard * times[sets.group]
    exposure = _exposure(sets, hazard)
    shared = np.column_stack([_exposure(sets, hazard * at.mean[:, j]) for j in range(sets.Z.shape[1])])
    residuals = -at.risk[:, None] * (sets.Z * exposure[:, None] - shared)
    group_mean = (_by_group(sets, at.mean) / sets.size[:, None])[sets.group]
    w = sets.weights[sets.deaths] * times[sets.group]
    residuals[sets.deaths] += w[:, None] * (sets.Z[sets.deaths] - group_mean)
    return residuals
