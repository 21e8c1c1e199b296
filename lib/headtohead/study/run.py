"""One cohort under the protocol, from the contract to the sensitivity analyses."""

from __future__ import annotations

import pandas as pd

from headtohead.cohort.contract import require_baseline
from headtohead.cohort.flow import apply_eligibility
from headtohead.protocol import Protocol
from headtohead.study.describe import describe_cohort, describe_matching
from headtohead.study.diagnostics import diagnose
from headtohead.study.further import estimate_further
from headtohead.study.outcomes import estimate_outcomes, primary_row
from headtohead.study.results import Study
from headtohead.study.sample import adjust
from headtohead.study.sensitivity import vary


def run(cohort: pd.DataFrame, dictionary: pd.DataFrame, protocol: Protocol) -> Study:
    """Return every result of one validated cohort under the protocol.

    Raises
    ------
    ContractError, EmptyArmError, SeparationError, NoMatchError, ValueError
        Each names what must hold, what was found and what to do.
    """
    named = [term.column for term in protocol.propensity.terms]
    require_baseline([*named, *protocol.propensity.impute_from, *protocol.matching.exact], dictionary)
    frame, attrition = apply_eligibility(
        cohort,
        protocol.eligibility,
        arm=protocol.arms.column,
        treated=protocol.arms.treated,
        control=protocol.arms.control,
    )
    sample = adjust(frame, protocol)
    outcomes = estimate_outcomes(sample, protocol)
    diagnostics = diagnose(sample, protocol)
    return Study(
        describe_cohort(frame, attrition, dictionary),
        describe_matching(sample, protocol),
        outcomes,
        vary(sample, protocol),
        estimate_further(sample, primary_row(outcomes.estimates, protocol), protocol),
        diagnostics,
    )
