from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.sensitivity.confounding import NO_DISCORDANT, bounds, hiding_gamma, largest_gamma
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats


def test_bounds_by_hand() -> None:
    # b = 3, c = 1: P(X >= 3) of 4 at 1/2 is (4 + 1)/16; at 2/3, 4 (8/81) + 16/81 = 48/81; at 1/3, 9/81
    found = bounds(3, 1, gammas=[1, 2]).set_index("gamma")
    assert found.at[1.0, "p_high"] == pytest.approx(5 / 16)
    assert found.at[1.0, "p_low"] == pytest.approx(5 / 16)
    assert found.at[2.0, "p_high"] == pytest.approx(48 / 81)
    assert found.at[2.0, "p_low"] == pytest.approx(9 / 81)


def test_the_tail_includes_the_observed_count() -> None:
    # rbounds takes P(X > b): for b = 98 of 110 at Gamma 6 that is smaller by P(X = 98)
    found = bounds(98, 12, gammas=[6])["p_high"].iloc[0]
    terms = stats.binom.pmf(np.arange(98, 111), 110, 6 / 7)
    assert found == pytest.approx(terms.sum(), rel=1e-10)
    assert found - stats.binom.sf(98, 110, 6 / 7) == pytest.approx(terms[0], rel=1e-10)


@settings(deadline=None)
@given(st.integers(0, 30), st.integers(0, 30))
def test_bounds_widen_with_bias_and_start_at_the_test(b: int, c: int) -> None:
    if b + c == 0:
        return
    found = bounds(b, c, gammas=[1, 1.5, 2, 3])
    assert found["p_high"].is_monotonic_increasing
    assert found["p_low"].is_monotonic_decreasing
    exact = stats.binomtest(max(b, c), b + c, alternative="greater").pvalue
    assert found["p_high"].iloc[0] == pytest.approx(exact, abs=1e-12)
    assert found.equals(bounds(c, b, gammas=[1, 1.5, 2, 3]))


def test_largest_gamma_is_where_the_bound_meets_alpha() -> None:
    gamma = largest_gamma(98, 12, alpha=0.025)
    assert gamma is not None
    assert 4 < gamma < 6
    assert bounds(98, 12, gammas=[gamma])["p_high"].iloc[0] == pytest.approx(0.025, abs=1e-8)
    assert largest_gamma(5, 5, alpha=0.025) is None


def test_what_could_have_been_hidden() -> None:
    # b = c = 1: P(X >= 1) = 1 - (G / (1 + G))^2 = 0.19 at G / (1 + G) = 0.9, G = 9
    assert hiding_gamma(1, 1, alpha=0.19) == pytest.approx(9)
    assert hiding_gamma(98, 12, alpha=0.025) == 1.0
    assert hiding_gamma(0, 0, alpha=0.025) is None
    # of one pair the p-value is 1 / (1 + Gamma), above 0.0005 up to 1999
    assert hiding_gamma(1, 0, alpha=0.0005) == np.inf


def test_concordant_pairs_and_errors() -> None:
    found = bounds(0, 0, gammas=[1, 2])
    assert found["p_high"].isna().all()
    assert set(found["method"]) == {NO_DISCORDANT}
    assert largest_gamma(0, 0, alpha=0.025) is None
    with pytest.raises(ValueError, match=r"Gamma is at least 1 and finite, found \[0.5\]"):
        bounds(3, 1, gammas=[0.5])
    with pytest.raises(ValueError, match=r"found \[1.0, inf\]"):
        bounds(3, 1, gammas=[1.0, np.inf])
    assert np.isfinite(bounds(1, 0, gammas=[1.0])["p_high"]).all()


def test_counts_of_pairs_may_be_small_numbers_of_numpy() -> None:
    small, right = np.uint8(128), 128
    pd.testing.assert_frame_equal(
        bounds(small, small, gammas=[1.0, 2.0]), bounds(right, right, gammas=[1.0, 2.0])
    )
    assert hiding_gamma(small, small, alpha=0.05) == hiding_gamma(right, right, alpha=0.05)
