from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.adjustment import Adjustment, matched_pairs, unadjusted
from headtohead.matching.pairs import Matches, match_nearest
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS
from headtohead.outcomes.regression import _design, _fit, matched_regressions
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference


def pairs_of(reference: Reference, ratio: int = 1) -> Adjustment:
    score, treated = reference.propensity.linear_predictor, reference.treated
    caliper = caliper_width(score, treated, caliper_sd=0.2, scale="all")
    return matched_pairs(
        match_nearest(score, treated, ratio=ratio, caliper=caliper, order="largest"), treated
    )


def regress(y: pd.Series | Endpoint, way: Adjustment, x: pd.DataFrame, **choices: object) -> pd.DataFrame:
    """Both models, by the name of their covariates; ``x`` is the design of the adjustment."""
    death = y if isinstance(y, Endpoint) else Endpoint.recorded("y", y, by=1)
    rows = matched_regressions(death, replace(way, design=x), by=1 if death.name == "y" else 28, **choices)
    return rows.set_index("covariates")


def made_up_pairs(m: int) -> tuple[pd.Series, Adjustment]:
    treated = pd.Series(np.arange(2 * m) < m)
    pairs = pd.DataFrame({"treated_id": np.arange(m), "control_id": np.arange(m) + m, "distance": 0.0})
    return treated, matched_pairs(Matches(pairs, pd.Index([]), 1.0), treated)


def test_without_covariates_it_is_the_paired_difference_by_hand() -> None:
    # pairs (1,0), (1,1), (0,0), (1,0), (0,1): b = 2, c = 1, m = 5, difference 0.2;
    # cluster error: sum of (d - 0.2)^2 = 3 - 0.2 = 2.8, / 25, factor 5/4 x 9/8
    treated, way = made_up_pairs(5)
    y = pd.Series([1.0, 1, 0, 1, 0, 0, 1, 0, 0, 1])
    row = regress(y, way, pd.DataFrame(index=treated.index)).loc["plain"]
    assert row["estimate"] == pytest.approx(0.2)
    assert row["std_error"] == pytest.approx(np.sqrt(2.8 / 25 * 5 / 4 * 9 / 8))
    assert row["conf_high"] - row["estimate"] == pytest.approx(2.776445 * row["std_error"])  # t, 4 df
    assert (row["n"], row["events"]) == (10, 5)


def test_without_covariates_it_has_the_pairs_of_r(reference: Reference) -> None:
    way, theirs = pairs_of(reference), reference.answers["matched"]
    rows = matched_regressions(reference.death28, replace(way, design=reference.design), by=28)
    assert tuple(rows) == (*ESTIMATE_COLUMNS, "covariates", "adjustment")
    m = reference.answers["match"]["caliper"]["n_pairs"]
    b, c = theirs["discordant_treated_only"], theirs["discordant_control_only"]
    paired = np.sqrt((b + c) - (b - c) ** 2 / m) / m
    factor = np.sqrt(m / (m - 1) * (2 * m - 1) / (2 * m - 2))
    assert rows.at[0, "estimate"] == pytest.approx((b - c) / m)
    assert rows.at[0, "std_error"] == pytest.approx(paired * factor)


@given(st.integers(0, 10_000), st.floats(-0.9, 0.9))
@settings(max_examples=25, deadline=None)
def test_an_exactly_linear_outcome_is_recovered_whatever_the_imbalance(seed: int, effect: float) -> None:
    treated, way = made_up_pairs(20)
    rng = np.random.default_rng(seed)
    x = pd.DataFrame(rng.normal(size=(40, 2)), columns=["u", "v"]) + treated.to_numpy()[:, None]
    y = effect * treated + 2 * x["u"] - x["v"]
    sets, used = way.matched_set.astype(int), way.weights
    X = _design(treated, x)
    row = _fit(y, X, used, sets, 0.9)
    assert row["estimate"] == pytest.approx(effect, abs=1e-9)


def test_covariates_sharpen_the_estimate_and_constant_ones_leave(reference: Reference) -> None:
    way, design = pairs_of(reference), reference.design
    if way.matched_set.nunique() < 3 * design.shape[1]:
        pytest.skip("too few sets")
    plain, full = (regress(reference.death28, way, design).loc[which] for which in ("plain", "adjusted"))
    same = regress(reference.death28, way, design.assign(one=3.0)).loc["adjusted"]
    assert full["std_error"] < 1.02 * plain["std_error"]
    assert same["estimate"] == pytest.approx(full["estimate"])
    assert f"on {design.shape[1]} covariates" in same["method"]


def test_sets_of_two_controls_count_each_half(reference: Reference) -> None:
    way = pairs_of(reference, ratio=2)
    row = regress(reference.death28, way, reference.design).loc["plain"]
    y, w, t = reference.frame["death28"], way.weights, reference.treated
    assert row["estimate"] == pytest.approx(np.average(y[t], weights=w[t]) - np.average(y[~t], weights=w[~t]))


def test_what_cannot_be_estimated_says_why() -> None:
    treated, way = made_up_pairs(8)
    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(size=(16, 3)))
    y = pd.Series(rng.integers(0, 2, 16).astype(float))
    few = regress(y, way, x).loc["adjusted"]
    assert np.isnan(few["estimate"])
    assert few["method"] == (
        "cannot be estimated, because 3 covariates need at least 9 matched sets and there are 8"
    )
    twice = x[[0]].assign(again=2 * x[0])
    row = regress(y, way, twice).loc["adjusted"]
    assert "because covariates repeat each other" in row["method"]
    row = regress(y * 0, way, x[[0]]).loc["adjusted"]
    assert "because the outcome is 0 in all 16 patients" in row["method"]
    with pytest.raises(ValueError, match="needs matched sets, crude have none"):
        regress(y, unadjusted(treated), x)
    unknown = y.copy()
    unknown.iloc[3] = np.nan
    row = regress(unknown, way, x[[0]]).loc["adjusted"]
    assert row["method"].endswith("because the outcome of 1 of 16 patients is unknown")
    with pytest.raises(
        ValueError, match=r"0 have missing values in 7 of 16 patients, first 3, 4, 5; impute them"
    ):
        regress(y, way, x[[0]].where(x[[0]] > 0))
