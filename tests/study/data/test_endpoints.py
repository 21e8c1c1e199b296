from __future__ import annotations

import pandas as pd
from study.data.endpoints import endpoint

FRAME = pd.DataFrame(
    {
        "end_state": ["dead", "dead", "discharged", "discharged", "transferred"],
        "followup_day": [10, 40, 12, 30, 8],
        "imv_day": [4, None, 0, None, None],
    },
    index=list("abcde"),
)


def test_death_competes_with_discharge_and_transfer_censors() -> None:
    death = endpoint(FRAME, "death")
    assert death.cause.tolist() == [1, 1, 2, 2, 0]
    assert death.by(28).fillna(-1).tolist() == [1, 0, 0, 0, -1]  # the transferred patient is unknown


def test_ventilation_competes_with_death_and_discharge_before_it() -> None:
    imv = endpoint(FRAME, "imv")
    assert imv.cause.tolist() == [1, 2, 1, 3, 0]
    assert imv.time_days.tolist() == [
        4,
        40,
        0.5,
        30,
        8,
    ]  # ventilated on the day of the first dose: half a day


def test_the_composite_is_the_earlier_of_both() -> None:
    either = endpoint(FRAME, "imv_or_death")
    assert either.cause.tolist() == [1, 1, 1, 2, 0]
    assert either.by(8).tolist() == [1, 0, 1, 0, 0]
