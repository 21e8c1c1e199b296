from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.errors import HorizonError
from headtohead.inference import Inference
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.competing import aalen_johansen, by_day, incidence_curves, incidences
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.hazard import kaplan_meier_error
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import GOLDENS, Reference, golden
from sksurv.nonparametric import cumulative_incidence_competing_risks
from statsmodels.duration.survfunc import CumIncidenceRight

EXACT = 1e-12


def observations(seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 12, n).astype(float), rng.integers(0, 3, n), rng.uniform(0.2, 3, n)


def test_by_hand() -> None:
    # day 1: death of 4 -> F1 = 1/4, S = 3/4; day 2: discharge of 3 -> F2 = 1/4, S = 1/2; day 2 censors one;
    # day 3: death of 1 -> F1 = 1/4 + 1/2 = 3/4
    curve = aalen_johansen(np.array([1.0, 2, 2, 3]), np.array([1, 2, 0, 1]))
    np.testing.assert_allclose(curve.incidence, [[0.25, 0], [0.25, 0.25], [0.75, 0.25]])
    np.testing.assert_allclose(curve.event_free, [0.75, 0.5, 0])
    np.testing.assert_allclose(curve.at([0, 1, 2.5, 9])[:, 0], [0, 0.25, 0.25, 0.75])


def test_estimates_and_errors_equal_r(reference: Reference) -> None:
    theirs = reference.answers["aalen_johansen"]
    probability, error = (np.array(theirs[name]).reshape(2, 3, 3) for name in ("pstate", "std_err"))
    for arm in (0, 1):
        mine = reference.frame[reference.frame["treated"] == arm]
        curve = aalen_johansen(mine["time"].to_numpy(float), mine["status"].to_numpy())
        last = np.searchsorted(curve.times, theirs["times"], side="right") - 1
        np.testing.assert_allclose(curve.incidence[last], probability[arm][:, 1:], atol=EXACT)
        np.testing.assert_allclose(curve.event_free[last], probability[arm][:, 0], atol=EXACT)
        np.testing.assert_allclose(curve.std_error[last], error[arm][:, 1:], atol=EXACT)


def test_mgus2_equals_cmprsk() -> None:
    # a second R implementation on public data; its variance is another formula and is not compared
    frame = pd.read_csv(GOLDENS / "survival_mgus2.csv")
    theirs = golden("reference_survival.json")["mgus2"]["cif"]
    time = np.where(frame["pstat"] == 1, frame["ptime"], frame["futime"]).astype(float)
    cause = np.where(frame["pstat"] == 1, 1, 2 * frame["death"])
    rows = [(k, sex) for k in (1, 2) for sex in ("F", "M")]
    for (k, sex), estimates in zip(rows, theirs["est"], strict=True):
        mine = (frame["sex"] == sex).to_numpy()
        found = aalen_johansen(time[mine], cause[mine]).at([60, 120, 240])[:, k - 1]
        np.testing.assert_allclose(found, estimates, atol=1e-9)


@given(st.integers(0, 100_000))
@settings(deadline=None)
def test_equals_statsmodels_and_scikit_survival(seed: int) -> None:
    time, cause, _ = observations(seed)
    if len(set(cause)) < 3:
        return
    curve = aalen_johansen(time, cause)
    with np.errstate(divide="ignore", invalid="ignore"):  # its variance, which is not used, divides by zero
        theirs = CumIncidenceRight(time, cause)
    np.testing.assert_allclose(curve.at(theirs.times), np.column_stack(theirs.cinc), atol=EXACT)
    at, incidence = cumulative_incidence_competing_risks(cause, time)
    np.testing.assert_allclose(curve.at(at), incidence[1:].T, atol=EXACT)


@given(st.integers(0, 100_000), st.floats(0.1, 10))
@settings(deadline=None)
def test_probabilities_add_to_one_and_ignore_order_and_weight_scale(seed: int, k: float) -> None:
    time, cause, weights = observations(seed)
    curve = aalen_johansen(time, cause, weights, n_causes=2)
    np.testing.assert_allclose(curve.incidence.sum(axis=1) + curve.event_free, 1, atol=EXACT)
    order = np.random.default_rng(seed).permutation(len(time))
    other = aalen_johansen(time[order], cause[order], k * weights[order], n_causes=2)
    np.testing.assert_allclose(other.incidence, curve.incidence, atol=EXACT)
    np.testing.assert_allclose(other.std_error, curve.std_error, atol=1e-10)


def test_whole_weights_are_copies(reference: Reference) -> None:
    frame = reference.frame.head(60)
    weights = 1 + frame["charlson"].to_numpy() % 3
    copied = frame.loc[np.repeat(frame.index, weights)]
    one = aalen_johansen(frame["time"].to_numpy(float), frame["status"].to_numpy(), weights.astype(float))
    other = aalen_johansen(copied["time"].to_numpy(float), copied["status"].to_numpy())
    np.testing.assert_allclose(one.incidence, other.incidence, atol=EXACT)


def test_without_censoring_the_incidence_is_the_share(reference: Reference) -> None:
    frame = reference.frame[reference.frame["status"] > 0]
    curve = aalen_johansen(frame["time"].to_numpy(float), frame["status"].to_numpy())
    np.testing.assert_allclose(
        curve.incidence[-1], [(frame["status"] == k).mean() for k in (1, 2)], atol=EXACT
    )


def test_many_weightings_at_once_equal_one_by_one(reference: Reference) -> None:
    time, cause = reference.frame["time"].to_numpy(float), reference.frame["status"].to_numpy()
    weights = np.random.default_rng(1).uniform(0, 2, (4, len(time)))
    batch = by_day(*incidences(time, cause, weights, 2, 28), 28)
    for w, curve in zip(weights, batch, strict=True):
        np.testing.assert_allclose(curve, aalen_johansen(time, cause, w).at(np.arange(29)), atol=EXACT)


def test_bands_hold_the_curve_and_numbers_at_risk_fall(reference: Reference) -> None:
    treated = reference.treated
    inference = Inference(bootstrap_replicates=400)
    frame = incidence_curves(reference.death, unadjusted(treated), by=28, inference=inference)
    assert (frame["conf_low"] <= frame["incidence"] + 1e-12).all()
    assert (frame["incidence"] <= frame["conf_high"] + 1e-12).all()
    for _, part in frame.groupby(["arm", "cause"]):
        assert part["incidence"].is_monotonic_increasing
        assert part["at_risk"].is_monotonic_decreasing
    curve = aalen_johansen(
        reference.frame["time"][treated].to_numpy(float), reference.frame["status"][treated].to_numpy()
    )
    last = np.searchsorted(curve.times, 28, side="right") - 1
    row = frame[(frame["arm"] == "treated") & (frame["cause"] == "death") & (frame["day"] == 28)].iloc[0]
    width = (row["conf_high"] - row["conf_low"]) / (2 * 1.96 * curve.std_error[last, 0])
    assert 0.8 < width < 1.2


def test_one_minus_kaplan_meier_is_never_lower(reference: Reference) -> None:
    frame = kaplan_meier_error(reference.death, reference.propensity.crude(), by=28)
    assert (frame["one_minus_km"] >= frame["aalen_johansen"] - 1e-12).all()
    theirs = reference.answers["km_discharge_censored"]
    for arm, key in (("treated", "surv_treated"), ("control", "surv_control")):
        ours = frame[(frame["arm"] == arm) & frame["day"].isin(theirs["times"])]["one_minus_km"]
        np.testing.assert_allclose(1 - ours, theirs[key], atol=1e-9)
    with pytest.raises(ValueError, match="found overlap weights; give score.crude"):
        kaplan_meier_error(reference.death, reference.propensity.weight("ATO"), by=28)


def test_unknown_times_are_refused() -> None:
    with pytest.raises(ValueError, match="times must be known"):
        aalen_johansen(np.array([1.0, np.nan]), np.array([1, 0]))


@pytest.mark.parametrize("unit", [1 / 365.25, 86_400.0])
def test_curves_of_years_or_seconds_are_refused_instead_of_drawn_in_days(unit: float) -> None:
    death = Endpoint("death", pd.Series([10.0, 20, 30, 40, 50, 60]) * unit, pd.Series([1, 0, 1, 0, 1, 0]))
    arms = unadjusted(pd.Series([True, False] * 3))
    with pytest.raises(HorizonError, match=r"day by day.*found by=.*give times and horizon in days"):
        incidence_curves(death, arms, by=30 * unit, inference=Inference(bootstrap_replicates=2))  # type: ignore[arg-type]
