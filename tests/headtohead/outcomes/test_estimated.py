from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import stream
from headtohead.kernels.logistic import fit_logistic, with_intercept
from headtohead.kernels.weights import balancing_weights, weight_slopes
from headtohead.matching.adjustment import Adjustment, matched_pairs, unadjusted
from headtohead.matching.pairs import match_nearest
from headtohead.matching.propensity import Score, propensity
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.fine_gray import subdistribution_hazard_ratios
from headtohead.outcomes.hazard import hazard_ratios
from reference import Reference
from scipy.special import expit

ESTIMANDS = ("ATE", "ATT", "ATC", "ATO", "ATM")
DERIVATIVE = 1e-6  # of central differences
DRAWS, MONTE_CARLO = 1000, 0.10  # four standard errors of a standard deviation from as many draws, and 1 / n


def without_ties(seed: int = 4, n: int = 90) -> tuple[Score, Endpoint]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(n, 2)), columns=["a", "b"])
    arm = pd.Series(rng.random(n) < expit(0.8 * X["a"] - 0.3))
    time = pd.Series(rng.exponential(10 * np.exp(-1.2 * X["a"] - 1.2 * X["b"] - 0.4 * arm)))
    return propensity(X, arm), Endpoint("death", time.clip(upper=25), (time < 25).astype(int))


def equations(
    theta: np.ndarray, X: np.ndarray, arm: np.ndarray, time: np.ndarray, died: np.ndarray, estimand: str
) -> np.ndarray:
    """The logistic score and Lin and Wei's weighted score residual of each patient, term by term as printed."""
    ps = expit(X @ theta[:-1])
    w = balancing_weights(ps, arm, estimand)
    z = arm.astype(float)
    risk = w * np.exp(theta[-1] * z)
    total = np.zeros(len(z))
    for k in np.flatnonzero(died):
        at_risk = time >= time[k]
        mean = (risk * z)[at_risk].sum() / risk[at_risk].sum()
        total[k] += w[k] * (z[k] - mean)
        total[at_risk] -= w[k] * (risk * (z - mean))[at_risk] / risk[at_risk].sum()
    return np.column_stack([X * (z - ps)[:, None], total])


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_slopes_are_derivatives(estimand: str) -> None:
    logit, arm, h = np.array([-2.0, -0.3, 0.4, 1.7] * 2), np.repeat([True, False], 4), 1e-6
    up, down = (balancing_weights(expit(logit + d), arm, estimand) for d in (h, -h))
    found = weight_slopes(expit(logit), arm, estimand)
    np.testing.assert_allclose(found, (up - down) / (2 * h), rtol=DERIVATIVE, atol=DERIVATIVE)


@pytest.mark.parametrize("estimand", ESTIMANDS)
def test_equals_the_stacked_equations_by_numerical_derivatives(estimand: str) -> None:
    score, endpoint = without_ties()
    X, arm = with_intercept(score.design.to_numpy()), score.treated.to_numpy()
    time, died = endpoint.time_days.to_numpy(), endpoint.cause.to_numpy() == 1
    row = hazard_ratios(endpoint, score.weight(estimand), by=25, score="estimated").iloc[0]
    theta = np.append(fit_logistic(X, arm).coefficients[0], np.log(row["estimate"]))
    psi = equations(theta, X, arm, time, died, estimand)
    np.testing.assert_allclose(psi.sum(axis=0), 0, atol=1e-6)
    steps = 1e-5 * np.eye(len(theta))
    jacobian = np.column_stack([
        (equations(theta + h, X, arm, time, died, estimand) - equations(theta - h, X, arm, time, died, estimand))
        .sum(axis=0) / 2e-5
        for h in steps
    ])  # fmt: skip
    inverse = np.linalg.inv(jacobian)
    sandwich = inverse @ psi.T @ psi @ inverse.T
    assert row["std_error"] == pytest.approx(np.sqrt(sandwich[-1, -1]), rel=DERIVATIVE)
    assert "score estimated" in row["method"]


def bootstrap_error(endpoint: Endpoint, way: Adjustment) -> float:
    draws = way.resample(stream(1, "refit", way.key), DRAWS)
    X, event = way.treated.astype(float).to_frame("treated"), endpoint.cause == 1
    fits = [
        fit_cox(endpoint.time_days, event, X, weights=pd.Series(w, X.index)).coefficients.iloc[0]
        for w in draws
    ]
    return float(np.std(fits, ddof=1))


@pytest.mark.parametrize(
    "make",
    [
        lambda s: s.weight("ATO"),
        pytest.param(lambda s: s.weight("ATE"), marks=pytest.mark.whole),
        pytest.param(lambda s: s.entropy(), marks=pytest.mark.whole),
    ],
)
def test_agrees_with_the_bootstrap_that_refits(make: object) -> None:
    """Where the covariates tell the outcome, the error that takes the score as known is far too wide."""
    score, endpoint = without_ties(seed=8, n=500)
    way = make(score)  # type: ignore[operator]
    known, estimated = (
        hazard_ratios(endpoint, way, by=25, score=how)["std_error"].iloc[0] for how in ("known", "estimated")
    )
    expected = bootstrap_error(endpoint, way)
    assert estimated == pytest.approx(expected, rel=MONTE_CARLO)
    assert abs(estimated - expected) < abs(known - expected)


def test_nothing_changes_where_no_score_was_estimated(reference: Reference) -> None:
    score = reference.propensity
    matches = match_nearest(score.linear_predictor, reference.treated, ratio=2, caliper=0.2, order="largest")
    for way in (unadjusted(reference.treated), matched_pairs(matches, reference.treated)):
        one, two = (hazard_ratios(reference.death, way, by=28, score=how) for how in ("known", "estimated"))
        pd.testing.assert_frame_equal(one, two)


def test_fine_gray_without_competing_events_is_cox() -> None:
    score, endpoint = without_ties()
    cox, gray = (
        f(endpoint, score.weight("ATE"), by=25, score="estimated").iloc[0]
        for f in (hazard_ratios, subdistribution_hazard_ratios)
    )
    assert gray["std_error"] == pytest.approx(cox["std_error"], rel=1e-9)


def test_truncated_weights_say_why_not(reference: Reference) -> None:
    row = hazard_ratios(
        reference.death, reference.propensity.truncate((0.01, 0.99)), by=28, score="estimated"
    ).iloc[0]
    assert np.isnan(row["estimate"])
    assert "needs smooth ones, truncated inverse probability weights are not" in row["method"]
