"""The partial likelihood of Cox regression: risk sets, ties, and sums over them.

All sums over risk sets are running sums over the distinct event times, so no patient is visited twice
in a Newton step. ``cox.py`` fits with it, ``proportional.py`` tests with it.

Efron (1977) JASA 72:557-565. doi:10.1080/01621459.1977.10480613
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numba import njit

from headtohead.kernels import Array

Ties = Literal["efron", "breslow"]


@dataclass(frozen=True, slots=True)
class Lingering:
    """Rows that stay at risk after their time (Fine and Gray), one for each censoring distribution."""

    # rows[k] weighs scale[k] x factor[g] in every group g after its own time

    rows: Array
    scale: Array
    factor: Array


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Rows sorted out once: who is at risk at which event time.

    Group g is one (stratum, event time). Row i is at risk in the groups ``first[i] <= g < last[i]``.
    Deaths are listed group by group; ``step`` counts 0, 1, ... within a group and ``share`` is the part
    of the group's deaths already removed from the risk set (Efron; 0 throughout for Breslow). ``dies_in`` is the
    group of each row's death, -1 without one; ``of_deaths`` the weighted sum of the covariates of all deaths.
    """

    Z: Array
    weights: Array
    first: Array
    last: Array
    deaths: Array
    group: Array
    share: Array
    size: Array
    mean_weight: Array
    times: Array
    dies_in: Array
    of_deaths: Array
    lingering: Sequence[Lingering] = ()

    @property
    def n_groups(self) -> int:
        """Number of distinct event times over all strata."""
        return len(self.mean_weight)


def risk_sets(
    time: Array, event: Array, Z: Array, *, weights: Array, strata: Array,
    entry: Array | None, ties: Ties, lingering: Callable[[Array], Sequence[Lingering]] | None = None,
) -> RiskSets:  # fmt: skip
    """Return the bookkeeping of rows of positive weight; ``lingering``, given event times, says who stays (one stratum)."""
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
    stay = () if lingering is None else lingering(group_time)
    return RiskSets(
        Z, weights, first, last, order, group, share, size, mean_weight, group_time, dies_in,
        (weights * event) @ Z, stay,
    )  # fmt: skip


def _count_up_to(group_stratum: Array, group_time: Array, strata: Array, time: Array) -> Array:
    """Return for each row the index after the last group of its stratum at or before ``time``."""
    if strata.max() == 0:
        return np.searchsorted(group_time, time, side="right")
    values = np.unique(np.concatenate([group_time, time]))
    keys = group_stratum * len(values) + np.searchsorted(values, group_time)
    return np.searchsorted(keys, strata * len(values) + np.searchsorted(values, time), side="right")


@njit(cache=True)
def weighted_sums(Z: Array, weights: Array, group: Array, n_groups: int) -> Array:
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
def weighted_squares(Z: Array, weights: Array) -> Array:
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
    total: Array, tied: Array, group: Array, share: Array, mean_weight: Array
) -> tuple[Array, float]:
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


def _sum_at_risk(sets: RiskSets, risk: Array) -> Array:
    """Return the sums of risks and of covariates times risks over each risk set, shape (groups, 1 + p)."""
    # from the last group backwards: small sums first keeps them exact
    Z, last, size = sets.Z, sets.last, sets.n_groups + 1
    leaving = weighted_sums(Z, risk, last, size)
    if sets.first.any():
        leaving = leaving - weighted_sums(Z, risk, sets.first, size)
    total: Array = np.cumsum(leaving[::-1], axis=0)[::-1][1:]
    for stay in sets.lingering:
        gone = weighted_sums(Z[stay.rows], risk[stay.rows] * stay.scale, last[stay.rows], size)
        total = total + stay.factor[:, None] * np.cumsum(gone, axis=0)[:-1]
    return total


@dataclass(frozen=True, slots=True)
class Moments:
    """Everything one Newton step needs at given coefficients.

    ``total`` and ``tied`` are the sums over each risk set and over the deaths of each group, of the risks and of the
    covariates times the risks, shape (groups, 1 + p); ``deaths`` the ``sums_over_deaths`` of each group.
    """

    risk: Array
    total: Array
    tied: Array
    deaths: Array
    log_likelihood: float
    score: Array
    information: Array


def moments(sets: RiskSets, beta: Array) -> Moments:
    """Return likelihood, score and information at ``beta`` (on the scale of ``sets.Z``)."""
    eta = sets.Z @ beta
    shift = eta.max()
    risk = sets.weights * np.exp(eta - shift)
    total, tied = _sum_at_risk(sets, risk), weighted_sums(sets.Z, risk, sets.dies_in, sets.n_groups)
    deaths, logs = sums_over_deaths(total[:, 0], tied[:, 0], sets.group, sets.share, sets.mean_weight)
    loglik = float(sets.of_deaths @ beta - shift * (sets.mean_weight @ sets.size) - logs)
    score = sets.of_deaths - deaths[:, 0] @ total[:, 1:] + deaths[:, 1] @ tied[:, 1:]
    information = _information(sets, risk, total, tied, deaths)
    return Moments(risk, total, tied, deaths, loglik, score, information)


def score_of_groups(sets: RiskSets, at: Moments) -> Array:
    """Return each group's part of the score: its deaths minus their expectation (Schoenfeld), shape (groups, p)."""
    dying = weighted_sums(sets.Z, sets.weights, sets.dies_in, sets.n_groups)[:, 1:]
    return dying - at.deaths[:, [0]] * at.total[:, 1:] + at.deaths[:, [1]] * at.tied[:, 1:]


def weighted_information(sets: RiskSets, at: Moments, factor: Array) -> Array:
    """Return the information with group g counted ``factor[g]`` times, shape (p, p)."""
    return _information(sets, at.risk, at.total, at.tied, at.deaths * factor[:, None])


def _information(sets: RiskSets, risk: Array, total: Array, tied: Array, deaths: Array) -> Array:
    second = weighted_squares(sets.Z, risk * _exposure(sets, deaths[:, 0], deaths[:, 1]))
    everyone, dying = total[:, 1:], tied[:, 1:]
    whole, once, twice = (deaths[:, k : k + 1] for k in (2, 3, 4))
    mixed = (everyone * once).T @ dying
    return second - (everyone * whole).T @ everyone + mixed + mixed.T - (dying * twice).T @ dying


def _exposure(sets: RiskSets, hazard: Array, thinned: Array) -> Array:
    """Return each row's hazard (that of each group, less what Efron spares those who die in it) over its groups."""
    running = np.concatenate([[0.0], np.cumsum(hazard)])
    exposure = running[sets.last] - running[sets.first]
    for stay in sets.lingering:
        to_come = np.concatenate([np.cumsum((hazard * stay.factor)[::-1])[::-1], [0.0]])
        exposure[stay.rows] += stay.scale * to_come[sets.last[stay.rows]]
    exposure[sets.deaths] -= thinned[sets.group]
    return exposure


def score_residuals(sets: RiskSets, at: Moments, factor: Array | None = None) -> Array:
    """Return each row's contribution to the score, weight included, group g counted ``factor[g]`` times, shape (n, p)."""
    times = np.ones(sets.n_groups) if factor is None else factor
    whole, thinned, square, once, twice = ((at.deaths * times[:, None])[:, k : k + 1] for k in range(5))
    total, tied = at.total[:, 1:], at.tied[:, 1:]
    exposure = _exposure(sets, whole[:, 0], thinned[:, 0])
    expected, spared = square * total - once * tied, once * total - twice * tied
    shared = np.column_stack([_exposure(sets, *pair) for pair in zip(expected.T, spared.T, strict=True)])
    residuals = -at.risk[:, None] * (sets.Z * exposure[:, None] - shared)
    mean = at.deaths[:, :1] * total - at.deaths[:, 1:2] * tied
    group_mean = mean / (sets.mean_weight * sets.size)[:, None]
    w = sets.weights[sets.deaths] * times[sets.group]
    residuals[sets.deaths] += w[:, None] * (sets.Z[sets.deaths] - group_mean[sets.group])
    return residuals
