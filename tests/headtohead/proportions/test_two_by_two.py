from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.score import Scale, score_interval, score_statistic
from headtohead.proportions.two_by_two import equality_tests, intervals, newcombe, wilson
from hypothesis import assume, given
from hypothesis import strategies as st
from reference import golden

R_RTOL = 1e-9  # same closed form on both sides
ROOT_ATOL = 1e-9  # two root finders
TABLES = {"IMV": TwoByTwo(13, 125, 10, 217), "death": TwoByTwo(22, 125, 36, 217)}


@st.composite
def tables(draw: st.DrawFn) -> TwoByTwo:
    n1, n0 = draw(st.integers(2, 200)), draw(st.integers(2, 200))
    return TwoByTwo(draw(st.integers(0, n1)), n1, draw(st.integers(0, n0)), n0)


def test_pearson_by_hand() -> None:
    # 1 of 4 against 3 of 4: expected 2 in each cell, chi-square = 4 x (1 - 2)^2 / 2 = 2
    table = equality_tests(TwoByTwo(1, 4, 3, 4)).set_index("test")
    assert table.at["Pearson chi-square", "statistic"] == pytest.approx(2.0)
    assert table.at["Pearson chi-square, N - 1", "statistic"] == pytest.approx(2.0 * 7 / 8)


@pytest.mark.parametrize("outcome", TABLES)
def test_p_values_equal_the_reference(outcome: str) -> None:
    ours, theirs = (
        equality_tests(TABLES[outcome]).set_index("test")["p_value"],
        golden("reference_abstract.json")[outcome],
    )
    pairs = {
        "Pearson chi-square": theirs["chi2_pearson"][1],
        "Pearson chi-square, N - 1": theirs["chi2_N-1"][1],
        "Likelihood ratio": theirs["G_LR"][1],
        "Yates-corrected chi-square": theirs["chi2_yates"][1],
        "Fisher exact": theirs["fisher"],
        "Fisher exact, mid-p": theirs["fisher_midp_2x1sided"],
    }
    for name, value in pairs.items():
        np.testing.assert_allclose(ours[name], value, rtol=R_RTOL, err_msg=name)
    for name, key in (("Boschloo exact", "boschloo"), ("Barnard exact", "barnard")):
        np.testing.assert_allclose(
            ours[name], theirs[key], rtol=1e-6, err_msg=name
        )  # maximised over a nuisance risk


@pytest.mark.parametrize("outcome", TABLES)
def test_intervals_equal_the_reference(outcome: str) -> None:
    ours, theirs = (
        intervals(TABLES[outcome]).set_index(["scale", "method"]),
        golden("reference_abstract.json")[outcome],
    )
    pairs = {
        ("risk difference", "Newcombe"): theirs["RD_newcombe"],
        ("risk difference", "Miettinen-Nurminen"): theirs["RD_MN"],
        ("risk difference", "Wald"): theirs["RD_wald"][1:3],
        ("risk ratio", "Katz log"): theirs["RR_katz"][1:3],
        ("risk ratio", "Miettinen-Nurminen"): theirs["RR_MN"],
        ("odds ratio", "Woolf log"): theirs["OR_woolf"][1:3],
        ("odds ratio", "Miettinen-Nurminen"): theirs["OR_MN"],
    }
    for key, limits in pairs.items():
        np.testing.assert_allclose(
            ours.loc[key, ["conf_low", "conf_high"]].astype(float), limits, atol=ROOT_ATOL, err_msg=str(key)
        )


@pytest.mark.parametrize("outcome", TABLES)
def test_wilson_equals_the_reference(outcome: str) -> None:
    table, theirs = TABLES[outcome], golden("reference_abstract.json")[outcome]
    np.testing.assert_allclose(
        wilson(table.events_treated, table.n_treated), theirs["wilson_arm1"], rtol=R_RTOL
    )
    np.testing.assert_allclose(
        wilson(table.events_control, table.n_control), theirs["wilson_arm2"], rtol=R_RTOL
    )


def test_statsmodels_score_interval_is_off_where_ours_is_not() -> None:
    # The reason for our own root finding; if statsmodels is repaired, use it and delete cohort/score.py.
    from statsmodels.stats.proportion import confint_proportions_2indep

    theirs = confint_proportions_2indep(22, 125, 36, 217, method="score", compare="diff")
    reference = golden("reference_abstract.json")["death"]["RD_MN"]
    assert np.abs(np.subtract(theirs, reference)).max() > 5e-4
    np.testing.assert_allclose(score_interval(TABLES["death"], "risk difference"), reference, atol=ROOT_ATOL)
    low, high = confint_proportions_2indep(139, 316, 124, 124, method="score", compare="ratio")
    assert not low < 139 / 316 < high
    low, high = score_interval(TwoByTwo(139, 316, 124, 124), "risk ratio")
    assert low < 139 / 316 < high


@given(tables(), st.sampled_from(["risk ratio", "odds ratio"]))
def test_limits_of_a_ratio_are_where_the_score_test_turns(table: TwoByTwo, scale: Scale) -> None:
    assume(0 < table.events_treated < table.n_treated)
    assume(0 < table.events_control < table.n_control)
    for limit, z in zip(score_interval(table, scale), (1.959963984540054, -1.959963984540054), strict=True):
        assert score_statistic(table, limit, scale) == pytest.approx(z, abs=1e-6)


@given(tables())
def test_score_statistic_vanishes_at_the_estimate_and_limits_hold_it(table: TwoByTwo) -> None:
    rd = table.risk_treated - table.risk_control
    low, high = score_interval(table, "risk difference")
    assert low - 1e-9 <= rd <= high + 1e-9
    if -1 < rd < 1:
        assert score_statistic(table, rd, "risk difference") == pytest.approx(0, abs=1e-6)


@given(tables())
def test_swapping_the_arms_flips_the_interval(table: TwoByTwo) -> None:
    treated, control = (table.events_treated, table.n_treated), (table.events_control, table.n_control)
    swapped = TwoByTwo(*control, *treated)
    low, high = newcombe(*treated, *control, conf_level=0.95)
    other_low, other_high = newcombe(*control, *treated, conf_level=0.95)
    np.testing.assert_allclose((low, high), (-other_high, -other_low), atol=1e-12)
    np.testing.assert_allclose(
        score_interval(table, "risk difference"),
        np.negative(score_interval(swapped, "risk difference"))[::-1],
        atol=1e-7,
    )


def test_ratios_are_left_out_without_events() -> None:
    assert set(intervals(TwoByTwo(0, 10, 3, 10))["scale"]) == {"risk difference"}
    with pytest.raises(ValueError, match="needs an event in both arms, found 0 and 3"):
        score_interval(TwoByTwo(0, 10, 3, 10), "risk ratio")


def test_impossible_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="treated arm has 11 events in 10 patients"):
        TwoByTwo(11, 10, 3, 10)
    with pytest.raises(ValueError, match="at least one patient, the control arm has 0"):
        TwoByTwo(1, 10, 0, 0)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.float32])
def test_counts_may_be_small_numbers_of_numpy(kind: type) -> None:
    counts = (100, 120, 90, 125)
    small, right = TwoByTwo(*map(kind, counts)), TwoByTwo(*counts)
    assert small == right
    pd.testing.assert_frame_equal(intervals(small), intervals(right))
    pd.testing.assert_frame_equal(equality_tests(small), equality_tests(right))
