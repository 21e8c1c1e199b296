"""Curves of events over time, and shares of a total: what a step, a tail or a large contributor would tell of a person."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from livingpaper.disclosure.profiles import Profile

WEEK = 7


def landmarks(rows: pd.DataFrame, by: Sequence[str], *, day: str = "horizon_days") -> pd.Series:
    """Return which rows may stay: of a risk on many days only whole weeks, for a daily step is somebody's day.

    ``by`` are the columns that name one curve; three days less than a week apart make a curve of steps.
    """
    keep = pd.Series(data=True, index=rows.index)
    for _, curve in rows.dropna(subset=[day]).groupby(list(by), dropna=False):
        days = np.unique(curve[day])
        if len(days) > 2 and np.diff(days).min() < WEEK:
            keep.loc[curve.index] = curve[day] % WEEK == 0
    return keep


def dominated(values: Sequence[float], profile: Profile) -> bool:
    """Return whether one contributor has more than ``largest`` of a total, or two have more than ``most`` (n, k rule)."""
    parts = np.sort(np.abs(np.asarray(values, float)))[::-1]
    total = parts.sum()
    return bool(total > 0 and (parts[0] > profile.largest * total or parts[:2].sum() > profile.most * total))


def known_within(values: Sequence[float], share: float = 0.1) -> bool:
    """Return whether the second contributor could place the largest within a share of it (p% rule)."""
    parts = np.sort(np.abs(np.asarray(values, float)))[::-1]
    return bool(len(parts) and parts[0] > 0 and parts[2:].sum() < share * parts[0])


def group_means(frame: pd.DataFrame, by: Sequence[str], value: str, profile: Profile) -> pd.DataFrame:
    """Return means and standard deviations of groups: missing where too few, or few contributors make them."""
    rows = []
    for key, group in frame.groupby(list(by)):
        values = group[value].dropna().to_numpy(float)
        weak = len(values) < profile.threshold or dominated(values, profile) or known_within(values)
        free = len(values) - 1 >= profile.dof
        mean, sd = (np.nan, np.nan) if weak else (values.mean(), values.std(ddof=1) if free else np.nan)
        count = profile.rounded(len(values)) if profile.may_count(len(values)) else np.nan
        rows.append(dict(zip(by, key, strict=True)) | {"mean": mean, "sd": sd, "n": count})
    return pd.DataFrame(rows, columns=[*by, "mean", "sd", "n"])
