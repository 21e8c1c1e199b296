"""Stage three, continued: other estimators, other summaries of time, and what to believe afterwards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.outcomes.cox import CannotEstimateError
from headtohead.outcomes.estimate import estimate_frame, estimate_row
from headtohead.outcomes.fine_gray import subdistribution_hazard_ratio
from headtohead.outcomes.gray import gray_test
from headtohead.outcomes.occupation import state_occupation
from headtohead.outcomes.posterior import normal_posterior
from headtohead.outcomes.split_hazard import split_hazard_ratios
from headtohead.outcomes.standardised import METHODS, standardised_risks
from headtohead.outcomes.time_lost import days_lost
from headtohead.outcomes.win_ratio import win_ratio

from study.data.course import STATES, course_by_day, outcome_hierarchy
from study.data.endpoints import endpoint
from study.matching.sample import Sample, outcome_columns
from study.outcomes.further_results import FurtherResults
from study.outcomes.mistakes import prognostic_table, ventilation_table, with_mistakes
from study.protocol.protocol import Protocol

POSTERIOR_COLUMNS = ["prior", "label", "mean", "conf_low", "conf_high", "worse", "within_margin", "within_wide",
                     "worse_by_margin"]  # fmt: skip
GRID = np.linspace(-0.20, 0.25, 91).round(6)


def estimate_further(sample: Sample, primary: pd.Series, protocol: Protocol) -> FurtherResults:
    """Return the further analyses; ``primary`` is the primary risk difference."""
    keys = ["crude", "pairs", protocol.estimand.primary.lower()]
    wins, components = hierarchical(sample, protocol, keys)
    posterior, densities = posteriors(primary, protocol)
    return FurtherResults(
        standardised=standardised(sample, protocol),
        subdistribution=subdistribution(sample, protocol, keys),
        gray=gray_tests(sample, protocol),
        days=days(sample, protocol, keys),
        split=split(sample, protocol, keys),
        wins=wins,
        win_components=components,
        prognostic=prognostic_table(sample, protocol),
        ventilation=ventilation_table(sample, protocol),
        posterior=posterior,
        posterior_curves=densities,
        mistakes=with_mistakes(sample, primary, protocol),
        occupation=state_occupation(
            course_by_day(sample.frame, horizon_days=protocol.outcome.horizon_days),
            sample.treated,
            sample.adjustments[keys[-1]].weights,
            names=STATES,
        ),
    )


def _rng(protocol: Protocol, *numbers: int) -> np.random.Generator:
    return np.random.default_rng([protocol.inference.seed, *numbers])


def standardised(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return standardised and augmented risks of the primary outcome in two populations."""
    name, horizon = protocol.outcome.primary, protocol.outcome.horizon_days
    estimands = list(dict.fromkeys([protocol.estimand.primary, "ATE"]))
    try:
        return standardised_risks(
            outcome_columns(sample.frame, protocol)[(name, horizon)],
            sample.treated,
            design_matrix(
                sample.frame, protocol.further.outcome_terms, impute_from=protocol.propensity.impute_from
            ),
            sample.design,
            estimands=estimands,
            outcome=name,
            horizon_days=horizon,
            conf_level=protocol.inference.conf_level,
            bootstrap_replicates=protocol.inference.bootstrap_replicates,
            rng=_rng(protocol, 70),
        )
    except CannotEstimateError as error:
        rows = [
            estimate_row(
                estimand=estimand, outcome=name, horizon_days=horizon, scale="risk difference",
                method=f"cannot be estimated, because {error}",
            )
            | {"approach": approach, "influence_error": np.nan}
            for estimand in estimands for approach in METHODS
        ]  # fmt: skip
        return estimate_frame(rows).join(pd.DataFrame(rows)[["approach", "influence_error"]])


def subdistribution(sample: Sample, protocol: Protocol, keys: list[str]) -> pd.DataFrame:
    """Return Fine-Gray ratios of every cause of every outcome."""
    parts = []
    for key in keys:
        for name in (protocol.outcome.primary, *protocol.outcome.secondary):
            outcome = endpoint(sample.frame, name)
            for number, cause in enumerate(outcome.causes, start=1):
                row = subdistribution_hazard_ratio(
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


def gray_tests(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return Gray's tests of the crude comparison, follow-up cut at the horizon."""
    rows = []
    horizon = protocol.outcome.horizon_days
    for name in (protocol.outcome.primary, *protocol.outcome.secondary):
        outcome = endpoint(sample.frame, name)
        late = outcome.time_days > horizon
        time, cause = outcome.time_days.mask(late, horizon), outcome.cause.mask(late, 0)
        for number, label in enumerate(outcome.causes, start=1):
            try:
                test = gray_test(time, cause, sample.treated, cause_number=number)
                rows.append((name, label, *test, "Gray, unweighted and unmatched"))
            except ValueError as error:
                rows.append((name, label, np.nan, np.nan, f"cannot be computed, because {error}"))
    return pd.DataFrame(rows, columns=["outcome", "cause", "chi_square", "p_value", "method"])


def days(sample: Sample, protocol: Protocol, keys: list[str]) -> pd.DataFrame:
    """Return days lost to death, days out of hospital alive and days in hospital."""
    outcome = endpoint(sample.frame, "death")
    parts = [
        days_lost(
            outcome.time_days,
            outcome.cause,
            sample.treated,
            sample.adjustments[key],
            causes=outcome.causes,
            event_free="in hospital",
            outcome="death",
            horizon_days=protocol.outcome.horizon_days,
            conf_level=protocol.inference.conf_level,
            bootstrap_replicates=protocol.inference.bootstrap_replicates,
            rng=_rng(protocol, 71, number),
        ).assign(key=key)
        for number, key in enumerate(keys)
    ]
    return pd.concat(parts, ignore_index=True)


def split(sample: Sample, protocol: Protocol, keys: list[str]) -> pd.DataFrame:
    """Return hazard ratios of death before and after the split day."""
    outcome = endpoint(sample.frame, "death")
    parts = [
        split_hazard_ratios(
            outcome.time_days,
            outcome.cause,
            sample.treated,
            sample.adjustments[key],
            cuts=(0, protocol.further.split_day, protocol.outcome.horizon_days),
            cause_number=1,
            outcome="death",
            conf_level=protocol.inference.conf_level,
        ).assign(key=key)
        for key in keys
    ]
    return pd.concat(parts, ignore_index=True)


def hierarchical(sample: Sample, protocol: Protocol, keys: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return win ratios with their components, column ``key``."""
    levels = outcome_hierarchy(sample.frame, horizon_days=protocol.outcome.horizon_days)
    wins, components = [], []
    for number, key in enumerate(keys):
        found = win_ratio(
            levels,
            sample.treated,
            sample.adjustments[key],
            outcome="hierarchy",
            horizon_days=protocol.outcome.horizon_days,
            conf_level=protocol.inference.conf_level,
            bootstrap_replicates=protocol.inference.bootstrap_replicates,
            rng=_rng(protocol, 72, number),
        )
        wins.append(found.estimates.assign(key=key))
        components.append(found.components.assign(key=key))
    return pd.concat(wins, ignore_index=True), pd.concat(components, ignore_index=True)


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
