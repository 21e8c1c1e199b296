from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from headtohead.errors import DependentError, SeparationError
from headtohead.inference import Inference
from headtohead.kernels.logistic import fit_logistic, with_intercept
from headtohead.matching.propensity import c_statistic, propensity
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.risk import risks
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference

GLM_RTOL = 1e-6  # R's glm stops earlier than Newton's method


def test_one_binary_covariate_by_hand() -> None:
    # 1 of 4 treated without it, 3 of 4 with it: scores 0.25 and 0.75, log odds ratio ln 9
    x = pd.DataFrame({"x": [0.0] * 4 + [1.0] * 4})
    treated = pd.Series([True, False, False, False, True, True, True, False])
    fit = propensity(x, treated)
    np.testing.assert_allclose(fit.ps.unique(), [0.25, 0.75])
    assert fit.coefficients["estimate"].iloc[1] == pytest.approx(np.log(9))
    # 16 couples: 9 concordant, 6 tied, 1 discordant -> (9 + 3) / 16
    assert fit.c_statistic == pytest.approx(0.75)


def test_equals_r_glm(reference: Reference) -> None:
    fit, theirs = reference.propensity, reference.answers["propensity"]
    np.testing.assert_allclose(fit.coefficients["estimate"], list(theirs["coef"].values()), rtol=GLM_RTOL)
    np.testing.assert_allclose(fit.coefficients["std_error"], list(theirs["se"].values()), rtol=GLM_RTOL)
    np.testing.assert_allclose(fit.log_likelihood, theirs["loglik"], rtol=GLM_RTOL)
    np.testing.assert_allclose(fit.linear_predictor.std(), theirs["lp_sd_all"], rtol=GLM_RTOL)
    np.testing.assert_allclose(fit.ps.iloc[:5], theirs["ps_first5"], rtol=GLM_RTOL)


def test_the_batched_solver_equals_statsmodels_weight_by_weight(reference: Reference) -> None:
    X, y = with_intercept(reference.design.to_numpy()), reference.treated.to_numpy(float)
    weights = np.random.default_rng(1).multinomial(len(y), np.full(len(y), 1 / len(y)), size=5).astype(float)
    ours = fit_logistic(X, y, weights)
    assert ours.converged.all()
    for w, beta in zip(weights, ours.coefficients, strict=True):
        theirs = sm.GLM(y, X, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-12)
        np.testing.assert_allclose(beta, theirs.params, atol=1e-7)


def test_the_score_sums_to_the_number_treated(reference: Reference) -> None:
    # the likelihood equation of the intercept
    assert reference.propensity.ps.sum() == pytest.approx(reference.treated.sum(), rel=1e-9)


def test_perfect_separation_is_refused_with_the_covariate_named() -> None:
    frame = pd.DataFrame({"age": [1.0, 2, 3, 4, 5, 6], "dose": [0.0, 0, 0, 1, 1, 1]})
    treated = pd.Series([False] * 3 + [True] * 3)
    with pytest.raises(SeparationError, match=r"'age', 'dose' predict the drug perfectly in 6 patients"):
        propensity(frame, treated)


def test_a_level_seen_in_one_arm_only_is_refused() -> None:
    rng = np.random.default_rng(0)
    ward = np.r_[np.ones(10), np.zeros(90)]
    treated = pd.Series(np.r_[np.ones(10), rng.random(90) < 0.4].astype(bool))
    frame = pd.DataFrame({"ward": ward, "age": rng.normal(size=100)})
    with pytest.raises(SeparationError, match=r"but 'ward' predict"):
        propensity(frame, treated)


def test_many_covariates_that_separate_are_named_by_the_first_three() -> None:
    frame = pd.DataFrame(np.eye(8), columns=list("abcdefgh")).iloc[:, :7]
    with pytest.raises(SeparationError, match=r"but 'a', 'b', 'c', ... predict the drug"):
        propensity(frame, pd.Series([True, False] * 4))


@pytest.mark.parametrize(
    ("unit", "origin"), [(1e-12, 0), (1e-6, 0), (1e6, 0), (1e12, 0), (1, 1e6), (1, 1.7e9), (1e-6, 1)]
)
def test_units_and_origin_of_a_covariate_change_no_score(unit: float, origin: float) -> None:
    """Moles per litre, seconds since 1970: coefficients follow the units (theorem: the likelihood is invariant)."""
    rng = np.random.default_rng(3)
    frame = pd.DataFrame({"dose": rng.normal(size=300), "sex": rng.integers(0, 2, 300) * 1.0})
    treated = pd.Series(rng.random(300) < 1 / (1 + np.exp(-frame["dose"])))
    plain, other = (
        propensity(frame, treated),
        propensity(frame.assign(dose=frame["dose"] * unit + origin), treated),
    )
    np.testing.assert_allclose(other.ps, plain.ps, rtol=1e-5)
    slopes, expected = other.coefficients.set_index("term"), plain.coefficients.set_index("term")
    for column in ("estimate", "std_error"):
        assert slopes[column]["dose"] * unit == pytest.approx(expected[column]["dose"], rel=1e-5)
        assert slopes[column]["sex"] == pytest.approx(expected[column]["sex"], rel=1e-5)
    shift = origin * slopes["estimate"]["dose"]
    assert slopes["estimate"]["(Intercept)"] + shift == pytest.approx(
        expected["estimate"]["(Intercept)"], abs=1e-4
    )


def test_mismatched_input_is_refused() -> None:
    x = pd.DataFrame({"x": [1.0, 2]}, index=["a", "b"])
    with pytest.raises(ValueError, match=r"2 of 2 have none \(a, b\) and 2 have no arm \(0, 1\)"):
        propensity(x, pd.Series([True, False]))
    with pytest.raises(ValueError, match="'x' have missing values in 1 of 2 patients, first 1"):
        propensity(pd.DataFrame({"x": [1.0, np.nan]}), pd.Series([True, False]))
    with pytest.raises(ValueError, match="all 2 are in one"):
        propensity(pd.DataFrame({"x": [1.0, 2]}), pd.Series([True, True]))


@given(st.lists(st.tuples(st.floats(-5, 5), st.booleans()), min_size=4, max_size=40))
@settings(deadline=None)
def test_c_statistic_counts_couples(rows: list[tuple[float, bool]]) -> None:
    score, treated = pd.Series([r[0] for r in rows]), pd.Series([r[1] for r in rows])
    if treated.nunique() < 2:
        return
    couples = [(a > b) + 0.5 * (a == b) for a in score[treated] for b in score[~treated]]
    assert c_statistic(score, treated) == pytest.approx(np.mean(couples))


@pytest.mark.parametrize("noise", [0.0, 1e-10, 1e-8])
def test_columns_that_follow_from_others_are_named_not_taken_for_missing_overlap(noise: float) -> None:
    rng = np.random.default_rng(5)
    level = rng.integers(0, 3, 300)
    device = pd.DataFrame({"mask": level == 1, "high flow": level == 2}).astype(float)
    treated = pd.Series(rng.random(300) < 0.5)
    twice = device.assign(room_air=(level == 0) + noise * rng.normal(size=300))
    known = propensity(device, treated)
    by_hand = replace(known, design=twice)
    events = pd.Series(rng.random(300) < 0.3, name="death").astype(float)
    few = Inference(bootstrap_replicates=20)
    ways = {
        "score": lambda: propensity(twice, treated),
        "entropy": lambda: by_hand.entropy("ATE"),
        "Cox": lambda: fit_cox(treated * 1.0 + rng.random(300), events, twice),
    }
    if noise < 1e-9:
        ways["weights"] = lambda: risks(events, by_hand.weight("ATO"), by=28, inference=few)
        ways["truncated"] = lambda: risks(events, by_hand.truncate((0.01, 0.99)), by=28, inference=few)
        ways["distance"] = lambda: known.match(caliper_sd=1, mahalanobis=twice)
    else:
        del ways["Cox"]  # whose maximum exists
    for name, way in ways.items():
        with pytest.raises(DependentError, match="1 of 3 are: '.*' follows from"):
            pytest.fail(f"{name}: {way()}")
