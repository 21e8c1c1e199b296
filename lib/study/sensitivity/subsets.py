"""The primary analysis on some of the patients, and who they are."""

import headtohead as hh
import pandas as pd
from headtohead.matching.adjustment import Adjustment
from headtohead.sensitivity.strata import concurrent_periods, estimate_in_subsets

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol


def by_place_and_time(patients: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return the primary analysis by hospital, by period and where both drugs were in use; column ``subset``."""
    masks = {
        f"{name.capitalize()} {level}": patients[name] == level
        for name in ("hospital", "period")
        for level in sorted(patients[name].unique())
    }
    masks["Periods with both drugs in use"] = concurrent_periods(
        patients["period"], patients["treated"], min_share=plan.sensitivity.concurrent_min_share
    )
    found = estimate_in_subsets(patients, masks, lambda part: primary_risks(part, plan))
    return found[found["scale"] == "risk difference"]


def primary_weights(part: pd.DataFrame, plan: Protocol) -> Adjustment:
    """Return the primary weights, the score fitted anew; terms that do not vary here leave the model."""
    design = varying_design(part, plan.propensity.terms, plan)
    return hh.propensity(design, part["treated"]).weight(plan.estimand.primary)


def varying_design(part: pd.DataFrame, terms: tuple, plan: Protocol) -> pd.DataFrame:
    """Return the design of the terms that vary, missing values filled from columns that vary."""
    kept = [term for term in terms if part[term.column].nunique() > 1]
    fill = [name for name in plan.propensity.impute_from if part[name].nunique() > 1]
    return hh.design_matrix(part, kept, impute_from=fill)


def primary_risks(part: pd.DataFrame, plan: Protocol, stream: str = "subsets") -> pd.DataFrame:
    """Return the primary analysis of the primary outcome."""
    outcome, weights = endpoint(part, plan.outcome.primary), primary_weights(part, plan)
    return hh.risks(outcome, weights, by=plan.outcome.horizon_days, inference=plan.inference, stream=stream)


def deviation_day(patients: pd.DataFrame, plan: Protocol) -> pd.Series:
    """Return the day on which each patient left the strategy, NaN for never.

    Leaving is a stop before the planned course is over for a reason that is not permitted, or, unless it
    is, another immunomodulator: a switch is recorded as one.
    """
    early = patients["stop_day"] < patients["planned_days"]
    unplanned = early & ~patients["stop_reason"].isin(plan.deviations.permitted_stops)
    stopped = patients["stop_day"].where(unplanned).astype(float)
    if plan.deviations.rescue_permitted:
        return stopped
    return pd.concat([stopped, patients["rescue_day"].astype(float)], axis=1).min(axis=1)


def split_in_two(patients: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """Return each covariate as 0/1 columns named "column|level": numbers at their median, levels one by one."""
    split: dict[str, pd.Series] = {}
    for name in columns:
        values = patients[name]
        if not pd.api.types.is_numeric_dtype(values):
            levels = sorted(values.unique(), key=str)
            for level in levels[1:] if len(levels) == 2 else levels:
                split[f"{name}|{level}"] = (values == level).astype(float)
        elif set(values.dropna().unique()) <= {0.0, 1.0}:
            split[f"{name}|"] = values
        else:
            cut = float(values.median())
            split[f"{name}|below {cut:g}"] = (values < cut).astype(float).where(values.notna())
    return pd.DataFrame(split)
