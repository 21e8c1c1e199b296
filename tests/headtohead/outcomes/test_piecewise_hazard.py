from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.kernels.logistic import fit_logistic
from headtohead.kernels.weights import balancing_weights
from headtohead.matching.adjustment import unadjusted
from headtohead.matching.propensity import propensity
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.hazard import hazard_ratios, piecewise_hazard_ratios
from reference import Reference
from scipy.special import expit


def test_one_interval_is_the_whole_and_intervals_share_the_events(reference: Reference) -> None:
    for way in (reference.propensity.crude(), reference.propensity.weight("ATO")):
        one = piecewise_hazard_ratios(reference.death, way, cuts=(0, 28))
        whole = hazard_ratios(reference.death, way, by=28).iloc[[0]]
        np.testing.assert_allclose(one["estimate"], whole["estimate"], rtol=1e-9)
        np.testing.assert_allclose(one["conf_low"], whole["conf_low"], rtol=1e-9)
        two = piecewise_hazard_ratios(reference.death, way, cuts=(0, 7, 28))
        assert two["events"].sum() == whole["events"].iloc[0]
        assert list(two["interval"]) == ["days 0 to 7", "days 8 to 28"]


def test_a_ratio_that_changes_on_day_7_is_found() -> None:
    rng, n = np.random.default_rng(2), 40_000
    treated = pd.Series(rng.random(n) < 0.5)
    early, late = 0.02, 0.02 * np.where(treated, 2.0, 1.0)  # ratio 1 to day 7, then 2
    first = rng.exponential(1 / early, n)
    time = pd.Series(np.where(first <= 7, first, 7 + rng.exponential(1 / late)))
    cause = pd.Series((time <= 28).astype(int))
    death = Endpoint("death", time.clip(upper=28), cause)
    rows = piecewise_hazard_ratios(death, unadjusted(treated), cuts=(0, 7, 28))
    for truth, row in zip((1, 2), rows.itertuples(), strict=True):
        assert abs(np.log(row.estimate / truth)) < 4 * row.std_error


def test_an_interval_without_events_is_said_in_words(reference: Reference) -> None:
    late = replace(reference.death, time_days=reference.death.time_days.clip(lower=5))
    rows = piecewise_hazard_ratios(late, reference.propensity.crude(), cuts=(0, 4, 28))
    assert np.isnan(rows["estimate"][0])
    assert "cannot be estimated, because" in rows["method"][0]


def test_one_interval_with_an_estimated_score_is_the_whole(reference: Reference) -> None:
    choices = {"adjustments": reference.propensity.weight("ATT"), "score": "estimated"}
    one = piecewise_hazard_ratios(reference.death, cuts=(0, 28), **choices)
    whole = hazard_ratios(reference.death, by=28, **choices).iloc[[0]]
    np.testing.assert_allclose(one["std_error"], whole["std_error"], rtol=1e-12)
    assert one["method"][0].endswith("standard error robust, score estimated")
    with pytest.raises(ValueError, match="found 'guessed'"):
        piecewise_hazard_ratios(reference.death, reference.propensity.crude(), cuts=(0, 28), score="guessed")  # type: ignore[arg-type]


def test_an_estimated_score_is_the_derivative_by_the_weight_of_every_patient() -> None:
    """The variance is the sum of squared derivatives when score, weights and ratio are all fitted anew."""
    rng, n, h = np.random.default_rng(5), 80, 1e-4
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    arm = pd.Series(rng.random(n) < expit(0.8 * X["a"]))
    time = pd.Series(rng.exponential(10 * np.exp(-X["a"] - 0.4 * arm))).clip(upper=25)
    way, death = propensity(X, arm).weight("ATO"), Endpoint("death", time, (time < 25).astype(int))
    late = (time > 4).to_numpy()

    def log_ratio(times: np.ndarray) -> float:
        score = expit(way.regressors @ fit_logistic(way.regressors, arm, times[None]).coefficients[0])
        w = pd.Series(times * balancing_weights(score, arm.to_numpy(), "ATO"))
        rows = (time[late], death.cause[late], arm[late].astype(float).to_frame("treated"))
        return float(fit_cox(*rows, weights=w[late]).coefficients["treated"])

    moved = [(log_ratio(1 + h * one) - log_ratio(1 - h * one)) / (2 * h) for one in np.eye(n)]
    found = piecewise_hazard_ratios(death, way, cuts=(0, 4, 25), score="estimated").iloc[1]
    assert found["std_error"] == pytest.approx(np.linalg.norm(moved), rel=1e-4)
