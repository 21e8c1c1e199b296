"""Is the difference small enough to be called similar? Tests against a margin, and probabilities.

"No significant difference" answers another question. Here two one-sided tests ask whether the
difference lies inside a margin fixed beforehand, and a posterior says how probable that is.

References
----------
Schuirmann (1987) J Pharmacokinet Biopharm 15:657-680. doi:10.1007/BF01068419
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import integrate, optimize, special, stats

from headtohead.outcomes.estimate import Equivalence
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.score import score_interval, score_statistic


def equivalence_tests(row: pd.Series, margins: Mapping[str, float], *, alpha: float) -> pd.DataFrame:
    """Return two one-sided tests of an adjusted difference against each margin, by the normal approximation.

    Parameters
    ----------
    row : Series
        A result with ``estimate`` and ``std_error`` on the scale of the margins.
    margins : mapping of name to float
        Largest difference that counts as similar.

    Returns
    -------
    DataFrame with ``margin`` (name), ``name`` ("p", "smallest": the smallest margin at which the test
    would pass, "interval": the estimate with its interval of level 1 - 2 alpha), ``scale``, ``estimate``,
    ``conf_low``, ``conf_high``, ``conf_level`` and ``method``.
    """
    parts = []
    for name, margin in margins.items():
        found = equivalence_of_estimate(row["estimate"], row["std_error"], margin=margin, alpha=alpha)
        parts.append(equivalence_rows(found, "normal, bootstrap standard error").assign(margin=name))
    return pd.concat(parts, ignore_index=True)


def equivalence_rows(found: Equivalence, approximation: str) -> pd.DataFrame:
    """Return p-value, smallest passing margin and interval of one test as rows; see ``equivalence_tests``."""
    rows = [
        {"name": "p", "scale": "p value", "estimate": found.p_value},
        {"name": "smallest", "scale": "absolute difference", "estimate": found.smallest_margin},
        {"name": "interval", "scale": "risk difference", "estimate": found.estimate,
         "conf_low": found.conf_low, "conf_high": found.conf_high, "conf_level": 1 - 2 * found.alpha},
    ]  # fmt: skip
    return pd.DataFrame(rows).assign(method=f"two one-sided tests, {approximation}")


def equivalence_of_counts(table: TwoByTwo, *, margin: float, alpha: float) -> Equivalence:
    """Return the equivalence test of two independent risks by Miettinen and Nurminen's score statistic."""
    _check(margin, alpha)
    upper = stats.norm.cdf(score_statistic(table, margin, "risk difference"))
    lower = stats.norm.sf(score_statistic(table, -margin, "risk difference"))
    low, high = score_interval(table, "risk difference", 1 - 2 * alpha)
    estimate = table.risk_treated - table.risk_control
    return Equivalence(estimate, margin, float(max(upper, lower)), alpha, low, high, max(-low, high))


def equivalence_of_estimate(estimate: float, std_error: float, *, margin: float, alpha: float) -> Equivalence:
    """Return the equivalence test of an adjusted difference by the normal approximation."""
    _check(margin, alpha)
    upper = stats.norm.cdf((estimate - margin) / std_error)
    lower = stats.norm.sf((estimate + margin) / std_error)
    half = stats.norm.ppf(1 - alpha) * std_error
    low, high = estimate - half, estimate + half
    return Equivalence(estimate, margin, float(max(upper, lower)), alpha, low, high, max(-low, high))


def _check(margin: float, alpha: float) -> None:
    if margin <= 0 or not 0 < alpha < 0.5:
        raise ValueError(f"a margin must be positive and alpha between 0 and 0.5, found {margin} and {alpha}")


@dataclass(frozen=True, slots=True)
class RiskPosterior:
    """Independent beta posteriors of two risks (Jeffreys prior), integrated numerically, not sampled."""

    table: TwoByTwo

    def probability_below(self, difference: float) -> float:
        """Return the probability that risk treated - risk control lies below ``difference``."""
        (a, b), (c, d) = self._shapes()
        low, high = special.betaincinv(a, b, 1e-14), special.betainccinv(a, b, 1e-14)

        def density(p: float) -> float:
            law = np.exp(special.xlogy(a - 1, p) + special.xlog1py(b - 1, -p) - special.betaln(a, b))
            return float(law * special.betaincc(c, d, min(max(p - difference, 0.0), 1.0)))

        return float(integrate.quad(density, low, high, epsabs=1e-12, epsrel=1e-10, limit=200)[0])

    def probability_within(self, margin: float) -> float:
        """Return the probability that the absolute difference is below ``margin``."""
        return self.probability_below(margin) - self.probability_below(-margin)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed credible interval of the difference."""
        tail = (1 - level) / 2
        low, high = (
            optimize.brentq(lambda d, q=q: self.probability_below(d) - q, -0.999, 0.999, xtol=1e-10)
            for q in (tail, 1 - tail)
        )
        return float(low), float(high)

    def density(self, differences: np.ndarray) -> np.ndarray:
        """Return the posterior density of the difference at given points."""
        treated, control = (stats.beta(*shape) for shape in self._shapes())
        p = np.linspace(treated.ppf(1e-10), treated.isf(1e-10), 2001)
        joint = treated.pdf(p)[None, :] * control.pdf(p[None, :] - np.asarray(differences)[:, None])
        return np.asarray(integrate.simpson(joint, x=p, axis=1))

    def _shapes(self) -> tuple[tuple[float, float], tuple[float, float]]:
        t = self.table
        return (
            (t.events_treated + 0.5, t.n_treated - t.events_treated + 0.5),
            (t.events_control + 0.5, t.n_control - t.events_control + 0.5),
        )
