"""Absolute risks by a horizon, and their difference and ratio.

The uncertainty follows the design: score intervals for the crude table, paired intervals for pairs, and
a bootstrap that refits the propensity score for weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm
from statsmodels.stats.proportion import proportion_confint

from headtohead.matching.adjustment import Adjustment
from headtohead.matching.weights import effective_sample_size
from headtohead.outcomes.estimate import Interval, bootstrap_interval, estimate_frame, estimate_row
from headtohead.outcomes.paired import count_pairs, paired_risk_difference, paired_risk_ratio
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import intervals, risk_difference_se, wilson

NO_EVENT = "an arm has no event: Wilson and Newcombe intervals for the effective numbers of patients"
NO_RATIO = "cannot be estimated, because an arm has no event"


def risk_contrast(
    events: pd.DataFrame,
    treated: pd.Series,
    adjustment: Adjustment,
    *,
    conf_level: float,
    bootstrap_replicates: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return four rows per outcome: risk in each arm, risk difference and risk ratio.

    Parameters
    ----------
    events : DataFrame of float, shape (n, outcomes)
        Columns are pairs (outcome, horizon in days); 1 if the outcome happened by the horizon, else 0.
        Nobody may be censored before it. All outcomes share the bootstrap samples.
    treated : Series of bool, shape (n,)
    adjustment : Adjustment
        How the arms are made comparable.
    bootstrap_replicates : int
        Used for weights, and for matched sets of more than two.
    rng : numpy.random.Generator

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS``. Risks and differences are proportions; the standard error of a
    ratio is that of its logarithm. ``n`` counts patients of positive weight, in a weighted arm their
    effective number. Where an arm has no event the ratio is NaN and ``method`` says why.

    Raises
    ------
    ValueError
        If a value of ``events`` is missing.
    """
    if events.isna().any(axis=None):
        raise ValueError(
            f"the outcome must be known for everyone, {int(events.isna().any(axis=1).sum())} of "
            f"{len(events)} patients have none; estimate the risk by Aalen-Johansen instead"
        )
    draws = None
    if not (adjustment.kind == "crude" or _only_pairs(adjustment)):
        draws = adjustment.resample(rng, bootstrap_replicates)
    rows = []
    for key in events:
        outcome, horizon = key
        rows += _rows(events[key], treated, adjustment, draws, str(outcome), int(horizon), conf_level)
    return estimate_frame(rows)


def _rows(
    event: pd.Series,
    treated: pd.Series,
    adjustment: Adjustment,
    draws: np.ndarray | None,
    outcome: str,
    horizon_days: int,
    conf_level: float,
) -> list[dict[str, Any]]:
    y, arm, used = event.to_numpy(float), treated.to_numpy(bool), adjustment.weights.to_numpy() > 0
    if draws is not None:
        results, method = _bootstrapped(y, arm, adjustment, draws, conf_level)
    elif adjustment.kind == "crude":
        results, method = _crude(y, arm, conf_level)
    else:
        results, method = _paired(event, treated, adjustment, conf_level)
    members = {"risk, treated": arm & used, "risk, control": ~arm & used}
    return [
        estimate_row(
            estimand=adjustment.estimand,
            population=adjustment.population,
            outcome=outcome,
            horizon_days=horizon_days,
            scale=scale,
            conf_level=conf_level,
            n=_size(adjustment, members.get(scale, used), arm),
            events=int(y[members.get(scale, used)].sum()),
            method=method if result else NO_RATIO,
            **(result._asdict() if result else {}),
        )
        for scale, result in results.items()
    ]


Results = dict[str, Interval | None]


def _size(adjustment: Adjustment, mask: np.ndarray, arm: np.ndarray) -> int:
    """Return the number of patients; under weights the sum of the arms' effective numbers, rounded."""
    if adjustment.kind != "weights":
        return int(mask.sum())
    weights = adjustment.weights.to_numpy()
    arms = [weights[mask & side] for side in (arm, ~arm)]
    return round(sum(effective_sample_size(w) for w in arms if w.size))


def _only_pairs(adjustment: Adjustment) -> bool:
    return adjustment.sets is not None and bool((adjustment.sets.value_counts() == 2).all())


def _crude(y: np.ndarray, arm: np.ndarray, level: float) -> tuple[Results, str]:
    table = TwoByTwo(int(y[arm].sum()), int(arm.sum()), int(y[~arm].sum()), int((~arm).sum()))
    limits = intervals(table, conf_level=level).set_index("method")
    rd = Interval(
        limits.at["Newcombe", "estimate"],
        risk_difference_se(table),
        limits.at["Newcombe", "conf_low"],
        limits.at["Newcombe", "conf_high"],
    )
    rr = None
    if min(table.events_treated, table.events_control) > 0:
        katz = limits.loc["Katz log"]
        log_se = np.sqrt(
            1 / table.events_treated - 1 / table.n_treated + 1 / table.events_control - 1 / table.n_control
        )
        rr = Interval(katz["estimate"], float(log_se), katz["conf_low"], katz["conf_high"])
    results: Results = {
        "risk, treated": _one_risk(table.events_treated, table.n_treated, level),
        "risk, control": _one_risk(table.events_control, table.n_control, level),
        "risk difference": rd,
        "risk ratio": rr,
    }
    return results, "crude; Wilson, Newcombe and Katz intervals"


def _one_risk(events: int, n: int, level: float) -> Interval:
    risk = events / n
    return Interval(risk, float(np.sqrt(risk * (1 - risk) / n)), *wilson(events, n, conf_level=level))


def _paired(
    event: pd.Series, treated: pd.Series, adjustment: Adjustment, level: float
) -> tuple[Results, str]:
    sets = adjustment.sets
    if sets is None:
        raise ValueError("paired intervals need matched sets, the adjustment has none")
    matched = event[sets.notna()]
    by_set = matched.groupby([treated[matched.index], sets[matched.index]]).first()
    counts = count_pairs(by_set[True].to_numpy(), by_set[False].to_numpy())
    in_treated, in_control = counts.both + counts.treated_only, counts.both + counts.control_only
    results: Results = {
        "risk, treated": _one_risk(in_treated, counts.n, level),
        "risk, control": _one_risk(in_control, counts.n, level),
        "risk difference": paired_risk_difference(counts, conf_level=level),
        "risk ratio": paired_risk_ratio(counts, conf_level=level) if min(in_treated, in_control) else None,
    }
    return results, f"{counts.n} matched pairs; Wilson, Tango and paired log intervals"


def _bootstrapped(
    y: np.ndarray, arm: np.ndarray, adjustment: Adjustment, draws: np.ndarray, level: float
) -> tuple[Results, str]:
    weights = adjustment.weights.to_numpy()
    point1, point0 = (float(r[0]) for r in weighted_risks(y, arm, weights[None, :]))
    if min(point1, point0) == 0:
        n1, n0 = (effective_sample_size(weights[side & (weights > 0)]) for side in (arm, ~arm))
        return _score(point1, point0, n1, n0, level), f"{adjustment.name.lower()}; {NO_EVENT}"
    risk1, risk0 = weighted_risks(y, arm, draws)
    rr = None
    if min(point1, point0, risk1.min(), risk0.min()) > 0:
        logs = bootstrap_interval(np.log(point1 / point0), np.log(risk1 / risk0), level)
        rr = Interval(
            point1 / point0,
            logs.std_error,
            float(np.exp(logs.conf_low)),
            float(np.exp(logs.conf_high)),
        )
    results: Results = {
        "risk, treated": bootstrap_interval(point1, risk1, level),
        "risk, control": bootstrap_interval(point0, risk0, level),
        "risk difference": bootstrap_interval(point1 - point0, risk1 - risk0, level),
        "risk ratio": rr,
    }
    repeated = "matched sets redrawn" if adjustment.kind == "pairs" else "weights estimated anew"
    return (
        results,
        f"{adjustment.name.lower()}; percentile interval of {len(draws)} bootstraps, {repeated}",
    )


def _score(risk1: float, risk0: float, n1: float, n0: float, level: float) -> Results:
    """Return Wilson intervals of two risks and Newcombe's of their difference, for effective numbers of patients.

    Where an arm has no event, every bootstrap sample has none either: its interval would be a point.
    """
    (low1, high1), (low0, high0) = (
        map(float, proportion_confint(risk * n, n, alpha=1 - level, method="wilson"))
        for risk, n in ((risk1, n1), (risk0, n0))
    )
    difference, z = risk1 - risk0, float(norm.ppf(0.5 + level / 2))
    low = difference - np.hypot(risk1 - low1, high0 - risk0)
    high = difference + np.hypot(high1 - risk1, risk0 - low0)
    return {
        "risk, treated": Interval(risk1, (high1 - low1) / (2 * z), low1, high1),
        "risk, control": Interval(risk0, (high0 - low0) / (2 * z), low0, high0),
        "risk difference": Interval(difference, float(high - low) / (2 * z), float(low), float(high)),
        "risk ratio": None,
    }


def weighted_risks(y: np.ndarray, arm: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the weighted mean of ``y`` in the treated and in the control arm.

    Parameters
    ----------
    y : array, shape (n,)
    arm : array of bool, shape (n,)
    weights : array, shape (B, n)

    Returns
    -------
    Two arrays of shape (B,).
    """
    w1, w0 = weights[:, arm], weights[:, ~arm]
    return w1 @ y[arm] / w1.sum(axis=1), w0 @ y[~arm] / w0.sum(axis=1)
