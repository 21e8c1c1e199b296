"""Who left the strategy, by hand."""

from __future__ import annotations

import pandas as pd
from study.sensitivity.deviations import deviation_day

PERMITTED = ("icu", "toxicity", "discharge", "death")


def test_leaving_the_strategy_by_hand() -> None:
    # completed; stopped early for intensive care (permitted) and for no reason (not); rescue before and after a stop
    frame = pd.DataFrame(
        {
            "planned_days": [10, 10, 10, 10, 10],
            "stop_day": [10, 4, 6, 10, 5],
            "stop_reason": ["completed", "icu", "completed", "completed", "completed"],
            "rescue_day": [None, None, None, 3, 8],
        }
    ).astype({"rescue_day": float})
    strict = deviation_day(frame, permitted_stops=PERMITTED, rescue_permitted=False)
    assert strict.fillna(-1).tolist() == [-1, -1, 6, 3, 5]
    lenient = deviation_day(frame, permitted_stops=PERMITTED, rescue_permitted=True)
    assert lenient.fillna(-1).tolist() == [-1, -1, 6, -1, 5]
    nobody_may = deviation_day(frame, permitted_stops=(), rescue_permitted=True)
    assert nobody_may.fillna(-1).tolist() == [-1, 4, 6, -1, 5]
