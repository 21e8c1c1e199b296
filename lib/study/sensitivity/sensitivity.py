"""Stage four: what happens to the primary estimate elsewhere."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.matching.adjustment import Adjustment, propensity_weights
from headtohead.matching.design import design_matrix
from headtohead.matching.propensity import fit_propensity
from headtohead.outcomes.risk import risk_contrast
from headtohead.sensitivity.strata import caliper_grid, concurrent_periods, estimate_in_subsets

from study.matching.sample import Sample, outcome_columns
from study.protocol.protocol import Protocol
from study.results import SensitivityResults
from study.sensitivity.deviations import follow_strategy


def vary(sample: Sample, protocol: Protocol) -> SensitivityResults:
    """Return the estimate by hospital, by period, where both drugs were in use, and by caliper."""
    frame, match = sample.frame, protocol.matching
    primary = (protocol.outcome.primary, protocol.outcome.horizon_days)
    return SensitivityResults(
        subsets=estimate_in_subsets(
            frame, _subsets(frame, protocol), lambda part: primary_in(part, primary, protocol)
        ),
        calipers=caliper_grid(
            sample.propensity.linear_predictor,
            sample.treated,
            outcome_columns(frame, protocol)[[primary]],
            sample.design,
            calipers_sd=protocol.sensitivity.calipers_sd,
            scale=match.caliper_scale,
            order=match.order,
            exact=[frame[name] for name in match.exact],
            denominator=protocol.balance.smd_denominator,
            conf_level=protocol.inference.conf_level,
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
    design = design_matrix(part, terms, impute_from=fill)
    score = fit_propensity(design, part["treated"])
    return propensity_weights(score, design, part["treated"], estimand=protocol.estimand.primary)


def primary_in(part: pd.DataFrame, primary: tuple[str, int], protocol: Protocol) -> pd.DataFrame:
    """Return the primary analysis on a subset."""
    return risk_contrast(
        outcome_columns(part, protocol)[[primary]],
        part["treated"],
        weights_in(part, protocol),
        conf_level=protocol.inference.conf_level,
        bootstrap_replicates=protocol.inference.bootstrap_replicates,
        rng=np.random.default_rng([protocol.inference.seed, 99]),
    )
