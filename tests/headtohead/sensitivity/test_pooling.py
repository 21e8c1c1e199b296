from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from headtohead.sensitivity.missing import pool
from hypothesis import given
from hypothesis import strategies as st

GOLDENS = Path(__file__).parents[2] / "goldens"
EXACT = 1e-12  # the same sums in another order


def test_rubins_rules_by_hand() -> None:
    # estimates 1, 2, 3: mean 2, B = 1; W = 4; T = 4 + 4/3 = 16/3; r = 1/3; lambda = 1/4
    found = pool([1, 2, 3], [3, 4, 5], conf_level=0.95, df_complete=np.inf)
    assert found.estimate == pytest.approx(2)
    assert (found.between, found.within) == pytest.approx((1, 4))
    assert found.std_error == pytest.approx(np.sqrt(16 / 3))
    assert found.df == pytest.approx(2 / 0.25**2)  # 32
    assert found.fmi == pytest.approx((1 / 3 + 2 / 35) / (4 / 3))
    assert found.mc_error == pytest.approx(np.sqrt(1 / 3))
    assert found.high - found.low == pytest.approx(2 * 2.036933 * np.sqrt(16 / 3), rel=1e-6)  # t(32) table


def test_small_sample_degrees_of_freedom_by_hand() -> None:
    # old 32; observed (11/13) 10 (3/4) = 6.346154; 32 x 6.346154 / 38.346154 = 5.295888
    found = pool([1, 2, 3], [3, 4, 5], conf_level=0.95, df_complete=10)
    assert found.df == pytest.approx(5.295888, abs=1e-6)


@given(st.floats(-1, 1), st.floats(1e-4, 1), st.integers(2, 30))
def test_identical_data_sets_add_nothing(value: float, variance: float, m: int) -> None:
    found = pool([value] * m, [variance] * m, conf_level=0.95, df_complete=np.inf)
    assert found.estimate == value
    assert found.std_error == pytest.approx(np.sqrt(variance), rel=EXACT)
    assert (found.between, found.fmi, found.mc_error, found.df) == (0, 0, 0, np.inf)
    assert found.high - value == pytest.approx(1.959964 * np.sqrt(variance), rel=1e-6)


@given(st.permutations(range(6)))
def test_the_order_of_the_imputations_does_not_matter(order: list[int]) -> None:
    q, u = np.array([0.1, 0.4, -0.2, 0.3, 0.0, 0.7]), np.array([1.0, 2, 3, 4, 5, 6])
    a = pool(q, u, conf_level=0.9, df_complete=50)
    b = pool(q[order], u[order], conf_level=0.9, df_complete=50)
    assert (a.estimate, a.std_error, a.df, a.fmi) == pytest.approx(
        (b.estimate, b.std_error, b.df, b.fmi), rel=EXACT
    )


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=20), st.floats(5, 500))
def test_degrees_of_freedom_never_exceed_the_complete_data(q: list[float], df: float) -> None:
    assert pool(q, [1.0] * len(q), conf_level=0.95, df_complete=df).df <= df * (1 + EXACT)


def test_errors_say_what_was_found() -> None:
    with pytest.raises(ValueError, match="at least 2 data sets, found 1 and 1"):
        pool([1], [1], conf_level=0.95, df_complete=np.inf)
    with pytest.raises(ValueError, match="1 of 2 are not, first number 1"):
        pool([1, np.nan], [1, 1], conf_level=0.95, df_complete=np.inf)


POOLED_BY_R = json.loads((GOLDENS / "reference_pooling.json").read_text("utf-8"))["cases"]


@pytest.mark.parametrize("name", POOLED_BY_R)
def test_pooled_as_by_mice(name: str) -> None:
    theirs = POOLED_BY_R[name]
    for size, complete in (("small", theirs["df_complete"]), ("large", np.inf)):
        found, want = pool(theirs["q"], theirs["u"], conf_level=0.95, df_complete=complete), theirs[size]
        ours = (found.estimate, found.within, found.between, found.std_error**2, found.df, found.fmi)
        assert ours == pytest.approx(
            [want[key] for key in ("qbar", "ubar", "b", "t", "df", "fmi")], rel=1e-11
        )
