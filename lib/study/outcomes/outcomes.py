"""Stage three: risks, curves, hazards and their checks under each adjustment."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.matching.entropy import EntropyError
from headtohead.matching.propensity import SeparationError
from headtohead.outcomes.competing import incidence_curves
from headtohead.outcomes.cox import CannotEstimateError, fit_cox
from headtohead.outcomes.equivalence import Equivalence, equivalence_of_estimate
from headtohead.outcomes.hazard import hazard_ratio, kaplan_meier_error
from headtohead.outcomes.proportional import proportional_hazards_test
from headtohead.outcomes.risk import risk_contrast

from study.data.endpoints import endpoint
from study.matching.matched import regress_in_pairs, without_estimate
from study.matching.sample import Sample, outcome_columns
from study.protocol.protocol import Protocol
from study.results import OutcomeResults, primary_row


def estimate_outcomes(sample: Sample, protocol: Protocol) -> OutcomeResults:
    """Return every estimate of the outcomes chapter."""
    horizon = protocol.outcome.horizon_days
    shown = ["crude", "pairs", protocol.estimand.primary.lower()]
    estimates = risks(sample, protocol)
    death = endpoint(sample.frame, "death")
    return OutcomeResults(
        estimates=estimates,
        curves=curves(sample, protocol, shown),
        kaplan_meier=kaplan_meier_error(death.time_days, death.cause, sample.treated, horizon_days=horizon),
        hazards=hazards(sample, protocol, shown),
        proportional=proportionality(sample, horizon),
        equivalence=equivalence(primary_row(estimates, protocol), protocol),
        regression=regress_in_pairs(sample, protocol),
    )


def risks(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return risks, differences and ratios of every outcome under every adjustment, column ``key``."""
    events = outcome_columns(sample.frame, protocol)
    parts = []
    for number, (key, way) in enumerate(sample.adjustments.items()):
        try:
            rows = risk_contrast(
                events,
                sample.treated,
                way,
                conf_level=protocol.inference.conf_level,
                bootstrap_replicates=protocol.inference.bootstrap_replicates,
                rng=np.random.default_rng([protocol.inference.seed, number]),
            )
        except (SeparationError, EntropyError) as error:
            if key == protocol.estimand.primary.lower():
                raise
            rows = without_estimate(events, way.estimand, f"cannot be estimated, because {error}")
        parts.append(rows.assign(key=key))
    for key, reason in sample.skipped.items():
        parts.append(without_estimate(events, "none", reason).assign(key=key))
    return pd.concat(parts, ignore_index=True)


def curves(sample: Sample, protocol: Protocol, keys: list[str]) -> pd.DataFrame:
    """Return cumulative incidence by day with bands, columns ``key`` and ``outcome``."""
    parts = []
    for key in keys:
        rng = np.random.default_rng([protocol.inference.seed, 50, keys.index(key)])
        for name in (protocol.outcome.primary, *protocol.outcome.secondary):
            outcome = endpoint(sample.frame, name)
            curve = incidence_curves(
                outcome.time_days,
                outcome.cause,
                sample.treated,
                sample.adjustments[key],
                causes=outcome.causes,
                horizon_days=protocol.outcome.horizon_days,
                conf_level=protocol.inference.conf_level,
                bootstrap_replicates=protocol.inference.bootstrap_replicates,
                rng=rng,
            )
            parts.append(curve.assign(key=key, outcome=name))
    return pd.concat(parts, ignore_index=True)


def hazards(sample: Sample, protocol: Protocol, keys: list[str]) -> pd.DataFrame:
    """Return cause-specific hazard ratios of every cause of every outcome, columns ``key`` and ``cause``."""
    parts = []
    for key in keys:
        for name in (protocol.outcome.primary, *protocol.outcome.secondary):
            outcome = endpoint(sample.frame, name)
            for number, cause in enumerate(outcome.causes, start=1):
                row = hazard_ratio(
                    outcome.time_days,
                    outcome.cause,
                    sample.treated,
                    sample.adjustments[key],
                    cause_number=number,
                    outcome=name,
                    horizon_days=protocol.outcome.horizon_days,
                    conf_level=protocol.inference.conf_level,
                )
                parts.append(row.assign(key=key, cause=cause))
    return pd.concat(parts, ignore_index=True)


def proportionality(sample: Sample, horizon_days: int) -> pd.DataFrame:
    """Return the score test of a constant hazard ratio of death, crude and in the matched sample."""
    outcome = endpoint(sample.frame, "death")
    rows = []
    for key in ("crude", "pairs"):
        used = sample.adjustments[key].weights > 0
        time = outcome.time_days[used].clip(upper=horizon_days)
        event = (outcome.cause[used] == 1) & (outcome.time_days[used] <= horizon_days)
        X = sample.treated[used].astype(float).rename("treated").to_frame()
        try:
            test = proportional_hazards_test(time, event, X, fit_cox(time, event, X)).iloc[[0]]
            test = test.assign(method=np.nan)
        except CannotEstimateError as error:  # an arm without deaths has risks, but no hazard ratio to test
            reason = f"cannot be estimated, because {error}"
            test = pd.DataFrame({"term": ["treated"], "p_value": np.nan, "method": reason})
        rows.append(test.assign(key=key))
    return pd.concat(rows, ignore_index=True)


def equivalence(primary: pd.Series, protocol: Protocol) -> dict[str, Equivalence]:
    """Return the tests of the primary difference against both margins."""
    margins = {"margin": protocol.equivalence.margin_pp, "wide": protocol.equivalence.wide_margin_pp}
    return {
        name: equivalence_of_estimate(
            primary["estimate"], primary["std_error"], margin=pp / 100, alpha=protocol.equivalence.alpha
        )
        for name, pp in margins.items()
    }
