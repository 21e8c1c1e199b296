"""Absolute risks by a horizon, and their difference and ratio.

The uncertainty follows the design: score intervals for the crude table, paired intervals for pairs, and
a bootstrap that refits the propensity score for weights.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import InputError, MissingError
from headtohead.inference import DEFAULT, InferenceChoices, Stream
from headtohead.kernels.weights import weighted_risks
from headtohead.matching.adjustment import Adjustment, Adjustments, need_adjustment
from headtohead.matching.weights import effective_sample_size
from headtohead.outcomes.censored import censored_contrasts
from headtohead.outcomes.endpoint import Endpoint, Endpoints, happened_by
from headtohead.outcomes.estimate import (
    Interval,
    Row,
    bootstrap_contrasts,
    effective_intervals,
    over,
    resamples,
    result,
    together,
)
from headtohead.outcomes.paired import PairCounts, count_pairs, paired_risk_difference, paired_risk_ratio
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import (
    katz_interval,
    log_risk_ratio_se,
    newcombe_interval,
    risk_difference_se,
    wilson,
)

SCALES = ("risk, treated", "risk, control", "risk difference", "risk ratio")
NO_EVENT = "an arm has no event: Wilson and Newcombe intervals for the effective numbers of patients"
NO_RATIO = "cannot be estimated, because an arm has no event"
Results = list[Interval | None]  # in the order of SCALES


def risks(
    endpoints: Endpoints,
    adjustments: Adjustments,
    *,
    by: int | Iterable[int],
    inference: InferenceChoices = DEFAULT,
    stream: Stream = "risks",
) -> pd.DataFrame:
    """Return four rows per adjustment, outcome and horizon: risk in each arm, risk difference and ratio.

    Where somebody is censored before a horizon (one or several), risks are Aalen-Johansen's with errors by
    influence functions (``censored.py``). All outcomes and horizons of one adjustment share the bootstrap
    samples, which weights need otherwise, and matched sets of more than two. With one horizon an endpoint can be a
    Series of 0 and 1. DataFrame of ``ESTIMATE_COLUMNS`` and ``adjustment``. Risks and differences are proportions;
    ``n`` of a weighted arm is its effective number. Raises MissingError if an outcome is unknown at a horizon and
    nobody was followed up for a part of the time, HorizonError if an arm was not followed up to it.

    Checked: R, Tango (test_risk.py); R's survfit, cuminc, numerical derivatives, bootstrap (test_censored.py).
    """
    found, adjustments, horizons = together(endpoints, adjustments, by, plain=True)
    events = [(each, days, each.by(days)) for days in horizons for each in found]
    unseen = {(each.name, days): event for each, days, event in events if not _partly_seen(each, event)}
    need_known(pd.DataFrame(unseen))

    def estimate(adjustment: Adjustment) -> list[Row]:
        used = adjustment.used
        known = [event.where(used, 0.0) for _, _, event in events]
        direct = adjustment.kind == "crude" or _only_pairs(adjustment)
        smooth = adjustment.kind != "weights" or adjustment.estimation is not None
        censored = [bool(event.isna().any()) for event in known]
        repeated = not all(direct or one for one in censored) or (any(censored) and not smooth)
        draws = resamples(adjustment, inference, stream) if repeated else None
        parts = [
            _censored_rows(each, days, event, adjustment, None if smooth else draws, inference.conf_level)
            if one
            else _rows(event, adjustment, None if direct else draws, inference.conf_level)
            for one, event, (each, days, _) in zip(censored, known, events, strict=True)
        ]
        return [row for part in parts for row in part]

    cases = [
        {"outcome": each.name, "horizon_days": days, "scale": scale}
        for each, days, _ in events
        for scale in SCALES
    ]
    return over(adjustments, cases, estimate, inference)


def _partly_seen(endpoint: Endpoint, event: pd.Series) -> bool:
    """Return whether all is known, or some of those with an unknown outcome were followed up for a while."""
    unknown = event.isna()
    return not unknown.any() or bool((endpoint.time_days[unknown] > 0).any())


def need_known(events: pd.DataFrame) -> None:
    """Raise MissingError unless every outcome (columns) is known for everyone."""
    unknown = events.isna().to_numpy().any(axis=1)
    if unknown.any():
        raise MissingError(
            f"the outcome must be known for everyone, {int(unknown.sum())} of {len(unknown)} patients have none, "
            f"first {door.some(events.index[unknown][:3])}; estimate the risk by Aalen-Johansen instead"
        )


def _rows(event: pd.Series, adjustment: Adjustment, draws: np.ndarray | None, conf_level: float) -> list[Row]:
    y, arm = event.to_numpy(float), adjustment.arm
    if draws is not None:
        results, method = _bootstrapped(y, arm, adjustment, draws, conf_level)
    elif adjustment.kind == "crude":
        results, method = _crude(y, arm, conf_level)
    else:
        results, method = _paired(event, adjustment, conf_level)
    return _cells(y, adjustment, results, method, NO_RATIO)


def _censored_rows(
    endpoint: Endpoint, days: int, event: pd.Series, adjustment: Adjustment, draws: np.ndarray | None, level: float
) -> list[Row]:  # fmt: skip
    results, method = censored_contrasts(endpoint, adjustment, by=days, draws=draws, conf_level=level)
    reason = NO_RATIO if any(results) else method
    return _cells(event.fillna(0.0).to_numpy(float), adjustment, results, method, reason)


def _cells(y: np.ndarray, adjustment: Adjustment, results: Results, method: str, reason: str) -> list[Row]:
    arm, used = adjustment.arm, adjustment.used.to_numpy()
    members = (arm & used, ~arm & used, used, used)
    return [
        {"n": _size(adjustment, mask, arm), "events": int(y[mask].sum())} | result(one, method, reason)
        for mask, one in zip(members, results, strict=True)
    ]


def _size(adjustment: Adjustment, mask: np.ndarray, arm: np.ndarray) -> int:
    """Return the number of patients; under weights the sum of the arms' effective numbers, rounded."""
    if adjustment.kind != "weights":
        return int(mask.sum())
    weights = adjustment.weights.to_numpy()
    return round(sum(effective_sample_size(weights[mask & side]) for side in (arm, ~arm)))


def _only_pairs(adjustment: Adjustment) -> bool:
    sets = adjustment.matched_set
    return sets is not None and bool((sets.value_counts() == 2).all())


def _crude(y: np.ndarray, arm: np.ndarray, level: float) -> tuple[Results, str]:
    table = TwoByTwo(int(y[arm].sum()), int(arm.sum()), int(y[~arm].sum()), int((~arm).sum()))
    x1, n1, x0, n0 = table.events_treated, table.n_treated, table.events_control, table.n_control
    risk1, risk0 = table.risk_treated, table.risk_control
    results: Results = [
        _one_risk(x1, n1, level),
        _one_risk(x0, n0, level),
        Interval(risk1 - risk0, risk_difference_se(table), *newcombe_interval(table, conf_level=level)),
        None,
    ]
    if min(x1, x0) > 0:
        limits = katz_interval(table, conf_level=level)
        results[3] = Interval(risk1 / risk0, log_risk_ratio_se(table), *limits)
    return results, "crude; Wilson, Newcombe and Katz intervals"


def _one_risk(events: int, n: int, level: float) -> Interval:
    risk = events / n
    return Interval(risk, float(np.sqrt(risk * (1 - risk) / n)), *wilson(events, n, conf_level=level))


def discordant_pairs(
    event: pd.Series | Endpoint, adjustment: Adjustment, *, by: int | None = None
) -> PairCounts:
    """Return the pairs by the outcome of their two members: 0 or 1, or an endpoint by a horizon.

    Raises InputError if the matched sets are no pairs.
    """
    need_adjustment(adjustment)
    sets = adjustment.matched_set
    if sets is None or not _only_pairs(adjustment):
        found = adjustment.name.lower()
        raise InputError(
            f"counting pairs needs one control per treated patient, {found} differ; give ratio=1"
        )
    matched = happened_by(event, by, adjustment.treated.index)[sets.notna()]
    door.events(matched)
    by_set = matched.groupby([adjustment.treated[matched.index], sets[matched.index]]).first()
    return count_pairs(by_set[True].to_numpy(), by_set[False].to_numpy())


def _paired(event: pd.Series, adjustment: Adjustment, level: float) -> tuple[Results, str]:
    counts = discordant_pairs(event, adjustment)
    treated, control = counts.both + counts.treated_only, counts.both + counts.control_only
    results: Results = [
        _one_risk(treated, counts.n, level),
        _one_risk(control, counts.n, level),
        paired_risk_difference(counts, conf_level=level),
        paired_risk_ratio(counts, conf_level=level) if min(treated, control) else None,
    ]
    return results, f"{counts.n} matched pairs; Wilson, Tango and paired log intervals"


def _bootstrapped(
    y: np.ndarray, arm: np.ndarray, adjustment: Adjustment, draws: np.ndarray, level: float
) -> tuple[Results, str]:
    weights, name = adjustment.weights.to_numpy(), adjustment.name.lower()
    point1, point0 = (float(r[0]) for r in weighted_risks(y, arm, weights[None, :]))
    if min(point1, point0) == 0:
        n1, n0 = (effective_sample_size(weights[side & (weights > 0)]) for side in (arm, ~arm))
        return effective_intervals(point1, point0, n1, n0, level), f"{name}; {NO_EVENT}"
    repeated = "matched sets redrawn" if adjustment.kind == "pairs" else "weights estimated anew"
    method = f"{name}; percentile interval of {len(draws)} bootstraps, {repeated}"
    return bootstrap_contrasts((point1, point0), weighted_risks(y, arm, draws), level), method
