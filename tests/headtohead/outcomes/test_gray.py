from __future__ import annotations

import comprisk
import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.log_rank import gray_test, gray_tests
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import GOLDENS, Reference, golden
from scipy import stats


def test_by_hand() -> None:
    # day 1 a treated patient dies: R = 2 and 2, score 1 - 1/2. Day 2 a control: R = 1 (1 - 1/2) / (1/2) = 1
    # and 2, score - 1/3; together 1/6. a = 2 x 2 / 4 = 1 both days, c = 1/4, then 7/12. Each arm and day
    # adds (a - k c + k 7/12)^2 / 8 with k = 1 - (1 - F) / S = -1/2, 0 and 1/4, 0:
    # (25/36 + 1 + 169/144 + 1) / 8
    variance = (25 / 36 + 1 + 169 / 144 + 1) / 8
    time, cause = pd.Series([1.0, 5, 2, 5]), pd.Series([1, 0, 1, 0])
    treated = pd.Series([True, True, False, False])
    found = gray_test(time, cause, treated, cause_number=1).chi_square
    assert found == pytest.approx((1 / 6) ** 2 / variance, rel=1e-12)


@pytest.mark.parametrize("cause_number", [1, 2])
def test_equals_cmprsk(reference: Reference, cause_number: int) -> None:
    frame = reference.frame
    ours = gray_test(
        frame["time"].astype(float), frame["status"], reference.treated, cause_number=cause_number
    )
    theirs = reference.answers["cuminc"]["gray"][cause_number - 1]
    np.testing.assert_allclose(ours, theirs[:2], rtol=1e-8)
    rows = gray_tests(reference.death, reference.propensity.crude(), by=60)
    np.testing.assert_allclose(rows[["chi_square", "p_value"]].iloc[cause_number - 1], ours)


@pytest.mark.parametrize("cause_number", [1, 2])
def test_public_data_equal_cmprsk(cause_number: int) -> None:
    mgus = pd.read_csv(GOLDENS / "survival_mgus2.csv")
    time = mgus["ptime"].where(mgus["pstat"] == 1, mgus["futime"]).astype(float)
    cause = pd.Series(np.where(mgus["pstat"] == 1, 1, 2 * mgus["death"]))
    ours = gray_test(time, cause, mgus["sex"] == "M", cause_number=cause_number)
    theirs = golden("reference_survival.json")["mgus2"]["gray"][cause_number - 1]
    np.testing.assert_allclose(ours, theirs[:2], rtol=1e-8)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=20)
def test_equals_comprisk_and_does_not_depend_on_the_name_of_the_arms(seed: int) -> None:
    rng = np.random.default_rng(seed)
    time, cause = pd.Series(rng.integers(1, 15, 80).astype(float)), pd.Series(rng.integers(0, 3, 80))
    treated = pd.Series(rng.random(80) < 0.5)
    ours = gray_test(time, cause, treated, cause_number=1)
    theirs = comprisk.gray_test(time.to_numpy(), cause.to_numpy(), treated.to_numpy().astype(int))
    assert ours.chi_square == pytest.approx(theirs.stat, rel=1e-8)
    assert gray_test(time, cause, ~treated, cause_number=1).chi_square == pytest.approx(
        ours.chi_square, rel=1e-8
    )


def test_under_the_null_the_p_values_are_uniform() -> None:
    rng = np.random.default_rng(3)
    p = []
    for _ in range(300):
        time, cause = pd.Series(rng.integers(1, 29, 200).astype(float)), pd.Series(rng.integers(1, 3, 200))
        p.append(gray_test(time, cause, pd.Series(rng.random(200) < 0.4), cause_number=1).p_value)
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="needs an event of cause 1, found 1 and 1 patients"):
        gray_test(pd.Series([1.0, 2]), pd.Series([0, 2]), pd.Series([True, False]), cause_number=1)
    nothing = Endpoint("death", pd.Series([1.0, 2]), pd.Series([0, 0]))
    row = gray_tests(nothing, unadjusted(pd.Series([True, False])), by=2).iloc[0]
    assert row["method"].startswith("cannot be estimated, because Gray's test needs an event")
