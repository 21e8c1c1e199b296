"""Stage three: risks, curves, hazards and their checks under each adjustment."""

from __future__ import annotations

import pandas as pd
from headtohead.outcomes.competing import incidence_curves
from headtohead.outcomes.equivalence import Equivalence, equivalence_of_estimate
from headtohead.outcomes.hazard import hazard_ratios, kaplan_meier_error
from headtohead.outcomes.proportional import proportional_hazards_tests
from headtohead.outcomes.risk import risks

from study.data.endpoints import endpoint
from study.matching.matched import regress_in_pairs
from study.matching.sample import Sample, endpoints, keyed
from study.protocol.protocol import Protocol
from study.results import OutcomeResults, primary_row


def estimate_outcomes(sample: Sample, protocol: Protocol) -> OutcomeResults:
    """Return every estimate of the outcomes chapter."""
    horizon, inference = protocol.outcome.horizon_days, protocol.inference
    found, death = endpoints(sample.frame, protocol), endpoint(sample.frame, "death")
    crude, pairs, primary = (
        sample.adjustments[key] for key in ("crude", "pairs", protocol.estimand.primary.lower())
    )
    shown = [crude, pairs, primary]
    estimates = estimate_risks(sample, protocol)
    return OutcomeResults(
        estimates=estimates,
        curves=keyed(incidence_curves(found, shown, by=horizon, inference=inference)),
        kaplan_meier=kaplan_meier_error(death, crude, by=horizon),
        hazards=keyed(hazard_ratios(found, shown, by=horizon, inference=inference)),
        proportional=keyed(proportional_hazards_tests(death, [crude, pairs], by=horizon)),
        equivalence=equivalence(primary_row(estimates, protocol), protocol),
        regression=regress_in_pairs(sample, protocol),
    )


def estimate_risks(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return risks, differences and ratios of every outcome under every adjustment, column ``key``."""
    horizons = (protocol.outcome.horizon_days, protocol.outcome.whole_stay_days)
    return keyed(
        risks(endpoints(sample.frame, protocol), sample.every, by=horizons, inference=protocol.inference)
    )


def equivalence(primary: pd.Series, protocol: Protocol) -> dict[str, Equivalence]:
    """Return the tests of the primary difference against both margins."""
    margins = {"margin": protocol.equivalence.margin_pp, "wide": protocol.equivalence.wide_margin_pp}
    return {
        name: equivalence_of_estimate(
            primary["estimate"], primary["std_error"], margin=pp / 100, alpha=protocol.equivalence.alpha
        )
        for name, pp in margins.items()
    }
