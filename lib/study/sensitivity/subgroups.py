"""The primary analysis by level of each subgroup column: difference, hazard ratio, what separates the levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.outcomes.hazard import hazard_ratios
from headtohead.sensitivity.interaction import interaction
from headtohead.sensitivity.shrinkage import shrink
from headtohead.sensitivity.strata import estimate_in_subsets

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol
from study.protocol.sensitivity import Subgroup
from study.sensitivity.sensitivity import primary_in, weights_in

SCALES = ("risk difference", "hazard ratio")
WHAT_DIFFERS = ["chi_square", "df", "p_value", "difference", "conf_low", "conf_high", "detectable", "method"]
ON_RATIOS = ["difference", "conf_low", "conf_high", "detectable"]


def subgroups(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return risks, their difference and the hazard ratio by ``column`` and ``level``, the score fitted anew."""
    few = {"bootstrap_replicates": protocol.sensitivity.subgroup_bootstraps}
    protocol = protocol.model_copy(update={"inference": protocol.inference.model_copy(update=few)})
    parts = []
    for group in protocol.sensitivity.subgroups:
        masks = levels(frame, group)
        found = estimate_in_subsets(frame, masks, lambda part: _in_level(part, protocol))
        parts.append(found.rename(columns={"subset": "level"}).assign(column=group.column))
    return pd.concat(parts, ignore_index=True)


def _in_level(part: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    ratios = hazard_ratios(
        endpoint(part, protocol.outcome.primary),
        weights_in(part, protocol),
        by=protocol.outcome.horizon_days,
        inference=protocol.inference,
    )
    return pd.concat([primary_in(part, protocol), ratios.iloc[[0]]], ignore_index=True)


def levels(frame: pd.DataFrame, group: Subgroup) -> dict[str, pd.Series]:
    """Return who belongs to each level; patients whose value is missing belong to none."""
    values = frame[group.column]
    if group.cut is not None:
        return {f"below {group.cut:g}": values < group.cut, f"{group.cut:g} or above": values >= group.cut}
    found = sorted(values.dropna().unique(), key=str)
    if set(found) == {0, 1}:
        return {"no": values == 0, "yes": values == 1}
    return {str(value): values == value for value in found}


def interactions(groups: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return a Wald test of equal effects per ``column`` and ``scale``; for hazard ratios as ratios of ratios."""
    rows = []
    for column, part in groups.groupby("column", sort=False):
        for scale in SCALES:
            estimates, errors = _by_level(part, scale)
            try:
                found = interaction(
                    (np.log(estimates) if scale == "hazard ratio" else estimates).tolist(),
                    errors.tolist(),
                    conf_level=protocol.inference.conf_level,
                    power=protocol.precision.power,
                    alpha=protocol.equivalence.alpha,
                )
                row = {name: getattr(found, name) for name in found.__slots__}
            except ValueError as error:
                row = {"method": f"cannot be estimated, because {error}"}
            if scale == "hazard ratio":
                row |= {name: float(np.exp(row[name])) for name in ON_RATIOS if name in row}
            rows.append({"column": column, "scale": scale, "method": "Wald"} | row)
    return pd.DataFrame(rows).reindex(columns=["column", "scale", *WHAT_DIFFERS])


def shrunken(groups: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the differences of each ``column`` drawn towards each other, by ``level``."""
    scale, parts = protocol.sensitivity.shrinkage_sd_pp / 100, []
    for column, part in groups.groupby("column", sort=False):
        mine = part.loc[part["scale"] == "risk difference"].dropna(subset=["estimate", "std_error"])
        if len(mine) > 1:
            drawn = shrink(
                mine["estimate"].tolist(), mine["std_error"].tolist(),
                tau_sd=scale, conf_level=protocol.inference.conf_level,
            )  # fmt: skip
            parts.append(drawn.assign(column=column, level=mine["level"].to_numpy()))
    names = ["column", "level", "estimate", "std_error", "conf_low", "conf_high"]
    return pd.concat(parts, ignore_index=True)[names] if parts else pd.DataFrame(columns=names)


def _by_level(part: pd.DataFrame, scale: str) -> tuple[np.ndarray, np.ndarray]:
    """Return estimate and error of every level on a scale, NaN where there is none."""
    mine = part[part["scale"] == scale].drop_duplicates("level").set_index("level")
    mine = mine.reindex(part["level"].unique())
    return mine["estimate"].to_numpy(float), mine["std_error"].to_numpy(float)
