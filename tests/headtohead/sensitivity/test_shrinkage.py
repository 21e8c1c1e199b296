from __future__ import annotations

import numpy as np
import pytest
from headtohead.sensitivity.heterogeneity import shrink
from scipy import integrate

SCHOOLS = ([28.0, 8, -3, 7, -1, 1, 18, 12], [15.0, 10, 16, 11, 9, 11, 10, 18])  # Rubin 1981, table 2


def test_two_groups_by_hand_when_the_prior_allows_no_spread() -> None:
    # tau = 0: both become the inverse-variance mean, (4/1 + 0/4) / (1 + 1/4) = 3.2, with variance 1 / 1.25
    found = shrink([4.0, 0.0], [1.0, 2.0], tau_sd=1e-5, conf_level=0.95)
    assert found["estimate"].tolist() == pytest.approx([3.2, 3.2], abs=1e-6)
    assert found["std_error"].tolist() == pytest.approx([np.sqrt(0.8)] * 2, abs=1e-6)
    assert found["conf_high"].iloc[0] == pytest.approx(3.2 + 1.959964 * np.sqrt(0.8), abs=1e-5)


def test_exact_estimates_are_left_alone() -> None:
    found = shrink([4.0, 0.0, 1.0], [1e-4, 1e-4, 1e-4], tau_sd=5.0, conf_level=0.9)
    assert found["estimate"].tolist() == pytest.approx([4.0, 0.0, 1.0], abs=1e-3)


def test_the_joint_posterior_integrated_directly() -> None:
    """Over mu and tau, from the likelihood of theta_1 itself, without the formula for what is given tau."""
    y, s, scale = np.array([0.10, -0.04, 0.02]), np.array([0.05, 0.06, 0.03]), 0.05

    def weight(mu: float, tau: float) -> float:
        variance = s**2 + tau**2
        likelihood = np.exp(-((y - mu) ** 2 / variance).sum() / 2) / np.sqrt(variance.prod())
        return float(likelihood * np.exp(-((tau / scale) ** 2) / 2))

    def moments(mu: float, tau: float) -> tuple[float, float]:  # two normals multiplied: precisions add
        a, b = 1 / s[0] ** 2, 1 / max(tau, 1e-12) ** 2
        mean = float((y[0] * a + mu * b) / (a + b))
        return mean, mean**2 + 1 / (a + b)

    options = {"epsabs": 1e-9, "epsrel": 1e-7}
    total, first, second = (
        integrate.dblquad(value, 0, 0.3, -0.5, 0.5, **options)[0]
        for value in (
            weight,
            lambda m, t: weight(m, t) * moments(m, t)[0],
            lambda m, t: weight(m, t) * moments(m, t)[1],
        )
    )
    found = shrink(y.tolist(), s.tolist(), tau_sd=scale, conf_level=0.95).iloc[0]
    assert found["estimate"] == pytest.approx(first / total, rel=1e-4)
    assert found["std_error"] == pytest.approx(np.sqrt(second / total - (first / total) ** 2), rel=1e-4)


def test_the_eight_schools_as_published() -> None:
    # Gelman et al., Bayesian Data Analysis, table 5.3, flat prior on tau, 200 draws: 2.5% and 97.5% of each school
    low, high = [-2, -5, -11, -7, -9, -7, -1, -6], [31, 23, 19, 21, 18, 28, 26, 33]
    found = shrink(*SCHOOLS, tau_sd=100.0, conf_level=0.95)
    assert np.abs(found["conf_low"] - low).max() < 5
    assert np.abs(found["conf_high"] - high).mean() < 3
    assert found["estimate"].iloc[0] == pytest.approx(11, abs=1)
    assert found["estimate"].between(4, 12).all()


@pytest.mark.parametrize("tau_sd", [0.01, 0.05, 0.5])
def test_estimates_move_towards_their_mean_and_never_past_it(tau_sd: float) -> None:
    y, s = [0.2, -0.1, 0.0, 0.05], [0.05, 0.07, 0.02, 0.1]
    found = shrink(y, s, tau_sd=tau_sd, conf_level=0.95)
    assert found["estimate"].max() < max(y)
    assert found["estimate"].min() > min(y)
    assert (found["conf_low"] < found["estimate"]).all()
    assert (found["estimate"] < found["conf_high"]).all()


def test_the_order_and_the_unit_do_not_matter() -> None:
    y, s = np.array([0.2, -0.1, 0.0]), np.array([0.05, 0.07, 0.02])
    first = shrink(y, s, tau_sd=0.05, conf_level=0.95)
    turned = shrink(y[::-1], s[::-1], tau_sd=0.05, conf_level=0.95).iloc[::-1].reset_index(drop=True)
    points = shrink(100 * y, 100 * s, tau_sd=5.0, conf_level=0.95)
    np.testing.assert_allclose(first, turned, rtol=1e-7)
    np.testing.assert_allclose(100 * first, points, rtol=1e-6)


def test_known_truth_smaller_errors_and_honest_intervals() -> None:
    rng = np.random.default_rng(20210906)
    s, covered, raw, drawn = np.array([5.0, 6.0, 4.0]), [], [], []
    for _ in range(200):
        truth = rng.normal(2, abs(rng.normal(0, 5)), 3)
        y = rng.normal(truth, s)
        found = shrink(y, s, tau_sd=5.0, conf_level=0.9)
        covered += list((found["conf_low"] <= truth) & (truth <= found["conf_high"]))
        raw.append(np.mean((y - truth) ** 2))
        drawn.append(np.mean((found["estimate"] - truth) ** 2))
    assert np.mean(covered) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 600))
    assert np.mean(drawn) < 0.75 * np.mean(raw)


@pytest.mark.parametrize(("y", "s"), [([0.1], [0.1]), ([0.1, np.nan], [0.1, 0.1]), ([0.1, 0.2], [0.1, 0.0])])
def test_what_cannot_be_shrunken_is_refused(y: list[float], s: list[float]) -> None:
    with pytest.raises(ValueError, match="in each of at least 2 groups"):
        shrink(y, s, tau_sd=0.05, conf_level=0.95)
