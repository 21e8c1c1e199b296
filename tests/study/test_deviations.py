"""Who left the strategy, by hand."""

from __future__ import annotations

import pandas as pd
from study.protocol.protocol import Protocol
from study.sensitivity.subsets import deviation_day

PERMITTED = ("icu", "toxicity", "discharge", "death")


def test_leaving_the_strategy_by_hand(protocol: Protocol) -> None:
    # completed; stopped early for intensive care (permitted) and for no reason (not); rescue before and after a stop
    frame = pd.DataFrame(
        {
            "planned_days": [10, 10, 10, 10, 10],
            "stop_day": [10, 4, 6, 10, 5],
            "stop_reason": ["completed", "icu", "completed", "completed", "completed"],
            "rescue_day": [None, None, None, 3, 8],
        }
    ).astype({"rescue_day": float})

    def days(permitted: tuple[str, ...], *, rescue: bool) -> list[float]:
        chosen = protocol.deviations.model_copy(
            update={"permitted_stops": permitted, "rescue_permitted": rescue}
        )
        return deviation_day(frame, protocol.model_copy(update={"deviations": chosen})).fillna(-1).tolist()

    assert days(PERMITTED, rescue=False) == [-1, -1, 6, 3, 5]
    assert days(PERMITTED, rescue=True) == [-1, -1, 6, -1, 5]
    assert days((), rescue=True) == [-1, 4, 6, -1, 5]
