from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import unadjusted
from headtohead.matching.balance import balance, factor_balance
from headtohead.matching.propensity import propensity
from reference import Reference


def three_levels() -> tuple[pd.DataFrame, pd.Series]:
    """Treated 5 a, 3 b, 2 c; controls 2 a, 3 b, 5 c."""
    values = list("aaaaabbbcc") + list("aabbbccccc")
    return pd.DataFrame({"site": values}), pd.Series([True] * 10 + [False] * 10)


def test_by_hand() -> None:
    # levels a and b: p1 = (.5, .3), p0 = (.2, .3); S = [[.205, -.105], [-.105, .21]], difference (.3, 0):
    # d^2 = .09 x .21 / (.205 x .21 - .105^2) = .0189 / .032025
    frame, arm = three_levels()
    row = factor_balance(frame, unadjusted(arm)).iloc[0]
    assert row["levels"] == 3
    assert row["smd"] == pytest.approx(np.sqrt(0.0189 / 0.032025))


def test_two_levels_give_the_usual_difference(reference: Reference) -> None:
    score = reference.propensity
    ways = [score.crude(), score.weight("ATE"), score.match(caliper_sd=0.2)]
    male = reference.frame[["male"]]
    usual = balance(ways, male.astype(float))["smd"].abs()
    words = male.replace({0: "woman", 1: "man"})
    np.testing.assert_allclose(factor_balance(words, ways)["smd"], usual, rtol=1e-9)


def test_neither_names_nor_the_level_left_out_matter() -> None:
    frame, arm = three_levels()
    p1, p0 = (frame["site"][side].value_counts(normalize=True).sort_index() for side in (arm, ~arm))
    found = factor_balance(frame, unadjusted(arm))["smd"].iloc[0]
    for left_out in "abc":
        a, b = (p.drop(left_out).to_numpy() for p in (p1, p0))
        spread = sum(np.diag(p) - np.outer(p, p) for p in (a, b)) / 2
        assert found == pytest.approx(np.sqrt((a - b) @ np.linalg.inv(spread) @ (a - b)))
    renamed = frame["site"].map({"a": 7, "b": "x", "c": 2.5}).to_frame().iloc[::-1]
    assert factor_balance(renamed, unadjusted(arm.iloc[::-1]))["smd"].iloc[0] == pytest.approx(found)


def test_overlap_weights_on_its_levels_balance_a_factor_exactly() -> None:
    frame, arm = three_levels()
    design = pd.get_dummies(frame["site"], dtype=float)[["b", "c"]]
    table = factor_balance(frame, propensity(design, arm).weight("ATO"))
    assert table["smd"].iloc[0] == pytest.approx(0, abs=1e-6)


def test_missing_values_are_left_out_and_an_arm_without_any_is_an_error() -> None:
    frame, arm = three_levels()
    longer = pd.concat([frame, pd.DataFrame({"site": [None, None]})], ignore_index=True)
    both = pd.concat([arm, pd.Series([True, False])], ignore_index=True)
    expected = factor_balance(frame, unadjusted(arm))["smd"].iloc[0]
    assert factor_balance(longer, unadjusted(both))["smd"].iloc[0] == pytest.approx(expected)
    with pytest.raises(ValueError, match="both arms need a known value of 'site' under crude"):
        factor_balance(frame.where(arm.to_numpy()[:, None]), unadjusted(arm))
    backwards = factor_balance(frame.iloc[::-1], unadjusted(arm))
    pd.testing.assert_frame_equal(backwards, factor_balance(frame, unadjusted(arm)))
