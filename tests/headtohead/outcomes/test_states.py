from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.competing import aalen_johansen, state_occupation
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference

NAMES = ("ward", "ICU", "dead")


def wide(states: list[list[int]], treated: list[bool], weights: list[float]) -> pd.DataFrame:
    way = replace(unadjusted(pd.Series(treated)), kind="weights", weights=pd.Series(weights))
    frame = state_occupation(np.array(states), way, names=NAMES)
    return frame.pivot_table(index=["arm", "day"], columns="state", values="probability")[list(NAMES)]


def test_by_hand() -> None:
    # treated, day 1: one of two moves to the ICU; that one is censored on day 2 while the other stays: the
    # ICU, where nobody is observed to move, keeps its half
    found = wide([[0, 0, 0], [0, 1, -1], [0, 2, 2]], [True, True, False], [1.0, 1, 1])
    np.testing.assert_allclose(found.loc["treated"], [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0]])
    np.testing.assert_allclose(found.loc["control"], [[1, 0, 0], [0, 0, 1], [0, 0, 1]])


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=30)
def test_adds_to_one_and_is_the_weighted_share_without_censoring(seed: int) -> None:
    rng = np.random.default_rng(seed)
    states = np.maximum.accumulate(rng.integers(0, 3, (30, 6)), axis=1)
    weights = rng.uniform(0.1, 2, 30)
    found = wide(states.tolist(), [True] * 29 + [False], weights.tolist())
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-12)
    share = [[np.average(states[:29, d] == k, weights=weights[:29]) for k in range(3)] for d in range(6)]
    np.testing.assert_allclose(found.loc["treated"], share, atol=1e-12)


def test_with_censoring_and_one_absorbing_step_it_is_aalen_johansen(reference: Reference) -> None:
    time, cause = reference.frame["time"].to_numpy(float), reference.frame["status"].to_numpy()
    days = np.arange(29)
    states = np.where(days < time[:, None], 0, cause[:, None])
    states = np.where(
        (days > time[:, None]) & (cause[:, None] == 0), -1, states
    )  # seen on the day they leave
    frame = state_occupation(states, reference.propensity.crude(), names=("in", "dead", "home"))
    arm = reference.treated.to_numpy()
    curve = aalen_johansen(time[arm], cause[arm]).at(days)
    dead = frame[(frame["arm"] == "treated") & (frame["state"] == "dead")]["probability"]
    np.testing.assert_allclose(dead, curve[:, 0], atol=1e-12)


def test_a_return_after_censoring_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of 2 patients differ, for example row 1"):
        wide([[0, 0, 0], [0, -1, 0]], [True, False], [1.0, 1])
