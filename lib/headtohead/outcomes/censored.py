"""Risks by a horizon where some patients were censored before it: Aalen-Johansen with influence functions.

Valid where censoring tells nothing about the outcome within an arm (or, under weights, given what the weights know).

Choudhury (2002) Stat Med 21:1129-1144. doi:10.1002/sim.1070 (limits)
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from headtohead.errors import cannot
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.weights import effective_number
from headtohead.outcomes import estimate as est
from headtohead.outcomes.competing import incidences, risk_and_gradient
from headtohead.outcomes.endpoint import Endpoint

ERRORS = {"crude": "", "pairs": ", matched sets as clusters", "weights": ", weights as estimated"}
SEEN = "Wilson and Newcombe intervals for those seen to the horizon"


def censored_contrasts(
    endpoint: Endpoint, adjustment: Adjustment, *, by: int, draws: np.ndarray | None, conf_level: float
) -> tuple[list[est.Interval | None], str, str]:
    """Return intervals (risks, difference, ratio), the method, and why one is missing; ``draws`` for weights not smooth."""
    t, c = endpoint.time_days.to_numpy(float), endpoint.cause.to_numpy(int)
    w, name = adjustment.weights.to_numpy(float), adjustment.name.lower()
    point, gradient = np.zeros(2), np.zeros((len(t), 2))
    for side, (label, mask) in enumerate(adjustment.arms):
        last = t[mask & (w > 0)].max()
        if last < by and not (c[mask & (w > 0) & (t == last)] > 0).all():
            short = cannot(f"the {label} arm is followed to day {last:g} only, not to day {by}")
            return [None] * 4, short, short
        point[side], gradient[mask, side] = risk_and_gradient(t[mask], c[mask], w[mask], by=by)
    found: list[est.Interval | None] = []
    if draws is not None:
        two, arms = np.minimum(c, 2), adjustment.arms
        many = [incidences(t[mask], two[mask], draws[:, mask], 2, by)[1][:, -1, 0] for _, mask in arms]
        how = f"percentile interval of {len(draws)} bootstraps, weights estimated anew"
        found = est.bootstrap_contrasts(point, np.array(many), conf_level)
    elif not est.nothing_seen(point):
        how = f"standard error by influence functions{ERRORS[adjustment.kind]}"
        found = _contrasts(point, adjustment.covariance(gradient), conf_level)
    if why := est.nothing_seen(point, found):
        known = endpoint.by(by).notna().to_numpy()
        sizes = [effective_number(w[mask & known]) for _, mask in adjustment.arms]
        found, how = [*est.effective_intervals(point, sizes, conf_level), None], f"{why}: {SEEN}"
    return found, f"Aalen-Johansen, {name}; {how}", cannot(why or "an arm has no event")


def _contrasts(point: np.ndarray, covariance: np.ndarray, level: float) -> list[est.Interval | None]:
    """Return the intervals of both risks, their difference and their ratio from the covariance of the risks."""

    def error(*direction: float) -> float:
        return float(np.sqrt(np.array(direction) @ covariance @ np.array(direction)))

    one, other = point.tolist()
    log_ratio = est.wald_interval(np.log(one / other), error(1 / one, -1 / other), level)
    return [
        log_log_interval(one, error(1, 0), level),
        log_log_interval(other, error(0, 1), level),
        est.wald_interval(one - other, error(1, -1), level),
        log_ratio.exponential,
    ]


def log_log_interval(risk: float, std_error: float, conf_level: float) -> est.Interval:
    """Return a risk with limits that are symmetric for log(-log(1 - risk)), and so stay between 0 and 1."""
    log_free = np.log1p(-risk)
    half = float(norm.ppf(0.5 + conf_level / 2)) * std_error / ((1 - risk) * abs(log_free))
    low, high = (float(-np.expm1(log_free * np.exp(sign * half))) for sign in (-1, 1))
    return est.Interval(risk, std_error, low, high)
