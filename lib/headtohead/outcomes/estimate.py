"""The one form of every result: a row that names estimand, outcome, horizon, scale and method."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

ESTIMATE_COLUMNS = (
    "estimand", "population", "outcome", "horizon_days", "scale", "estimate", "std_error", "conf_low",
    "conf_high", "conf_level", "n", "events", "method",
)  # fmt: skip


class Interval(NamedTuple):
    """A point estimate with its uncertainty; for ratios ``std_error`` is that of the logarithm."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float


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


def percentile_interval(draws: np.ndarray, conf_level: float) -> tuple[float, float]:
    """Return the percentile bootstrap interval of draws."""
    tail = (1 - conf_level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return float(low), float(high)
