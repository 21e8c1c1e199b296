"""The eligible patients with their score, their pairs and every way of adjusting."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd
from headtohead.matching.adjustment import Adjustment, matched_pairs, propensity_weights, unadjusted
from headtohead.matching.design import design_matrix
from headtohead.matching.pairs import Matches, caliper_width, match_nearest
from headtohead.matching.propensity import Propensity, fit_propensity

from study.data.endpoints import Endpoint, OutcomeName, endpoint
from study.matching.ways import other_ways
from study.protocol.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Sample:
    """What the stages of the analysis share.

    Attributes
    ----------
    frame : DataFrame, one row per eligible patient
    design : DataFrame, shape (n, p)
        Columns of the propensity model.
    propensity : Propensity
    matches : Matches
    adjustments : dict
        "crude", "pairs", each estimand in lower case and those of ``study/ways.py`` to its ``Adjustment``.
    designs : dict
        "pairs" and each other way of matching to its ``Matches``.
    skipped : dict
        Key of an adjustment that could not be made to the reason.
    """

    frame: pd.DataFrame
    design: pd.DataFrame
    propensity: Propensity
    matches: Matches
    adjustments: dict[str, Adjustment]
    designs: dict[str, Matches] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def treated(self) -> pd.Series:
        """True in the first arm."""
        return self.frame["treated"]


def adjust(frame: pd.DataFrame, protocol: Protocol) -> Sample:
    """Return the sample with its propensity score, pairs and weights."""
    treated, match = frame["treated"], protocol.matching
    design = design_matrix(frame, protocol.propensity.terms, impute_from=protocol.propensity.impute_from)
    score = fit_propensity(design, treated)
    matches = match_nearest(
        score.linear_predictor,
        treated,
        ratio=match.ratio,
        caliper=caliper_width(
            score.linear_predictor, treated, caliper_sd=match.caliper_sd, scale=match.caliper_scale
        ),
        order=match.order,
        exact=[frame[name] for name in match.exact],
    )
    ways = {"crude": unadjusted(treated), "pairs": matched_pairs(matches, treated)}
    for estimand in protocol.estimand.all:
        ways[estimand.lower()] = propensity_weights(score, design, treated, estimand=estimand)
    others = other_ways(frame, design, score, matches.caliper, protocol)
    return Sample(
        frame,
        design,
        score,
        matches,
        ways | others.adjustments,
        {"pairs": matches} | others.designs,
        others.skipped,
    )


def outcome_columns(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return 0/1 outcomes with columns (outcome, horizon in days), by the horizon and for the whole stay."""
    names: list[OutcomeName] = [protocol.outcome.primary, *protocol.outcome.secondary]
    horizons = (protocol.outcome.horizon_days, protocol.outcome.whole_stay_days)
    return pd.DataFrame(
        {(name, days): _known(endpoint(frame, name), days) for days in horizons for name in names}
    )


def _known(outcome: Endpoint, horizon_days: int) -> pd.Series:
    """Return the 0/1 outcome, NaN where the patient was censored before the horizon."""
    censored = (outcome.cause == 0) & (outcome.time_days < horizon_days)
    return outcome.by(horizon_days).mask(censored)
