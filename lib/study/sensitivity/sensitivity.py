"""Stage four: what happens to the primary estimate elsewhere."""

from __future__ import annotations

import pandas as pd
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.design import design_matrix
from headtohead.matching.score import propensity
from headtohead.outcomes.risk import risks
from headtohead.sensitivity.strata import caliper_grid, concurrent_periods, estimate_in_subsets

from study.data.endpoints import endpoint
from study.matching.sample import Sample
from study.protocol.protocol import Protocol
from study.results import SensitivityResults
from study.sensitivity.deviations import follow_strategy


def vary(sample: Sample, protocol: Protocol) -> SensitivityResults:
    """Return the estimate by hospital, by period, where both drugs were in use, and by caliper."""
    frame, match = sample.frame, protocol.matching
    return SensitivityResults(
        subsets=estimate_in_subsets(
            frame, _subsets(frame, protocol), lambda part: primary_in(part, protocol)
        ),
        calipers=caliper_grid(
            endpoint(frame, protocol.outcome.primary),
            sample.propensity,
            by=protocol.outcome.horizon_days,
            calipers_sd=protocol.sensitivity.calipers_sd,
            caliper_scale=match.caliper_scale,
            order=match.order,
            exact=[frame[name] for name in match.exact],
            denominator=protocol.balance.smd_denominator,
            inference=protocol.inference,
        ),
        per_protocol=follow_strategy(sample, protocol),
    )


def _subsets(frame: pd.DataFrame, protocol: Protocol) -> dict[str, pd.Series]:
    hospitals, periods = sorted(frame["hospital"].unique()), sorted(frame["period"].unique())
    masks = {f"Hospital {name}": frame["hospital"] == name for name in hospitals}
    masks |= {f"Period {name}": frame["period"] == name for name in periods}
    masks["Periods with both drugs in use"] = concurrent_periods(
        frame["period"], frame["treated"], min_share=protocol.sensitivity.concurrent_min_share
    )
    return masks


def weights_in(part: pd.DataFrame, protocol: Protocol) -> Adjustment:
    """Return the primary weights, the score fitted anew on a subset; terms that no longer vary leave the model."""
    terms = [term for term in protocol.propensity.terms if part[term.column].nunique() > 1]
    fill = [name for name in protocol.propensity.impute_from if part[name].nunique() > 1]
    score = propensity(design_matrix(part, terms, impute_from=fill), part["treated"])
    return score.weight(protocol.estimand.primary)


def primary_in(part: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the primary analysis on a subset."""
    return risks(
        endpoint(part, protocol.outcome.primary),
        weights_in(part, protocol),
        by=protocol.outcome.horizon_days,
        inference=protocol.inference,
        stream="subsets",
    )
