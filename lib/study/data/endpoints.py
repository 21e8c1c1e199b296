"""Time and cause of each outcome, from the day columns of the contract."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

OutcomeName = Literal["death", "imv", "imv_or_death"]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One outcome as a competing-risks observation.

    Attributes
    ----------
    name : str
        Key of the outcome.
    time_days : Series of float, shape (n,)
        Days from the first dose to the first event of any cause or to censoring.
    cause : Series of int, shape (n,)
        0 censored, 1 the outcome, 2 and above the competing events in the order of ``causes``.
    causes : tuple of str
        What the causes 1, 2, ... are.
    """

    name: str
    time_days: pd.Series
    cause: pd.Series
    causes: tuple[str, ...]

    def by(self, horizon_days: int) -> pd.Series:
        """Return whether the outcome happened by the horizon (float 0/1, shape (n,)).

        Whoever left hospital alive counts as event-free to the horizon; a tipping-point analysis asks
        how many later deaths would change the answer. A transferred patient with no event by the
        horizon is censored there and must not enter this mean: the caller checks ``censored_before``.
        """
        return ((self.cause == 1) & (self.time_days <= horizon_days)).astype(float)

    def censored_before(self, horizon_days: int) -> int:
        """Return how many patients are censored before the horizon."""
        return int(((self.cause == 0) & (self.time_days < horizon_days)).sum())


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
