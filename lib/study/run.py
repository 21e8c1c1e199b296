"""One cohort under the protocol, from the contract to the sensitivity analyses."""

from __future__ import annotations

import pandas as pd
from headtohead.cohort.flow import apply_eligibility

from study.cohort.describe import describe_cohort, describe_matching
from study.data.contract import require_baseline
from study.data.endpoints import require_known_outcomes
from study.matching.sample import Sample, adjust
from study.outcomes.diagnostics import diagnose
from study.outcomes.further import estimate_further
from study.outcomes.mistakes import with_mistakes
from study.outcomes.outcomes import equivalence, estimate_outcomes, estimate_risks
from study.protocol.protocol import Protocol
from study.results import Study, World, primary_row
from study.sensitivity.sensitivity import vary


def run(cohort: pd.DataFrame, dictionary: pd.DataFrame, protocol: Protocol) -> Study:
    """Return every result of one validated cohort under the protocol.

    Raises
    ------
    ContractError, EmptyArmError, SeparationError, NoMatchError, ValueError
        Each names what must hold, what was found and what to do.
    """
    sample, attrition = prepare(cohort, dictionary, protocol)
    outcomes = estimate_outcomes(sample, protocol)
    diagnostics = diagnose(sample, protocol)
    return Study(
        describe_cohort(sample.frame, attrition, dictionary),
        describe_matching(sample, protocol),
        outcomes,
        vary(sample, protocol),
        estimate_further(sample, primary_row(outcomes.estimates, protocol), protocol),
        diagnostics,
    )


def run_world(cohort: pd.DataFrame, dictionary: pd.DataFrame, protocol: Protocol) -> World:
    """Return what is shown of a synthetic world; the same numbers as in ``run``, and the same errors."""
    sample, _ = prepare(cohort, dictionary, protocol)
    estimates = estimate_risks(sample, protocol)
    primary = primary_row(estimates, protocol)
    return World(
        sample.matches.n_pairs,
        estimates,
        equivalence(primary, protocol),
        with_mistakes(sample, primary, protocol),
    )


def world_of(study: Study) -> World:
    """Return a study as a world."""
    found = study.outcomes
    return World(int(study.matching.pairs["n"]), found.estimates, found.equivalence, study.further.mistakes)


def prepare(
    cohort: pd.DataFrame, dictionary: pd.DataFrame, protocol: Protocol
) -> tuple[Sample, pd.DataFrame]:
    """Return the eligible patients, adjusted, and how they were chosen; the errors are those of ``run``."""
    require_baseline(protocol.baseline_columns, dictionary)
    frame, attrition = apply_eligibility(
        cohort,
        protocol.eligibility,
        arm=protocol.arms.column,
        treated=protocol.arms.treated,
        control=protocol.arms.control,
    )
    return adjust(require_known_outcomes(frame, protocol.outcome), protocol), attrition
