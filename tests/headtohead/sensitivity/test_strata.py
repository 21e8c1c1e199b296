from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.errors import EmptyArmError
from headtohead.matching.propensity import propensity
from headtohead.outcomes.endpoint import Endpoint
from headtohead.sensitivity.strata import caliper_grid, concurrent_periods, estimate_in_subsets
from reference import Reference


def test_concurrent_periods_by_hand() -> None:
    period = pd.Series(list("111222233"))
    treated = pd.Series([True, True, True, True, False, True, False, False, False])
    assert (
        concurrent_periods(period, treated, min_share=0.3).tolist() == [False] * 3 + [True] * 4 + [False] * 2
    )


def test_a_subset_that_cannot_be_estimated_says_why() -> None:
    frame = pd.DataFrame({"treated": [True, False, True]})

    def estimate(part: pd.DataFrame) -> pd.DataFrame:
        if part["treated"].nunique() < 2:
            raise EmptyArmError("all 1 are in one arm")
        return pd.DataFrame([{"estimate": 0.5, "method": "fine"}])

    found = estimate_in_subsets(
        frame, {"all": pd.Series([True] * 3), "first": pd.Series([True, False, False])}, estimate
    )
    assert found.set_index("subset").at["all", "estimate"] == 0.5
    assert (
        found.set_index("subset").at["first", "method"] == "cannot be estimated, because all 1 are in one arm"
    )


def test_wider_calipers_lose_nobody(reference: Reference) -> None:
    grid = caliper_grid(
        reference.death28, reference.propensity, by=28, calipers_sd=[1e-9, 0.1, 0.2, 1.0], caliper_scale="all"
    )
    real = grid[grid["n_pairs"] > 0]
    assert real["n_pairs"].is_monotonic_increasing
    assert (real["n_pairs"] + real["n_unmatched"] == reference.treated.sum()).all()
    at = grid[np.isclose(grid["caliper_sd"], 0.2)].iloc[0]
    assert at["n_pairs"] == reference.answers["match"]["caliper"]["n_pairs"]


def test_an_impossible_caliper_is_reported_not_raised() -> None:
    score = propensity(
        pd.DataFrame({"x": [0.0, 5, 1, 7, 3]}),
        pd.Series([True, False, True, False, True]) ^ (np.arange(5) > 2),
    )
    death = Endpoint.recorded("death", pd.Series([0.0, 1, 0, 1, 0]), by=28)
    grid = caliper_grid(death, score, by=28, calipers_sd=[0.0001])
    assert grid.at[0, "n_pairs"] == 0
    assert "cannot be estimated, because at least one treated patient needs" in grid.at[0, "method"]
    assert np.isnan(grid.at[0, "estimate"])
