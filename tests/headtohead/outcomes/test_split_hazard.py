from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.matching.adjustment import propensity_weights, unadjusted
from headtohead.outcomes.hazard import hazard_ratio
from headtohead.outcomes.split_hazard import split_hazard_ratios
from reference import Reference

OPTIONS = {"cause_number": 1, "outcome": "death", "conf_level": 0.95}


def test_one_interval_is_the_whole_and_intervals_share_the_events(reference: Reference) -> None:
    frame, treated = reference.frame, reference.treated
    time = frame["time"].astype(float)
    for way in (
        unadjusted(treated),
        propensity_weights(reference.propensity, reference.design, treated, estimand="ATO"),
    ):
        one = split_hazard_ratios(time, frame["status"], treated, way, cuts=(0, 28), **OPTIONS)
        whole = hazard_ratio(time, frame["status"], treated, way, horizon_days=28, **OPTIONS)
        np.testing.assert_allclose(one["estimate"], whole["estimate"], rtol=1e-9)
        np.testing.assert_allclose(one["conf_low"], whole["conf_low"], rtol=1e-9)
        two = split_hazard_ratios(time, frame["status"], treated, way, cuts=(0, 7, 28), **OPTIONS)
        assert two["events"].sum() == whole["events"].iloc[0]
        assert list(two["interval"]) == ["days 0 to 7", "days 8 to 28"]


def test_a_ratio_that_changes_on_day_7_is_found() -> None:
    rng, n = np.random.default_rng(2), 40_000
    treated = pd.Series(rng.random(n) < 0.5)
    early, late = 0.02, 0.02 * np.where(treated, 2.0, 1.0)  # ratio 1 to day 7, then 2
    first = rng.exponential(1 / early, n)
    time = pd.Series(np.where(first <= 7, first, 7 + rng.exponential(1 / late)))
    cause = pd.Series((time <= 28).astype(int))
    rows = split_hazard_ratios(
        time.clip(upper=28), cause, treated, unadjusted(treated), cuts=(0, 7, 28), **OPTIONS
    )
    for truth, row in zip((1, 2), rows.itertuples(), strict=True):
        assert abs(np.log(row.estimate / truth)) < 4 * row.std_error


def test_an_interval_without_events_is_said_in_words(reference: Reference) -> None:
    treated = reference.treated
    time = reference.frame["time"].astype(float).clip(lower=5)
    rows = split_hazard_ratios(
        time, reference.frame["status"], treated, unadjusted(treated), cuts=(0, 4, 28), **OPTIONS
    )
    assert np.isnan(rows["estimate"][0])
    assert "cannot be estimated, because" in rows["method"][0]
