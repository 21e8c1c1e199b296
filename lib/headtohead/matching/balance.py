"""Are the arms comparable? Standardised differences, variance ratios and distribution gaps.

The standard deviation in the denominator always comes from the unadjusted sample and is always named:
recomputing it after matching makes the same difference look larger or smaller.

Yang & Dalton (2012) SAS Global Forum, paper 335. https://support.sas.com/resources/papers/proceedings12/335-2012.pdf
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.cohort.describe import distance_of_shares
from headtohead.errors import InputError, NumberError
from headtohead.matching.adjustment import Adjustment, Adjustments, made, need_adjustment

Denominator = Literal["pooled", "treated"]
NO_DIFFERENCE = 1e-9


def balance(
    adjustments: Adjustments, covariates: pd.DataFrame | None = None, *, denominator: Denominator = "pooled"
) -> pd.DataFrame:
    """Return the balance of each covariate under each adjustment that was made.

    ``covariates`` (shape (n, p)) are those of the design if none are given. DataFrame as ``balance_table`` with
    ``adjustment`` (key) and ``label`` (name).
    """
    door.choice("denominator", denominator, Denominator)
    tables = [
        _table(covariates_of(each, covariates), each.treated, each.weights, denominator)
        .assign(adjustment=each.key, label=each.name)
        for each in made(adjustments, "a table of balance")
    ]  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def largest_imbalance(table: pd.DataFrame, *, threshold: float) -> pd.DataFrame:
    """Return per adjustment of ``balance`` the largest absolute difference and how many lie above a threshold.

    DataFrame with ``adjustment``, ``name`` ("largest" or "above_threshold"), ``scale``, ``estimate``, ``n``
    (covariates) and ``method`` (the covariate that differs most, "none" if none does).
    """
    table = door.as_float(door.columns(table, ["adjustment", "covariate"], "a balance table", ["smd"]))
    door.positive("threshold", threshold)
    rows: list[tuple[object, ...]] = []
    for key, part in table.reset_index(drop=True).groupby("adjustment", sort=False, observed=True):
        size = part["smd"].abs()
        worst = str(part.loc[size.idxmax(), "covariate"]) if size.max() > NO_DIFFERENCE else "none"
        rows.append((key, "largest", "smd", size.max(), np.nan, worst))
        rows.append((key, "above_threshold", "count", float((size > threshold).sum()), len(part), np.nan))
    return pd.DataFrame(rows, columns=["adjustment", "name", "scale", "estimate", "n", "method"])


def covariates_of(adjustment: Adjustment, covariates: pd.DataFrame | None) -> pd.DataFrame:
    """Return the covariates given, or the design of the adjustment."""
    need_adjustment(adjustment)
    found = adjustment.design
    if covariates is not None:
        found = door.aligned(covariates, adjustment.treated.index, "covariates")
        found = door.squarable(door.numbers(found, "covariates", missing=True))
        door.some_columns(found, "covariates")
    if found is None:
        raise InputError(f"balance needs covariates, {adjustment.name.lower()} has no design; give them")
    return found


@door.guarded
def balance_table(
    covariates: pd.DataFrame, treated: pd.Series, weights: pd.Series, *, denominator: Denominator
) -> pd.DataFrame:
    """Return the balance of each covariate under the given weights.

    DataFrame with ``covariate``, ``mean_treated``, ``mean_control``, ``smd`` (signed), ``variance_ratio``
    (treated over control, NaN for binary covariates or no spread) and ``ks`` (largest gap between the two
    distribution functions). ``covariates``, shape (n, p), are numbers; missing ones are left out covariate by covariate.
    Weights of 1 give the crude balance, 0 leaves a patient out. ``denominator`` is the standard deviation of the
    unadjusted sample: sqrt of the mean of both arms' variances ("pooled"), or the "treated" arm's alone (MatchIt's
    default for the ATT). Austin (2009) Stat Med 28:3083-3107. doi:10.1002/sim.3697

    Checked: MatchIt 4.7.2 summary and cobalt 4.5.5 bal.tab (test_balance.py).
    """
    door.choice("denominator", denominator, Denominator)
    covariates = door.squarable(door.numbers(covariates, "covariates", missing=True))
    treated = door.arms(door.aligned(treated, covariates.index, "covariates"))
    weights = door.aligned(weights, covariates.index, "weights")
    door.need_both(treated.to_numpy(), door.weights(weights) > 0, "weighted patients")
    return _table(covariates, treated, weights, denominator)


def _table(X: pd.DataFrame, treated: pd.Series, weights: pd.Series, over: Denominator) -> pd.DataFrame:
    """Return the balance of inputs that were checked."""
    return pd.DataFrame({"covariate": name, **_one(X[name], treated, weights, over)} for name in X)


def _one(values: pd.Series, treated: pd.Series, weights: pd.Series, over: Denominator) -> dict[str, float]:
    x, arm, w = values.to_numpy(float), treated.to_numpy(bool), weights.to_numpy(float)
    known = ~np.isnan(x)
    need_known(arm, known & (w > 0), values.name)
    x, arm, w = x[known], arm[known], w[known]
    binary = bool(np.isin(x, (0.0, 1.0)).all())
    mean1, mean0 = np.average(x[arm], weights=w[arm]), np.average(x[~arm], weights=w[~arm])
    found = {"mean_treated": float(mean1), "mean_control": float(mean0)}
    gap, spread = float(mean1 - mean0), _spread(x, arm, over)
    nothing = 0.0 if abs(gap) < NO_DIFFERENCE else float(np.copysign(np.inf, gap))
    found["smd"] = gap / spread if spread != 0 else nothing
    control = weighted_variance(x[~arm], w[~arm])
    varies = control > 0 and not binary
    found["variance_ratio"] = weighted_variance(x[arm], w[arm]) / control if varies else np.nan
    return found | {"ks": _largest_gap(x, arm, w)}


def need_known(arm: Any, known: Any, what: object) -> None:
    """Raise EmptyArmError unless the covariate is known for somebody in both arms."""
    door.need_both(arm, known, f"a known value of {what}", "leave it out")


def _spread(x: np.ndarray, arm: np.ndarray, denominator: Denominator) -> float:
    """Return the standard deviation of the unadjusted sample; from p (1 - p) for a binary covariate."""
    one, other = x[arm], x[~arm]
    if np.isin(x, (0.0, 1.0)).all():
        v1, v0 = (mine.mean() * (1 - mine.mean()) for mine in (one, other))
    else:  # one patient cannot show it
        v1, v0 = (mine.var(ddof=1) if len(mine) > 1 else np.nan for mine in (one, other))
    return float(np.sqrt(v1 if denominator == "treated" else (v1 + v0) / 2))


def crude_spread(covariates: pd.DataFrame, treated: pd.Series, denominator: Denominator) -> np.ndarray:
    """Return the denominator of each complete covariate's standardised difference, shape (p,); 1 without spread."""
    arm = treated.to_numpy(bool)
    spreads = np.array([_spread(x.to_numpy(float), arm, denominator) for _, x in covariates.items()])
    return np.where(spreads > 0, spreads, 1.0)


def weighted_variance(x: np.ndarray, w: np.ndarray) -> float:
    """Return the unbiased variance under reliability weights; equal weights give the usual one."""
    total = w.sum()
    gap = x - np.average(x, weights=w)
    if np.count_nonzero(w) < 2:
        return np.nan
    return float((w * gap**2).sum() * total / (total**2 - (w**2).sum()))


def _largest_gap(x: np.ndarray, arm: np.ndarray, w: np.ndarray) -> float:
    """Return the weighted Kolmogorov-Smirnov distance between the arms."""
    order = np.argsort(x, kind="stable")
    share1 = np.cumsum(np.where(arm, w, 0.0)[order]) / w[arm].sum()
    share0 = np.cumsum(np.where(arm, 0.0, w)[order]) / w[~arm].sum()
    last_of_value = np.append(np.diff(x[order]) > 0, True)
    return float(np.abs(share1 - share0)[last_of_value].max())


def balance_report(
    frame: pd.DataFrame, adjustments: Adjustments, *, denominator: Denominator = "pooled"
) -> pd.DataFrame:
    """Return the before-and-after table of a paper: the covariates as they were recorded, under each adjustment.

    ``frame`` (shape (n, p)) has numbers and categories; missing values are left out covariate by covariate, and counted.
    A category gives one row per level, one with only 0 and 1 gives one. Raises InputError if there is no adjustment,
    EmptyArmError if an arm has no known value of a column.

    DataFrame, one row per covariate or level and adjustment: ``column``, ``level`` (empty for numbers),
    ``kind`` ("mean" or "share"), ``adjustment``, ``mean_treated``, ``mean_control``, ``sd_treated``,
    ``sd_control`` (weighted; NaN for shares), ``smd``, ``variance_ratio``, ``ks``, and ``missing_treated``,
    ``missing_control`` (patients of the adjusted sample without a value).
    """
    door.choice("denominator", denominator, Denominator)
    found = made(adjustments, "a report")
    frame = door.as_float(door.aligned(frame, found[0].treated.index, "the frame"))
    door.some_columns(frame, "the frame")
    names, covariates = _expand(frame)
    parts = [_under(names, covariates, each, denominator) for each in found]
    return pd.concat(parts, ignore_index=True)


def _expand(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the names of the rows and their values, shape (n, rows); levels keep what is missing."""
    names, columns = [], []
    for name in frame:
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
            binary = values.dropna().isin([0, 1]).all()
            names.append((name, "", "share" if binary else "mean"))
            known = door.squarable(door.numbers(values, f"the column {name!r}", missing=True))
            columns.append(known.astype(float))
            continue
        for level in door.levels(values):
            names.append((name, str(level), "share"))
            columns.append((values == level).astype(float).where(values.notna()))
    covariates = pd.concat(columns, axis=1, keys=range(len(columns)))
    return pd.DataFrame(names, columns=["column", "level", "kind"]), covariates


def _under(
    names: pd.DataFrame, covariates: pd.DataFrame, adjustment: Adjustment, denominator: Denominator
) -> pd.DataFrame:
    """Return the rows of one adjustment."""
    used, treated, weights = adjustment.used, adjustment.treated, adjustment.weights
    known, who, where = covariates.notna().to_numpy(), used.to_numpy(), f"under {adjustment.name.lower()}"
    for place, name in enumerate(names["column"]):
        need_known(adjustment.arm, known[:, place] & who, f"{name!r} {where}")
    table = _table(covariates, treated, weights, denominator).drop(columns="covariate")
    means = names["kind"] == "mean"
    for arm, mask in adjustment.arms:
        table[f"sd_{arm}"] = covariates.apply(_sd, weights=weights, arm=mask).where(means).to_numpy()
    for arm, mask in adjustment.arms:
        table[f"missing_{arm}"] = covariates[used & mask].isna().sum().to_numpy()
    return names.assign(adjustment=adjustment.key, **table)


def _sd(values: pd.Series, weights: pd.Series, arm: np.ndarray) -> float:
    """Return the weighted standard deviation of the known values of an arm, NaN for fewer than two."""
    mine = arm & values.notna() & (weights > 0)
    return float(np.sqrt(weighted_variance(values[mine].to_numpy(float), weights[mine].to_numpy(float))))


def factor_balance(frame: pd.DataFrame, adjustments: Adjustments) -> pd.DataFrame:
    """Return how far apart the arms are in each unordered category, under each adjustment that was made.

    DataFrame with ``covariate``, ``levels`` (their number), ``smd`` (never negative), ``adjustment`` (key) and
    ``label`` (name).

    The Mahalanobis distance of the arms' shares, sqrt((p1 - p0)' S^-1 (p1 - p0)), S the mean of both multinomial
    covariances diag(p) - pp'. Like other standardised differences S is that of the unadjusted sample. For two levels
    it is the size of the usual one. ``frame`` (shape (n, p)) holds categories: words, 0 and 1, or of dtype "category";
    missing ones are left out column by column. Raises EmptyArmError if an arm has no known value. Checked: by hand,
    the usual difference of two levels, a level left out (test_factors.py).
    """
    rows, found = [], made(adjustments, "a table of balance")
    frame = door.as_float(door.aligned(frame, found[0].treated.index, "the frame"))
    door.some_columns(frame, "the frame")
    for each in found:
        for name in frame:
            if (x := door.floats(frame[name])) is not None and not np.isin(x[~np.isnan(x)], (0, 1)).all():
                must = f"categories must be words, or 0 and 1, {name!r} holds {frame[name].dtype}"
                raise NumberError(f"{must}; convert codes with astype(str), give amounts to balance(...)")
            code, levels = pd.factorize(frame[name])
            w = each.weights.to_numpy(float) * (code >= 0)
            need_known(each.arm, w > 0, f"{name!r} under {each.name.lower()}")
            both = (code >= 0, w)
            crude, weighted = ([_shares(code, u * side, len(levels)) for _, side in each.arms] for u in both)
            rows.append((name, len(levels), distance_of_shares(weighted, crude), each.key, each.name))
    return pd.DataFrame(rows, columns=["covariate", "levels", "smd", "adjustment", "label"])


def _shares(code: np.ndarray, w: np.ndarray, levels: int) -> np.ndarray:
    """Return the weighted share of each level but the first."""
    mass = np.bincount(np.maximum(code, 0), w, levels)
    return np.asarray(mass[1:] / mass.sum())
