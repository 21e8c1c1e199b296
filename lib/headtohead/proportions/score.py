"""Miettinen and Nurminen's score test and interval for two independent risks, by own root finding.

statsmodels 0.15's score interval for a difference is off in the third to fourth decimal, and a margin
decision can hang on that; its interval of a ratio does not hold the ratio where everyone in an arm has the event.

Miettinen & Nurminen (1985) Stat Med 4:213-226. doi:10.1002/sim.4780040211
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import optimize, stats

from headtohead import door
from headtohead.errors import CannotEstimateError
from headtohead.proportions.counts import TwoByTwo

Scale = Literal["risk difference", "risk ratio", "odds ratio"]


def score_statistic(table: TwoByTwo, theta: float, scale: Scale) -> float:
    """Return Miettinen and Nurminen's signed score statistic at the hypothesised effect ``theta``.

    z = (estimate - theta) / se, where the variance uses the risks that maximise the likelihood under
    the hypothesis, times N / (N - 1).
    """
    door.choice("scale", scale, Scale)
    p1, p0 = _constrained_risks(table, theta, scale)
    n1, n0 = table.n_treated, table.n_control
    v1, v0 = p1 * (1 - p1) / n1, p0 * (1 - p0) / n0
    inflate = (n1 + n0) / (n1 + n0 - 1)
    if scale == "risk difference":
        gap, variance = table.risk_treated - table.risk_control - theta, v1 + v0
    elif scale == "risk ratio":
        gap, variance = table.risk_treated - theta * table.risk_control, v1 + theta**2 * v0
    else:
        gap = table.risk_treated - p1
        variance = 0.0 if min(v1, v0) == 0 else 1 / (1 / v1 + n1**2 / n0**2 / v0)
    if variance <= 0:
        return 0.0 if np.isclose(gap, 0) else float(np.sign(gap) * np.inf)
    return float(gap / np.sqrt(variance * inflate))


def _constrained_risks(table: TwoByTwo, theta: float, scale: Scale) -> tuple[float, float]:
    """Return the risks (treated, control) of highest likelihood given the effect ``theta``."""
    x1, n1, x0, n0 = table.events_treated, table.n_treated, table.events_control, table.n_control
    if scale == "risk difference":
        p0 = _constrained_control_risk_difference(x1, n1, x0, n0, theta)
        return min(max(p0 + theta, 0.0), 1.0), p0
    if scale == "risk ratio":
        a = (n1 + n0) * theta
        b = -(n1 * theta + x1 + n0 + x0 * theta)
        p0 = (-b - np.sqrt(max(b * b - 4 * a * (x1 + x0), 0.0))) / (2 * a)
        return theta * p0, p0
    a = n0 * (theta - 1)
    b = n1 * theta + n0 - (x1 + x0) * (theta - 1)
    # the root of a p^2 + b p - (x1 + x0) in the form that stays exact where a vanishes (theta = 1)
    p0 = 2 * (x1 + x0) / (b + np.sqrt(b * b + 4 * a * (x1 + x0)))
    return p0 * theta / (1 + p0 * (theta - 1)), p0


def _constrained_control_risk_difference(x1: int, n1: int, x0: int, n0: int, delta: float) -> float:
    """Return the control risk under a fixed difference: the admissible root of a cubic (1985, eq. A1)."""
    l3 = n1 + n0
    l2 = (n1 + 2 * n0) * delta - l3 - x1 - x0
    l1 = (n0 * delta - l3 - 2 * x0) * delta + x1 + x0
    l0 = x0 * delta * (1 - delta)
    q = l2**3 / (3 * l3) ** 3 - l1 * l2 / (6 * l3**2) + l0 / (2 * l3)
    radius = np.sqrt(max(l2**2 / (3 * l3) ** 2 - l1 / (3 * l3), 0.0))
    p = np.copysign(radius, q)
    angle = (np.pi + np.arccos(np.clip(q / p**3 if p else 1.0, -1.0, 1.0))) / 3
    low, high = max(0.0, -delta), min(1.0, 1.0 - delta)
    return float(np.clip(2 * p * np.cos(angle) - l2 / (3 * l3), low, high))


@door.guarded
def score_interval(table: TwoByTwo, scale: Scale, conf_level: float = 0.95) -> tuple[float, float]:
    """Return Miettinen and Nurminen's interval: the effects that the score test does not reject."""
    door.level(conf_level)
    z = stats.norm.ppf(0.5 + conf_level / 2)
    p1, p0 = table.risk_treated, table.risk_control
    if scale == "risk difference":
        centre, ends = p1 - p0, (-1 + 1e-12, 1 - 1e-12)
    elif min(table.events_treated, table.events_control) == 0:
        raise CannotEstimateError(
            f"a score interval for a {scale} needs an event in both arms, found "
            f"{table.events_treated} and {table.events_control}; report the risk difference instead"
        )
    else:
        centre = p1 / (1 - p1) * (1 - p0) / p0 if scale == "odds ratio" else p1 / p0
        ends = (centre * 1e-6, centre * 1e6)
    low = _solve(lambda t: score_statistic(table, t, scale) - z, ends[0], centre)
    return low, _solve(lambda t: score_statistic(table, t, scale) + z, centre, ends[1])


def _solve(function: Callable[[float], float], low: float, high: float) -> float:
    """Return the root between ``low`` and ``high``, or the end that the root lies beyond."""
    if function(low) <= 0:
        return low
    if function(high) >= 0:
        return high
    return float(optimize.brentq(function, low, high, xtol=1e-14, rtol=1e-14))
