"""Time and cause of each outcome, from the day columns of the contract."""

from typing import Literal

import numpy as np
import pandas as pd
from headtohead.outcomes.endpoint import Endpoint

from study.protocol.design import Outcome

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
        causes = ["ventilation", "death without ventilation", "discharge without ventilation"]
    else:
        cause = np.select([ventilated | died, discharged], [1, 2], 0)
        causes = ["ventilation or death", "discharge without ventilation"]
    return Endpoint(name, time, pd.Series(cause, frame.index), tuple(causes))


def require_known_outcomes(frame: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    """Return the frame after checking that nobody's stay is cut off before an outcome is known: risks are proportions.

    Raises
    ------
    ValueError
        If an outcome of the protocol is not known to the end of the whole stay.
    """
    days = outcome.whole_stay_days
    names: tuple[OutcomeName, ...] = (outcome.primary, *outcome.secondary)
    known = pd.concat([endpoint(frame, name).by(days) for name in names], axis=1).notna().all(axis=1)
    if not known.all():
        first = ", ".join(map(str, frame.index[~known][:3]))
        raise ValueError(
            f"every outcome must be known to day {days} (outcome.whole_stay_days), "
            f"{int((~known).sum())} of {len(frame)} patients were transferred or still in hospital before it, first "
            f"{first}; complete their stays, lower whole_stay_days towards the horizon of "
            f"{outcome.horizon_days} days, or leave them out and report how many"
        )
    return frame
