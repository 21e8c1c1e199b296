from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import survival
from headtohead.errors import CannotEstimateError, DependentError
from headtohead.matching.weights import weights_from_ps
from headtohead.outcomes.cox import CoxFit, fit_cox
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from reference import GOLDENS, Reference, golden

R_RTOL = 1e-8  # what the issue asks; the fits agree to about 1e-11
ADJUSTED = ["treated", "age", "male", "hospitalB", "charlson", "barthel", "ldh", "spo2_fio2"]


def with_dummy(reference: Reference) -> pd.DataFrame:
    return reference.frame.assign(hospitalB=(reference.frame["hospital"] == "B").astype(float))


def matched(reference: Reference) -> pd.DataFrame:
    pairs = pd.read_csv(GOLDENS / f"{reference.name}_caliper_pairs.csv").rename_axis("set").reset_index()
    members = pairs.melt("set", ["treated_id", "control_id"], value_name="id").set_index("id")["set"]
    return reference.frame.loc[members.index].assign(set=members)


def assert_equal(ours: CoxFit, theirs: Any) -> None:
    np.testing.assert_allclose(ours.coefficients, theirs.coefficients, rtol=R_RTOL, atol=1e-10)
    covariance = ours.covariance if ours.robust_covariance is None else ours.robust_covariance
    np.testing.assert_allclose(covariance, theirs.var, rtol=1e-7, atol=1e-12)
    np.testing.assert_allclose(ours.log_likelihood, theirs.loglik, rtol=R_RTOL)


def test_therneau_data_set_1_by_hand() -> None:
    # Six patients, Therneau & Grambsch appendix E: x = 1 1 1 0 0 0, times 1 1 6 6 8 9, deaths at 1, 6, 6 and 9.
    # With r = exp(b) the risk sets weigh 3r + 3 at day 1, r + 3 at day 6 and 1 at day 9.
    # Breslow: l = 2b - log(3r + 3) - 2 log(r + 3); its score vanishes where r^2 - 3r - 6 = 0, r = (3 + sqrt 33) / 2.
    # Efron removes half of the two tied deaths for the second of them: l = 2b - log(3r + 3) - log(r + 3) - log((r + 5) / 2).
    time, event = pd.Series([1.0, 1, 6, 6, 8, 9]), pd.Series([1, 0, 1, 1, 0, 1])
    x = pd.DataFrame({"x": [1.0, 1, 1, 0, 0, 0]})
    breslow, efron = fit_cox(time, event, x, ties="breslow"), fit_cox(time, event, x)
    assert breslow.coefficients["x"] == pytest.approx(np.log((3 + np.sqrt(33)) / 2), rel=1e-9)
    r = np.exp(breslow.coefficients["x"])
    assert breslow.log_likelihood[1] == pytest.approx(2 * np.log(r) - np.log(3 * r + 3) - 2 * np.log(r + 3))
    assert breslow.log_likelihood[0] == pytest.approx(-np.log(6) - 2 * np.log(4))
    r = np.exp(efron.coefficients["x"])
    assert efron.log_likelihood[1] == pytest.approx(
        2 * np.log(r) - np.log(3 * r + 3) - np.log(r + 3) - np.log((r + 5) / 2)
    )
    assert 2 - r / (r + 1) - r / (r + 3) - r / (r + 5) == pytest.approx(0, abs=1e-9)
    information = r / (r + 1) ** 2 + 3 * r / (r + 3) ** 2 + 5 * r / (r + 5) ** 2
    assert efron.covariance[0, 0] == pytest.approx(1 / information)


@pytest.mark.parametrize("cause", [1, 2])
def test_cause_specific_models_equal_r(reference: Reference, cause: int) -> None:
    frame, theirs = with_dummy(reference), reference.answers["cause_specific"][f"status{cause}"]
    fit = fit_cox(frame["time"], frame["status"] == cause, frame[ADJUSTED])
    np.testing.assert_allclose(fit.coefficients, list(theirs["coef"].values()), rtol=R_RTOL, atol=1e-10)
    np.testing.assert_allclose(fit.std_errors, list(theirs["se"].values()), rtol=R_RTOL)
    np.testing.assert_allclose(fit.log_likelihood, theirs["loglik"], rtol=R_RTOL)


def test_matched_pairs_with_clustered_error_equal_r(reference: Reference) -> None:
    frame, theirs = matched(reference), reference.answers["matched"]
    time, x = frame["time"].clip(upper=28), frame[["treated"]].astype(float)
    fit = fit_cox(time, frame["death28"], x, clusters=frame["set"])
    np.testing.assert_allclose(fit.coefficients["treated"], theirs["cox28"]["coef"], rtol=R_RTOL)
    np.testing.assert_allclose(np.sqrt(fit.covariance[0, 0]), theirs["cox28"]["se_model"], rtol=R_RTOL)
    np.testing.assert_allclose(fit.std_errors["treated"], theirs["cox28"]["se_pair_robust"], rtol=R_RTOL)
    stratified = fit_cox(time, frame["death28"], x, strata=frame["set"])
    np.testing.assert_allclose(
        stratified.coefficients["treated"], theirs["cox28_strata"]["coef"], rtol=R_RTOL, atol=1e-10
    )
    np.testing.assert_allclose(stratified.std_errors["treated"], theirs["cox28_strata"]["se"], rtol=R_RTOL)


@pytest.mark.parametrize("estimand", ["ATE", "ATT", "ATC", "ATO", "ATM"])
def test_weighted_models_with_robust_error_equal_r(reference: Reference, estimand: str) -> None:
    frame, theirs = reference.frame, reference.answers["weights"][estimand]
    weights = weights_from_ps(reference.propensity.ps, reference.treated, estimand=estimand)
    fit = fit_cox(
        frame["time"].clip(upper=28), frame["death28"], frame[["treated"]].astype(float), weights=weights
    )
    np.testing.assert_allclose(fit.coefficients["treated"], theirs["cox28_coef"], rtol=R_RTOL)
    np.testing.assert_allclose(fit.std_errors["treated"], theirs["cox28_se_robust"], rtol=R_RTOL)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_everything_at_once_equals_the_port_of_r(reference: Reference, ties: str) -> None:
    frame = with_dummy(reference).reset_index()
    frame["event"] = (frame["status"] == 1).astype(int)
    frame["entry"] = np.minimum(frame["time"] - 1, frame["id"] % 5).astype(float)
    frame["weight"], frame["cluster"] = 1.0 + frame["id"] % 3, frame["id"] // 2
    theirs = survival.coxph(
        "Surv(entry, time, event) ~ treated + age + ldh + strata(hospital)",
        frame, weights=frame["weight"], cluster=frame["cluster"], ties=ties, eps=1e-11, toler_chol=1e-13,
    )  # fmt: skip
    ours = fit_cox(
        frame["time"], frame["event"], frame[["treated", "age", "ldh"]].astype(float), ties=ties,
        weights=frame["weight"], clusters=frame["cluster"], strata=frame["hospital"], entry=frame["entry"],
    )  # fmt: skip
    assert_equal(ours, theirs)


@pytest.mark.parametrize(
    ("data", "formula", "columns"),
    [("lung", "cox_efron", ["age", "sex", "ph.ecog"]), ("lung", "cox_breslow", ["age", "sex", "ph.ecog"])],
)
def test_public_data_equal_r(data: str, formula: str, columns: list[str]) -> None:
    frame = pd.read_csv(GOLDENS / f"survival_{data}.csv").dropna(subset=columns)
    fit = fit_cox(frame["time"], frame["status"] == 2, frame[columns], ties=formula.removeprefix("cox_"))
    theirs = golden("reference_survival.json")[data][formula]
    np.testing.assert_allclose(fit.coefficients, theirs["coef"], rtol=R_RTOL)
    np.testing.assert_allclose(fit.std_errors, theirs["se"], rtol=R_RTOL)
    assert (fit.n, fit.events) == (theirs["n"], theirs["nevent"])


def test_lifelines_agrees_without_ties_and_not_with_them(reference: Reference) -> None:
    # The reason for our own solver: with tied days lifelines' clustered Efron error is not R's.
    frame = matched(reference)[["time", "death28", "treated", "set"]].astype(float)
    frame["time"] = frame["time"].clip(upper=28)
    gaps = {}
    for name, shift in (("tied", 0.0), ("untied", 1e-4)):
        data = frame.assign(time=frame["time"] + shift * np.arange(len(frame)) / len(frame))
        ours = fit_cox(data["time"], data["death28"], data[["treated"]], clusters=data["set"])
        theirs = CoxPHFitter().fit(data, "time", "death28", cluster_col="set")
        np.testing.assert_allclose(
            ours.coefficients["treated"], theirs.params_["treated"], rtol=1e-5, atol=1e-4
        )
        gaps[name] = abs(ours.std_errors["treated"] / theirs.standard_errors_["treated"] - 1)
    assert gaps["untied"] < 1e-5
    assert gaps["tied"] > 10 * gaps["untied"]


@given(seed=st.integers(0, 10_000), k=st.floats(0.1, 10))
@settings(max_examples=25, deadline=None)
def test_row_order_weight_scale_and_sign(seed: int, k: float) -> None:
    rng = np.random.default_rng(seed)
    n = 60
    x = pd.DataFrame({"a": rng.integers(0, 2, n).astype(float), "b": rng.normal(size=n)})
    time, event = pd.Series(rng.integers(1, 12, n).astype(float)), pd.Series(rng.integers(0, 2, n))
    weights, clusters = pd.Series(rng.uniform(0.5, 2, n)), pd.Series(rng.integers(0, 20, n))
    one = fit_cox(time, event, x, weights=weights, clusters=clusters)
    order = rng.permutation(n)
    shuffled = fit_cox(
        *(s.iloc[order] for s in (time, event)),
        x.iloc[order],
        weights=weights.iloc[order],
        clusters=clusters.iloc[order],
    )
    scaled = fit_cox(time, event, x, weights=k * weights, clusters=clusters)
    flipped = fit_cox(time, event, x.assign(a=1 - x["a"]), weights=weights, clusters=clusters)
    for other in (shuffled, scaled):
        np.testing.assert_allclose(other.coefficients, one.coefficients, atol=1e-8)
        np.testing.assert_allclose(other.std_errors, one.std_errors, atol=1e-8)
    assert flipped.coefficients["a"] == pytest.approx(-one.coefficients["a"], abs=1e-8)


def test_weight_zero_is_absence_and_weight_two_is_a_copy() -> None:
    frame = pd.DataFrame(
        {"time": [1.0, 2, 3, 4, 5, 6], "event": [1, 1, 0, 1, 1, 0], "x": [0.0, 1, 0, 1, 0, 1]}
    )
    weights = pd.Series([1.0, 2, 1, 1, 0, 1])
    copied = frame.loc[[0, 1, 1, 2, 3, 5]].reset_index(drop=True)
    ours = fit_cox(frame["time"], frame["event"], frame[["x"]], weights=weights, ties="breslow")
    twice = fit_cox(copied["time"], copied["event"], copied[["x"]], ties="breslow")
    np.testing.assert_allclose(ours.coefficients, twice.coefficients, rtol=1e-8)
    np.testing.assert_allclose(ours.covariance, twice.covariance, rtol=1e-8)


def test_a_likelihood_without_maximum_is_refused() -> None:
    time, event = pd.Series([1.0, 2, 3, 4]), pd.Series([1, 1, 0, 0])
    with pytest.raises(
        CannotEstimateError, match=r"\['x'\] has no finite estimate: the likelihood keeps rising"
    ):
        fit_cox(time, event, pd.DataFrame({"x": [1.0, 1, 0, 0]}))
    with pytest.raises(CannotEstimateError, match="found none in 4 patients"):
        fit_cox(time, 0 * event, pd.DataFrame({"x": [1.0, 0, 1, 0]}))
    with pytest.raises(DependentError, match="1 have one value in all 4: 'x'; remove"):
        fit_cox(time, event, pd.DataFrame({"x": [1.0, 1, 1, 1]}))
    with pytest.raises(DependentError, match=r"1 of 2 are: '[xy]' follows from \['[xy]'\]"):
        fit_cox(time, event, pd.DataFrame({"x": [1.0, 0, 1, 0], "y": [2.0, 0, 2, 0]}))


def test_coverage_of_a_known_hazard_ratio() -> None:
    # 300 cohorts of 150 with a true log hazard ratio of 0.5, days rounded up so that they tie
    rng = np.random.default_rng(8)
    covered = []
    for _ in range(300):
        x = pd.DataFrame({"x": rng.integers(0, 2, 150).astype(float)})
        t = rng.exponential(20 / np.exp(0.5 * x["x"]))
        fit = fit_cox(pd.Series(np.ceil(np.minimum(t, 30))), pd.Series((t < 30).astype(int)), x)
        covered.append(abs(fit.coefficients["x"] - 0.5) < 1.96 * fit.std_errors["x"])
    assert 0.91 < np.mean(covered) < 0.98  # Monte-Carlo standard error 0.013
