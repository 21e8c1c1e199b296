"""Do estimates in separate groups differ by more than their errors?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from headtohead.outcomes.estimate import wald_interval


@dataclass(frozen=True, slots=True)
class Interaction:
    """A Wald test that the estimates of separate groups are equal.

    Attributes
    ----------
    chi_square, df, p_value : float
    difference, conf_low, conf_high : float
        Last minus first group, on the scale of the estimates.
    detectable : float
        Difference of last and first that would be found with the power asked for, from the errors alone.
    """

    chi_square: float
    df: int
    p_value: float
    difference: float
    conf_low: float
    conf_high: float
    detectable: float


def interaction(
    estimates: Sequence[float], std_errors: Sequence[float], *, conf_level: float, power: float, alpha: float
) -> Interaction:
    """Return the Wald test of equal effects in groups that share no patient.

    Sum of (estimate - pooled)^2 / variance with the inverse-variance pooled estimate, chi-square with one
    degree of freedom fewer than groups (Cochran's Q). ``detectable`` is (z_alpha/2 + z_power) times the
    error of the difference.

    Raises
    ------
    ValueError
        If there are fewer than two groups or an estimate or error is missing or not positive.
    """
    q, se = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if len(q) < 2 or not (np.isfinite(q).all() and np.isfinite(se).all() and (se > 0).all()):
        raise ValueError(
            f"an interaction needs an estimate and a positive error in each of at least 2 groups, "
            f"{int((np.isfinite(q) & (se > 0)).sum())} of {len(q)} have them; leave out groups without an estimate"
        )
    w = 1 / se**2
    pooled = float(np.sum(w * q) / np.sum(w))
    chi_square = float(np.sum(w * (q - pooled) ** 2))
    difference, error = float(q[-1] - q[0]), float(np.hypot(se[-1], se[0]))
    limits = wald_interval(difference, error, conf_level)
    return Interaction(
        chi_square,
        len(q) - 1,
        float(stats.chi2.sf(chi_square, len(q) - 1)),
        difference,
        limits.conf_low,
        limits.conf_high,
        float((stats.norm.isf(alpha / 2) + stats.norm.ppf(power)) * error),
    )
