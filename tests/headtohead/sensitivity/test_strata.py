from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
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
            raise ValueError("all 1 are in one arm")
        return pd.DataFrame([{"estimate": 0.5, "method": "fine"}])

    found = estimate_in_subsets(
        frame, {"all": pd.Series([True] * 3), "first": pd.Series([True, False, False])}, estimate
    )
    assert found.set_index("subset").at["all", "estimate"] == 0.5
    assert (
        found.set_index("subset").at["first", "method"] == "cannot be estimated, because all 1 are in one arm"
    )


def test_wider_calipers_lose_nobody(reference: Reference) -> None:
    events = pd.DataFrame({("death", 28): reference.frame["death28"].astype(float)})
    grid = caliper_grid(
        reference.propensity.linear_predictor, reference.treated, events, reference.design,
        calipers_sd=[1e-9, 0.1, 0.2, 1.0], scale="all", order="largest", exact=[], denominator="pooled", conf_level=0.95,
    )  # fmt: skip
    real = grid[grid["n_pairs"] > 0]
    assert real["n_pairs"].is_monotonic_increasing
    assert (real["n_pairs"] + real["n_unmatched"] == reference.treated.sum()).all()
    at = grid[np.isclose(grid["caliper_sd"], 0.2)].iloc[0]
    assert at["n_pairs"] == reference.answers["match"]["caliper"]["n_pairs"]


def test_an_impossible_caliper_is_reported_not_raised() -> None:
    score, treated = pd.Series([0.0, 5.0, 1.0, 7.0]), pd.Series([True, False, True, False])
    events = pd.DataFrame({("death", 28): [0.0, 1, 0, 1]})
    grid = caliper_grid(
        score, treated, events, pd.DataFrame({"x": [0.0, 1, 2, 3]}), calipers_sd=[0.01], scale="all", order="largest",
        exact=[], denominator="pooled", conf_level=0.95,
    )  # fmt: skip
    assert grid.at[0, "n_pairs"] == 0
    assert "cannot be estimated, because at least one treated patient needs" in grid.at[0, "method"]
    with pytest.raises(KeyError):
        grid.at[0, "estimate"]
