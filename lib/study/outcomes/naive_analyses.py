"""Two common mistakes with their size, and tables that describe without explaining.

Adjusting for what the drug may have changed (ventilation), and analysing only those who completed their
course, both condition on the future. They are computed to be shown beside the truth, never as results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.outcomes.cox import CannotEstimateError, fit_cox
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS, estimate_row
from headtohead.outcomes.few_events import cox_few_events, logistic_few_events
from headtohead.outcomes.rows import ratio_row

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol

COMPLETED = ("completed", "discharge")
UNITS = {"age": 10, "barthel": 10, "log ldh": np.log(2)}  # per ten years, ten points, doubling
COLUMNS = ["term", "approach", "estimate", "conf_low", "conf_high", "conf_level", "n", "events",
           "events_per_variable", "method"]  # fmt: skip


def naive_analyses(
    primary: pd.Series, patients: pd.DataFrame, design: pd.DataFrame, plan: Protocol
) -> pd.DataFrame:
    """Return the primary difference and the hazard ratio of death, right and with each mistake.

    Parameters
    ----------
    primary : Series
        The primary result.
    design : DataFrame, shape (n, p)
        Covariates of the score.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS`` and ``mistake``: "none", "ventilation" (among the covariates) or
    "completers" (only those who completed their course).
    """
    ventilated = (patients["imv_day"] <= plan.outcome.horizon_days).astype(float)
    completed = patients["stop_reason"].isin(COMPLETED)
    small = design_matrix(patients, plan.further.outcome_terms, impute_from=plan.propensity.impute_from)
    rows = [
        primary[list(ESTIMATE_COLUMNS)].to_dict() | {"mistake": "none"},
        _difference(patients, design.assign(ventilated=ventilated), plan) | {"mistake": "ventilation"},
        _difference(patients[completed], design[completed], plan) | {"mistake": "completers"},
        _hazard(patients, small, plan) | {"mistake": "none"},
        _hazard(patients, small.assign(ventilated=ventilated), plan) | {"mistake": "ventilation"},
    ]
    return pd.DataFrame(rows)


def _difference(patients: pd.DataFrame, design: pd.DataFrame, plan: Protocol) -> dict[str, Any]:
    """Return the primary analysis with another design or on a part of the patients."""
    outcome, horizon = plan.outcome.primary, plan.outcome.horizon_days
    varying = design.loc[:, design.nunique() > 1]
    try:
        weights = hh.propensity(varying, patients["treated"]).weight(plan.estimand.primary)
        rows = hh.risks(
            endpoint(patients, outcome), weights, by=horizon, inference=plan.inference, stream="mistakes"
        )
    except hh.SeparationError as error:
        return estimate_row(
            estimand=plan.estimand.primary, outcome=outcome, horizon_days=horizon, scale="risk difference",
            n=len(patients), method=f"cannot be estimated, because {error}",
        )  # fmt: skip
    return rows[rows["scale"] == "risk difference"].iloc[0][list(ESTIMATE_COLUMNS)].to_dict()


def _hazard(patients: pd.DataFrame, design: pd.DataFrame, plan: Protocol) -> dict[str, Any]:
    """Return the hazard ratio of death given covariates."""
    outcome, horizon = endpoint(patients, "death"), plan.outcome.horizon_days
    event = (outcome.cause == 1) & (outcome.time_days <= horizon)
    named = {
        "estimand": "conditional", "population": "all patients", "outcome": "death",
        "horizon_days": horizon, "scale": "hazard ratio", "conf_level": plan.inference.conf_level,
        "n": len(event), "events": int(event.sum()),
    }  # fmt: skip
    X = design.assign(treated=patients["treated"].astype(float))
    return ratio_row(
        lambda: fit_cox(outcome.time_days.clip(upper=horizon), event, X),
        f"cause-specific Cox given {design.shape[1]} covariates, Efron ties",
        named,
    )


def prognostic_table(patients: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return odds ratios of death in hospital for the predictors the abstract names, and the drug."""
    outcome = endpoint(patients, "death")
    X = design_matrix(patients, plan.further.predictors, impute_from=plan.propensity.impute_from)
    X = X.div([UNITS.get(name, 1) for name in X])
    X = X.assign(ventilated=patients["imv_day"].notna().astype(float))
    X = X.assign(treated=patients["treated"].astype(float))
    return _few(lambda: logistic_few_events(
        (outcome.cause == 1).astype(int), X, conf_level=plan.inference.conf_level
    ))  # fmt: skip


def ventilation_table(patients: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return the cause-specific hazard ratio of ventilation, crude and given two baseline covariates."""
    outcome, horizon = endpoint(patients, "imv"), plan.outcome.horizon_days
    event = (outcome.cause == 1) & (outcome.time_days <= horizon)
    X = pd.DataFrame(
        {
            "treated": patients["treated"].astype(float),
            "age": patients["age"] / UNITS["age"],
            "high_flow_oxygen": patients["high_flow_oxygen"].astype(float),
        }
    )
    time, level = outcome.time_days.clip(upper=horizon), plan.inference.conf_level
    return _few(lambda: cox_few_events(time, event, X, conf_level=level))


def _few(compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return the table, or an empty one with the reason, where there are too few events."""
    try:
        return compute()[COLUMNS]
    except CannotEstimateError as error:
        row = {"term": "treated", "approach": "Firth", "method": f"cannot be estimated, because {error}"}
        return pd.DataFrame([row], columns=COLUMNS)
