"""From what a publication prints to a log ratio and its variance."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.stats import norm

Prefer = Literal["published", "counts"]
HALF = 0.5  # added to all four cells of a table with an empty one, as metafor does
PUBLISHED_LEVEL = 0.95
METHODS = {
    "counts": "from the counts",
    "limits": "as printed, standard error from the limits",
    "p-value": "as printed, standard error from the p-value",
}


def log_ratio_of_counts(
    events_drug: np.ndarray, n_drug: np.ndarray, events_control: np.ndarray, n_control: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the log risk ratio of each table and its variance.

    A half is added to the four cells of a table in which an arm has no event (or only events).

    Returns
    -------
    log risk ratio, variance : arrays, shape (k,)
        Variance 1/a - 1/n1 + 1/c - 1/n0.

    Checked: metafor ``escalc(measure = "RR")`` (tests/evidence/test_effects.py).
    """
    a, n1, c, n0 = (np.asarray(part, float) for part in (events_drug, n_drug, events_control, n_control))
    empty = (a == 0) | (c == 0) | (a == n1) | (c == n0)
    a, c = a + HALF * empty, c + HALF * empty
    n1, n0 = n1 + 2 * HALF * empty, n0 + 2 * HALF * empty
    return np.log(a / n1) - np.log(c / n0), 1 / a - 1 / n1 + 1 / c - 1 / n0


def variance_of_interval(conf_low: np.ndarray, conf_high: np.ndarray, level: float) -> np.ndarray:
    """Return the variance of a log ratio from its limits: ((ln high - ln low) / 2z) squared."""
    z = norm.ppf(0.5 + level / 2)
    return ((np.log(conf_high) - np.log(conf_low)) / (2 * z)) ** 2


def variance_of_p_value(log_effect: np.ndarray, p_value: np.ndarray) -> np.ndarray:
    """Return the variance of a log ratio from its two-sided Wald p-value: (effect / z) squared.

    Coarse when the p-value is rounded; for abstracts that print no interval.
    """
    return (log_effect / norm.isf(np.asarray(p_value, float) / 2)) ** 2


def study_effects(rows: pd.DataFrame, *, prefer: Prefer, conf_level: float = PUBLISHED_LEVEL) -> pd.DataFrame:
    """Return the log ratio and variance of each published result.

    Parameters
    ----------
    rows : DataFrame
        Rows of the evidence file that have what ``rows_of`` guarantees.
    prefer : {"published", "counts"}
        Which to take when a row has both: an adjusted published ratio, or the crude risk ratio of the
        counts, which is on one scale for all studies.
    conf_level : float
        Of the Wald limits.

    Returns
    -------
    DataFrame with ``id``, ``study``, ``design``, ``source``, ``measure``, ``basis`` (limits, p-value or
    counts), the four counts, ``log_effect``, ``variance``, the ratio with its limits (``estimate``,
    ``std_error`` of the logarithm, ``conf_low``, ``conf_high``, ``conf_level``, ``scale``, ``method``), and
    ``printed_low``, ``printed_high``: the limits as printed if the variance is theirs, else NaN.

    Raises
    ------
    ValueError
        If a study has neither; names the first ones.
    """
    has_counts = rows["deaths_drug"].notna()
    has_effect = rows["effect"].notna() & (rows["conf_low"].notna() | rows["p_value"].notna())
    from_counts = has_counts & (~has_effect if prefer == "published" else True)
    nothing = rows.loc[~from_counts & ~has_effect, "study"]
    if len(nothing):
        raise ValueError(
            f"each study needs counts, or a ratio with limits or a p-value, {len(nothing)} have neither, "
            f"first {list(nothing[:3])}; complete or exclude them"
        )
    log_effect, by_p = np.log(rows["effect"]), rows["conf_low"].isna()
    variance = pd.Series(variance_of_interval(rows["conf_low"], rows["conf_high"], PUBLISHED_LEVEL))
    variance = variance.where(~by_p, variance_of_p_value(log_effect, rows["p_value"]))
    part = rows[from_counts]
    crude, crude_variance = log_ratio_of_counts(
        *(part[name] for name in ("deaths_drug", "n_drug", "deaths_comparator", "n_comparator"))
    )
    log_effect[from_counts], variance[from_counts] = crude, crude_variance
    basis = by_p.map({True: "p-value", False: "limits"}).mask(from_counts, "counts")
    counts = rows[["n_drug", "deaths_drug", "n_comparator", "deaths_comparator"]]
    found = rows[["id", "study", "design", "source"]].assign(
        measure=rows["measure"].mask(from_counts, "risk ratio"),
        basis=basis,
        **counts,
        log_effect=log_effect.astype(float),
        variance=variance.astype(float),
        printed_low=rows["conf_low"].where(basis == "limits"),
        printed_high=rows["conf_high"].where(basis == "limits"),
    )
    return _with_ratios(found, conf_level)


def _with_ratios(found: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return studies with their ratio and its Wald limits, in the columns of an estimate."""
    half = norm.ppf(0.5 + conf_level / 2) * np.sqrt(found["variance"])
    return found.assign(
        scale=found["measure"],
        estimate=np.exp(found["log_effect"]),
        std_error=np.sqrt(found["variance"]),
        conf_low=np.exp(found["log_effect"] - half),
        conf_high=np.exp(found["log_effect"] + half),
        conf_level=conf_level,
        method=found["basis"].map(METHODS),
    )
