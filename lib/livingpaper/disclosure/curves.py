"""Curves of events over time, and shares of a total: what a step, a tail or a large contributor would tell of a person."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from livingpaper.disclosure.profiles import DisclosureError, Profile, midpoint

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


def life_table(days: Sequence[float], causes: Sequence[int], profile: Profile) -> pd.DataFrame:
    """Return the curve that may be drawn of patients with a day and a cause (0: followed to that day) each.

    Cumulative events of each cause are midpoints of classes of ``profile.steps``, so a step stands for as many events;
    those at risk are rounded like all counts, for two grids together would tell more than one. The curve ends where
    fewer than the threshold are at risk. ``DisclosureError`` if a cause would make fewer than ``profile.curve`` steps:
    give the risk at the horizon instead (Guyot 2012, doi 10.1186/1471-2288-12-9, reads patients out of exact curves).
    """
    time, cause = np.asarray(days, float), np.asarray(causes, int)
    if len(time) != len(cause) or not np.isfinite(time).all() or (cause < 0).any():
        raise DisclosureError(
            "each patient must have one day and one cause from 0, found others; see the contract"
        )
    width, n = profile.steps, len(time)
    names = sorted(set(cause.tolist()) - {0})
    for name in names:
        if (steps := -(-int((cause == name).sum()) // width)) < profile.curve:
            must = f"a curve must have {profile.curve} steps of {width} events, cause {name} has {steps}"
            raise DisclosureError(f"{must}; give the risk at the horizon with its interval")
    grid = np.unique(np.concatenate([[0.0], time]))
    risk = np.array([(time >= each).sum() for each in grid])
    grid = grid[risk >= profile.threshold]
    made = pd.DataFrame({"day": grid, "at_risk": [profile.rounded(each) for each in risk[: len(grid)]]})
    for name in names:
        total = [int(((cause == name) & (time <= each)).sum()) for each in grid]
        made[f"events_{name}"] = [midpoint(each, width) for each in total]
    return made if n else made.iloc[:0]


def steps(made: pd.DataFrame, cause: int) -> int:
    """Return how often the curve of a cause moves."""
    return int((np.diff(made[f"events_{cause}"], prepend=0) > 0).sum())


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
