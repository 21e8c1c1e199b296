"""Do estimates in separate groups differ by more than their errors, and what is then to be believed of each?

Of many noisy estimates the extreme ones are extreme by chance as well. A hierarchical model returns what is
to be believed of each: y_i ~ N(theta_i, s_i^2), theta_i ~ N(mu, tau^2), mu flat, tau half-normal.

Rover (2020) J Stat Softw 93(6). doi:10.18637/jss.v093.i06
Rubin (1981) J Educ Stat 6:377-401. doi:10.3102/10769986006004377
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import ndtr

from headtohead import door
from headtohead.errors import AlignmentError, NumberError
from headtohead.outcomes.estimate import wald_interval

NODES, REACH = 400, 6.0  # of the integral over tau: points, and prior SDs that it covers
_quadrature = cache(np.polynomial.legendre.leggauss)  # eigenvalues of a matrix of 400 rows


class Interaction(NamedTuple):
    """A Wald test that the estimates of separate groups are equal.

    ``difference`` is last minus first group, on the scale of the estimates; ``detectable`` the difference of last
    and first that would be found with the power asked for, from the errors alone.
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

    Sum of (estimate - pooled)^2 / variance with the inverse-variance pooled estimate, chi-square with one degree of
    freedom fewer than groups (Cochran's Q). ``detectable`` is (z_alpha/2 + z_power) times the error of the difference.
    Raises ValueError unless each of two groups or more has an estimate and a positive error.
    """
    q, se = _groups(estimates, std_errors, "an interaction")
    door.level(conf_level)
    door.power_and_alpha(power, alpha)
    w, df = 1 / se**2, len(q) - 1
    pooled = float(np.sum(w * q) / np.sum(w))
    chi_square = float(np.sum(w * (q - pooled) ** 2))
    gap = wald_interval(q[-1] - q[0], np.hypot(se[-1], se[0]), conf_level)
    detectable = float((stats.norm.isf(alpha / 2) + stats.norm.ppf(power)) * gap.std_error)
    p_value = float(stats.chi2.sf(chi_square, df))
    return Interaction(chi_square, df, p_value, gap.estimate, gap.conf_low, gap.conf_high, detectable)


def _groups(
    estimates: Sequence[float], std_errors: Sequence[float], what: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return both as arrays; an error unless each of two groups or more has an estimate and a positive error."""
    y, s = door.read(estimates, "estimates"), door.read(std_errors, "errors")
    if y.shape != s.shape or y.ndim != 1:
        raise AlignmentError(f"each estimate needs its error, found {y.size} and {s.size}; give both")
    good = int((np.isfinite(y) & np.isfinite(s) & (s > 0)).sum())
    if len(y) < 2 or good < len(y):
        must = f"{what} needs an estimate and a positive error in each of at least 2 groups"
        raise NumberError(f"{must}, {good} of {len(y)} have them; leave out groups without an estimate")
    door.sized(estimates=y, std_errors=s)
    return y, s


def shrink(
    estimates: Sequence[float], std_errors: Sequence[float], *, tau_sd: float, conf_level: float
) -> pd.DataFrame:
    """Return the posterior of each group's effect.

    DataFrame with one row per group: ``estimate`` (posterior mean), ``std_error`` (posterior SD) and equal-tailed
    ``conf_low``, ``conf_high``. ``tau_sd`` is the scale of the half-normal prior on the standard deviation between
    groups, in units of the estimates. Raises what ``interaction`` does.

    Given tau, with B_i = s_i^2 / (s_i^2 + tau^2) and m, V the inverse-variance mean and its variance: theta_i ~ N((1 -
    B_i) y_i + B_i m, (1 - B_i) s_i^2 + B_i^2 V). Averaged over tau by Gauss-Legendre quadrature.
    """
    y, s = _groups(estimates, std_errors, "shrinkage")
    door.level(conf_level)
    door.finite(tau_sd=tau_sd)
    door.positive("tau_sd", tau_sd)
    weight, mean, sd = _given_tau(y, s, tau_sd)
    centre = weight @ mean
    spread = np.sqrt(weight @ (sd**2 + (mean - centre) ** 2))
    tail = (1 - conf_level) / 2

    def quantile(q: float, i: int) -> float:
        m, s = mean[:, i], sd[:, i]
        ends = float((m - 9 * s).min()), float((m + 9 * s).max())
        return float(optimize.brentq(lambda x: weight @ ndtr((x - m) / s) - q, *ends, xtol=1e-10))

    low, high = ([quantile(q, i) for i in range(len(y))] for q in (tail, 1 - tail))
    return pd.DataFrame({"estimate": centre, "std_error": spread, "conf_low": low, "conf_high": high})


def _given_tau(y: np.ndarray, s: np.ndarray, tau_sd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weights of the nodes, shape (t,), and mean and SD of each theta there, shape (t, k)."""
    nodes, lengths = _quadrature(NODES)
    tau = (nodes + 1) / 2 * REACH * tau_sd
    w = 1 / (s**2 + tau[:, None] ** 2)
    variance = 1 / w.sum(axis=1)
    m = variance * (w @ y)
    log_density = stats.norm.logpdf(tau, scale=tau_sd) + 0.5 * np.log(variance)
    log_density += 0.5 * np.log(w).sum(axis=1) - 0.5 * (w * (y - m[:, None]) ** 2).sum(axis=1)
    weight = lengths * np.exp(log_density - log_density.max())
    B = s**2 * w
    mean = (1 - B) * y + B * m[:, None]
    return weight / weight.sum(), mean, np.sqrt((1 - B) * s**2 + B**2 * variance[:, None])
