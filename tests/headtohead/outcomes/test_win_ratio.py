from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference
from headtohead.matching.adjustment import Adjustment, matched_pairs, unadjusted
from headtohead.matching.pairs import match_nearest
from headtohead.outcomes.win_ratio import WinRatios, win_ratios
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference

OPTIONS = {"outcome": "hierarchy", "by": 28, "inference": Inference(bootstrap_replicates=200)}


def of(levels: pd.DataFrame, treated: pd.Series, way: Adjustment | None = None) -> WinRatios:
    return win_ratios(levels, way or unadjusted(treated), **OPTIONS)


def test_by_hand() -> None:
    # treated: died day 3; alive, home day 5. Controls: died day 3; alive, home day 9; alive, home day 5.
    # first treated: ties with the first control on both, loses to two on death. Second: wins on death
    # against the first, on days against the second, ties with the third. Wins 2, losses 2, ties 2 of 6.
    levels = pd.DataFrame({"death": [3.0, 29, 3, 29, 29], "days": [-28.0, -5, -28, -9, -5]})
    found = of(levels, pd.Series([True, True, False, False, False]))
    assert found.estimates["estimate"].tolist() == pytest.approx([1.0, 0.0])
    np.testing.assert_allclose(found.components["wins"][:2], [1 / 6, 1 / 6])
    np.testing.assert_allclose(found.components["losses"][:2], [2 / 6, 0])
    assert found.components["ties"].iloc[2] == pytest.approx(2 / 6)


def random_levels(seed: int, n: int = 60) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.integers(0, 4, (n, 3)).astype(float), columns=list("abc")), pd.Series(
        rng.permutation(np.arange(n) < n // 2)
    )


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_equals_comparing_one_by_one_and_swaps_to_its_inverse(seed: int) -> None:
    levels, treated = random_levels(seed, 30)
    rows = [tuple(row) for row in levels.to_numpy()]
    won = sum(rows[i] > rows[j] for i in np.flatnonzero(treated) for j in np.flatnonzero(~treated))
    lost = sum(rows[i] < rows[j] for i in np.flatnonzero(treated) for j in np.flatnonzero(~treated))
    found = of(levels, treated).estimates["estimate"]
    assert found[0] == pytest.approx(won / lost)
    assert found[0] * of(levels, ~treated).estimates["estimate"][0] == pytest.approx(1)


def test_components_add_up() -> None:
    levels, treated = random_levels(3)
    parts = of(levels, treated).components
    assert parts[["wins", "losses", "ties"]].sum().sum() == pytest.approx(1)


def test_equal_weights_are_the_crude_comparison_and_both_errors_agree(reference: Reference) -> None:
    frame, treated = reference.frame, reference.treated
    levels = pd.DataFrame({"death": -frame["death28"].astype(float), "days": -frame["time"].clip(upper=28.0)})
    crude = unadjusted(treated)
    analytic = of(levels, treated).estimates
    as_weights = replace(crude, kind="weights")
    resampled = of(levels, treated, as_weights).estimates
    np.testing.assert_allclose(resampled["estimate"], analytic["estimate"], rtol=1e-12)
    np.testing.assert_allclose(resampled["std_error"], analytic["std_error"], rtol=0.2)  # 200 bootstraps


def test_pairs_are_compared_within_the_pair(reference: Reference) -> None:
    treated = reference.treated
    matches = match_nearest(
        reference.propensity.linear_predictor, treated, ratio=1, caliper=0.2, order="largest"
    )
    levels = pd.DataFrame({"days": -reference.frame["time"].astype(float)})
    found = of(levels, treated, matched_pairs(matches, treated)).estimates["estimate"]
    gap = (
        levels["days"][matches.pairs["treated_id"]].to_numpy()
        - levels["days"][matches.pairs["control_id"]].to_numpy()
    )
    assert found[0] == pytest.approx((gap > 0).sum() / (gap < 0).sum())


def test_known_truth() -> None:
    # treated ~ N(1/2, 1), control ~ N(0, 1): P(win) = Phi(1/2 / sqrt 2) = 0.6382
    rng, inside = np.random.default_rng(5), 0
    for _ in range(200):
        values = pd.DataFrame({"a": np.append(rng.normal(0.5, 1, 80), rng.normal(0, 1, 120))})
        row = of(values, pd.Series(np.arange(200) < 80)).estimates.iloc[0]
        inside += row["conf_low"] < 0.63817 / 0.36183 < row["conf_high"]
    assert 182 <= inside <= 198  # 95% of 200 within three standard errors


def test_an_arm_that_never_wins_and_unknown_levels(reference: Reference) -> None:
    levels = pd.DataFrame({"a": [1.0, 1, 0, 0]})
    treated = pd.Series([True, True, False, False])
    row = of(levels, treated).estimates.iloc[0]
    assert np.isnan(row["estimate"])
    assert row["method"] == "cannot be estimated, because an arm never wins"
    with pytest.raises(ValueError, match="'a' have missing values in 1 of 4 patients, first 0"):
        of(pd.DataFrame({"a": [np.nan, 1, 0, 0]}), treated)
    way = reference.propensity.weight("ATO")
    flat = pd.DataFrame({"a": np.zeros(len(reference.frame))}, index=reference.frame.index)
    assert np.isnan(of(flat, reference.treated, way).estimates["estimate"][0])
