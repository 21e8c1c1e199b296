from __future__ import annotations

import numpy as np
import pytest
from headtohead.outcomes.posterior import normal_posterior
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats


def test_by_hand() -> None:
    # estimate 6 (SE 3), prior 0 (SD 3): equal precision, mean 3, SD 3 / sqrt 2; P(below 0) = Phi(-sqrt 2)
    law = normal_posterior(6, 3, prior_mean=0, prior_sd=3)
    assert (law.mean, law.sd) == pytest.approx((3, 3 / np.sqrt(2)))
    assert law.probability_below(0) == pytest.approx(stats.norm.cdf(-np.sqrt(2)))


@given(st.floats(-0.2, 0.2), st.floats(0.01, 0.2), st.floats(-0.1, 0.1), st.floats(0.01, 0.2))
def test_equals_numerical_integration(estimate: float, se: float, mean: float, sd: float) -> None:
    law = normal_posterior(estimate, se, prior_mean=mean, prior_sd=sd)
    grid = np.linspace(-2, 2, 40_001)
    joint = stats.norm.pdf(estimate, grid, se) * stats.norm.pdf(grid, mean, sd)
    joint /= integrate.simpson(joint, x=grid)
    assert integrate.simpson(joint * grid, x=grid) == pytest.approx(law.mean, abs=1e-6)
    np.testing.assert_allclose(law.density(grid), joint, atol=1e-5)


def test_the_flat_prior_is_the_limit_of_wide_ones_and_gives_the_usual_interval() -> None:
    flat, wide = (normal_posterior(0.02, 0.04, prior_mean=0.5, prior_sd=sd) for sd in (None, 1e4))
    assert flat.interval(0.95) == pytest.approx((0.02 - 1.959964 * 0.04, 0.02 + 1.959964 * 0.04), abs=1e-7)
    assert wide.interval(0.95) == pytest.approx(flat.interval(0.95), abs=1e-7)
    assert flat.probability_within(0.05) == pytest.approx(
        1 - flat.probability_below(-0.05) - (1 - flat.probability_below(0.05))
    )


def test_a_missing_estimate_is_refused() -> None:
    with pytest.raises(ValueError, match="report why the estimate is missing"):
        normal_posterior(float("nan"), 0.1, prior_mean=0, prior_sd=1)
