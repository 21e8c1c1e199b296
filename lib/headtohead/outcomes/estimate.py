"""The one form of every result: a row that names estimand, outcome, horizon, scale and method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

ESTIMATE_COLUMNS = (
    "estimand", "population", "outcome", "horizon_days", "scale", "estimate", "std_error", "conf_low",
    "conf_high", "conf_level", "n", "events", "method",
)  # fmt: skip


Two = tuple[float, float] | np.ndarray
TwoDraws = tuple[np.ndarray, np.ndarray] | np.ndarray


class Interval(NamedTuple):
    """A point estimate with its uncertainty; for ratios ``std_error`` is that of the logarithm."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float

    @property
    def exponential(self) -> Interval:
        """The ratio whose logarithm this is."""
        ratio, low, high = np.exp([self.estimate, self.conf_low, self.conf_high]).tolist()
        return Interval(ratio, self.std_error, low, high)


def wald_interval(estimate: float, std_error: float, conf_level: float) -> Interval:
    """Return the estimate with normal limits."""
    half = float(norm.ppf(0.5 + conf_level / 2)) * std_error
    return Interval(float(estimate), float(std_error), float(estimate - half), float(estimate + half))


@dataclass(frozen=True, slots=True)
class Equivalence:
    """Result of two one-sided tests.

    Attributes
    ----------
    estimate : float
        The difference (a proportion).
    margin : float
        Largest difference (a proportion) that counts as similar.
    p_value : float
        Larger of the two one-sided p-values; at or below ``alpha`` the arms are equivalent.
    alpha : float
    conf_low, conf_high : float
        Interval of level 1 - 2 alpha: equivalence holds if it lies inside the margin.
    smallest_margin : float
        Smallest margin at which the test would pass.
    """

    estimate: float
    margin: float
    p_value: float
    alpha: float
    conf_low: float
    conf_high: float
    smallest_margin: float

    @property
    def equivalent(self) -> bool:
        """Whether the difference is shown to lie inside the margin."""
        return self.p_value <= self.alpha


def estimate_row(**values: Any) -> dict[str, Any]:
    """Return one result with every column, missing ones as NaN.

    Raises
    ------
    KeyError
        If a name is not one of ``ESTIMATE_COLUMNS``: a result with an unknown column would be lost.
    """
    unknown = set(values) - set(ESTIMATE_COLUMNS)
    if unknown:
        raise KeyError(f"a result has the columns {ESTIMATE_COLUMNS}, found {sorted(unknown)} as well")
    return {name: values.get(name, np.nan) for name in ESTIMATE_COLUMNS}


def estimate_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return result rows as a frame with the columns in their order."""
    return pd.DataFrame(rows, columns=list(ESTIMATE_COLUMNS))


def bootstrap_interval(estimate: float, draws: np.ndarray, conf_level: float) -> Interval:
    """Return the estimate with the standard deviation and the percentile limits of its draws."""
    return Interval(estimate, float(draws.std(ddof=1)), *percentile_interval(draws, conf_level))


def bootstrap_ratio(point: Two, draws: TwoDraws, conf_level: float) -> Interval | None:
    """Return the ratio of the first to the second with percentile limits of its logarithm.

    A sample in which one of them is 0 counts as the smallest or the largest ratio, one in which both are is left
    out: a few such samples move no limit, and leave no standard error. None if the estimate or a limit is no ratio.
    """
    if min(point) <= 0:
        return None
    above, below = (np.maximum(one, 0.0) for one in draws)
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(above) - np.log(below)
        logs = logs[~np.isnan(logs)]
        low, high = percentile_interval(logs, conf_level) if logs.size else (np.nan, np.nan)
    if not np.isfinite([low, high]).all():
        return None
    spread = float(logs.std(ddof=1)) if np.isfinite(logs).all() else float("nan")
    return Interval(float(np.log(point[0] / point[1])), spread, low, high).exponential


def bootstrap_contrasts(point: Two, draws: TwoDraws, conf_level: float) -> list[Interval | None]:
    """Return two risks, their difference and their ratio, the arms of ``point`` and ``draws`` treated first."""
    arms = [bootstrap_interval(float(one), many, conf_level) for one, many in zip(point, draws, strict=True)]
    difference = bootstrap_interval(float(point[0] - point[1]), draws[0] - draws[1], conf_level)
    return [*arms, difference, bootstrap_ratio(point, draws, conf_level)]


def percentile_interval(draws: np.ndarray, conf_level: float) -> tuple[float, float]:
    """Return the percentile bootstrap interval of draws."""
    tail = (1 - conf_level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
