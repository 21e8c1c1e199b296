"""Stage four: the effect of taking the drug as intended."""

from __future__ import annotations

import pandas as pd
from headtohead.inference import Inference
from headtohead.matching.design import design_matrix
from headtohead.sensitivity.deviations import PerProtocol, per_protocol

from study.data.endpoints import endpoint
from study.matching.sample import Sample
from study.protocol.protocol import Protocol


def follow_strategy(sample: Sample, protocol: Protocol) -> PerProtocol:
    """Return the primary risks as started and under the strategy of the protocol.

    Intensive care is the state that changes: whoever is there may stop, and is also more likely to be
    given another drug.
    """
    frame, chosen, inference = sample.frame, protocol.deviations, protocol.inference
    outcome = endpoint(frame, protocol.outcome.primary)
    terms = [term for term in chosen.terms if frame[term.column].nunique() > 1]
    fill = [name for name in protocol.propensity.impute_from if frame[name].nunique() > 1]
    return per_protocol(
        outcome,
        sample.adjustments[protocol.estimand.primary.lower()],
        deviation_day(
            frame, permitted_stops=chosen.permitted_stops, rescue_permitted=chosen.rescue_permitted
        ),
        by=protocol.outcome.horizon_days,
        baseline=design_matrix(frame, terms, impute_from=fill),
        changing=[frame["icu_day"]],
        inference=Inference(inference.conf_level, chosen.bootstrap_replicates, inference.seed),
    )


def deviation_day(
    frame: pd.DataFrame, *, permitted_stops: tuple[str, ...], rescue_permitted: bool
) -> pd.Series:
    """Return the day on which each patient left the strategy, NaN for never.

    Leaving is a stop before the planned course is over for a reason that is not permitted, or, unless it
    is, another immunomodulator: a switch is recorded as one.
    """
    early = frame["stop_day"] < frame["planned_days"]
    stopped = frame["stop_day"].where(early & ~frame["stop_reason"].isin(permitted_stops)).astype(float)
    rescued = frame["rescue_day"].astype(float)
    return stopped if rescue_permitted else pd.concat([stopped, rescued], axis=1).min(axis=1)
