"""The primary analysis by level of each subgroup column: difference, hazard ratio, what separates the levels."""

from collections.abc import Callable
from itertools import product
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.errors import cannot
from headtohead.sensitivity.heterogeneity import Interaction, interaction, shrink
from headtohead.sensitivity.strata import estimate_in_subsets

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol
from study.protocol.sensitivity import Subgroup
from study.sensitivity.subsets import primary_risks, primary_weights

Estimate = Callable[[pd.DataFrame, Protocol], pd.DataFrame]
COMPARED = {  # by scale: the name and the scale of what is recorded
    "risk difference": {"p_value": ("p", "p value"), "detectable": ("detectable", "absolute difference"),
                        "difference": ("rd", "risk difference")},
    "hazard ratio": {"p_value": ("rhr_p", "p value"), "detectable": ("rhr_detectable", "ratio of hazard ratios"),
                     "difference": ("rhr", "ratio")},
}  # fmt: skip
SHRUNKEN = "hierarchical model: posterior mean, equal-tailed credible interval"
NO_GROUPS = "cannot be estimated, because no subgroup has estimates in all its levels"
ON_RATIOS = ["difference", "conf_low", "conf_high", "detectable"]


def risks_and_ratio(part: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return the primary analysis of some patients, and the hazard ratio of the outcome."""
    days, outcome = plan.outcome.horizon_days, endpoint(part, plan.outcome.primary)
    ratios = hh.hazard_ratios(outcome, primary_weights(part, plan), by=days, inference=plan.inference)
    first = ratios[ratios["cause"] == outcome.causes[0]]
    return pd.concat([primary_risks(part, plan), first], ignore_index=True)


def subgroups(frame: pd.DataFrame, plan: Protocol, estimate: Estimate = risks_and_ratio) -> pd.DataFrame:
    """Return an estimate by ``column`` and ``level``, the score fitted anew in each."""
    plan = plan.fewer_bootstraps(plan.sensitivity.subgroup_bootstraps)
    parts = []
    for group in plan.sensitivity.subgroups:
        masks = levels(frame, group)
        found = estimate_in_subsets(frame, masks, lambda part: estimate(part, plan))
        parts.append(found.rename(columns={"subset": "level"}).assign(column=group.column))
    return pd.concat(parts, ignore_index=True)


def levels(frame: pd.DataFrame, group: Subgroup) -> dict[str, pd.Series]:
    """Return who belongs to each level; patients whose value is missing belong to none."""
    values = frame[group.column]
    if group.cut is not None:
        return {f"below {group.cut:g}": values < group.cut, f"{group.cut:g} or above": values >= group.cut}
    found = sorted(values.dropna().unique(), key=str)
    if set(found) == {0, 1}:
        return {"no": values == 0, "yes": values == 1}
    return {str(value): values == value for value in found}


def interactions(groups: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return a Wald test of equal effects per ``column``, of differences and of hazard ratios, as rows.

    ``name`` is "p", "detectable" and "rd" for differences, "rhr_p", "rhr_detectable" and "rhr" for hazard
    ratios, which are compared as ratios.
    """
    rows, parts = [], groups.groupby("column", sort=False)
    for (column, part), (scale, names) in product(parts, COMPARED.items()):
        try:
            found, why = _interaction(part, scale, plan)._asdict(), "Wald"
        except ValueError as error:
            found, why = {}, cannot(error)
        for number, (name, of) in names.items():
            row = {"column": column, "method": why, "name": name, "scale": of, "estimate": found.get(number)}
            if number == "difference":
                limits = {end: found.get(end) for end in ("conf_low", "conf_high")}
                row |= limits | {"conf_level": plan.inference.conf_level}
            rows.append(row)
    return pd.DataFrame(rows).astype({"estimate": float, "conf_low": float, "conf_high": float})


def _interaction(part: pd.DataFrame, scale: str, plan: Protocol) -> Interaction:
    """Return the comparison of all levels of one column; hazard ratios on the log scale and back."""
    mine = part[part["scale"] == scale].drop_duplicates("level").set_index("level")
    mine = mine.reindex(part["level"].unique()).astype({"estimate": float, "std_error": float})  # or NaN
    estimates = np.log(mine["estimate"]) if scale == "hazard ratio" else mine["estimate"]
    found = interaction(
        estimates.tolist(), mine["std_error"].tolist(),
        conf_level=plan.inference.conf_level, power=plan.precision.power, alpha=plan.equivalence.alpha,
    )  # fmt: skip
    if scale == "risk difference":
        return found
    ratios: dict[str, Any] = {name: float(np.exp(getattr(found, name))) for name in ON_RATIOS}
    return found._replace(**ratios)


def shrunken(groups: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return the differences of each ``column`` drawn towards each other, by ``level``."""
    scale, parts = plan.sensitivity.shrinkage_sd_pp / 100, []
    for column, part in groups.groupby("column", sort=False):
        mine = part.loc[part["scale"] == "risk difference"].dropna(subset=["estimate", "std_error"])
        if len(mine) > 1:
            found = (mine["estimate"].tolist(), mine["std_error"].tolist())
            drawn = shrink(*found, tau_sd=scale, conf_level=plan.inference.conf_level)
            parts.append(drawn.assign(column=column, level=mine["level"].to_numpy()))
    names = ["column", "level", "estimate", "std_error", "conf_low", "conf_high"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)
