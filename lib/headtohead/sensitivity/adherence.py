r"""What the risks would be if the drug had been taken as intended: censoring at a deviation, weighted.

Patients are censored on the day they leave the strategy. Those who leave are sicker, so who stays is weighted by the
inverse of the probability of having stayed, from a logistic model over person-days. The numerator of the stabilised
weights holds only the arm and the day: it cancels within each arm and day, and changes the spread of the weights but
not the estimate. With baseline covariates in it, those who stay would no longer stand for the arm.

Robins & Finkelstein (2000) Biometrics 56:779-788. doi:10.1111/j.0006-341X.2000.00779.x
Hernan & Robins (2017) New England Journal of Medicine 377:1391-1398. doi:10.1056/NEJMsm1605385
Greenland & Mansournia (2015) Statistics in Medicine 34:3133-3143. doi:10.1002/sim.6537
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import cannot
from headtohead.inference import DEFAULT, InferenceChoices, Stream, checked
from headtohead.kernels.logistic import MAX_FAILED_SHARE, fit_logistic, logistic, with_intercept
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.weights import effective_number
from headtohead.outcomes import estimate as est
from headtohead.outcomes.censored import SEEN
from headtohead.outcomes.endpoint import Endpoint

SCALES = ("risk, treated", "risk, control", "risk difference")
NOBODY = cannot("everybody at risk in an arm left the strategy before the horizon")


class PerProtocol(NamedTuple):
    """Effects with and without deviations.

    ``estimates``: ``ESTIMATE_COLUMNS``, ``analysis`` ("as started", "censored", "censored and weighted") and
    ``adjustment``. ``weights``: mean, percentiles and largest of the stabilised weights over person-days.
    ``deviations``: ``arm``, ``n`` and how many left the strategy before the horizon and the end of their stay.
    """

    estimates: pd.DataFrame
    weights: pd.Series
    deviations: pd.DataFrame


class _Days(NamedTuple):
    """Person-days, patients in rows: could leave on day 0, 1, ..., and did; at risk as intended, and event, on day 1, ..."""

    exposed: np.ndarray
    left: np.ndarray
    at_risk: np.ndarray
    cause: np.ndarray


def per_protocol(
    endpoint: Endpoint, adjustment: Adjustment, deviation_day: pd.Series, *, by: int, baseline: pd.DataFrame,
    changing: Sequence[pd.Series], inference: InferenceChoices = DEFAULT, stream: Stream = "per protocol",
) -> PerProtocol:  # fmt: skip
    """Return the risks by the horizon as started, and under the strategy without and with weights.

    ``endpoint``: its first cause is the outcome. ``adjustment`` makes the arms comparable at the start; its resamples
    are refitted, and so is the model of leaving. Raises MissingError if a covariate is missing, HorizonError if an arm
    was not followed up to the horizon.

    ``deviation_day``, shape (n,), is the day on which the patient left the strategy, NaN for never; one on or after the
    last day is none. ``baseline``, shape (n, p), are complete covariates of the model of leaving; ``changing`` has for
    each state that changes the day from which it holds, NaN for never.
    """
    checked(inference)
    (endpoint,), (adjustment,), (by,) = est.together(endpoint, adjustment, by)
    est.need_followed_arms(endpoint, adjustment, by)
    index = adjustment.treated.index
    baseline = door.numbers(door.aligned(baseline, index, "baseline"), "covariates of the model of deviating")
    deviation_day, *changing = (_days(each, index) for each in (deviation_day, *changing))
    arm = adjustment.arm
    stays, started = (_person_days(endpoint, days, by) for days in (deviation_day, deviation_day * np.nan))
    door.need_both(arm, stays.exposed.any(axis=1), "patients followed for a day", "give times after day 0")
    draws = est.resamples(adjustment, inference, stream)
    weights = np.vstack([adjustment.weights.to_numpy(), draws])
    weights = weights / weights.mean(axis=1, keepdims=True)
    ratio = _stabilised(stays, arm, door.squarable(baseline).to_numpy(float), changing, weights)
    ones = np.ones((1, len(arm), by))
    analyses = {
        "as started": (started, ones), "censored": (stays, ones), "censored and weighted": (stays, ratio),
    }  # fmt: skip
    cases = [
        {"outcome": endpoint.name, "horizon_days": by, "scale": scale, "analysis": name}
        for name in analyses for scale in SCALES
    ]  # fmt: skip
    rows = [
        row
        for days, each in analyses.values()
        for row in _rows(days, _risks(days, arm, weights, each), adjustment, inference.conf_level)
    ]
    estimates = est.over(adjustment, cases, lambda _: rows, inference)
    gone = np.asarray(stays.left.any(axis=1))
    counts = [(name, int(mask.sum()), int(gone[mask].sum())) for name, mask in adjustment.arms]
    found = ratio[0][stays.at_risk]
    low, middle, high = np.quantile(found, [0.01, 0.5, 0.99])
    spread = {"mean": found.mean(), "low": low, "median": middle, "high": high, "largest": found.max()}
    deviations = pd.DataFrame(counts, columns=["arm", "n", "left"])
    return PerProtocol(estimates, pd.Series(spread, dtype=float), deviations)


def _days(days: pd.Series, index: pd.Index) -> pd.Series:
    """Return days, NaN for never, in the order of the patients."""
    days = door.aligned(days, index, "days")
    found = door.numbers(days, f"the days {days.name!r}", missing=True)
    door.times(days if days.dtype.kind == "b" else found.fillna(0.0), "days")
    return found


def _person_days(endpoint: Endpoint, deviation_day: pd.Series, n_days: int) -> _Days:
    end = np.ceil(endpoint.time_days.to_numpy(float))[:, None]
    left = np.floor(deviation_day.fillna(np.inf).to_numpy(float))[:, None]
    before, day = np.arange(n_days)[None], np.arange(1, n_days + 1)[None]
    exposed = (before < end) & (before <= left)
    at_risk = (day <= end) & (day <= left)
    event = np.where(at_risk & (day == end), endpoint.cause.to_numpy(int)[:, None], 0)
    return _Days(exposed, exposed & (before == left), at_risk, event)


def _stabilised(
    days: _Days, arm: np.ndarray, baseline: np.ndarray, changing: Sequence[pd.Series], weights: np.ndarray
) -> np.ndarray:
    """Return the stabilised weights, shape (B, n, days), at the start of day 1, 2, ..."""
    who, when = np.nonzero(days.exposed)
    few = np.column_stack([arm[who], when])
    states = [when >= s.fillna(np.inf).to_numpy(float)[who] for s in changing]
    many = np.column_stack([few, baseline[who], *states])
    y, w = days.left[who, when].astype(float), weights[:, who]
    log_ratio = np.zeros((len(weights), *days.exposed.shape))
    log_ratio[:, who, when] = _log_staying(few, y, w) - _log_staying(many, y, w)
    return np.asarray(np.exp(np.cumsum(log_ratio, axis=2)))


def _log_staying(covariates: np.ndarray, left: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the log probability of staying on each person-day, shape (B, rows)."""
    # two half observations per slope are the log-F(1, 1) prior of Greenland and Mansournia: so there is always a solution
    if not left.any():
        return np.zeros((len(weights), len(left)))
    X = with_intercept(covariates)
    prior = np.repeat(np.eye(X.shape[1])[1:], 2, axis=0)
    y = np.concatenate([left, np.tile([1.0, 0.0], len(prior) // 2)])
    half = np.full((len(weights), len(prior)), 0.5)
    fits = fit_logistic(np.vstack([X, prior]), y, np.hstack([weights, half]))
    return np.asarray(np.log1p(-np.clip(logistic(fits.coefficients @ X.T), 0, 1 - 1e-9)))


def _risks(days: _Days, arm: np.ndarray, weights: np.ndarray, ratio: np.ndarray) -> np.ndarray:
    """Return the incidence of cause 1, shape (2, B): treated, control; NaN if an arm has nobody left before the end."""
    # Aalen-Johansen with weights that change by day
    found = np.zeros((2, len(weights)))
    for row, mine in enumerate((arm, ~arm)):
        w, r = weights[:, mine], ratio[:, mine] if len(ratio) > 1 else ratio[0, mine][None]
        alive = np.ones(len(weights))
        for day in range(days.at_risk.shape[1]):
            now = w * r[:, :, day]
            size = now @ days.at_risk[mine, day].astype(float)
            empty = size <= 0
            safe = np.where(empty, 1.0, size)
            first = now @ (days.cause[mine, day] == 1).astype(float) / safe
            any_ = now @ (days.cause[mine, day] > 0).astype(float) / safe
            found[row] += np.where(empty & (alive > 1e-9), np.nan, alive * first)
            alive *= 1 - any_
    return found


def _rows(days: _Days, risks: np.ndarray, adjustment: Adjustment, conf_level: float) -> list[est.Row]:
    values, events = (*risks, risks[0] - risks[1]), int((days.cause == 1).sum())
    found: list[est.Interval | None] = []
    for each in values:
        again = each[1:][np.isfinite(each[1:])]
        enough = not np.isnan(each[0]) and len(again) >= (1 - MAX_FAILED_SHARE) * (len(each) - 1)
        found.append(est.bootstrap_interval(float(each[0]), again, conf_level) if enough else None)
    method = f"weighted Aalen-Johansen; percentile interval of {len(again)} bootstraps, models refitted"
    if all(found) and (why := est.nothing_seen(risks[:, 0], found)):
        seen = days.at_risk[:, -1] | (days.cause > 0).any(axis=1)
        w = adjustment.weights.to_numpy(float) * seen
        sizes = [effective_number(w[mask & (w > 0)]) for _, mask in adjustment.arms]
        found = [*est.effective_intervals(risks[:, 0], sizes, conf_level)]
        method = f"weighted Aalen-Johansen; {why}: {SEEN}"
    return [{"events": events} | est.result(one, method, NOBODY) for one in found]
