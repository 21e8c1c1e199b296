"""Time and cause of each outcome, from the day columns of the contract."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from headtohead.outcomes.endpoint import Endpoint

OutcomeName = Literal["death", "imv", "imv_or_death"]


def endpoint(frame: pd.DataFrame, name: OutcomeName) -> Endpoint:
    """Return the outcome ``name`` of a contract frame.

    Death competes with discharge; ventilation with death and discharge before it; ventilation or death
    with discharge. Day 0 events (ventilated on the day of the first dose) count as half a day.
    """
    died, discharged = frame["end_state"] == "dead", frame["end_state"] == "discharged"
    end = frame["followup_day"].astype(float)
    if name == "death":
        cause = np.select([died, discharged], [1, 2], 0)
        return Endpoint(name, end, pd.Series(cause, frame.index), ("death", "discharge"))
    ventilated = frame["imv_day"].notna()
    time = frame["imv_day"].where(ventilated, end).astype(float).clip(lower=0.5)
    if name == "imv":
        cause = np.select([ventilated, died, discharged], [1, 2, 3], 0)
        causes: tuple[str, ...] = (
            "ventilation",
            "death without ventilation",
            "discharge without ventilation",
        )
    else:
        cause = np.select([ventilated | died, discharged], [1, 2], 0)
        causes = ("ventilation or death", "discharge without ventilation")
    return Endpoint(name, time, pd.Series(cause, frame.index), causes)
