from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.cohort.flow import apply_eligibility
from study.matching.matched import compare_designs, regress_in_pairs, strata_of_designs
from study.matching.sample import Sample, adjust
from study.outcomes.outcomes import estimate_risks
from study.protocol.protocol import Protocol

OTHERS = ["optimal", "exact", "entropy", "truncated"]


@pytest.fixture
def quick(protocol: Protocol) -> Protocol:
    fewer = protocol.inference.model_copy(update={"bootstrap_replicates": 40})
    return protocol.model_copy(update={"inference": fewer})


@pytest.fixture
def frame(cohort: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    arms = protocol.arms
    return apply_eligibility(
        cohort, protocol.eligibility, arm=arms.column, treated=arms.treated, control=arms.control
    )[0]


@pytest.fixture
def sample(frame: pd.DataFrame, quick: Protocol) -> Sample:
    return adjust(frame, quick)


def test_other_ways_stand_beside_the_primary_ones_and_change_none_of_them(
    sample: Sample, quick: Protocol
) -> None:
    assert list(sample.adjustments)[-4:] == OTHERS
    assert sample.skipped == {}
    alone = replace(sample, every=[each for each in sample.every if each.key not in OTHERS])
    table = estimate_risks(sample, quick)
    pd.testing.assert_frame_equal(
        table[~table["key"].isin(OTHERS)].reset_index(drop=True), estimate_risks(alone, quick)
    )
    assert table.groupby("key").size().nunique() == 1


def test_strata_add_up_to_the_pairs_of_each_design(sample: Sample, quick: Protocol) -> None:
    strata, designs = strata_of_designs(sample, quick), compare_designs(sample).set_index("key")
    matched = strata.groupby("key")["matched_treated"].sum()
    pd.testing.assert_series_equal(matched, designs["n_pairs"].sort_index(), check_names=False)
    finer = strata[strata["key"] == "exact"]
    assert (finer["within"] == finer["matched_treated"]).all()
    assert designs.at["optimal", "n_pairs"] >= designs.at["pairs", "n_pairs"]


def test_plain_regression_in_the_pairs_is_the_paired_difference(sample: Sample, quick: Protocol) -> None:
    plain = regress_in_pairs(sample, quick).query("covariates == 'none'").set_index(["key", "outcome"])
    paired = estimate_risks(sample, quick).query("scale == 'risk difference' and horizon_days == 28")
    paired = paired.set_index(["key", "outcome"]).loc[plain.index]
    np.testing.assert_allclose(plain["estimate"], paired["estimate"], atol=1e-12)
    assert (plain["std_error"] / paired["std_error"]).between(1, 1.02).all()  # the factor for few clusters


def test_a_way_that_cannot_be_made_says_why_and_stops_nothing(sample: Sample, quick: Protocol) -> None:
    score = sample.propensity
    apart = score.design.assign(apart=10.0 * sample.treated + np.arange(len(sample.frame)) / 1e3)
    others = [
        score.match_optimal(caliper_sd=1e-12, optional=True),
        score.match(caliper_sd=1e-12, key="exact", optional=True),
        replace(score, design=apart).entropy(optional=True),
        score.truncate((0.01, 0.99)),
    ]
    without = replace(sample, every=[sample.adjustments["crude"], *others])
    assert list(without.adjustments) == ["crude", "truncated"]
    assert set(without.skipped) == {"optimal", "exact", "entropy"}
    assert without.skipped["optimal"].startswith("cannot be estimated, because at least one treated patient")
    assert "no such weights exist for ['apart']" in without.skipped["entropy"]
    table = estimate_risks(without, quick)
    assert table[table["key"] == "entropy"]["estimate"].isna().all()
    assert table[table["key"] == "entropy"]["method"].unique() == [without.skipped["entropy"]]
