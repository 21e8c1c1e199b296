"""Estimates of several groups drawn towards each other, as far as their errors ask for.

Of many noisy estimates the extreme ones are extreme by chance as well. A hierarchical model returns what is
to be believed of each: y_i ~ N(theta_i, s_i^2), theta_i ~ N(mu, tau^2), mu flat, tau half-normal.

References
----------
Rover (2020) J Stat Softw 93(6). doi:10.18637/jss.v093.i06
Rubin (1981) J Educ Stat 6:377-401. doi:10.3102/10769986006004377
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from scipy import optimize, stats
from scipy.special import ndtr

NODES, REACH = 400, 6.0  # of the integral over tau: points, and prior SDs that it covers


def shrink(
    estimates: Sequence[float], std_errors: Sequence[float], *, tau_sd: float, conf_level: float
) -> pd.DataFrame:
    """Return the posterior of each group's effect.

    Parameters
    ----------
    estimates, std_errors : sequence of float, length k
        Of groups that share no patient.
    tau_sd : float
        Scale of the half-normal prior on the standard deviation between groups, in units of the estimates.

    Returns
    -------
    DataFrame with one row per group: ``estimate`` (posterior mean), ``std_error`` (posterior SD) and equal-tailed
    ``conf_low``, ``conf_high``.

    Raises
    ------
    ValueError
        If there are fewer than two groups, or an estimate or error is missing or not positive.

    Notes
    -----
    Given tau, with B_i = s_i^2 / (s_i^2 + tau^2) and m, V the inverse-variance mean and its variance:
    theta_i ~ N((1 - B_i) y_i + B_i m, (1 - B_i) s_i^2 + B_i^2 V). Averaged over tau by Gauss-Legendre quadrature.
    """
    y, s = np.asarray(estimates, dtype=float), np.asarray(std_errors, dtype=float)
    if len(y) < 2 or not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()) or tau_sd <= 0:
        raise ValueError(
            f"shrinkage needs an estimate and a positive error in each of at least 2 groups and a positive prior SD, "
            f"{int((np.isfinite(y) & (s > 0)).sum())} of {len(y)} groups have them, the SD is {tau_sd}"
        )
    weight, mean, sd = _given_tau(y, s, tau_sd)
    centre = weight @ mean
    spread = np.sqrt(weight @ (sd**2 + (mean - centre) ** 2))
    tail = (1 - conf_level) / 2
    low, high = (
        [_quantile(q, weight, mean[:, i], sd[:, i]) for i in range(len(y))] for q in (tail, 1 - tail)
    )
    return pd.DataFrame({"estimate": centre, "std_error": spread, "conf_low": low, "conf_high": high})


@cache
def _quadrature() -> tuple[np.ndarray, np.ndarray]:
    """Return the nodes on [-1, 1] and their weights; they are the eigenvalues of a matrix of 400 rows."""
    return np.polynomial.legendre.leggauss(NODES)


def _given_tau(y: np.ndarray, s: np.ndarray, tau_sd: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the weights of the nodes, shape (t,), and mean and SD of each theta there, shape (t, k)."""
    nodes, lengths = _quadrature()
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


def _quantile(q: float, weight: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> float:
    """Return a quantile of a mixture of normals."""
    low, high = float((mean - 9 * sd).min()), float((mean + 9 * sd).max())
    return float(optimize.brentq(lambda x: weight @ ndtr((x - mean) / sd) - q, low, high, xtol=1e-10))
