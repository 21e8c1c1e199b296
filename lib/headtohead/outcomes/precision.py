"""What a study of this size can show, computed before looking at its result.

Schoenfeld (1983) Biometrics 39:499-503. doi:10.2307/2531021
Farrington & Manning (1990) Stat Med 9:1447-1454. doi:10.1002/sim.4780091208
"""

from __future__ import annotations

import numpy as np
from scipy import optimize, stats

from headtohead import door
from headtohead.errors import CannotEstimateError


def power_of_risk_difference(
    risk_control: float, difference: float, n_treated: float, n_control: float, *, alpha: float
) -> float:
    """Return the power of the two-sided score test to detect a true difference.

    Null variance from the pooled risk, alternative variance from the two risks.
    """
    _check(risk_control=risk_control, alpha=alpha, n_treated=n_treated, n_control=n_control)
    risk = risk_control + difference
    pooled = (n_treated * risk + n_control * risk_control) / (n_treated + n_control)
    null = np.sqrt(pooled * (1 - pooled) * (1 / n_treated + 1 / n_control))
    alternative = np.sqrt(risk * (1 - risk) / n_treated + risk_control * (1 - risk_control) / n_control)
    z, gap = stats.norm.isf(alpha / 2) * null, abs(difference)
    return float(stats.norm.cdf((gap - z) / alternative) + stats.norm.cdf((-gap - z) / alternative))


def minimum_detectable_difference(
    risk_control: float, n_treated: float, n_control: float, *, power: float, alpha: float
) -> tuple[float, float]:
    """Return the smallest harmful (above 0) and beneficial (below 0) difference found with this power."""
    _check(risk_control=risk_control, alpha=alpha, power=power, n_treated=n_treated, n_control=n_control)

    def short(difference: float) -> float:
        return power_of_risk_difference(risk_control, difference, n_treated, n_control, alpha=alpha) - power

    edge = 1e-9
    if short(-risk_control + edge) < 0:
        raise CannotEstimateError(
            f"even a fall of the risk from {risk_control:.3f} to 0 is not detectable with power {power} in "
            f"{n_treated:g} and {n_control:g} patients; report the harmful direction only"
        )
    harm = optimize.brentq(short, 1e-6, 1 - risk_control - edge)
    return float(harm), float(optimize.brentq(short, -risk_control + edge, -1e-6))


def power_of_equivalence(
    risk: float, n_treated: float, n_control: float, *, margin: float, alpha: float
) -> float:
    """Return the power of two one-sided tests when both true risks equal ``risk``."""
    _check(risk=risk, alpha=alpha, n_treated=n_treated, n_control=n_control, margin=margin)
    se = np.sqrt(risk * (1 - risk) * (1 / n_treated + 1 / n_control))
    reach = margin / se - stats.norm.isf(alpha)
    return float(max(0.0, 2 * stats.norm.cdf(reach) - 1))


def patients_per_arm_for_equivalence(risk: float, *, margin: float, alpha: float, power: float) -> int:
    """Return the patients per arm for which the equivalence test has the power if the risks are equal."""
    _check(risk=risk, alpha=alpha, power=power, margin=margin)
    z = stats.norm.isf(alpha) + stats.norm.isf((1 - power) / 2)
    return int(np.ceil(2 * risk * (1 - risk) * (z / margin) ** 2))


def minimum_detectable_hazard_ratio(
    events: int, share_treated: float, *, power: float, alpha: float
) -> float:
    """Return the hazard ratio above 1 that a log-rank test finds with this power (Schoenfeld)."""
    _check(share_treated=share_treated, alpha=alpha, power=power, events=events)
    z = stats.norm.isf(alpha / 2) + stats.norm.ppf(power)
    return float(np.exp(z / np.sqrt(events * share_treated * (1 - share_treated))))


def minimum_detectable_interaction(events: int, share_treated: float, *, power: float, alpha: float) -> float:
    """Return the ratio of two subgroup hazard ratios found with this power, subgroups of equal size."""
    return minimum_detectable_hazard_ratio(events, share_treated, power=power, alpha=alpha) ** 2


def _check(**values: float) -> None:
    """Raise NumberError unless shares lie between 0 and 1, and numbers above 0."""
    for name, value in values.items():
        if name == "risk_control" and value == 0:
            continue  # nobody has the event: only more of it can be found
        if name in ("risk", "risk_control", "alpha", "power", "share_treated"):
            door.between(name, value)
        else:
            door.finite(**{name: value})
            door.positive(name, value)
