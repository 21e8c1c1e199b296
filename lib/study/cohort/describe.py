"""Stages one and two: who was analysed, and how the arms were made comparable."""

from __future__ import annotations

import pandas as pd
from headtohead.cohort.describe import arm_by_stratum, missingness, table_one
from headtohead.matching.balance import balance
from headtohead.matching.summary import lost_to_matching, overlap, sample_sizes, score_histogram

from study.matching.matched import by_name, chance, compare_designs, recorded_balance, strata_of_designs
from study.matching.sample import Sample, keyed
from study.protocol.protocol import Protocol
from study.results import CohortResults, MatchingResults


def describe_cohort(frame: pd.DataFrame, attrition: pd.DataFrame, dictionary: pd.DataFrame) -> CohortResults:
    """Return flow, Table 1, strata, missing values and the ends of follow-up."""
    columns = list(dictionary.loc[dictionary["role"].isin(["baseline", "site", "period"]), "name"])
    ends = frame.groupby(["treated", "end_state"])["followup_day"].describe()
    incomplete = [name for name in columns if frame[name].isna().any()]
    return CohortResults(
        synthetic=bool(frame["synthetic"].all()),
        attrition=attrition,
        table_one=table_one(frame, frame["treated"], columns, dictionary),
        strata=arm_by_stratum(frame, frame["treated"], by=["hospital", "period"]),
        missing=missingness(frame, incomplete, by=["hospital", "period"]),
        follow_up=ends.reset_index()[["treated", "end_state", "count", "25%", "50%", "75%"]],
    )


def describe_matching(sample: Sample, protocol: Protocol) -> MatchingResults:
    """Return the score, its overlap, the pairs, who was lost, and the balance under each adjustment."""
    pairs, sizes = sample.matches, sample_sizes(sample.every)
    return MatchingResults(
        coefficients=sample.propensity.coefficients,
        histogram=score_histogram(sample.propensity),
        overlap=by_name(overlap(sample.propensity)),
        pairs={
            "n": pairs.n_pairs,
            "unmatched": len(pairs.unmatched),
            "caliper": pairs.caliper,
            "largest_distance": float(pairs.pairs["distance"].max()),
        },
        lost=lost_to_matching(sample.adjustments["pairs"]),
        balance=keyed(balance(sample.every, denominator=protocol.balance.smd_denominator)),
        sizes=keyed(sizes[sizes["arm"] != "both"]),
        report=recorded_balance(sample, protocol),
        chance=chance(sample, protocol),
        designs=compare_designs(sample),
        strata=strata_of_designs(sample, protocol),
        skipped=sample.skipped,
    )
