"""The primary analysis by level of each subgroup column: difference, hazard ratio, what separates the levels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.outcomes.rows import cannot
from headtohead.sensitivity.interaction import Interaction, interaction
from headtohead.sensitivity.shrinkage import shrink
from headtohead.sensitivity.strata import estimate_in_subsets

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol
from study.protocol.sensitivity import Subgroup
from study.sensitivity.subsets import primary_risks, primary_weights

COMPARED = {  # scale: end of the name, scale of the comparison of levels, scale of what could be found
    "risk difference": ("rd", "risk difference", "absolute difference"),
    "hazard ratio": ("rhr", "ratio", "ratio of hazard ratios"),
}
SHRUNKEN = "hierarchical model: posterior mean, equal-tailed credible interval"
NO_GROUPS = "cannot be estimated, because no subgroup has estimates in all its levels"
ON_RATIOS = ["difference", "conf_low", "conf_high", "detectable"]


def subgroups(frame: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return risks, their difference and the hazard ratio by ``column`` and ``level``, the score fitted anew."""
    plan = plan.fewer_bootstraps(plan.sensitivity.subgroup_bootstraps)
    parts = []
    for group in plan.sensitivity.subgroups:
        masks = levels(frame, group)
        found = estimate_in_subsets(frame, masks, lambda part: _in_level(part, plan))
        parts.append(found.rename(columns={"subset": "level"}).assign(column=group.column))
    return pd.concat(parts, ignore_index=True)


def _in_level(part: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    days, outcome = plan.outcome.horizon_days, endpoint(part, plan.outcome.primary)
    ratios = hh.hazard_ratios(outcome, primary_weights(part, plan), by=days, inference=plan.inference)
    return pd.concat(
        [primary_risks(part, plan), ratios[ratios["cause"] == outcome.causes[0]]], ignore_index=True
    )


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
    rows = []
    for column, part in groups.groupby("column", sort=False):
        for scale, (short, of, found_as) in COMPARED.items():
            prefix, found, why = "" if short == "rd" else f"{short}_", None, "Wald"
            try:
                found = _interaction(part, scale, plan)
            except ValueError as error:
                why = cannot(error)
            named = {"column": column, "method": why}
            rows += [
                named | {"name": f"{prefix}p", "scale": "p value", "estimate": found and found.p_value},
                named | {"name": f"{prefix}detectable", "scale": found_as, "estimate": found and found.detectable},
                named | {"name": short, "scale": of, "estimate": found and found.difference,
                         "conf_low": found and found.conf_low, "conf_high": found and found.conf_high,
                         "conf_level": plan.inference.conf_level},
            ]  # fmt: skip
    return pd.DataFrame(rows).astype({"estimate": float, "conf_low": float, "conf_high": float})


def _interaction(part: pd.DataFrame, scale: str, plan: Protocol) -> Interaction:
    """Return the comparison of the levels of one column; hazard ratios on the log scale and back."""
    estimates, errors = _by_level(part, scale)
    found = interaction(
        (np.log(estimates) if scale == "hazard ratio" else estimates).tolist(), errors.tolist(),
        conf_level=plan.inference.conf_level, power=plan.precision.power, alpha=plan.equivalence.alpha,
    )  # fmt: skip
    if scale == "risk difference":
        return found
    ratios: dict[str, Any] = {name: float(np.exp(getattr(found, name))) for name in ON_RATIOS}
    return replace(found, **ratios)


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


def _by_level(part: pd.DataFrame, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Return estimate and error of every level on a scale, NaN where there is none."""
    mine = part[part["scale"] == scale].drop_duplicates("level").set_index("level")
    mine = mine.reindex(part["level"].unique())
    return mine["estimate"].to_numpy(float), mine["std_error"].to_numpy(float)
