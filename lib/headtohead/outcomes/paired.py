"""Risks in matched pairs: difference and ratio with intervals that know who is paired with whom.

Tango (1998) Stat Med 17:891-908. doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B
Agresti & Min (2004) Stat Med 23:65-75. doi:10.1002/sim.1589
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, stats

from headtohead.errors import CannotEstimateError
from headtohead.outcomes.estimate import TINY, Interval, of_limits, wald_interval


class PairCounts(NamedTuple):
    """Pairs by outcome: both had the event, only the treated, only the control, neither."""

    both: int
    treated_only: int
    control_only: int
    neither: int

    @property
    def n(self) -> int:
        """Number of pairs."""
        return sum(self)

    @property
    def discordant(self) -> int:
        """Number of pairs of which one member had the event."""
        return self.treated_only + self.control_only


def count_pairs(treated_event: np.ndarray, control_event: np.ndarray) -> PairCounts:
    """Return the four counts from 0/1 outcomes of the two members, shapes (pairs,)."""
    t, c = treated_event.astype(bool), control_event.astype(bool)
    return PairCounts(*(int(kind.sum()) for kind in (t & c, t & ~c, ~t & c, ~t & ~c)))


def paired_risk_difference(counts: PairCounts, *, conf_level: float) -> Interval:
    """Return difference, standard error and Tango's score interval.

    The standard error is sqrt((b + c) - (b - c)^2 / m) / m with b, c discordant among m pairs; where that is 0, as no
    pair is discordant or all are in one way, it is that of the limits.
    """
    b, c, m = counts.treated_only, counts.control_only, counts.n
    found = of_limits((b - c) / m, tango_interval(b, c, m, conf_level=conf_level), conf_level)
    variance = (b + c) - (b - c) ** 2 / m
    return found._replace(std_error=float(np.sqrt(variance) / m)) if variance > TINY else found


def tango_interval(b: int, c: int, m: int, *, conf_level: float) -> tuple[float, float]:
    """Return what the score test of pairs does not reject. Checked: Tango 1998, table II, closed form (test_risk.py)."""
    z = stats.norm.ppf(0.5 + conf_level / 2)

    def statistic(delta: float) -> float:
        a = 2 * m
        k = -b - c + (2 * m - b + c) * delta
        q = (np.sqrt(max(k * k - 4 * a * (-c * delta * (1 - delta)), 0.0)) - k) / (2 * a)
        variance = m * (2 * q + delta * (1 - delta))
        gap = b - c - m * delta
        if gap == 0:
            return 0.0  # also where no pair is discordant and the variance vanishes
        return float(gap / np.sqrt(variance)) if variance > 0 else float(np.sign(gap)) * np.inf

    def limit(target: float, low: float, high: float) -> float:
        return float(optimize.brentq(lambda delta: statistic(delta) - target, low, high, xtol=1e-14))

    centre, edge = (b - c) / m, 1 - 1e-12
    low = -1.0 if statistic(-edge) < z else limit(z, -edge, centre)
    return low, 1.0 if statistic(edge) > -z else limit(-z, centre, edge)


def paired_risk_ratio(counts: PairCounts, *, conf_level: float) -> Interval:
    """Return ratio, error of its logarithm and Wald limits on that scale; CannotEstimateError if the error would be 0."""
    treated, control = counts.both + counts.treated_only, counts.both + counts.control_only
    if not min(treated, control, counts.discordant):
        raise CannotEstimateError(
            f"a risk ratio needs an event in both arms, found {treated} and {control}, and discordant pairs, found "
            f"{counts.discordant}; report the difference"
        )
    log_se = np.sqrt(counts.discordant / (treated * control))
    return wald_interval(np.log(treated / control), log_se, conf_level).exponential


class PairedTest(NamedTuple):
    """McNemar's tests: exact and mid-p values, chi-square without correction (NaN without discordant pairs)."""

    p_exact: float
    p_mid: float
    chi_square: float


def mcnemar(counts: PairCounts) -> PairedTest:
    """Return McNemar's tests: given b + c discordant pairs, b is binomial with probability 1/2.

    Fagerland, Lydersen & Laake (2013) BMC Med Res Methodol 13:91. doi:10.1186/1471-2288-13-91 (mid-p)

    Checked: statsmodels, by hand (test_paired.py).
    """
    b, c = counts.treated_only, counts.control_only
    if b + c == 0:
        return PairedTest(1.0, 1.0, np.nan)
    exact = float(stats.binomtest(b, b + c).pvalue)
    return PairedTest(exact, exact - float(stats.binom.pmf(b, b + c, 0.5)), (b - c) ** 2 / (b + c))


def conditional_odds_ratio(counts: PairCounts, *, conf_level: float) -> Interval | None:
    """Return b / c, the odds ratio within pairs, with exact limits; None unless both kinds of pairs were seen.

    Clopper and Pearson's limits of the share b / (b + c), as odds. The standard error is sqrt(1 / b + 1 / c). It is
    not the odds ratio of the two arms, which is nearer to 1.

    Breslow & Day (1980) Statistical Methods in Cancer Research I, 5.2. IARC.
    """
    b, c = counts.treated_only, counts.control_only
    if min(b, c) == 0:
        return None
    low, high = stats.binomtest(b, b + c).proportion_ci(conf_level, method="exact")
    return Interval(b / c, float(np.sqrt(1 / b + 1 / c)), float(low / (1 - low)), float(high / (1 - high)))
