"""One cohort under the protocol, from the contract to the sensitivity analyses."""

from __future__ import annotations

import pandas as pd

from headtohead.cohort.contract import require_baseline
from headtohead.cohort.flow import apply_eligibility
from headtohead.protocol import Protocol
from headtohead.study.describe import describe_cohort, describe_matching
from headtohead.study.diagnostics import diagnose
from headtohead.study.further import estimate_further
from headtohead.study.mistakes import with_mistakes
from headtohead.study.outcomes import equivalence, estimate_outcomes, risks
from headtohead.study.results import Study, World, primary_row
from headtohead.study.sample import Sample, adjust
from headtohead.study.sensitivity import vary


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
    estimates = risks(sample, protocol)
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
    named = [term.column for term in protocol.propensity.terms]
    require_baseline([*named, *protocol.propensity.impute_from, *protocol.matching.exact], dictionary)
    frame, attrition = apply_eligibility(
        cohort,
        protocol.eligibility,
        arm=protocol.arms.column,
        treated=protocol.arms.treated,
        control=protocol.arms.control,
    )
    return adjust(frame, protocol), attrition
