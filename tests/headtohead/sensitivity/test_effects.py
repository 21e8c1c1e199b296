from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from headtohead.kernels.logistic import NoMaximumError, fit_logistic, with_intercept
from headtohead.kernels.weights import balancing_weights
from headtohead.sensitivity.effects import (
    balanced_effects,
    crude_effects,
    doubly_robust_effects,
    paired_effects,
    regression_effects,
    weighted_effects,
)
from headtohead.sensitivity.specification import Sample as ScoredSample
from headtohead.sensitivity.specification import estimate_sample
from scipy.optimize import minimize
from scipy.special import expit

Sample = tuple[np.ndarray, np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def sample() -> Sample:
    """Outcome, arm and design of 150 patients with confounding."""
    rng = np.random.default_rng(3)
    X = with_intercept(rng.normal(size=(150, 3)))
    arm = rng.random(150) < expit(0.8 * X[:, 1] - 0.4)
    y = rng.random(150) < expit(0.7 * X[:, 1] + 0.4 * X[:, 2] - 0.8)
    return y[:, None].astype(float), arm, X


def test_crude_by_hand() -> None:
    # 2 of 4 against 1 of 5: difference 0.3, variance 0.25 / 4 + 0.16 / 5 = 0.0945
    Y, arm = np.array([1, 1, 0, 0, 1, 0, 0, 0, 0.0])[:, None], np.arange(9) < 4
    found = crude_effects(Y, arm)
    assert found.estimate[0] == pytest.approx(0.3)
    assert found.std_error[0] == pytest.approx(np.sqrt(0.0945))


def test_pairs_by_hand() -> None:
    # five pairs, b = 2, c = 1: difference 0.2, variance (3 - 1/5) / 25 = 0.112
    Y = np.array([1, 1, 0, 0, 1, 0, 0, 1, 0, 1.0])[:, None]
    found = paired_effects(Y, np.arange(5), np.arange(5, 10))
    assert found.estimate[0] == pytest.approx(0.2)
    assert found.std_error[0] == pytest.approx(np.sqrt(0.112))


def jackknife(estimate: Callable[[np.ndarray], float], n: int) -> float:
    """Return the infinitesimal-jackknife standard error: the estimate differentiated by each patient's weight."""
    h = 1e-4
    slopes = []
    for i in range(n):
        up, down = np.ones(n), np.ones(n)
        up[i], down[i] = 1 + h, 1 - h
        slopes.append((estimate(up) - estimate(down)) / (2 * h))
    return float(np.sqrt(np.square(slopes).sum()))


@pytest.mark.parametrize("estimand", ["ATE", "ATO", "ATM"])
def test_the_sandwich_is_the_infinitesimal_jackknife(sample: Sample, estimand: str) -> None:
    Y, arm, X = sample
    y = Y[:, 0]

    def estimate(w: np.ndarray) -> float:
        e = expit(X @ fit_logistic(X, arm, w[None]).coefficients[0])
        v = w * balancing_weights(e, arm, estimand)  # type: ignore[arg-type]
        return float(np.average(y[arm], weights=v[arm]) - np.average(y[~arm], weights=v[~arm]))

    found = weighted_effects(Y, arm, X, fit_logistic(X, arm).coefficients[0], estimand=estimand)  # type: ignore[arg-type]
    assert found.estimate[0] == pytest.approx(estimate(np.ones(len(y))), abs=1e-12)
    # the numerical derivative has an error of the order h^2
    assert found.std_error[0] == pytest.approx(jackknife(estimate, len(y)), rel=1e-5)


def test_standardisation_is_its_infinitesimal_jackknife(sample: Sample) -> None:
    Y, arm, X = sample
    D, ones, zeros = (np.column_stack([X, a]) for a in (arm, np.ones(len(arm)), np.zeros(len(arm))))

    def estimate(w: np.ndarray) -> float:
        beta = fit_logistic(D, Y[:, 0], w[None], ridge=0.1).coefficients[0]
        return float(np.average(expit(ones @ beta) - expit(zeros @ beta), weights=w))

    found = regression_effects(Y, arm, X, ridge=0.1).effects
    assert found.estimate[0] == pytest.approx(estimate(np.ones(len(arm))), abs=1e-10)
    assert found.std_error[0] == pytest.approx(jackknife(estimate, len(arm)), rel=1e-4)


def test_entropy_balancing_is_its_infinitesimal_jackknife(sample: Sample) -> None:
    Y, arm, X = sample
    y, Z = Y[:, 0], X[:, 1:]

    def estimate(w: np.ndarray) -> float:
        target = np.average(Z[arm], axis=0, weights=w[arm])

        def dual(beta: np.ndarray) -> float:
            return float(np.log(w[~arm] @ np.exp((Z[~arm] - target) @ beta)))

        beta = minimize(dual, np.zeros(3), method="BFGS", options={"gtol": 1e-11}).x
        v = w[~arm] * np.exp((Z[~arm] - target) @ beta)
        return float(np.average(y[arm], weights=w[arm]) - np.average(y[~arm], weights=v))

    found = balanced_effects(Y, arm, X)
    assert found.estimate[0] == pytest.approx(estimate(np.ones(len(y))), abs=1e-6)  # BFGS stops near 1e-8
    assert found.std_error[0] == pytest.approx(jackknife(estimate, len(y)), rel=1e-2)  # its noise over h


def test_balancing_what_is_balanced_changes_nothing() -> None:
    # every outcome equal to a covariate: the balanced controls have the treated patients' mean of it
    X = with_intercept(np.array([[0.0, 1], [1, 0], [2, 2], [0, 0], [2, 1], [1, 2], [2, 0], [0, 2]]))
    arm = np.array([True, True, True, False, False, False, False, False])
    found = balanced_effects(X[:, 1:], arm, X)
    np.testing.assert_allclose(found.estimate, 0, atol=1e-8)


def test_a_target_outside_the_controls_is_an_error() -> None:
    X, arm = np.array([[1.0, 0], [1, 1], [1, 2]]), np.array([False, False, True])
    with pytest.raises(
        NoMaximumError, match="the 2 controls must surround the means of the treated in all 1 columns"
    ):
        balanced_effects(np.zeros((3, 1)), arm, X)


def test_the_augmented_estimate_is_right_if_either_model_is() -> None:
    # truth by design: no effect at all; one model is made useless in turn
    rng = np.random.default_rng(5)
    X = with_intercept(rng.normal(size=(40_000, 2)))
    e = expit(1.2 * X[:, 1])
    arm, y = rng.random(len(X)) < e, rng.random(len(X)) < expit(1.2 * X[:, 1] - 1)
    Y = y[:, None].astype(float)
    good = regression_effects(Y, arm, X, ridge=0.0)
    useless = regression_effects(Y, arm, X[:, [0, 2]], ridge=0.0)
    share = np.full(len(X), arm.mean())
    tolerance = 4 * 0.0055  # four standard errors of an augmented estimate of this size
    assert abs(crude_effects(Y, arm).estimate[0]) > 0.15
    assert abs(doubly_robust_effects(Y, arm, e, useless).estimate[0]) < tolerance
    assert abs(doubly_robust_effects(Y, arm, share, good).estimate[0]) < tolerance


@pytest.mark.parametrize("estimator", ["greedy pairs", "optimal pairs"])
def test_the_last_bit_of_a_score_decides_no_pair(estimator: str) -> None:
    # every patient stands in four times; which of the like ones is taken follows the rows, whatever the rounding
    rng = np.random.default_rng(8)
    X = np.repeat(with_intercept(rng.normal(size=(40, 2))), 4, axis=0)
    arm, Y = rng.random(160) < 0.4, rng.random((160, 1)).round()
    found = []
    for noise in (0.0, 1e-15):
        score = np.array([0.0, 0.8, -0.5]) * (1 + noise)
        moved = X + noise * rng.normal(size=X.shape)
        way = (estimator, "0.2")
        scored = ScoredSample(moved, arm, Y, score)
        effects, n = estimate_sample(scored, {way}, caliper_scale="pooled", order="largest")[way]  # type: ignore[misc]
        found.append((effects.estimate[0], effects.std_error[0], n))
    assert found[0] == found[1]
