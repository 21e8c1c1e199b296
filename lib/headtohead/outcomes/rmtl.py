"""Days lost to each cause: the area under the cumulative incidence, and days free of hospital.

A restricted mean survival time from Kaplan-Meier is wrong where discharge competes with death; areas under
Aalen-Johansen curves are not. They add up: days lost to every cause and days event-free are the horizon.

Andersen (2013) Stat Med 32:5278-5285. doi:10.1002/sim.5903
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.inference import DEFAULT, InferenceChoices, Stream
from headtohead.kernels import Array
from headtohead.matching.adjustment import Adjustment, Adjustments
from headtohead.matching.weights import effective_number
from headtohead.outcomes import estimate as est
from headtohead.outcomes.competing import incidences
from headtohead.outcomes.endpoint import Endpoint, Endpoints

ALIKE = "; as all patients of an arm are alike, its limits are Wilson's for 0 that differ"
AGREE = "; as the members of every matched set agree, its limits are those of independent arms"
ARMS = {"treated": "mean days, treated", "control": "mean days, control", "difference": "difference in days"}


def areas(times: Array, incidence: Array, horizon_days: float) -> Array:
    """Return the mean days lost to each cause by the horizon and, last, the mean days event-free, of ``incidences``.

    The area under F_k from 0 to tau is the sum of its jumps dF_k(t) x (tau - t). Array of shape (B, n_causes + 1); each
    row adds up to ``horizon_days``.
    """
    jumps = np.diff(incidence, axis=1, prepend=0.0)
    lost = np.einsum("btk,t->bk", jumps, horizon_days - times)
    return np.column_stack([lost, horizon_days - lost.sum(axis=1)])


def days_lost(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int, event_free: str, inference: InferenceChoices = DEFAULT, stream: Stream = "days lost",
) -> pd.DataFrame:  # fmt: skip
    """Return mean days in each state by arm and their differences, with bootstrap limits.

    The states are the causes of the endpoints and ``event_free``, that before any of them ("in hospital"). DataFrame
    of ``ESTIMATE_COLUMNS``, ``state``, ``arm`` ("treated", "control", "difference") and ``adjustment``; scales "mean
    days, treated", "mean days, control" and "difference in days". The states of an arm add up to the horizon. Raises
    HorizonError if an arm was not followed up to it. Checked: sum to the horizon, lifelines' RMST for one cause
    (test_rmtl.py).
    """
    found, adjustments, (by,) = est.together(endpoints, adjustments, by)
    for each in found:
        door.distinct([*each.causes, event_free], "states")

    def estimate(adjustment: Adjustment) -> list[est.Row]:
        for each in found:
            est.need_followed_arms(each, adjustment, by)
        draws = est.resamples(adjustment, inference, stream)
        return [row for each in found for row in _rows(each, adjustment, draws, by, inference.conf_level)]

    cases = [
        {"outcome": each.name, "horizon_days": by, "scale": scale, "state": state, "arm": arm}
        for each in found for state in (*each.causes, event_free) for arm, scale in ARMS.items()
    ]  # fmt: skip
    return est.over(adjustments, cases, estimate, inference)


def _rows(endpoint: Endpoint, adjustment: Adjustment, draws: Array, by: int, level: float) -> list[est.Row]:
    weights = np.vstack([adjustment.weights.to_numpy(), draws])
    t, c, size = endpoint.time_days.to_numpy(float), endpoint.cause.to_numpy(int), len(endpoint.causes)
    found = [incidences(t[mask], c[mask], weights[:, mask], size, by) for _, mask in adjustment.arms]
    one, other = (areas(*curves, by) for curves in found)
    n1, n0 = (effective_number(weights[0, mask]) for _, mask in adjustment.arms)
    method = f"area under Aalen-Johansen, percentile interval of {len(draws)} bootstraps"
    return [
        {"n": int(adjustment.used.sum())} | est.result(found, method + words)
        for k in range(size + 1)
        for found, words in _intervals(one[:, k], other[:, k], (n1, n0), by, level)
    ]


def _intervals(
    one: Array, other: Array, sizes: tuple[float, float], by: int, level: float
) -> list[tuple[est.Interval, str]]:
    """Return both arms and their difference (data first) with what is to be added to the method where nobody differs."""
    arms, words = [], ["", ""]
    for place, (days, n) in enumerate(zip((one, other), sizes, strict=True)):
        arms.append(est.bootstrap_interval(float(days[0]), days[1:], level))
        if arms[-1].conf_high - arms[-1].conf_low <= est.TINY * by:
            arms[-1], words[place] = est.bounded_interval(arms[-1].estimate, n, 0.0, by, level), ALIKE
    difference, said = est.bootstrap_interval(float(one[0] - other[0]), one[1:] - other[1:], level), ""
    if any(words) or difference.conf_high - difference.conf_low <= est.TINY * by:
        difference, said = est.difference_of(arms[0], arms[1], level), max(words) or AGREE
    return [*zip(arms, words, strict=True), (difference, said)]
