"""Compare two treatments head to head: make the arms comparable, estimate, ask what could be wrong.

``import headtohead as hh``. A score gives adjustments, which name themselves; estimators take endpoints and
adjustments and return tidy rows (``outcomes/estimate.py`` says what they share). The names of the usual analysis
are ``hh.<name>``, in the order of use:

- who the patients are: ``table_one``
- score and adjustments: ``propensity`` (a formula, a list of columns or a ``design_matrix``) gives a ``Score``, its
  methods an ``Adjustment`` each; ``unadjusted``, ``CannotAdjustError``
- balance: ``balance``, ``love_plot``, ``balance_report``, ``sample_sizes``
- outcomes: ``Endpoint``, ``risks``, ``incidence_curves``, ``curves_plot``, ``hazard_ratios``,
  ``subdistribution_hazard_ratios``, ``proportional_hazards_tests``, ``gray_tests``, ``log_rank``,
  ``log_rank_tests``, ``days_lost``, ``win_ratios``, ``mean_differences``, ``standardised_risks``
- intervals and seeds: ``Inference``

What is asked more rarely stands in its part: ``hh.cohort``, ``hh.matching``, ``hh.outcomes``, ``hh.proportions``,
``hh.sensitivity``, ``hh.evidence``. Everything is loaded when it is first asked for. Docstrings end with what a
function was checked against, and name the test that does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headtohead.lazily import lazily

if TYPE_CHECKING:
    from headtohead import cohort, evidence, matching, outcomes, proportions, sensitivity
    from headtohead.charts import curves_plot, love_plot
    from headtohead.cohort.describe import table_one
    from headtohead.errors import CannotAdjustError
    from headtohead.inference import Inference
    from headtohead.matching.adjustment import Adjustment, unadjusted
    from headtohead.matching.balance import balance, balance_report
    from headtohead.matching.design import design_matrix
    from headtohead.matching.propensity import Score, propensity
    from headtohead.matching.summary import sample_sizes
    from headtohead.outcomes.competing import incidence_curves
    from headtohead.outcomes.endpoint import Endpoint
    from headtohead.outcomes.fine_gray import subdistribution_hazard_ratios
    from headtohead.outcomes.hazard import hazard_ratios, log_rank
    from headtohead.outcomes.log_rank import gray_tests, log_rank_tests
    from headtohead.outcomes.proportional import proportional_hazards_tests
    from headtohead.outcomes.regression import mean_differences
    from headtohead.outcomes.risk import risks
    from headtohead.outcomes.rmtl import days_lost
    from headtohead.outcomes.standardised import standardised_risks
    from headtohead.outcomes.win_ratio import win_ratios

__version__ = "0.3.0"
__all__ = [
    "Adjustment", "CannotAdjustError", "Endpoint", "Inference", "Score", "balance", "balance_report", "cohort",
    "curves_plot", "days_lost", "design_matrix", "evidence", "gray_tests", "hazard_ratios", "incidence_curves",
    "log_rank", "log_rank_tests", "love_plot", "matching", "mean_differences", "outcomes", "propensity",
    "proportional_hazards_tests", "proportions", "risks", "sample_sizes", "sensitivity", "standardised_risks",
    "subdistribution_hazard_ratios", "table_one", "unadjusted", "win_ratios",
]  # fmt: skip
__getattr__, __dir__ = lazily(__name__, __file__)
