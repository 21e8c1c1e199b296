"""Compare two treatments head to head: make the arms comparable, estimate, ask what could be wrong.

``import headtohead as hh``; everything below is ``hh.<name>``. A score gives adjustments, which name
themselves; estimators take endpoints and adjustments and return tidy rows.

Cohort
    ``apply_eligibility``, ``table_one``, ``missingness``, ``arm_by_stratum``
Score and adjustments
    ``design_matrix``, ``propensity`` (a ``Score``: ``crude``, ``match``, ``match_optimal``, ``weight``,
    ``truncate``, ``entropy``), ``Adjustment``, ``unadjusted``, ``CannotAdjustError``
Balance
    ``balance``, ``largest_imbalance``, ``balance_report``, ``sample_sizes``, ``effective_sample_size``,
    ``overlap``, ``score_histogram``, ``lost_to_matching``, ``matched_designs``, ``pairs_by_stratum``,
    ``chance_balance``
Outcomes
    ``Endpoint``, ``risks``, ``incidence_curves``, ``hazard_ratios``, ``subdistribution_hazard_ratios``,
    ``piecewise_hazard_ratios``, ``proportional_hazards_tests``, ``gray_tests``, ``kaplan_meier_error``,
    ``days_lost``, ``win_ratios``, ``standardised_risks``, ``matched_regressions``, ``mean_differences``,
    ``state_occupation``, ``log_rank``, ``logistic_few_events``, ``cox_few_events``
What to conclude
    ``equivalence_tests``, ``posteriors``, ``posterior_densities``, ``Prior``
Counts
    ``TwoByTwo``, ``equality_tests``, ``intervals``, ``margin_tests``, ``risk_posteriors``, ``risk_posterior_density``,
    ``fragility_index``, ``minimum_detectable_difference``, ``minimum_detectable_hazard_ratio``,
    ``minimum_detectable_interaction``, ``power_of_equivalence``, ``patients_per_arm_for_equivalence``
Sensitivity
    ``e_value``, ``e_value_of_interval``, ``confounder_benchmarks``, ``discordant_pairs``, ``bounds``,
    ``largest_gamma``, ``hiding_gamma``, ``tipping_grid``, ``per_protocol``, ``impute``, ``pool``,
    ``interaction``, ``shrink``, ``estimate_in_subsets``, ``concurrent_periods``, ``caliper_grid``
Evidence
    ``study_effects``, ``meta_analysis``, ``every_meta_analysis``, ``combined``, ``random_effects``, ``bucher``,
    ``indirect_comparisons``, ``agreement``, ``reproduction``
Inference
    ``Inference``, ``stream``
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import Any

__version__ = version("headtohead")

_HOMES = {
    "cohort.describe": "table_one missingness arm_by_stratum",
    "cohort.flow": "apply_eligibility",
    "evidence.effects": "study_effects",
    "evidence.indirect": "agreement bucher indirect_comparisons",
    "evidence.meta": "combined every_meta_analysis meta_analysis random_effects",
    "evidence.reproduction": "reproduction",
    "inference": "Inference stream",
    "matching.adjustment": "Adjustment unadjusted",
    "matching.balance": "balance largest_imbalance",
    "matching.chance": "chance_balance",
    "matching.design": "design_matrix",
    "matching.errors": "CannotAdjustError",
    "matching.report": "balance_report",
    "matching.score": "Score propensity",
    "matching.summary": "lost_to_matching matched_designs overlap pairs_by_stratum sample_sizes score_histogram",
    "matching.weights": "effective_sample_size",
    "outcomes.competing": "incidence_curves",
    "outcomes.endpoint": "Endpoint",
    "outcomes.equivalence": "equivalence_tests",
    "outcomes.few_events": "cox_few_events logistic_few_events",
    "outcomes.fine_gray": "subdistribution_hazard_ratios",
    "outcomes.gray": "gray_tests",
    "outcomes.hazard": "hazard_ratios kaplan_meier_error log_rank",
    "outcomes.matched_regression": "matched_regressions",
    "outcomes.mean": "mean_differences",
    "outcomes.occupation": "state_occupation",
    "outcomes.posterior": "Prior posterior_densities posteriors",
    "outcomes.precision": "minimum_detectable_difference minimum_detectable_hazard_ratio minimum_detectable_interaction "
    "patients_per_arm_for_equivalence power_of_equivalence",
    "outcomes.proportional": "proportional_hazards_tests",
    "outcomes.risk": "discordant_pairs risks",
    "outcomes.similarity": "margin_tests risk_posterior_density risk_posteriors",
    "outcomes.split_hazard": "piecewise_hazard_ratios",
    "outcomes.standardised": "standardised_risks",
    "outcomes.time_lost": "days_lost",
    "outcomes.win_ratio": "win_ratios",
    "proportions.counts": "TwoByTwo",
    "proportions.two_by_two": "equality_tests intervals",
    "sensitivity.benchmarks": "confounder_benchmarks",
    "sensitivity.confounding": "e_value e_value_of_interval",
    "sensitivity.deviations": "per_protocol",
    "sensitivity.fragility": "fragility_index",
    "sensitivity.interaction": "interaction",
    "sensitivity.missing": "impute",
    "sensitivity.pooling": "pool",
    "sensitivity.rosenbaum": "bounds hiding_gamma largest_gamma",
    "sensitivity.shrinkage": "shrink",
    "sensitivity.strata": "caliper_grid concurrent_periods estimate_in_subsets",
    "sensitivity.tipping": "tipping_grid",
}
_WHERE = {name: home for home, names in _HOMES.items() for name in names.split()}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    """Return a public name, loading its module when it is first asked for."""
    if name not in _WHERE:
        raise AttributeError(f"headtohead has no {name!r}; its names stand in help(headtohead)")
    return getattr(import_module(f"headtohead.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
