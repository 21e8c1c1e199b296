from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from headtohead.matching.adjustment import unadjusted
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.hazard import hazard_ratios, piecewise_hazard_ratios
from reference import Reference


def test_one_interval_is_the_whole_and_intervals_share_the_events(reference: Reference) -> None:
    for way in (reference.propensity.crude(), reference.propensity.weight("ATO")):
        one = piecewise_hazard_ratios(reference.death, way, cuts=(0, 28))
        whole = hazard_ratios(reference.death, way, by=28).iloc[[0]]
        np.testing.assert_allclose(one["estimate"], whole["estimate"], rtol=1e-9)
        np.testing.assert_allclose(one["conf_low"], whole["conf_low"], rtol=1e-9)
        two = piecewise_hazard_ratios(reference.death, way, cuts=(0, 7, 28))
        assert two["events"].sum() == whole["events"].iloc[0]
        assert list(two["interval"]) == ["days 0 to 7", "days 8 to 28"]


def test_a_ratio_that_changes_on_day_7_is_found() -> None:
    rng, n = np.random.default_rng(2), 40_000
    treated = pd.Series(rng.random(n) < 0.5)
    early, late = 0.02, 0.02 * np.where(treated, 2.0, 1.0)  # ratio 1 to day 7, then 2
    first = rng.exponential(1 / early, n)
    time = pd.Series(np.where(first <= 7, first, 7 + rng.exponential(1 / late)))
    cause = pd.Series((time <= 28).astype(int))
    death = Endpoint("death", time.clip(upper=28), cause)
    rows = piecewise_hazard_ratios(death, unadjusted(treated), cuts=(0, 7, 28))
    for truth, row in zip((1, 2), rows.itertuples(), strict=True):
        assert abs(np.log(row.estimate / truth)) < 4 * row.std_error


def test_an_interval_without_events_is_said_in_words(reference: Reference) -> None:
    late = replace(reference.death, time_days=reference.death.time_days.clip(lower=5))
    rows = piecewise_hazard_ratios(late, reference.propensity.crude(), cuts=(0, 4, 28))
    assert np.isnan(rows["estimate"][0])
    assert "cannot be estimated, because" in rows["method"][0]
