from __future__ import annotations

import numpy as np
import pytest
from headtohead.matching.logistic import fit_logistic, with_intercept
from headtohead.sensitivity.refits import NoMaximumError, resample_counts, ridge_logistic
from reference import Reference


def test_one_binary_covariate_by_hand() -> None:
    # 1 of 4 events without, 3 of 4 with the covariate: intercept log(1/3), log odds ratio log(9)
    X = np.column_stack([np.ones(8), np.repeat([0.0, 1.0], 4)])
    y = np.array([1, 0, 0, 0, 1, 1, 1, 0])
    np.testing.assert_allclose(ridge_logistic(X, y, ridge=0.0)[0], [np.log(1 / 3), np.log(9)], rtol=1e-9)


def test_resamples_agree_with_the_general_fit(reference: Reference) -> None:
    X, arm = with_intercept(reference.design.to_numpy(float)), reference.treated.to_numpy(bool)
    start = ridge_logistic(X, arm, ridge=0.0)[0]
    counts = resample_counts(np.random.default_rng(1), 20, len(arm))
    ours = ridge_logistic(X, arm, counts, ridge=0.0, start=start)
    # both stop below 1e-7 of a Newton step, whose error is its square
    np.testing.assert_allclose(ours, fit_logistic(X, arm, counts).coefficients, rtol=1e-8, atol=1e-10)


def test_the_ridge_solves_its_own_equations(reference: Reference) -> None:
    X, arm = with_intercept(reference.design.to_numpy(float)), reference.treated.to_numpy(float)
    beta = ridge_logistic(X, arm, ridge=2.0)[0]
    gradient = X.T @ (arm - 1 / (1 + np.exp(-X @ beta))) - 2.0 * np.r_[0.0, beta[1:]]
    np.testing.assert_allclose(gradient, 0, atol=1e-6)  # a sum over hundreds of patients


def test_separation_is_an_error_and_a_ridge_mends_it() -> None:
    x = np.linspace(-1, 1, 20)
    X, y = np.column_stack([np.ones(20), x]), x > 0
    with pytest.raises(NoMaximumError, match="1 of 1 on 20 patients and 2 columns have none; .* separated"):
        ridge_logistic(X, y, ridge=0.0)
    assert np.isfinite(ridge_logistic(X, y, ridge=0.1)).all()


def test_a_rare_resample_without_maximum_is_missing_not_wrong() -> None:
    X = np.column_stack([np.ones(6), [0, 0, 0, 1, 1, 1]])
    y = np.array([0, 1, 1, 0, 0, 1])
    counts = np.ones((40, 6))
    counts[3] = [1, 0, 0, 1, 1, 0]  # no event is left
    found = ridge_logistic(X, y, counts, ridge=0.0)
    assert np.isnan(found[3]).all()
    assert np.isfinite(np.delete(found, 3, axis=0)).all()


def test_a_bootstrap_of_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 samples, found 1"):
        resample_counts(np.random.default_rng(0), 1, 5)
