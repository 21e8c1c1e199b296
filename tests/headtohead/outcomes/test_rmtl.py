from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.competing import aalen_johansen, incidences
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.rmtl import areas, days_lost
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import KaplanMeierFitter
from lifelines.utils import restricted_mean_survival_time
from reference import Reference

OPTIONS = {"event_free": "in hospital", "by": 28, "inference": Inference(bootstrap_replicates=100)}


def lost_by(
    time: np.ndarray, cause: np.ndarray, weights: np.ndarray, *, n_causes: int, by: float
) -> np.ndarray:
    return areas(*incidences(time, cause, weights, n_causes, by), by)


def test_by_hand() -> None:
    # death on day 2, discharge on day 6, two still there at day 10: days lost to death 8/4 = 2, to
    # discharge 4/4 = 1, in hospital (2 + 6 + 10 + 10) / 4 = 7
    found = lost_by(np.array([2.0, 6, 12, 12]), np.array([1, 2, 1, 0]), np.ones((1, 4)), n_causes=2, by=10)
    np.testing.assert_allclose(found, [[2, 1, 7]])


def test_one_cause_is_lifelines_restricted_mean(reference: Reference) -> None:
    time, event = reference.frame["time"].to_numpy(float), (reference.frame["status"] > 0).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pandas deprecations inside lifelines 0.30
        theirs = restricted_mean_survival_time(KaplanMeierFitter().fit(time, event), t=28)
    found = lost_by(time, event.to_numpy(), np.ones((1, len(time))), n_causes=1, by=28)
    assert found[0, 1] == pytest.approx(theirs, abs=1e-9)


@given(st.integers(0, 10_000), st.floats(1, 30))
@settings(deadline=None)
def test_states_add_up_to_the_horizon(seed: int, horizon: float) -> None:
    rng = np.random.default_rng(seed)
    time, cause = rng.integers(1, 20, 50).astype(float), rng.integers(0, 4, 50)
    weights = rng.uniform(0.1, 3, (3, 50))
    found = lost_by(time, cause, weights, n_causes=3, by=horizon)
    np.testing.assert_allclose(found.sum(axis=1), horizon, atol=1e-12)
    curve = aalen_johansen(time, cause, weights[0], n_causes=3)
    grid = np.linspace(0, horizon, 20_001)
    np.testing.assert_allclose(found[0, :3], curve.at(grid[:-1]).mean(axis=0) * horizon, atol=0.02)


def test_rows_add_up_and_the_weighted_difference_lies_in_its_interval(reference: Reference) -> None:
    for way in (reference.propensity.crude(), reference.propensity.weight("ATO")):
        rows = days_lost(reference.death, way, **OPTIONS)
        sums = rows.groupby("scale")["estimate"].sum()
        np.testing.assert_allclose(sums, [0, 28, 28], atol=1e-10)
        assert ((rows["conf_low"] < rows["estimate"]) & (rows["estimate"] < rows["conf_high"])).all()


def test_unknown_times_are_refused() -> None:
    time = pd.Series([1.0, np.nan])
    treated = pd.Series([True, False])
    with pytest.raises(ValueError, match="1 of 2 are not, first 1"):
        days_lost(Endpoint("death", time, pd.Series([1, 0])), unadjusted(treated), **OPTIONS)
