"""The eligible patients with their score, their pairs and every way of adjusting."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from headtohead.matching.adjustment import Adjustment, made
from headtohead.matching.design import design_matrix
from headtohead.matching.pairs import Matches
from headtohead.matching.score import Score, propensity
from headtohead.outcomes.endpoint import Endpoint

from study.data.endpoints import OutcomeName, endpoint
from study.protocol.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Sample:
    """What the stages of the analysis share.

    Attributes
    ----------
    frame : DataFrame, one row per eligible patient
    propensity : Score
    every : list of Adjustment
        Crude, pairs, each estimand, and the others; those that could not be made too.
    """

    frame: pd.DataFrame
    propensity: Score
    every: list[Adjustment]

    @property
    def treated(self) -> pd.Series:
        """True in the first arm."""
        return self.frame["treated"]

    @property
    def design(self) -> pd.DataFrame:
        """Columns of the propensity model."""
        return self.propensity.design

    @property
    def adjustments(self) -> dict[str, Adjustment]:
        """Those that could be made, by key."""
        return {each.key: each for each in made(self.every)}

    @property
    def designs(self) -> dict[str, Matches]:
        """The matches of those that match, by key."""
        return {each.key: each.matches for each in self.every if each.matches is not None}

    @property
    def matches(self) -> Matches:
        """The pairs of the paper."""
        return self.designs["pairs"]

    @property
    def skipped(self) -> dict[str, str]:
        """Why the others could not be made, by key."""
        return {each.key: each.reason for each in self.every if each.reason is not None}


def adjust(frame: pd.DataFrame, protocol: Protocol) -> Sample:
    """Return the sample with its propensity score, pairs and weights.

    Only the pairs and the primary weights decide the paper: any other that cannot be made says why.
    """
    match, primary = protocol.matching, protocol.estimand.primary
    design = design_matrix(frame, protocol.propensity.terms, impute_from=protocol.propensity.impute_from)
    score = propensity(design, frame["treated"])
    sd, scale = match.caliper_sd, match.caliper_scale
    coarse, fine = ([frame[name] for name in names] for names in (match.exact, match.exact_finer))
    finer = f"Pairs within {' and '.join(match.exact_finer)}"
    every = [
        score.crude(),
        score.match(caliper_sd=sd, caliper_scale=scale, order=match.order, ratio=match.ratio, exact=coarse),
        *(score.weight(estimand, optional=estimand != primary) for estimand in protocol.estimand.all),
        score.match_optimal(caliper_sd=sd, caliper_scale=scale, exact=coarse, optional=True),
        score.match(
            caliper_sd=sd,
            caliper_scale=scale,
            order=match.order,
            ratio=match.ratio,
            exact=fine,
            key="exact",
            name=finer,
            optional=True,
        ),
        score.entropy(protocol.weighting.entropy, optional=True),
        score.truncate(protocol.weighting.truncate, optional=True),
    ]
    return Sample(frame, score, every)


def endpoints(frame: pd.DataFrame, protocol: Protocol) -> list[Endpoint]:
    """Return the primary and the secondary outcomes."""
    return [endpoint(frame, name) for name in (protocol.outcome.primary, *protocol.outcome.secondary)]


def outcome_columns(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return 0/1 outcomes with columns (outcome, horizon in days), by the horizon and for the whole stay."""
    names: list[OutcomeName] = [protocol.outcome.primary, *protocol.outcome.secondary]
    horizons = (protocol.outcome.horizon_days, protocol.outcome.whole_stay_days)
    return pd.DataFrame({(name, days): endpoint(frame, name).by(days) for days in horizons for name in names})


def keyed(rows: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the key of the adjustment as ``key``, and its name, if there is one, as ``adjustment``."""
    return rows.rename(columns={"adjustment": "key", "label": "adjustment"})
