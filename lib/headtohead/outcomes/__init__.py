"""What happened, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead.outcomes.competing import state_occupation
    from headtohead.outcomes.equivalence import (
        equivalence_tests,
        margin_tests,
        minimum_detectable_difference,
        minimum_detectable_hazard_ratio,
        minimum_detectable_interaction,
        patients_per_arm_for_equivalence,
        power_of_equivalence,
    )
    from headtohead.outcomes.firth import cox_few_events, logistic_few_events
    from headtohead.outcomes.hazard import kaplan_meier_error, piecewise_hazard_ratios
    from headtohead.outcomes.posterior import (
        Prior,
        posterior_densities,
        posteriors,
        risk_posterior_density,
        risk_posteriors,
    )
    from headtohead.outcomes.regression import matched_regressions
    from headtohead.outcomes.risk import discordant_pairs, paired_odds_ratios

__all__ = [
    "Prior", "cox_few_events", "discordant_pairs", "equivalence_tests", "kaplan_meier_error", "logistic_few_events",
    "margin_tests", "matched_regressions", "minimum_detectable_difference", "minimum_detectable_hazard_ratio",
    "minimum_detectable_interaction", "paired_odds_ratios", "patients_per_arm_for_equivalence",
    "piecewise_hazard_ratios", "posterior_densities", "posteriors", "power_of_equivalence",
    "risk_posterior_density", "risk_posteriors", "state_occupation",
]  # fmt: skip
__getattr__, __dir__ = lazily(__name__, __file__)
