"""Two common mistakes with their size, and tables that describe without explaining.

Adjusting for what the drug may have changed (ventilation), and analysing only those who completed their
course, both condition on the future. They are computed to be shown beside the truth, never as results.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.matching.propensity import SeparationError
from headtohead.matching.score import propensity
from headtohead.outcomes.cox import CannotEstimateError, fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS, estimate_row
from headtohead.outcomes.few_events import cox_few_events, logistic_few_events
from headtohead.outcomes.risk import risks
from scipy.stats import norm

from study.data.endpoints import endpoint
from study.matching.sample import Sample
from study.protocol.protocol import Protocol

COMPLETED = ("completed", "discharge")
UNITS = {"age": 10, "barthel": 10, "log ldh": np.log(2)}  # per ten years, ten points, doubling
COLUMNS = ["term", "approach", "estimate", "conf_low", "conf_high", "conf_level", "n", "events",
           "events_per_variable", "method"]  # fmt: skip


def with_mistakes(sample: Sample, primary: pd.Series, protocol: Protocol) -> pd.DataFrame:
    """Return the primary difference and the hazard ratio of death, right and with each mistake."""
    ventilated = _ventilated(sample, protocol)
    completed = sample.frame["stop_reason"].isin(COMPLETED)
    everyone = pd.Series(True, index=sample.frame.index)
    rows = [
        dict(primary[list(ESTIMATE_COLUMNS)]) | {"mistake": "none", "label": "As specified"},
        _difference(sample, sample.design.assign(ventilated=ventilated), everyone, protocol)
        | {"mistake": "ventilation", "label": "Mistake: ventilation among the covariates"},
        _difference(sample, sample.design, completed, protocol)
        | {"mistake": "completers", "label": "Mistake: only those who completed their course"},
    ]
    small = _outcome_design(sample, protocol)
    rows += [
        _hazard(sample, small, protocol) | {"mistake": "none", "label": "Baseline covariates"},
        _hazard(sample, small.assign(ventilated=ventilated), protocol)
        | {"mistake": "ventilation", "label": "Mistake: ventilation among the covariates"},
    ]
    return pd.DataFrame(rows)


def _ventilated(sample: Sample, protocol: Protocol) -> pd.Series:
    return (sample.frame["imv_day"] <= protocol.outcome.horizon_days).astype(float)


def _outcome_design(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    return design_matrix(
        sample.frame, protocol.further.outcome_terms, impute_from=protocol.propensity.impute_from
    )


def _part(outcome: Endpoint, used: pd.Series) -> Endpoint:
    return replace(outcome, time_days=outcome.time_days[used], cause=outcome.cause[used])


def _difference(
    sample: Sample, design: pd.DataFrame, used: pd.Series, protocol: Protocol
) -> dict[str, object]:
    """Return the primary analysis with another design or on a part of the patients."""
    name, horizon = protocol.outcome.primary, protocol.outcome.horizon_days
    part = design[used].loc[:, design[used].nunique() > 1]
    try:
        rows = risks(
            _part(endpoint(sample.frame, name), used),
            propensity(part, sample.treated[used]).weight(protocol.estimand.primary),
            by=horizon,
            inference=protocol.inference,
            stream="mistakes",
        )
    except SeparationError as error:
        return estimate_row(
            estimand=protocol.estimand.primary, outcome=name, horizon_days=horizon,
            scale="risk difference", n=int(used.sum()), method=f"cannot be estimated, because {error}",
        )  # fmt: skip
    row = rows[rows["scale"] == "risk difference"].iloc[0]
    return {str(column): value for column, value in row.items()}


def _hazard(sample: Sample, design: pd.DataFrame, protocol: Protocol) -> dict[str, object]:
    """Return the hazard ratio of death given covariates."""
    outcome, horizon = endpoint(sample.frame, "death"), protocol.outcome.horizon_days
    event = (outcome.cause == 1) & (outcome.time_days <= horizon)
    shared = {
        "estimand": "conditional", "population": "all patients", "outcome": "death",
        "horizon_days": horizon, "scale": "hazard ratio", "conf_level": protocol.inference.conf_level,
        "n": len(event), "events": int(event.sum()),
    }  # fmt: skip
    X = design.assign(treated=sample.treated.astype(float))
    try:
        fit = fit_cox(outcome.time_days.clip(upper=horizon), event, X)
    except CannotEstimateError as error:
        return estimate_row(**shared, method=f"cannot be estimated, because {error}")
    log_hr, se = float(fit.coefficients["treated"]), float(fit.std_errors["treated"])
    half = norm.ppf(0.5 + protocol.inference.conf_level / 2) * se
    low, high = np.exp([log_hr - half, log_hr + half])
    return estimate_row(
        **shared, estimate=float(np.exp(log_hr)), std_error=se, conf_low=low, conf_high=high,
        method=f"cause-specific Cox given {design.shape[1]} covariates, Efron ties",
    )  # fmt: skip


def prognostic_table(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return odds ratios of death in hospital for the predictors the abstract names, and the drug."""
    outcome = endpoint(sample.frame, "death")
    X = design_matrix(sample.frame, protocol.further.predictors, impute_from=protocol.propensity.impute_from)
    X = X.div([UNITS.get(name, 1) for name in X])
    X = X.assign(ventilated=sample.frame["imv_day"].notna().astype(float))
    X = X.assign(treated=sample.treated.astype(float))
    return _few(lambda: logistic_few_events(
        (outcome.cause == 1).astype(int), X, conf_level=protocol.inference.conf_level
    ))  # fmt: skip


def ventilation_table(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the cause-specific hazard ratio of ventilation, crude and given two baseline covariates."""
    outcome, horizon = endpoint(sample.frame, "imv"), protocol.outcome.horizon_days
    event = (outcome.cause == 1) & (outcome.time_days <= horizon)
    X = pd.DataFrame(
        {
            "treated": sample.treated.astype(float),
            "age": sample.frame["age"] / UNITS["age"],
            "high_flow_oxygen": sample.frame["high_flow_oxygen"].astype(float),
        }
    )
    time, level = outcome.time_days.clip(upper=horizon), protocol.inference.conf_level
    return _few(lambda: cox_few_events(time, event, X, conf_level=level))


def _few(compute: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Return the table, or an empty one with the reason, where there are too few events."""
    try:
        return compute()[COLUMNS]
    except CannotEstimateError as error:
        row = {"term": "treated", "approach": "Firth", "method": f"cannot be estimated, because {error}"}
        return pd.DataFrame([row], columns=COLUMNS)
