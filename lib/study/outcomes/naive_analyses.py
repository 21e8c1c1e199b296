"""Two common mistakes with their size, and tables that describe without explaining.

Adjusting for what the drug may have changed (ventilation), and analysing only those who completed their
course, both condition on the future. They are computed to be shown beside the truth, never as results.
"""

from collections.abc import Callable
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.errors import CannotEstimateError, DependentError, cannot
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS, estimate_row
from headtohead.outcomes.firth import cox_few_events, logistic_few_events
from headtohead.outcomes.hazard import ratio

from study.data.endpoints import OutcomeName, endpoint
from study.protocol.protocol import Protocol
from study.simulation.naive_analyses import COMPLETED

UNITS = {"age": 10, "barthel": 10, "log ldh": np.log(2)}  # per ten years, ten points, doubling
COLUMNS = ["term", "approach", "estimate", "conf_low", "conf_high", "conf_level", "n", "events",
           "events_per_variable", "method"]  # fmt: skip


def naive_analyses(
    primary: pd.Series, patients: pd.DataFrame, design: pd.DataFrame, plan: Protocol
) -> pd.DataFrame:
    """Return the primary difference and the hazard ratio of death, right and with each ``mistake``.

    That is "none", "ventilation" (among the covariates of the score, ``design``) or "completers" (only those
    who completed their course).
    """
    ventilated = (patients["imv_day"] <= plan.outcome.horizon_days).astype(float)
    completed = patients["stop_reason"].isin(COMPLETED)
    small = hh.design_matrix(patients, plan.further.outcome_terms, impute_from=plan.propensity.impute_from)
    rows = [
        ("none", primary[list(ESTIMATE_COLUMNS)].to_dict()),
        ("ventilation", _difference(patients, design.assign(ventilated=ventilated), plan)),
        ("completers", _difference(patients[completed], design[completed], plan)),
        ("none", _hazard(patients, small, plan)),
        ("ventilation", _hazard(patients, small.assign(ventilated=ventilated), plan)),
    ]
    return pd.DataFrame([row | {"mistake": mistake} for mistake, row in rows])


def _difference(patients: pd.DataFrame, design: pd.DataFrame, plan: Protocol) -> dict[str, Any]:
    """Return the primary analysis with another design or on a part of the patients."""
    days, outcome = plan.outcome.horizon_days, endpoint(patients, plan.outcome.primary)
    varying = design.loc[:, design.nunique() > 1]
    try:
        weights = hh.propensity(varying, patients["treated"]).weight(plan.estimand.primary)
        rows = hh.risks(outcome, weights, by=days, inference=plan.inference, stream="mistakes")
    except hh.CannotAdjustError as error:
        return estimate_row(
            estimand=plan.estimand.primary, outcome=outcome.name, horizon_days=days, scale="risk difference",
            n=len(patients), method=cannot(error),
        )  # fmt: skip
    return rows[rows["scale"] == "risk difference"].iloc[0][list(ESTIMATE_COLUMNS)].to_dict()


def _until_horizon(patients: pd.DataFrame, name: OutcomeName, plan: Protocol) -> tuple[pd.Series, pd.Series]:
    """Return time and event of an outcome, follow-up cut at the horizon."""
    outcome, horizon = endpoint(patients, name), plan.outcome.horizon_days
    return outcome.time_days.clip(upper=horizon), (outcome.cause == 1) & (outcome.time_days <= horizon)


def _hazard(patients: pd.DataFrame, design: pd.DataFrame, plan: Protocol) -> dict[str, Any]:
    """Return the hazard ratio of death given covariates."""
    time, event = _until_horizon(patients, "death", plan)
    X = design.loc[:, design.nunique() > 1].assign(treated=patients["treated"].astype(float))
    words = f"cause-specific Cox given {design.shape[1]} covariates, Efron ties"
    return estimate_row(
        estimand="conditional", population="all patients", outcome="death",
        horizon_days=plan.outcome.horizon_days, scale="hazard ratio", n=len(event), events=int(event.sum()),
        conf_level=plan.inference.conf_level,
        **ratio(lambda: (fit_cox(time, event, X), words), plan.inference.conf_level),
    )  # fmt: skip


def prognostic_table(patients: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return odds ratios of death in hospital for the predictors the abstract names, and the drug."""
    died = (endpoint(patients, "death").cause == 1).astype(int)
    X = hh.design_matrix(patients, plan.further.predictors, impute_from=plan.propensity.impute_from)
    X = X.div([UNITS.get(name, 1) for name in X])
    X["ventilated"] = patients["imv_day"].notna().astype(float)
    X["treated"] = patients["treated"].astype(float)
    return _few(lambda: logistic_few_events(died, X, conf_level=plan.inference.conf_level))


def ventilation_table(patients: pd.DataFrame, plan: Protocol) -> pd.DataFrame:
    """Return the cause-specific hazard ratio of ventilation, crude and given two baseline covariates."""
    time, event = _until_horizon(patients, "imv", plan)
    X = patients[["treated", "age", "high_flow_oxygen"]].astype(float)
    X["age"] /= UNITS["age"]
    return _few(lambda: cox_few_events(time, event, X, conf_level=plan.inference.conf_level))


def _few(compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return the table, or an empty one with the reason, where there are too few events."""
    try:
        return compute()[COLUMNS]
    except (CannotEstimateError, DependentError) as error:
        row = {"term": "treated", "approach": "Firth", "method": cannot(error)}
        return pd.DataFrame([row], columns=COLUMNS)
