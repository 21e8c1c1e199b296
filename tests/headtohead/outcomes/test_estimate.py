"""Intervals of ratios from bootstrap samples, some of which have no event in an arm."""

from __future__ import annotations

import numpy as np
import pytest
from headtohead.outcomes.estimate import bootstrap_ratio

RISKS = np.linspace(0.1, 0.3, 1001)  # the middle one is 0.2


def test_ratio_by_hand() -> None:
    """Half the ratio and twice the ratio are the ends; 2.5% of the way from them are the limits."""
    found = bootstrap_ratio((0.2, 0.2), (RISKS, np.full(1001, 0.2)), 0.95)
    assert found is not None
    assert found.estimate == 1.0
    assert [found.conf_low, found.conf_high] == pytest.approx(
        [0.105 / 0.2, 0.295 / 0.2]
    )  # 25 of 1,000 steps in
    assert found.std_error == pytest.approx(np.log(RISKS / 0.2).std(ddof=1))


@pytest.mark.parametrize("empty", [0, 1], ids=["first arm", "second arm"])
def test_a_few_samples_without_an_event_hide_no_interval(empty: int) -> None:
    arms = [RISKS.copy(), np.full(1001, 0.2)]
    arms[empty][[0, 500, 1000]] = 0.0
    found = bootstrap_ratio((0.2, 0.2), (arms[0], arms[1]), 0.95)
    assert found is not None
    assert 0.5 < found.conf_low < 1 < found.conf_high < 1.6
    assert np.isnan(found.std_error)


@pytest.mark.parametrize("empty", [0, 1], ids=["first arm", "second arm"])
def test_many_samples_without_an_event_leave_no_limit(empty: int) -> None:
    arms = [RISKS.copy(), np.full(1001, 0.2)]
    arms[empty][:60] = 0.0
    assert bootstrap_ratio((0.2, 0.2), (arms[0], arms[1]), 0.95) is None


def test_samples_without_any_event_are_left_out() -> None:
    above, below = np.append(RISKS, [0.0] * 40), np.append(np.full(1001, 0.2), [0.0] * 40)
    assert bootstrap_ratio((0.2, 0.2), (above, below), 0.95) == bootstrap_ratio(
        (0.2, 0.2), (RISKS, np.full(1001, 0.2)), 0.95
    )
    assert bootstrap_ratio((0.2, 0.2), (np.zeros(9), np.zeros(9)), 0.95) is None


def test_an_arm_without_an_event_has_no_ratio() -> None:
    assert bootstrap_ratio((0.0, 0.2), (RISKS, RISKS), 0.95) is None
