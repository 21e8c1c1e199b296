from __future__ import annotations

import numpy as np
import pytest
from headtohead.outcomes.equivalence import (
    minimum_detectable_difference,
    minimum_detectable_hazard_ratio,
    minimum_detectable_interaction,
    patients_per_arm_for_equivalence,
    power_of_equivalence,
    power_of_risk_difference,
)
from scipy import stats


def test_the_detectable_difference_has_exactly_the_power() -> None:
    harm, benefit = minimum_detectable_difference(36 / 217, 125, 217, power=0.8, alpha=0.05)
    for difference in (harm, benefit):
        assert power_of_risk_difference(36 / 217, difference, 125, 217, alpha=0.05) == pytest.approx(0.8)
    assert (round(100 * harm, 1), round(100 * benefit, 1)) == (13.1, -10.2)


def test_the_power_is_that_of_simulated_trials() -> None:
    rng = np.random.default_rng(3)
    harm, _ = minimum_detectable_difference(36 / 217, 125, 217, power=0.8, alpha=0.05)
    x1, x0 = rng.binomial(125, 36 / 217 + harm, 20_000), rng.binomial(217, 36 / 217, 20_000)
    pooled = (x1 + x0) / 342
    z = (x1 / 125 - x0 / 217) / np.sqrt(pooled * (1 - pooled) * (1 / 125 + 1 / 217))
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.015)


def test_schoenfeld_by_hand() -> None:
    # (1.96 + 0.8416)^2 / (p (1 - p) ln^2 HR) deaths; with half treated and 100 deaths ln HR = 2.8016 / 5
    expected = np.exp((stats.norm.isf(0.025) + stats.norm.ppf(0.8)) / 5)
    assert minimum_detectable_hazard_ratio(100, 0.5, power=0.8, alpha=0.05) == pytest.approx(expected)
    assert minimum_detectable_interaction(100, 0.5, power=0.8, alpha=0.05) == pytest.approx(expected**2)


def test_equivalence_needs_its_patients() -> None:
    n = patients_per_arm_for_equivalence(0.17, margin=0.05, alpha=0.05, power=0.8)
    assert n == 967
    assert (
        power_of_equivalence(0.17, n, n, margin=0.05, alpha=0.05)
        >= 0.8
        > power_of_equivalence(0.17, n - 1, n - 1, margin=0.05, alpha=0.05)
    )
    assert power_of_equivalence(0.17, 125, 217, margin=0.05, alpha=0.05) == 0


@pytest.mark.parametrize("difference", [5, 0.83, -0.17, np.nan])
def test_both_risks_are_risks(difference: float) -> None:
    with pytest.raises(ValueError, match="both risks must lie between 0 and 1, found .*; 5 percent is 0.05"):
        power_of_risk_difference(0.17, difference, 125, 217, alpha=0.05)


def test_numbers_of_patients_may_be_small_ones_of_numpy() -> None:
    for kind in (np.int8, np.uint8, np.int16):
        found = minimum_detectable_difference(0.2, kind(100), kind(120), power=0.8, alpha=0.05)
        assert found == minimum_detectable_difference(0.2, 100, 120, power=0.8, alpha=0.05)


def test_an_undetectable_fall_or_rise_is_said() -> None:
    with pytest.raises(
        ValueError, match="even a rise of the risk from 0.980 to 1 is .*beneficial direction only"
    ):
        minimum_detectable_difference(0.98, 100, 100, power=0.8, alpha=0.05)
    with pytest.raises(ValueError, match="even a fall of the risk from 0.010 to 0 is not detectable"):
        minimum_detectable_difference(0.01, 20, 20, power=0.8, alpha=0.05)
