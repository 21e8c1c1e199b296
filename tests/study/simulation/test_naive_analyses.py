from __future__ import annotations

import numpy as np
import pytest
from study.simulation.naive_analyses import NAIVE, naive_estimates, one_minus_kaplan_meier


def test_discharge_as_censoring_by_hand() -> None:
    # deaths on days 2 and 4, discharges on days 3 and 5: 1 - (3/4)(1/2) = 5/8, while 2 of 4 died
    death, discharge = np.array([2, np.inf, 4, np.inf]), np.array([np.inf, 3, np.inf, 5])
    assert one_minus_kaplan_meier(death, discharge, np.ones(4), 28) == pytest.approx(5 / 8)


def test_without_discharge_there_is_no_mistake() -> None:
    death = np.array([1, 2, np.inf, np.inf, 7])
    assert one_minus_kaplan_meier(death, np.full(5, np.inf), np.ones(5), 28) == pytest.approx(3 / 5)
    assert one_minus_kaplan_meier(death, np.full(5, np.inf), np.ones(5), 5) == pytest.approx(2 / 5)


def test_each_mistake_vanishes_with_its_cause() -> None:
    rng = np.random.default_rng(1)
    n = 400
    design, treated = rng.normal(size=(n, 2)), rng.random(n) < 0.5
    death = np.where(rng.random(n) < 0.3, rng.integers(1, 29, n), np.inf)
    never, nobody, zero = np.full(n, np.inf), np.zeros(n, bool), np.zeros(n)
    found = naive_estimates(
        design, treated, death_day=death, discharge_day=never, ventilated=nobody, completed=~nobody,
        wait_days=zero, longer_wait_days=zero, horizon_days=28,
    )  # fmt: skip
    differences = np.delete(found, [2, 3])
    np.testing.assert_allclose(differences, differences[0], atol=1e-9)
    assert found[2] - found[3] == pytest.approx(found[1])


def test_adjusting_for_a_perfect_mediator_removes_the_whole_effect() -> None:
    # everyone who is ventilated dies and nobody else: given ventilation, the drug makes no difference
    rng = np.random.default_rng(2)
    n = 2000
    treated = rng.random(n) < 0.5
    ventilated = rng.random(n) < np.where(treated, 0.5, 0.2)
    death = np.where(ventilated, 10.0, np.inf)
    found = dict(zip(NAIVE, naive_estimates(
        rng.normal(size=(n, 1)), treated, death_day=death, discharge_day=np.full(n, np.inf), ventilated=ventilated,
        completed=np.ones(n, bool), wait_days=np.zeros(n), longer_wait_days=np.zeros(n), horizon_days=28,
    ), strict=True))  # fmt: skip
    assert found["none"] == pytest.approx(0.3, abs=4 * 0.021)  # four standard errors
    assert abs(found["adjusted for ventilation"]) < 1e-9
