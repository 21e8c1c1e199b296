from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from causaldata import cps_mixtape, nsw_mixtape
from headtohead.errors import EntropyError
from headtohead.kernels.weights import tilt_to_means
from headtohead.matching.weights import effective_sample_size, entropy_weights
from headtohead.outcomes.regression import mean_differences
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference
from scipy.optimize import minimize

EXACT = 1e-8  # of a standard deviation: the promise of the method


def small(seed: int = 2, n: int = 40) -> tuple[pd.DataFrame, pd.Series]:
    rng = np.random.default_rng(seed)
    treated = pd.Series(np.arange(n) % 3 == 0)
    design = pd.DataFrame(rng.normal(size=(n, 2)), columns=["x", "z"])
    return design + 0.4 * treated.to_numpy()[:, None], treated


def test_by_hand() -> None:
    # controls at 0 and 1, treated mean 0.8: weights 0.2 and 0.8 of the 2 treated patients
    design = pd.DataFrame({"x": [0.7, 0.9, 0.0, 1.0]})
    treated = pd.Series([True, True, False, False])
    way = entropy_weights(design, treated, estimand="ATT")
    np.testing.assert_allclose(way.weights, [1, 1, 0.4, 1.6])
    # three points 0, 1, 2 with mean 4/7: the tilt halves from point to point, 4/7, 2/7, 1/7
    tilts = tilt_to_means(np.array([[0.0], [1.0], [2.0]]), np.ones((1, 3)), np.array([[4 / 7]]))
    np.testing.assert_allclose(tilts.weights, [[4 / 7, 2 / 7, 1 / 7]])


def test_equals_the_primal_problem_of_scipy() -> None:
    design, treated = small()
    X, goal = design[~treated].to_numpy(), design[treated].mean().to_numpy()
    primal = minimize(
        lambda w: (w * np.log(w)).sum(),
        np.full(len(X), 1 / len(X)),
        jac=lambda w: np.log(w) + 1,
        bounds=[(1e-9, 1)] * len(X),
        constraints={"type": "eq", "fun": lambda w: np.append(w @ X - goal, w.sum() - 1)},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 500},
    )
    ours = entropy_weights(design, treated, estimand="ATT").weights[~treated]
    np.testing.assert_allclose(ours / ours.sum(), primal.x, atol=1e-6)  # SLSQP's own accuracy


def test_att_balances_controls_to_the_treated(reference: Reference) -> None:
    design, treated = reference.design, reference.treated
    w = entropy_weights(design, treated, estimand="ATT").weights
    assert (w[treated] == 1).all()
    assert (w > 0).all()
    assert w[~treated].sum() == pytest.approx(treated.sum())
    gap = (w[~treated] @ design[~treated]) / w[~treated].sum() - design[treated].mean()
    assert (gap.abs() / design.std()).max() < EXACT


def test_ate_balances_both_arms_to_everyone(reference: Reference) -> None:
    design, treated = reference.design, reference.treated
    w = entropy_weights(design, treated, estimand="ATE").weights
    for arm in (treated, ~treated):
        gap = (w[arm] @ design[arm]) / w[arm].sum() - design.mean()
        assert (gap.abs() / design.std()).max() < EXACT
        assert w[arm].sum() == pytest.approx(len(treated))


def test_the_weights_are_an_exponential_tilt(reference: Reference) -> None:
    # Hainmueller 2012, eq. 7: log weights are linear in the covariates
    design, treated = reference.design, reference.treated
    w = np.log(entropy_weights(design, treated, estimand="ATT").weights[~treated])
    X = np.column_stack([np.ones(len(w)), design[~treated]])
    fitted = X @ np.linalg.lstsq(X, w, rcond=None)[0]
    np.testing.assert_allclose(w, fitted, atol=1e-8)


@given(st.integers(0, 10_000), st.floats(-1, 1))
@settings(max_examples=20, deadline=None)
def test_a_linear_outcome_is_recovered_without_error(seed: int, effect: float) -> None:
    # Zhao & Percival 2017: exact means leave no bias when the outcome is linear in the covariates
    design, treated = small(seed)
    y = effect * treated + 2 * design["x"] - 3 * design["z"]
    try:
        w = entropy_weights(design, treated, estimand="ATT").weights
    except EntropyError:
        return
    difference = y[treated].mean() - np.average(y[~treated], weights=w[~treated])
    assert difference == pytest.approx(effect, abs=1e-7)


@pytest.mark.parametrize("estimand", ["ATT", "ATE"])
def test_each_resample_is_balanced_to_its_own_means(reference: Reference, estimand: str) -> None:
    design, treated = reference.design, reference.treated.to_numpy()
    way = entropy_weights(design, reference.treated, estimand=estimand)
    draws = way.resample(np.random.default_rng(6), 40)
    n = len(treated)
    counts = np.random.default_rng(6).multinomial(n, np.full(n, 1 / n), size=40)
    assert len(draws) == 40
    X = design.to_numpy()
    for w, count in zip(draws, counts, strict=True):
        whose = count * treated if estimand == "ATT" else count
        goal = whose @ X / whose.sum()
        for arm in (treated, ~treated):
            gap = w[arm] @ X[arm] / w[arm].sum() - goal
            assert (np.abs(gap) / X.std(axis=0)).max() < EXACT
        assert (w[count == 0] == 0).all()


def test_means_out_of_reach_name_the_covariate() -> None:
    design, treated = small()
    design["x"] += 50.0 * treated
    with pytest.raises(
        EntropyError, match=r"no such weights exist for \['x'\] in 40 patients; balance fewer"
    ):
        entropy_weights(design, treated, estimand="ATT")
    corner = pd.DataFrame({"x": [0, 1, 0, 0.9, 0.9], "z": [0, 0, 1, 0.9, 0.9]}, dtype=float)
    with pytest.raises(EntropyError, match="a combination of covariates in 5 patients"):
        entropy_weights(corner, pd.Series([False, False, False, True, True]), estimand="ATT")


def test_resamples_out_of_reach_are_counted() -> None:
    treated = pd.Series([True, True, False, False, False])
    design = pd.DataFrame({"x": [0.4, 0.6, 0.0, 0.1, 1.0]})
    way = entropy_weights(design, treated, estimand="ATT")
    with pytest.raises(EntropyError, match="of 200 had no positive weights"):
        way.resample(np.random.default_rng(0), 200)


def test_bad_input_is_refused() -> None:
    design, treated = small()
    with pytest.raises(ValueError, match="found 'ATO'"):
        entropy_weights(design, treated, estimand="ATO")
    with pytest.raises(ValueError, match="'x' have missing values in 14 of 40 patients"):
        entropy_weights(design.assign(x=design["x"].mask(treated)), treated, estimand="ATT")
    with pytest.raises(ValueError, match="all 40 are in one"):
        entropy_weights(design, treated | True, estimand="ATT")
    backwards = entropy_weights(design, treated.iloc[::-1], estimand="ATT")
    pd.testing.assert_series_equal(
        backwards.weights, entropy_weights(design, treated, estimand="ATT").weights
    )


def test_job_training_as_published_with_r() -> None:
    """Treated of the National Supported Work trial, controls of CPS-1, three moments.

    The README of R's entbal (github.com/bvegetabile/entbal, commit 0a6dcdb) prints for them an effective number of
    116.46 controls, and from survey's ``svyglm`` a mean of 4957.0 dollars, a difference of 1392.2 and an error of 722.5.
    """
    trial, survey = nsw_mixtape.load_pandas().data, cps_mixtape.load_pandas().data
    frame = pd.concat([trial[trial["treat"] == 1], survey], ignore_index=True)
    treated = frame["treat"] == 1
    assert (treated.sum(), (~treated).sum()) == (185, 15_992)
    z = frame[["age", "educ", "re74", "re75"]].pipe(lambda x: (x - x.mean()) / x.std())
    binary = frame[["black", "hisp", "marr", "nodegree"]].astype(float)
    design = pd.concat([binary, z, (z**2).add_suffix(" squared"), (z**3).add_suffix(" cubed")], axis=1)
    way = entropy_weights(design, treated, estimand="ATT")
    earned, controls = frame["re78"].astype(float), way.weights[~treated]
    assert effective_sample_size(controls) == pytest.approx(116.46, abs=0.005)
    assert np.average(earned[~treated], weights=controls) == pytest.approx(4957.0, abs=0.05)
    row = mean_differences(earned, way, outcome="earnings").iloc[0]
    assert row["estimate"] == pytest.approx(1392.2, abs=0.05)
    n = len(frame)  # survey multiplies the sandwich by n / (n - 1)
    assert row["std_error"] * np.sqrt(n / (n - 1)) == pytest.approx(722.5, abs=0.05)
