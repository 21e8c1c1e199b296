"""A patient's course in hospital: the state on each day, and the hierarchy of outcomes."""

import numpy as np
import pandas as pd

STATES = ("ward", "intensive care", "ventilated", "dead", "discharged")
HIERARCHY = ("death", "ventilation", "intensive care", "days in hospital")


def course_by_day(frame: pd.DataFrame, *, horizon_days: int) -> np.ndarray:
    """Return the state at the end of days 0 to the horizon, numbered as in ``STATES``; -1 once censored.

    Intensive care and ventilation are states reached, not left: the contract has no day of return to the
    ward. Shape (n, horizon_days + 1).
    """
    days = np.arange(horizon_days + 1)
    states = np.zeros((len(frame), len(days)), int)
    for number, name in enumerate(("icu_day", "imv_day", "death_day", "discharge_day"), start=1):
        states[frame[name].to_numpy(float)[:, None] <= days] = number
    censored = ~frame["end_state"].isin(["dead", "discharged"]).to_numpy()
    states[censored[:, None] & (days > frame["followup_day"].to_numpy()[:, None])] = -1
    return states


def outcome_hierarchy(frame: pd.DataFrame, *, horizon_days: int) -> pd.DataFrame:
    """Return the levels of ``HIERARCHY``, higher is better, shape (n, 4).

    Days until death, ventilation and intensive care, one above the horizon if none by then, and minus
    the days in hospital by the horizon; a death counts as never leaving. NaN where a patient was censored
    before the horizon.
    """
    never = horizon_days + 1.0
    levels = {
        label: frame[column].astype(float).where(frame[column] <= horizon_days, never)
        for label, column in zip(HIERARCHY, ("death_day", "imv_day", "icu_day"), strict=False)
    }
    stay = frame["discharge_day"].astype(float).clip(upper=horizon_days).fillna(horizon_days)
    known = frame["end_state"].isin(["dead", "discharged"]) | (frame["followup_day"] >= horizon_days)
    return pd.DataFrame(levels | {HIERARCHY[-1]: -stay}).where(known)
