"""Compare two treatments head to head: make the arms comparable, estimate, ask what could be wrong.

``import headtohead as hh``; everything below is ``hh.<name>``, loaded when it is first asked for. A score gives
adjustments, which name themselves; estimators take endpoints and adjustments and return tidy rows
(``outcomes/estimate.py`` says what they share). Docstrings end with what a function was checked against, and
name the file in ``tests/headtohead`` that does it.
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("headtohead")

_HOMES = {
    "Cohort": {
        "cohort.describe": "table_one missingness arm_by_stratum",
        "cohort.flow": "apply_eligibility",
    },
    "Score and adjustments": {
        "matching.design": "design_matrix",
        "matching.propensity": "propensity Score",
        "matching.adjustment": "Adjustment unadjusted",
        "errors": "CannotAdjustError",
    },
    "Balance": {
        "matching.balance": "balance largest_imbalance balance_report",
        "matching.factors": "factor_balance",
        "matching.summary": "sample_sizes overlap score_histogram lost_to_matching matched_designs pairs_by_stratum",
        "matching.weights": "effective_sample_size",
        "matching.randomisation": "chance_balance",
    },
    "Outcomes": {
        "outcomes.endpoint": "Endpoint",
        "outcomes.risk": "risks discordant_pairs",
        "outcomes.paired_tests": "paired_odds_ratios",
        "outcomes.competing": "incidence_curves",
        "outcomes.hazard": "hazard_ratios piecewise_hazard_ratios kaplan_meier_error log_rank",
        "outcomes.log_rank": "log_rank_tests",
        "outcomes.fine_gray": "subdistribution_hazard_ratios",
        "outcomes.proportional": "proportional_hazards_tests",
        "outcomes.gray": "gray_tests",
        "outcomes.rmtl": "days_lost",
        "outcomes.win_ratio": "win_ratios",
        "outcomes.standardised": "standardised_risks",
        "outcomes.regression": "matched_regressions mean_differences",
        "outcomes.states": "state_occupation",
        "outcomes.firth": "logistic_few_events cox_few_events",
    },
    "What to conclude": {
        "outcomes.equivalence": "equivalence_tests margin_tests",
        "outcomes.posterior": "posteriors posterior_densities Prior risk_posteriors risk_posterior_density",
    },
    "Counts": {
        "proportions.counts": "TwoByTwo",
        "proportions.two_by_two": "equality_tests intervals fragility_index",
        "outcomes.precision": "minimum_detectable_difference minimum_detectable_hazard_ratio power_of_equivalence "
        "minimum_detectable_interaction patients_per_arm_for_equivalence",
    },
    "Sensitivity": {
        "sensitivity.confounding": "e_value e_value_of_interval confounder_benchmarks",
        "sensitivity.rosenbaum": "bounds largest_gamma hiding_gamma",
        "sensitivity.tipping": "tipping_grid",
        "sensitivity.per_protocol": "per_protocol",
        "sensitivity.missing": "impute pool",
        "sensitivity.interaction": "interaction shrink",
        "sensitivity.strata": "estimate_in_subsets concurrent_periods caliper_grid",
    },
    "Evidence": {
        "evidence.effects": "study_effects reproduction",
        "evidence.meta": "meta_analysis every_meta_analysis combined random_effects",
        "evidence.indirect": "bucher indirect_comparisons agreement",
    },
    "Inference": {"inference": "Inference stream"},
}
_WHERE = {name: home for group in _HOMES.values() for home, names in group.items() for name in names.split()}
__all__ = sorted(_WHERE)
for _part, _group in _HOMES.items():
    __doc__ += f"\n{_part}\n    {', '.join(f'``{name}``' for name in ' '.join(_group.values()).split())}\n"


def __getattr__(name: str) -> Any:
    """Return a public name, loading its module when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"headtohead has no {name!r}; its names stand in help(headtohead)")
    return getattr(import_module(f"headtohead.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
