"""The before-and-after table of a paper: means, spreads and imbalance of any two-arm frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from headtohead.matching.adjustment import Adjustment, made
from headtohead.matching.balance import Denominator, balance_table, weighted_variance


def balance_report(
    frame: pd.DataFrame,
    adjustments: Adjustment | Iterable[Adjustment],
    *,
    denominator: Denominator = "pooled",
) -> pd.DataFrame:
    """Return the balance of the covariates as they were recorded, before and after each adjustment.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Baseline columns, numbers or categories, values may be missing: they are left out covariate by
        covariate, and counted. A category gives one 0/1 row per level, one with only 0 and 1 gives one.
    adjustments : Adjustment or several
        In the order of the table; the crude comparison is one of them.

    Returns
    -------
    DataFrame, one row per covariate or level and adjustment: ``column``, ``level`` (empty for numbers),
    ``kind`` ("mean" or "share"), ``adjustment``, ``mean_treated``, ``mean_control``, ``sd_treated``,
    ``sd_control`` (weighted; NaN for shares), ``smd``, ``variance_ratio``, ``ks``, and ``missing_treated``,
    ``missing_control`` (patients of the adjusted sample without a value).

    Raises
    ------
    ValueError
        If the indexes differ, there is no adjustment, or an arm has no known value of a column.
    """
    names, covariates = _expand(frame)
    parts = []
    for each in made(adjustments):
        if not frame.index.equals(each.treated.index):
            raise ValueError("frame and arms must have the same index; build both from one cohort")
        parts.append(_under(names, covariates, each, denominator).assign(adjustment=each.key))
    table = pd.concat(parts, ignore_index=True)
    order = ["column", "level", "kind", "adjustment"]
    return table[[*order, *(name for name in table if name not in order)]]


def _expand(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the names of the rows and their values, shape (n, rows); levels keep what is missing."""
    names, columns = [], []
    for name in frame:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            binary = values.dropna().isin([0, 1]).all()
            names.append((name, "", "share" if binary else "mean"))
            columns.append(values.astype(float))
            continue
        for level in sorted(values.dropna().unique(), key=str):
            names.append((name, str(level), "share"))
            columns.append((values == level).astype(float).where(values.notna()))
    covariates = pd.concat(columns, axis=1, keys=range(len(columns)))
    return pd.DataFrame(names, columns=["column", "level", "kind"]), covariates


def _under(
    names: pd.DataFrame, covariates: pd.DataFrame, adjustment: Adjustment, denominator: Denominator
) -> pd.DataFrame:
    """Return the rows of one adjustment."""
    used, treated, weights = adjustment.used, adjustment.treated, adjustment.weights
    for at, values in covariates.items():
        known = values.notna() & used
        if not (known & treated).any() or not (known & ~treated).any():
            raise ValueError(
                f"both arms need a known value of {names.at[at, 'column']!r} under {adjustment.name.lower()}, "
                f"found {int((known & treated).sum())} and {int((known & ~treated).sum())}; leave it out"
            )
    table = balance_table(covariates, treated, weights, denominator=denominator)
    spread = {
        f"sd_{arm}": [
            _sd(covariates[at], weights, mask) if kind == "mean" else np.nan
            for at, kind in enumerate(names["kind"])
        ]
        for arm, mask in (("treated", treated), ("control", ~treated))
    }
    missing = {
        f"missing_{arm}": covariates[used & mask].isna().sum().to_numpy()
        for arm, mask in (("treated", treated), ("control", ~treated))
    }
    return names.assign(**table.drop(columns="covariate"), **spread, **missing)


def _sd(values: pd.Series, weights: pd.Series, arm: pd.Series) -> float:
    """Return the weighted standard deviation of the known values of an arm, NaN for fewer than two."""
    mine = arm & values.notna() & (weights > 0)
    if mine.sum() < 2:
        return np.nan
    return float(np.sqrt(weighted_variance(values[mine].to_numpy(float), weights[mine].to_numpy(float))))
