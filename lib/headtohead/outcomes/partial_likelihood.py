"""The partial likelihood of Cox regression: risk sets, ties, and sums over them.

All sums over risk sets are running sums over the distinct event times, so no patient is visited twice
in a Newton step. ``cox.py`` fits with it, ``proportional.py`` tests with it.

References
----------
Efron (1977) JASA 72:557-565. doi:10.1080/01621459.1977.10480613
Therneau & Grambsch (2000) Modeling Survival Data. doi:10.1007/978-1-4757-3294-8
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headtohead.kernels.risk_sets import weighted_squares, weighted_sums

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True, slots=True)
class Lingering:
    """Rows that stay at risk after their time, as Fine and Gray ask of competing events.

    Row ``rows[k]`` weighs ``scale[k]`` x ``factor[g]`` in every group g after its own time.
    """

    rows: np.ndarray
    scale: np.ndarray
    factor: np.ndarray


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Rows sorted out once: who is at risk at which event time.

    Group g is one (stratum, event time). Row i is at risk in the groups ``first[i] <= g < last[i]``.
    Deaths are listed group by group; ``step`` counts 0, 1, ... within a group and ``share`` is the part
    of the group's deaths already removed from the risk set (Efron; 0 throughout for Breslow). ``dies_in`` is the
    group of each row's death, -1 without one; ``of_deaths`` the weighted sum of the covariates of all deaths.
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
    dies_in: np.ndarray
    of_deaths: np.ndarray
    lingering: Lingering | None = None

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
    lingering: Callable[[np.ndarray], Lingering] | None = None,
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
    dies_in = np.full(len(time), -1)
    dies_in[order] = group
    Z = np.ascontiguousarray(Z)
    stay = None if lingering is None else lingering(group_time)
    return RiskSets(
        Z, weights, first, last, order, group, share, size, mean_weight, group_time, dies_in,
        (weights * event) @ Z, stay,
    )  # fmt: skip


def _count_up_to(
    group_stratum: np.ndarray, group_time: np.ndarray, strata: np.ndarray, time: np.ndarray
) -> np.ndarray:
    """Return for each row the index after the last group of its stratum at or before ``time``."""
    if strata.max() == 0:
        return np.searchsorted(group_time, time, side="right")
    values = np.unique(np.concatenate([group_time, time]))
    keys = group_stratum * len(values) + np.searchsorted(values, group_time)
    return np.searchsorted(keys, strata * len(values) + np.searchsorted(values, time), side="right")


def _sum_at_risk(sets: RiskSets, risk: np.ndarray) -> np.ndarray:
    """Return the sums of risks and of covariates times risks over each risk set, shape (groups, 1 + p).

    From the last group backwards: small sums first keeps them exact.
    """
    Z, last, size = sets.Z, sets.last, sets.n_groups + 1
    leaving = weighted_sums(Z, risk, last, size)
    if sets.first.any():
        leaving = leaving - weighted_sums(Z, risk, sets.first, size)
    total: np.ndarray = np.cumsum(leaving[::-1], axis=0)[::-1][1:]
    stay = sets.lingering
    if stay is None:
        return total
    gone = weighted_sums(Z[stay.rows], risk[stay.rows] * stay.scale, last[stay.rows], size)
    return total + stay.factor[:, None] * np.cumsum(gone, axis=0)[:-1]


@dataclass(frozen=True, slots=True)
class Moments:
    """Everything one Newton step needs at given coefficients.

    ``hazard`` is the weight of each death's term over its denominator; ``total`` and ``tied`` are the sums over each
    risk set and over the deaths of each group, of the risks and of the covariates times the risks, (groups, 1 + p).
    """

    risk: np.ndarray
    hazard: np.ndarray
    total: np.ndarray
    tied: np.ndarray
    log_likelihood: float
    score: np.ndarray
    information: np.ndarray


def moments(sets: RiskSets, beta: np.ndarray) -> Moments:
    """Return likelihood, score and information at ``beta`` (on the scale of ``sets.Z``)."""
    eta = sets.Z @ beta
    shift = eta.max()
    risk = sets.weights * np.exp(eta - shift)
    total, tied = _sum_at_risk(sets, risk), weighted_sums(sets.Z, risk, sets.dies_in, sets.n_groups)
    left = total[sets.group, 0] - sets.share * tied[sets.group, 0]
    mean_weight = sets.mean_weight[sets.group]
    hazard = mean_weight / left
    loglik = float(sets.of_deaths @ beta - shift * mean_weight.sum() - mean_weight @ np.log(left))
    whole, removed = _by_group(sets, hazard), _by_group(sets, hazard * sets.share)
    score = sets.of_deaths - whole @ total[:, 1:] + removed @ tied[:, 1:]
    information = _information(sets, risk, hazard, total, tied, np.ones(sets.n_groups))
    return Moments(risk, hazard, total, tied, loglik, score, information)


def _by_group(sets: RiskSets, values: np.ndarray) -> np.ndarray:
    """Return the sums of ``values`` (one per death) over each group."""
    return np.bincount(sets.group, values, sets.n_groups)


def means_at_deaths(sets: RiskSets, at: Moments) -> np.ndarray:
    """Return the mean of the covariates over the risk set of each death, ties thinned as Efron does, (deaths, p)."""
    left = at.total[sets.group] - sets.share[:, None] * at.tied[sets.group]
    means: np.ndarray = left[:, 1:] / left[:, [0]]
    return means


def weighted_information(sets: RiskSets, at: Moments, factor: np.ndarray) -> np.ndarray:
    """Return the information with group g counted ``factor[g]`` times, shape (p, p)."""
    return _information(sets, at.risk, at.hazard, at.total, at.tied, factor)


def _information(
    sets: RiskSets,
    risk: np.ndarray,
    hazard: np.ndarray,
    total: np.ndarray,
    tied: np.ndarray,
    factor: np.ndarray,
) -> np.ndarray:
    """Return the information; deaths of one group differ only by their share, so sums over groups are enough."""
    each, s = factor[sets.group], sets.share
    second = weighted_squares(sets.Z, risk * _exposure(sets, hazard * each))
    square = hazard * hazard * each / sets.mean_weight[sets.group]
    whole, once, twice = (_by_group(sets, square * power)[:, None] for power in (np.ones_like(s), s, s * s))
    everyone, dying = total[:, 1:], tied[:, 1:]
    mixed = (everyone * once).T @ dying
    return second - (everyone * whole).T @ everyone + mixed + mixed.T - (dying * twice).T @ dying


def _exposure(sets: RiskSets, hazard: np.ndarray) -> np.ndarray:
    """Return each row's hazard summed over the groups it is at risk in, ties thinned as Efron does."""
    running = np.concatenate([[0.0], np.cumsum(np.bincount(sets.group, hazard, sets.n_groups))])
    exposure = running[sets.last] - running[sets.first]
    stay = sets.lingering
    if stay is not None:
        later = np.bincount(sets.group, hazard, sets.n_groups) * stay.factor
        to_come = np.concatenate([np.cumsum(later[::-1])[::-1], [0.0]])
        exposure[stay.rows] += stay.scale * to_come[sets.last[stay.rows]]
    thinned = np.bincount(sets.group, hazard * sets.share, sets.n_groups)
    exposure[sets.deaths] -= thinned[sets.group]
    return exposure


def score_residuals(sets: RiskSets, at: Moments) -> np.ndarray:
    """Return each row's contribution to the score, weight included, shape (n, p)."""
    exposure, mean = _exposure(sets, at.hazard), means_at_deaths(sets, at)
    shared = np.column_stack([_exposure(sets, at.hazard * column) for column in mean.T])
    residuals = -at.risk[:, None] * (sets.Z * exposure[:, None] - shared)
    by_group = np.column_stack([_by_group(sets, column) for column in mean.T])
    group_mean = (by_group / sets.size[:, None])[sets.group]
    w = sets.weights[sets.deaths]
    residuals[sets.deaths] += w[:, None] * (sets.Z[sets.deaths] - group_mean)
    return residuals
