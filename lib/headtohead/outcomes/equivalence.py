"""Is the difference small enough to be called similar, and what can a study of this size show at all?

"No significant difference" answers another question. Here two one-sided tests ask whether the
difference lies inside a margin fixed beforehand; ``posterior.py`` says how probable that is.

Schuirmann (1987) J Pharmacokinet Biopharm 15:657-680. doi:10.1007/BF01068419
Schoenfeld (1983) Biometrics 39:499-503. doi:10.2307/2531021
Farrington & Manning (1990) Stat Med 9:1447-1454. doi:10.1002/sim.4780091208
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats

from headtohead import door
from headtohead.errors import CannotEstimateError, NumberError, cannot
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.score import score_interval, score_statistic


class Equivalence(NamedTuple):
    """Result of two one-sided tests of a difference against a margin (proportions).

    ``p_value`` is the larger of the two one-sided ones; ``conf_low`` to ``conf_high`` the interval of level
    1 - 2 alpha: equivalence holds if it lies inside the margin. ``smallest_margin``: at which it would.
    """

    estimate: float
    margin: float
    p_value: float
    alpha: float
    conf_low: float
    conf_high: float

    @property
    def smallest_margin(self) -> float:
        """Smallest margin at which the test would pass."""
        return max(-self.conf_low, self.conf_high)

    @property
    def equivalent(self) -> bool:
        """Whether the difference is shown to lie inside the margin."""
        return self.p_value <= self.alpha


def equivalence_tests(row: pd.Series, margins: Mapping[str, float], *, alpha: float) -> pd.DataFrame:
    """Return two one-sided tests of an adjusted difference against each margin, by the normal approximation.

    DataFrame with ``margin`` (name), ``name`` ("p", "smallest": the smallest margin at which the test would pass,
    "interval": the estimate with its interval of level 1 - 2 alpha), ``scale``, ``estimate``, ``conf_low``,
    ``conf_high``, ``conf_level`` and ``method``. Without a standard error the numbers are missing, and ``method`` says
    so. ``row`` is a result with ``estimate`` and ``std_error`` on the scale of the margins, which are below 1 for risks.
    """
    margins = door.margins(margins, scale := row.get("scale", "risk difference"))
    row = door.as_float(door.columns(row.to_frame().T, [], "a result", ["estimate", "std_error"])).iloc[0]
    estimate, error = float(row["estimate"]), float(row["std_error"])
    known = np.isfinite(estimate) and 0 < error < np.inf
    if not known:
        estimate = error = np.nan
    door.between("alpha", alpha, 0, 0.5, "5 percent is 0.05")
    found = {name: _normal(estimate, error, margin, alpha) for name, margin in margins.items()}
    rows = _rows(found, scale, "normal, bootstrap standard error")
    return rows if known else rows.assign(method=cannot("there is no standard error"))


def margin_tests(table: TwoByTwo, margins: Mapping[str, float], *, alpha: float) -> pd.DataFrame:
    """Return two one-sided score tests of two risks against each margin, as ``equivalence_tests`` does."""
    margins = door.margins(margins)
    found = {name: equivalence_of_counts(table, margin=m, alpha=alpha) for name, m in margins.items()}
    return _rows(found, "risk difference", "Miettinen-Nurminen score")


def _rows(tests: Mapping[str, Equivalence], scale: str, approximation: str) -> pd.DataFrame:
    rows = [
        row
        for margin, test in tests.items()
        for row in (
            {"name": "p", "scale": "p value", "estimate": test.p_value, "margin": margin},
            {"name": "smallest", "scale": "absolute difference", "estimate": test.smallest_margin,
             "margin": margin},
            {"name": "interval", "scale": scale, "estimate": test.estimate, "margin": margin,
             "conf_low": test.conf_low, "conf_high": test.conf_high, "conf_level": 1 - 2 * test.alpha},
        )
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(method=f"two one-sided tests, {approximation}")


def equivalence_of_counts(table: TwoByTwo, *, margin: float, alpha: float) -> Equivalence:
    """Return the equivalence test of two independent risks by Miettinen and Nurminen's score statistic."""
    door.margin(margin)
    door.between("alpha", alpha, 0, 0.5, "5 percent is 0.05")
    upper = stats.norm.cdf(score_statistic(table, margin, "risk difference"))
    lower = stats.norm.sf(score_statistic(table, -margin, "risk difference"))
    limits = score_interval(table, "risk difference", 1 - 2 * alpha)
    estimate = table.risk_treated - table.risk_control
    return Equivalence(estimate, margin, float(max(upper, lower)), alpha, *limits)


def _normal(estimate: float, std_error: float, margin: float, alpha: float) -> Equivalence:
    upper = stats.norm.cdf((estimate - margin) / std_error)
    lower = stats.norm.sf((estimate + margin) / std_error)
    half = stats.norm.ppf(1 - alpha) * std_error
    return Equivalence(estimate, margin, float(max(upper, lower)), alpha, estimate - half, estimate + half)


def power_of_risk_difference(
    risk_control: float, difference: float, n_treated: float, n_control: float, *, alpha: float
) -> float:
    """Return the power of the two-sided score test to detect a difference: null variance pooled, alternative not."""
    given = _floats(risk_control=risk_control, alpha=alpha, n_treated=n_treated, n_control=n_control)
    risk_control, alpha, n_treated, n_control = given
    risk = risk_control + float(difference)
    if not 0 < risk < 1:
        raise NumberError(f"both risks must lie between 0 and 1, found {risk:g}; 5 percent is 0.05")
    pooled = (n_treated * risk + n_control * risk_control) / (n_treated + n_control)
    null = np.sqrt(pooled * (1 - pooled) * (1 / n_treated + 1 / n_control))
    alternative = np.sqrt(risk * (1 - risk) / n_treated + risk_control * (1 - risk_control) / n_control)
    z, gap = stats.norm.isf(alpha / 2) * null, abs(difference)
    return float(stats.norm.cdf((gap - z) / alternative) + stats.norm.cdf((-gap - z) / alternative))


def minimum_detectable_difference(
    risk_control: float, n_treated: float, n_control: float, *, power: float, alpha: float
) -> tuple[float, float]:
    """Return the smallest harmful (above 0) and beneficial (below 0) difference found with this power."""
    given = _floats(
        risk_control=risk_control, alpha=alpha, power=power, n_treated=n_treated, n_control=n_control
    )
    risk_control, alpha, power, n_treated, n_control = given

    def short(difference: float) -> float:
        return power_of_risk_difference(risk_control, difference, n_treated, n_control, alpha=alpha) - power

    edge = 1e-9
    ends = (("fall", 0, -risk_control + edge, "harmful"), ("rise", 1, 1 - risk_control - edge, "beneficial"))
    for change, to, difference, other in ends:
        if short(difference) < 0:
            raise CannotEstimateError(
                f"even a {change} of the risk from {risk_control:.3f} to {to} is not detectable with power {power} in "
                f"{n_treated:g} and {n_control:g} patients; report the {other} direction only"
            )
    harm = optimize.brentq(short, 1e-6, 1 - risk_control - edge)
    return float(harm), float(optimize.brentq(short, -risk_control + edge, -1e-6))


def power_of_equivalence(
    risk: float, n_treated: float, n_control: float, *, margin: float, alpha: float
) -> float:
    """Return the power of two one-sided tests when both true risks equal ``risk``."""
    given = _floats(risk=risk, alpha=alpha, n_treated=n_treated, n_control=n_control, margin=margin)
    risk, alpha, n_treated, n_control, margin = given
    se = np.sqrt(risk * (1 - risk) * (1 / n_treated + 1 / n_control))
    reach = margin / se - stats.norm.isf(alpha)
    return float(max(0.0, 2 * stats.norm.cdf(reach) - 1))


def patients_per_arm_for_equivalence(risk: float, *, margin: float, alpha: float, power: float) -> int:
    """Return the patients per arm for which the equivalence test has the power if the risks are equal."""
    risk, alpha, power, margin = _floats(risk=risk, alpha=alpha, power=power, margin=margin)
    z = stats.norm.isf(alpha) + stats.norm.isf((1 - power) / 2)
    return int(np.ceil(2 * risk * (1 - risk) * (z / margin) ** 2))


def minimum_detectable_hazard_ratio(
    events: int, share_treated: float, *, power: float, alpha: float
) -> float:
    """Return the hazard ratio above 1 that a log-rank test finds with this power (Schoenfeld)."""
    given = _floats(share_treated=share_treated, alpha=alpha, power=power, events=events)
    share_treated, alpha, power, n = given
    z = stats.norm.isf(alpha / 2) + stats.norm.ppf(power)
    return float(np.exp(z / np.sqrt(n * share_treated * (1 - share_treated))))


def minimum_detectable_interaction(events: int, share_treated: float, *, power: float, alpha: float) -> float:
    """Return the ratio of two subgroup hazard ratios found with this power, subgroups of equal size."""
    return minimum_detectable_hazard_ratio(events, share_treated, power=power, alpha=alpha) ** 2


def _floats(**values: float) -> list[float]:
    """Return numbers as float, as small ones of numpy overflow; NumberError unless shares are in (0, 1), others above 0."""
    if "power" in values:
        door.power_and_alpha(values["power"], values["alpha"])
    for name, value in values.items():
        if name == "risk_control" and value == 0:
            continue  # nobody has the event: only more of it can be found
        if name in ("risk", "risk_control", "alpha", "power", "share_treated", "margin"):
            door.between(name, value, remedy="5 percent is 0.05")
        else:
            door.finite(**{name: value})
            door.positive(name, value)
    return [float(value) for value in values.values()]
