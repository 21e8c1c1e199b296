from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.outcomes.posterior import Prior, normal_posterior, posterior_densities, posteriors
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats


def test_by_hand() -> None:
    # estimate 6 (SE 3), prior 0 (SD 3): equal precision, mean 3, SD 3 / sqrt 2; P(below 0) = Phi(-sqrt 2)
    law = normal_posterior(6, 3, prior_mean=0, prior_sd=3)
    assert (law.mean(), law.std()) == pytest.approx((3, 3 / np.sqrt(2)))
    assert law.cdf(0) == pytest.approx(stats.norm.cdf(-np.sqrt(2)))


@given(st.floats(-0.2, 0.2), st.floats(0.01, 0.2), st.floats(-0.1, 0.1), st.floats(0.01, 0.2))
def test_equals_numerical_integration(estimate: float, se: float, mean: float, sd: float) -> None:
    law = normal_posterior(estimate, se, prior_mean=mean, prior_sd=sd)
    grid = np.linspace(-2, 2, 40_001)
    joint = stats.norm.pdf(estimate, grid, se) * stats.norm.pdf(grid, mean, sd)
    joint /= integrate.simpson(joint, x=grid)
    assert integrate.simpson(joint * grid, x=grid) == pytest.approx(law.mean(), abs=1e-6)
    np.testing.assert_allclose(law.pdf(grid), joint, atol=1e-5)


def test_the_flat_prior_is_the_limit_of_wide_ones_and_gives_the_usual_interval() -> None:
    flat, wide = (normal_posterior(0.02, 0.04, prior_mean=0.5, prior_sd=sd) for sd in (None, 1e4))
    assert flat.interval(0.95) == pytest.approx((0.02 - 1.959964 * 0.04, 0.02 + 1.959964 * 0.04), abs=1e-7)
    assert wide.interval(0.95) == pytest.approx(flat.interval(0.95), abs=1e-7)
    assert flat.cdf(0.05) - flat.cdf(-0.05) == pytest.approx(1 - flat.cdf(-0.05) - (1 - flat.cdf(0.05)))


def test_a_missing_estimate_is_refused() -> None:
    with pytest.raises(ValueError, match="report why the estimate is missing"):
        normal_posterior(float("nan"), 0.1, prior_mean=0, prior_sd=1)


def test_rows_say_what_the_laws_say_and_without_an_error_nothing() -> None:
    row, priors = (
        pd.Series({"estimate": 0.02, "std_error": 0.03}),
        [Prior("flat", "none"), Prior("sceptical", "small", 0.0, 0.02)],
    )
    rows = posteriors(row, priors, margins={"margin": 0.05, "wide": 0.1}).set_index(["prior", "name"])
    law = normal_posterior(0.02, 0.03, prior_mean=0.0, prior_sd=0.02)
    found = rows.loc["sceptical", "estimate"]
    assert found["rd"] == law.mean()
    assert found["worse"] == 1 - law.cdf(0)
    assert found["within_wide"] == law.cdf(0.1) - law.cdf(-0.1)
    assert found["worse_by_margin"] == 1 - law.cdf(0.05)
    assert rows.at[("flat", "rd"), "conf_low"] == pytest.approx(0.02 - 1.959964 * 0.03, abs=1e-7)
    grid = np.linspace(-0.3, 0.3, 601)
    densities = posterior_densities(row, priors, grid=grid)
    assert np.trapezoid(densities[densities["prior"] == "flat"]["density"], grid) == pytest.approx(
        1, abs=1e-3
    )
    nothing = pd.Series({"estimate": 0.0, "std_error": 0.0})
    assert posteriors(nothing, priors, margins={"margin": 0.05})["estimate"].isna().all()
    assert posterior_densities(nothing, priors, grid=grid).empty
