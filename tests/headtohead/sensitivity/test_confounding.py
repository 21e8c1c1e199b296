from __future__ import annotations

import numpy as np
import pytest
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import fragility_index, p_value
from headtohead.sensitivity.confounding import e_value, e_value_of_interval
from hypothesis import given
from hypothesis import strategies as st


def test_e_value_by_hand_and_in_its_paper() -> None:
    # VanderWeele & Ding 2017: RR 3.9 (1.8 to 8.7) gives 7.26 and 3.0
    assert e_value(3.9) == pytest.approx(7.26, abs=5e-3)
    assert e_value_of_interval(1.8, 8.7) == pytest.approx(3.0, abs=5e-3)
    assert e_value(1.0) == 1.0
    assert e_value_of_interval(0.9, 1.2) == 1.0
    assert e_value_of_interval(0.5, 0.8) == e_value(0.8)


@given(st.floats(0.05, 20), st.floats(0.05, 20))
def test_e_value_is_symmetric_and_enough(ratio: float, to: float) -> None:
    value = e_value(ratio, to=to)
    assert value == pytest.approx(e_value(1 / ratio, to=1 / to))
    # a confounder of that strength with both moves the ratio just so far: bias factor R^2 / (2 R - 1)
    assert value**2 / (2 * value - 1) == pytest.approx(max(ratio / to, to / ratio), rel=1e-6)


@pytest.mark.parametrize("test", ["fisher", "pearson"])
def test_fragility_is_the_smallest_change_that_crosses(test: str) -> None:
    imv, death = TwoByTwo(13, 125, 10, 217), TwoByTwo(22, 125, 36, 217)
    assert fragility_index(imv, test=test) == 1
    assert p_value(TwoByTwo(12, 125, 10, 217), test) > 0.05 > p_value(imv, test)
    assert fragility_index(death, test=test) == 10
    assert p_value(TwoByTwo(32, 125, 36, 217), test) < 0.05 < p_value(TwoByTwo(31, 125, 36, 217), test)


def test_no_change_may_be_enough() -> None:
    assert fragility_index(TwoByTwo(1, 2, 1, 2), test="fisher") is None
    assert np.isfinite(p_value(TwoByTwo(1, 2, 1, 2), "fisher"))
