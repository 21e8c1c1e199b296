from __future__ import annotations

from dataclasses import replace

import comprisk
import numpy as np
import pandas as pd
import pytest
from headtohead.errors import CannotEstimateError
from headtohead.matching.adjustment import matched_pairs, unadjusted
from headtohead.matching.pairs import match_nearest
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.fine_gray import fit_fine_gray, subdistribution_hazard_ratios
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import GOLDENS, Reference, golden

NEWTON = 4e-5  # crr stops when the score falls below a millionth of the log likelihood: 3e-5 in these cohorts


def competing(seed: int, n: int, censored: bool = True) -> tuple[pd.Series, pd.Series, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"treated": rng.integers(0, 2, n).astype(float), "age": rng.normal(size=n)})
    time = np.ceil(rng.exponential(8 * np.exp(-0.3 * X["treated"] - 0.2 * X["age"])))
    cause = rng.integers(0 if censored else 1, 3, n)
    return pd.Series(time), pd.Series(cause), X


def test_by_hand() -> None:
    # one event of interest at day 2 among 3 at risk: control A (competing event, day 1), control B and
    # treated C (the event). Nobody is censored before, so A lingers with weight 1. A second event, of B at
    # day 3, has A and B at risk, both controls: factor 1/2. L(h) = h / (2 + h), h = exp(beta): no maximum.
    time, cause = pd.Series([1.0, 3, 2, 4]), pd.Series([2, 1, 1, 0])
    X = pd.DataFrame({"treated": [0.0, 0, 1, 1]})
    # with D, treated and censored at day 4: L = h / (2 + 2h) x 1 / (2 + h), maximal where
    # 1 - 2h/(2 + 2h) - h/(2 + h) = 0, that is h^2 = 2
    fit = fit_fine_gray(time, cause, X, cause_number=1)
    assert np.exp(fit.coefficients["treated"]) == pytest.approx(np.sqrt(2), rel=1e-9)


def test_equals_crr_and_finegray(reference: Reference) -> None:
    frame, theirs = reference.frame, reference.answers
    time, cause = frame["time"].astype(float), frame["status"]
    X = reference.treated.astype(float).rename("treated").to_frame()
    crr = fit_fine_gray(time, cause, X, cause_number=1)
    expected = theirs["fine_gray_crr"]["unadjusted"]
    assert crr.coefficients["treated"] == pytest.approx(expected["coef"]["treated"], abs=NEWTON)
    # crr adds the uncertainty of the censoring distribution, which is small here
    assert crr.std_errors["treated"] == pytest.approx(expected["se"], rel=5e-3)
    other = fit_fine_gray(time, cause, X, cause_number=1, rule="finegray")
    assert other.coefficients["treated"] == pytest.approx(theirs["fine_gray_coxph"]["coef"], abs=1e-8)
    assert other.std_errors["treated"] == pytest.approx(theirs["fine_gray_coxph"]["se_robust"], rel=1e-6)


@pytest.mark.parametrize("number", [1, 2])
def test_arm_specific_censoring_equals_crr(reference: Reference, number: int) -> None:
    rows = {
        how: subdistribution_hazard_ratios(
            reference.death,
            unadjusted(reference.treated),
            by=int(reference.frame["time"].max()),
            censoring=how,
        ).set_index("cause")
        for how in ("together", "by arm")
    }
    for how, key in (("together", "crr_censoring_one"), ("by arm", "crr_censoring_by_arm")):
        found, expected = rows[how].iloc[number - 1], reference.further[key]
        assert np.log(found["estimate"]) == pytest.approx(expected[f"coef_{number}"], abs=NEWTON)
        assert found["std_error"] == pytest.approx(expected[f"se_{number}"], rel=6e-3)
    assert rows["by arm"]["method"].str.contains("censoring by arm").all()


def test_censoring_groups_without_censoring_change_nothing() -> None:
    time, cause, X = competing(3, 80, censored=False)
    time = time.clip(upper=12)  # both arms are seen to one day: after its last, crr has no weight for a group
    one, two = (fit_fine_gray(time, cause, X, cause_number=1, censoring=c) for c in (None, X["treated"]))
    np.testing.assert_allclose(one.coefficients, two.coefficients, rtol=1e-12)


def test_adjusted_fit_equals_crr(reference: Reference) -> None:
    expected = reference.answers["fine_gray_crr"]["adjusted"]["coef"]
    frame = reference.frame.assign(hospitalB=(reference.frame["hospital"] == "B").astype(float))
    fit = fit_fine_gray(
        frame["time"].astype(float), frame["status"], frame[list(expected)].astype(float), cause_number=1
    )
    np.testing.assert_allclose(fit.coefficients, list(expected.values()), atol=NEWTON)


@pytest.mark.parametrize(("cause_number", "key"), [(1, "crr_pcm"), (2, "crr_death")])
def test_mgus2_equals_crr(cause_number: int, key: str) -> None:
    frame = pd.read_csv(GOLDENS / "survival_mgus2.csv").dropna(subset=["age", "mspike", "sex"])
    time = frame["ptime"].where(frame["pstat"] == 1, frame["futime"]).astype(float)
    cause = pd.Series(np.where(frame["pstat"] == 1, 1, 2 * frame["death"]), frame.index)
    X = pd.DataFrame(
        {"age": frame["age"], "male": frame["sex"] == "M", "mspike": frame["mspike"]}, dtype=float
    )
    fit = fit_fine_gray(time, cause, X, cause_number=cause_number)
    expected = golden("reference_survival.json")["mgus2"][key]
    np.testing.assert_allclose(fit.coefficients, expected["coef"], atol=NEWTON)
    np.testing.assert_allclose(fit.std_errors, expected["se"], rtol=2e-2)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=15)
def test_equals_comprisk(seed: int) -> None:
    time, cause, X = competing(seed, 120)
    ours = fit_fine_gray(time, cause, X, cause_number=1).coefficients
    theirs = comprisk.FineGrayRegression(max_iter=50, gtol=1e-9).fit(
        X.to_numpy(), time=time.to_numpy(), event=cause.to_numpy()
    )
    np.testing.assert_allclose(ours, theirs.coef_, atol=1e-6)


@given(st.integers(0, 10_000), st.sampled_from(["crr", "finegray"]))
@settings(deadline=None, max_examples=25)
def test_without_censoring_it_is_cox_with_competing_events_never_leaving(seed: int, rule: str) -> None:
    time, cause, X = competing(seed, 80, censored=False)
    clusters = pd.Series(np.arange(80) // 2)
    weights = pd.Series(np.random.default_rng(seed).uniform(0.5, 2, 80))
    ours = fit_fine_gray(time, cause, X, cause_number=1, rule=rule, clusters=clusters, weights=weights)
    stays = time.where(cause == 1, time.max() + 1)
    ties = "breslow" if rule == "crr" else "efron"
    cox = fit_cox(stays, cause == 1, X, ties=ties, clusters=clusters, weights=weights)
    np.testing.assert_allclose(ours.coefficients, cox.coefficients, atol=1e-8)
    np.testing.assert_allclose(ours.std_errors, cox.std_errors, atol=1e-8)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=15)
def test_whole_weights_are_copies_and_arms_can_be_swapped(seed: int) -> None:
    time, cause, X = competing(seed, 80)
    copies = np.random.default_rng(seed).integers(1, 4, 80)
    rows = np.repeat(np.arange(80), copies)
    weighted = fit_fine_gray(time, cause, X, cause_number=1, weights=pd.Series(copies.astype(float)))
    copied = fit_fine_gray(
        time[rows].reset_index(drop=True), cause[rows].reset_index(drop=True),
        X.loc[rows].reset_index(drop=True), cause_number=1, clusters=pd.Series(rows),
    )  # fmt: skip
    np.testing.assert_allclose(weighted.coefficients, copied.coefficients, atol=1e-8)
    np.testing.assert_allclose(weighted.std_errors, copied.std_errors, atol=1e-8)
    swapped = fit_fine_gray(time, cause, X.assign(treated=1 - X["treated"]), cause_number=1)
    plain = fit_fine_gray(time, cause, X, cause_number=1)
    assert np.exp(plain.coefficients["treated"] + swapped.coefficients["treated"]) == pytest.approx(
        1, abs=1e-8
    )


def test_rows_of_pairs_use_the_pairs_as_clusters(reference: Reference) -> None:
    treated, frame = reference.treated, reference.frame
    way = matched_pairs(
        match_nearest(reference.propensity.linear_predictor, treated, ratio=1, caliper=0.2, order="largest"),
        treated,
    )
    row = subdistribution_hazard_ratios(reference.death, way, by=28).iloc[0]
    used = way.matched_set.notna()
    fit = fit_fine_gray(
        frame["time"][used].clip(upper=28).astype(float),
        frame["status"].mask(frame["time"] > 28, 0)[used],
        treated[used].astype(float).to_frame(), cause_number=1, clusters=way.matched_set[used],
    )  # fmt: skip
    assert row["std_error"] == pytest.approx(fit.std_errors.iloc[0], rel=1e-9)
    assert row["conf_low"] < row["estimate"] < row["conf_high"]


def test_an_arm_without_events_is_said_in_words(reference: Reference) -> None:
    treated = reference.treated
    cause = reference.frame["status"].mask(treated & (reference.frame["status"] == 1), 2)
    time = reference.frame["time"].astype(float)
    row = subdistribution_hazard_ratios(
        replace(reference.death, cause=cause), unadjusted(treated), by=28
    ).iloc[0]
    assert np.isnan(row["estimate"])
    assert "cannot be estimated, because" in row["method"]
    with pytest.raises(CannotEstimateError, match="found none of cause 7"):
        fit_fine_gray(time, cause, treated.astype(float).to_frame(), cause_number=7)
