"""The further ways of adjusting: beside the primary ones, changing none of them."""

from __future__ import annotations

from dataclasses import replace

import headtohead as hh
import numpy as np
import pandas as pd
from running import Paper

OTHERS = ["optimal", "exact", "entropy", "truncated"]


def test_other_ways_stand_beside_the_primary_ones_and_change_none_of_them(paper: Paper) -> None:
    outcomes = paper["outcomes"]
    adjustments, found, plan = (outcomes[name] for name in ("adjustments", "found", "plan"))
    assert [each.key for each in adjustments[-4:]] == OTHERS
    assert [each.key for each in adjustments if each.reason] == []
    alone = [each for each in adjustments if each.key not in OTHERS]
    again = hh.risks(outcomes["endpoints"], alone, by=(28, 120), inference=plan.inference)
    first = found[~found["adjustment"].isin(OTHERS)].reset_index(drop=True)
    pd.testing.assert_frame_equal(first, again, check_dtype=False)
    assert found.groupby("adjustment").size().nunique() == 1


def test_strata_add_up_to_the_pairs_of_each_design(paper: Paper) -> None:
    strata, designs = paper["matching"]["strata"], paper["matching"]["designs"].set_index("adjustment")
    matched = strata.groupby("adjustment")["matched_treated"].sum()
    pd.testing.assert_series_equal(
        matched, designs["n_pairs"].sort_index(), check_names=False, check_dtype=False
    )
    finer = strata[strata["adjustment"] == "exact"]
    assert (finer["within"] == finer["matched_treated"]).all()
    assert designs.at["optimal", "n_pairs"] >= designs.at["pairs", "n_pairs"]


def test_plain_regression_in_the_pairs_is_the_paired_difference(paper: Paper) -> None:
    plain = (
        paper["matching"]["regression"].query("covariates == 'plain'").set_index(["adjustment", "outcome"])
    )
    paired = paper["outcomes"]["found"].query("scale == 'risk difference' and horizon_days == 28")
    paired = paired.set_index(["adjustment", "outcome"]).loc[plain.index]
    np.testing.assert_allclose(plain["estimate"], paired["estimate"], atol=1e-12)
    assert (plain["std_error"] / paired["std_error"]).between(1, 1.02).all()  # the factor for few clusters


def test_a_way_that_cannot_be_made_says_why_and_stops_nothing(paper: Paper) -> None:
    score, death = paper["matching"]["score"], paper["outcomes"]["death"]
    apart = score.design.assign(apart=10.0 * score.treated + np.arange(len(score.treated)) / 1e3)
    others = [
        score.crude(),
        score.match_optimal(caliper_sd=1e-12, optional=True),
        score.match(caliper_sd=1e-12, key="exact", optional=True),
        replace(score, design=apart).entropy(optional=True),
        score.truncate((0.01, 0.99)),
    ]
    reasons = {each.key: each.reason for each in others if each.reason}
    assert set(reasons) == {"optimal", "exact", "entropy"}
    assert reasons["optimal"].startswith("cannot be estimated, because at least one treated patient")
    assert "no such weights exist for ['apart']" in reasons["entropy"]
    table = hh.risks(death, others, by=28, inference=hh.Inference(0.95, 8, seed=1))
    table = table[table["adjustment"] == "entropy"]
    assert len(table) == 4
    assert table["estimate"].isna().all()
    assert table["method"].unique() == [reasons["entropy"]]
