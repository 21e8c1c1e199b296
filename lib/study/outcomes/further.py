"""Stage three, continued: other estimators, other summaries of time, and what to believe afterwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.outcomes.fine_gray import subdistribution_hazard_ratios
from headtohead.outcomes.gray import gray_tests
from headtohead.outcomes.occupation import state_occupation
from headtohead.outcomes.posterior import normal_posterior
from headtohead.outcomes.split_hazard import piecewise_hazard_ratios
from headtohead.outcomes.standardised import standardised_risks
from headtohead.outcomes.time_lost import days_lost
from headtohead.outcomes.win_ratio import win_ratios

from study.data.course import STATES, course_by_day, outcome_hierarchy
from study.data.endpoints import endpoint
from study.matching.sample import Sample, endpoints, keyed
from study.outcomes.further_results import FurtherResults
from study.outcomes.mistakes import prognostic_table, ventilation_table, with_mistakes
from study.protocol.protocol import Protocol

POSTERIOR_COLUMNS = ["prior", "label", "mean", "conf_low", "conf_high", "worse", "within_margin", "within_wide",
                     "worse_by_margin"]  # fmt: skip
GRID = np.linspace(-0.20, 0.25, 91).round(6)


def estimate_further(sample: Sample, primary: pd.Series, protocol: Protocol) -> FurtherResults:
    """Return the further analyses; ``primary`` is the primary risk difference."""
    inference, horizon = protocol.inference, protocol.outcome.horizon_days
    shown = [sample.adjustments[key] for key in ("crude", "pairs", protocol.estimand.primary.lower())]
    crude, *_, weighted = shown
    found, death = endpoints(sample.frame, protocol), endpoint(sample.frame, "death")
    levels = outcome_hierarchy(sample.frame, horizon_days=horizon)
    wins = win_ratios(levels, shown, outcome="hierarchy", by=horizon, inference=inference)
    lost = days_lost(death, shown, by=horizon, event_free="in hospital", inference=inference)
    cuts = (0, protocol.further.split_day, horizon)
    posterior, densities = posteriors(primary, protocol)
    return FurtherResults(
        standardised=standardised(sample, protocol),
        subdistribution=keyed(subdistribution_hazard_ratios(found, shown, by=horizon, inference=inference)),
        gray=gray_tests(found, crude, by=horizon),
        days=keyed(lost),
        split=keyed(piecewise_hazard_ratios(death, shown, cuts=cuts, inference=inference)),
        wins=keyed(wins.estimates),
        win_components=keyed(wins.components),
        prognostic=prognostic_table(sample, protocol),
        ventilation=ventilation_table(sample, protocol),
        posterior=posterior,
        posterior_curves=densities,
        mistakes=with_mistakes(sample, primary, protocol),
        occupation=state_occupation(
            course_by_day(sample.frame, horizon_days=horizon), weighted, names=STATES
        ),
    )


def standardised(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return standardised and augmented risks of the primary outcome in two populations."""
    return standardised_risks(
        endpoint(sample.frame, protocol.outcome.primary),
        sample.propensity,
        design_matrix(
            sample.frame, protocol.further.outcome_terms, impute_from=protocol.propensity.impute_from
        ),
        by=protocol.outcome.horizon_days,
        estimands=list(dict.fromkeys([protocol.estimand.primary, "ATE"])),
        inference=protocol.inference,
    )


def posteriors(primary: pd.Series, protocol: Protocol) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the posterior of the primary difference under each prior, and the densities.

    Without a standard error, as when nobody died, the numbers are missing and there is no density.
    """
    rows, curves = [], []
    narrow, wide = protocol.equivalence.margin_pp / 100, protocol.equivalence.wide_margin_pp / 100
    if not primary["std_error"] > 0:
        missing = [{"prior": prior.name, "label": prior.label} for prior in protocol.further.priors]
        none = pd.DataFrame(missing).reindex(columns=POSTERIOR_COLUMNS)
        return none, pd.DataFrame(columns=["prior", "difference", "density"], dtype=float)
    for prior in protocol.further.priors:
        sd = None if prior.sd_pp is None else prior.sd_pp / 100
        law = normal_posterior(
            primary["estimate"], primary["std_error"], prior_mean=prior.mean_pp / 100, prior_sd=sd
        )
        low, high = law.interval(protocol.inference.conf_level)
        rows.append(
            {
                "prior": prior.name, "label": prior.label, "mean": law.mean, "conf_low": low, "conf_high": high,
                "worse": 1 - law.probability_below(0.0), "within_margin": law.probability_within(narrow),
                "within_wide": law.probability_within(wide),
                "worse_by_margin": 1 - law.probability_below(narrow),
            }
        )  # fmt: skip
        curves.append(pd.DataFrame({"prior": prior.name, "difference": GRID, "density": law.density(GRID)}))
    return pd.DataFrame(rows)[POSTERIOR_COLUMNS], pd.concat(curves, ignore_index=True)
