from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from headtohead.kernels.logistic import (
    BLOCK_ROWS,
    NoMaximumError,
    fit_logistic,
    full_rank,
    logistic,
    maximum,
    with_intercept,
)
from headtohead.kernels.weights import bootstrap_counts
from reference import Reference
from scipy.optimize import minimize


def test_one_binary_covariate_by_hand() -> None:
    # 1 of 4 events without, 3 of 4 with the covariate: intercept log(1/3), log odds ratio log(9)
    X = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    y = np.array([1, 0, 0, 0, 1, 1, 1, 0])
    np.testing.assert_allclose(maximum(X, y), [np.log(1 / 3), np.log(9)], rtol=1e-9)


def test_all_resamples_at_once_are_each_alone(reference: Reference) -> None:
    X, arm = with_intercept(reference.design.to_numpy(float)), reference.treated.to_numpy(bool)
    counts = bootstrap_counts(np.random.default_rng(1), 400, len(arm))  # several blocks
    together = fit_logistic(X, arm, counts)
    for number in (0, 199, 399):
        alone = maximum(
            np.repeat(X, counts[number].astype(int), axis=0), np.repeat(arm, counts[number].astype(int))
        )
        # both stop below 1e-7 of a Newton step, whose error is its square
        np.testing.assert_allclose(together.coefficients[number], alone, rtol=1e-8, atol=1e-10)


def test_several_outcomes_under_several_weights(reference: Reference) -> None:
    X, arm = with_intercept(reference.design.to_numpy(float)), reference.treated.to_numpy(bool)
    counts = bootstrap_counts(np.random.default_rng(1), 3, len(arm))
    y = np.array([arm, ~arm, arm])
    found = fit_logistic(X, y, counts).coefficients
    np.testing.assert_allclose(found[[0, 2]], fit_logistic(X, arm, counts[[0, 2]]).coefficients, atol=1e-10)
    np.testing.assert_allclose(found[1], -fit_logistic(X, arm, counts[[1]]).coefficients[0], atol=1e-10)


def test_the_ridge_has_the_largest_penalised_likelihood(reference: Reference) -> None:
    X, arm = with_intercept(reference.design.to_numpy(float)), reference.treated.to_numpy(float)

    def penalised(beta: np.ndarray) -> float:
        eta = X @ beta
        return float(np.logaddexp(0, eta).sum() - arm @ eta + (beta[1:] ** 2).sum())

    beta = maximum(X, arm, ridge=2.0)
    gradient = X.T @ (arm - logistic(X @ beta)) - 2.0 * np.r_[0.0, beta[1:]]
    np.testing.assert_allclose(gradient, 0, atol=1e-6)  # a sum over hundreds of patients
    best = minimize(penalised, np.zeros(X.shape[1]), method="BFGS", options={"gtol": 1e-5})
    np.testing.assert_allclose(beta, best.x, atol=1e-5)


def test_separation_is_an_error_and_a_ridge_mends_it() -> None:
    x = np.linspace(-1, 1, 20)
    X, y = np.column_stack([np.ones(20), x]), x > 0
    with pytest.raises(NoMaximumError, match="1 of 1 on 20 patients and 2 columns have none; .* separated"):
        maximum(X, y)
    assert np.isfinite(maximum(X, y, ridge=0.1)).all()
    small = with_intercept(np.array([[1.0], [2], [3], [4]]))
    found = fit_logistic(small, np.array([[0, 0, 1, 1.0], [0, 1, 0, 1]]))
    assert found.converged.tolist() == [False, True]


def test_a_rare_resample_without_maximum_is_missing_not_wrong() -> None:
    X = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    y = np.array([0, 1, 1, 0, 0, 1])
    counts = np.ones((40, 6))
    counts[3] = [1, 0, 0, 1, 1, 0]  # no event is left
    found = fit_logistic(X, y, counts)
    assert np.isnan(found.coefficients[3]).all()
    assert np.isfinite(np.delete(found.coefficients, 3, axis=0)).all()
    assert np.flatnonzero(~found.converged).tolist() == [3]


def test_columns_that_depend_on_each_other_have_no_fit(reference: Reference) -> None:
    X, arm = with_intercept(reference.design.to_numpy(float)), reference.treated.to_numpy(bool)
    twice = np.column_stack([X, X[:, 1] + X[:, 2]])
    counts = bootstrap_counts(np.random.default_rng(1), 100, len(arm))
    assert not fit_logistic(twice, arm, counts).converged.any()
    assert fit_logistic(full_rank(twice), arm, counts).converged.all()
    assert full_rank(twice).shape == X.shape


def test_the_fast_logistic_function_is_it_everywhere() -> None:
    from scipy.special import expit

    x = np.array([-1e4, -745.0, -40.0, -1e-9, 0.0, 1.0, 36.0, 1e4])
    np.testing.assert_allclose(logistic(x), expit(x), rtol=1e-14, atol=1e-300)


def test_a_bootstrap_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, found 1"):
        bootstrap_counts(np.random.default_rng(0), 1, 5)


def test_no_resample_is_lost_to_where_the_climb_starts() -> None:
    # 51 patients and 8 covariates: the arms of many a resample are separated, or all but
    rng = np.random.default_rng(4)
    X = with_intercept(rng.normal(size=(51, 8)))
    arm = rng.random(51) < logistic(3 * X[:, 1])
    counts = bootstrap_counts(rng, 300, 51)
    together = fit_logistic(X, arm, counts)
    alone = [fit_logistic(X, arm, count[None]) for count in counts]
    assert 30 < together.converged.sum() < 270
    assert together.converged.tolist() == [bool(fit.converged[0]) for fit in alone]
    np.testing.assert_allclose(
        together.coefficients, np.vstack([fit.coefficients for fit in alone]), rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("n", [BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 1, 2 * BLOCK_ROWS + 37])
def test_patients_of_every_block_count(n: int) -> None:
    """Sums run over blocks of patients, and the last is short: the first alone has another risk."""
    rng = np.random.default_rng(n)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    slope = np.where(np.arange(n) < BLOCK_ROWS, 0.7, -0.4)
    y = (rng.random(n) < 1 / (1 + np.exp(0.5 - slope * X[:, 1]))).astype(float)
    y[-1] = 1 - y[0]
    counts = rng.integers(0, 3, (3, n)).astype(float)
    binomial = sm.families.Binomial()
    right = [sm.GLM(y, X, binomial, freq_weights=w).fit(tol=1e-12).params for w in (np.ones(n), *counts)]
    np.testing.assert_allclose(fit_logistic(X, y).coefficients, right[:1], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(fit_logistic(X, y, counts).coefficients, right[1:], rtol=1e-6, atol=1e-8)
    both = fit_logistic(X, np.stack([y, 1 - y])).coefficients
    np.testing.assert_allclose(both, np.outer([1, -1], right[0]), rtol=1e-6, atol=1e-8)
