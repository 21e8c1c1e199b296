"""One answer from several completed data sets: Rubin's rules.

References
----------
Rubin (1987) Multiple Imputation for Nonresponse in Surveys. doi:10.1002/9780470316696
Barnard & Rubin (1999) Biometrika 86:948-955. doi:10.1093/biomet/86.4.948
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True)
class Pooled:
    """An estimate pooled over completed data sets.

    Attributes
    ----------
    estimate, std_error, low, high : float
        On the scale of the estimates; limits from Student's t with ``df`` degrees of freedom.
    df : float
        Barnard and Rubin's degrees of freedom, never more than those of the complete data.
    fmi : float
        Fraction of missing information, 0 if the completed data sets agree.
    between, within : float
        Variance between the completed data sets, and the mean variance within them.
    mc_error : float
        Standard error of ``estimate`` that comes from the finite number of data sets, sqrt(between / m).
    """

    estimate: float
    std_error: float
    low: float
    high: float
    df: float
    fmi: float
    between: float
    within: float
    mc_error: float


def pool(
    estimates: Sequence[float], variances: Sequence[float], *, conf_level: float, df_complete: float
) -> Pooled:
    """Return the pooled estimate, T = W + (1 + 1/m) B.

    Parameters
    ----------
    estimates, variances : sequences of float, shape (m,)
        One per completed data set; variances are squared standard errors.
    conf_level : float
    df_complete : float
        Degrees of freedom if nothing were missing, ``numpy.inf`` for an estimator judged by the normal
        distribution. Barnard and Rubin's small-sample degrees of freedom are used because the original
        ones can exceed those of the complete data.

    Raises
    ------
    ValueError
        If there are fewer than two data sets, lengths differ, or a value is missing or negative.

    Checked: R mice, by hand, theorems (tests/sensitivity/test_pooling.py).
    """
    q, u = np.asarray(estimates, dtype=float), np.asarray(variances, dtype=float)
    _check(q, u)
    m, estimate, within, between = len(q), float(q.mean()), float(u.mean()), float(q.var(ddof=1))
    if np.ptp(q) == 0:
        estimate, between = float(q[0]), 0.0  # no rounding error where nothing differs
    extra = (1 + 1 / m) * between
    total = within + extra
    share = extra / total if total > 0 else 0.0
    df = _degrees_of_freedom(m, share, df_complete)
    ratio = extra / within if within > 0 else np.inf
    fmi = 0.0 if extra == 0 else 1.0 if np.isinf(ratio) else (ratio + 2 / (df + 3)) / (ratio + 1)
    half = float(stats.t.ppf(0.5 + conf_level / 2, df)) * np.sqrt(total)
    return Pooled(
        estimate,
        float(np.sqrt(total)),
        float(estimate - half),
        float(estimate + half),
        df,
        float(fmi),
        between,
        within,
        float(np.sqrt(between / m)),
    )


def _check(q: np.ndarray, u: np.ndarray) -> None:
    if q.shape != u.shape or q.ndim != 1 or len(q) < 2:
        raise ValueError(
            f"pooling needs an estimate and a variance from each of at least 2 data sets, found {q.size} and "
            f"{u.size}; impute more often"
        )
    bad = ~np.isfinite(q) | ~np.isfinite(u) | (u < 0)
    if bad.any():
        raise ValueError(
            f"estimates must be finite and variances at least 0, {int(bad.sum())} of {len(q)} are not, first "
            f"number {int(np.flatnonzero(bad)[0])}; pool only data sets in which the estimate exists"
        )


def _degrees_of_freedom(m: int, share: float, df_complete: float) -> float:
    """Return 1 / (1/old + 1/observed); ``share`` is the share of the variance due to the missing values."""
    observed = (
        np.inf if np.isinf(df_complete) else (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    )
    old = np.inf if share**2 == 0 else (m - 1) / share**2  # the square of a tiny share is 0
    if np.isinf(old):
        return float(observed)
    return float(1 / (1 / old + 1 / observed)) if observed > 0 else float(min(old, df_complete))
