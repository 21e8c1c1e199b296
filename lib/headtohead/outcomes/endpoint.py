"""One outcome as a competing-risks observation: when the first event came, and which it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One outcome as a competing-risks observation.

    Attributes
    ----------
    name : str
    time_days : Series of float, shape (n,)
        Days from time zero to the first event of any cause or to censoring.
    cause : Series of int, shape (n,)
        0 censored, 1 the outcome, 2 and above the competing events; ``causes`` says what 1, 2, ... are.
    """

    name: str
    time_days: pd.Series
    cause: pd.Series
    causes: tuple[str, ...] = ("event",)

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        *,
        time: str,
        event: str,
        causes: Sequence[str] = (),
        censored: object = None,
    ) -> Endpoint:
        """Return the outcome of a frame with one row per patient; it is called like the column of the event.

        Raises ValueError if a column is unknown or the event has another value than those named.

        Parameters
        ----------
        frame : DataFrame, shape (n, anything)
        time, event : str
            Columns: days to the first event or to the end of follow-up, and which it was. Without ``causes`` the
            event is 1 or True if it happened, else 0 or False.
        causes : sequence of str, optional
            The outcome first, then the competing events: the values in the column, or what 1, 2, ... stand for in it.
        censored : value, optional
            What stands in a column of words if nothing happened.
        """
        unknown = [name for name in (time, event) if name not in frame]
        if unknown:
            raise ValueError(f"time and event must be columns, {unknown} are not; found {list(frame)[:8]}")
        code = {name: number for number, name in enumerate(causes, 1)} | (
            {} if censored is None else {censored: 0}
        )
        numbers = pd.api.types.is_numeric_dtype(frame[event])
        if numbers:
            code = {number: number for number in range(len(causes or (event,)) + 1)}
        other = frame[event][~frame[event].isin(list(code))]
        if len(other):
            raise ValueError(
                f"the event must be one of {list(code)}, {event!r} has {other.unique()[:3].tolist()} in {len(other)} "
                "rows; name the outcome and the competing events in causes, and what is no event in censored"
            )
        cause = (frame[event] if numbers else frame[event].map(code)).astype(int)
        return cls(event, frame[time].astype(float), cause, tuple(causes) or (event,))

    @classmethod
    def recorded(cls, name: str, happened: pd.Series, *, by: int) -> Endpoint:
        """Return an outcome of which is known only whether it happened by a day. NaN if not even that."""
        known = happened.notna()
        time = pd.Series(np.where(known, float(by), 0.0), happened.index)
        return cls(name, time, happened.fillna(0).astype(int))

    def by(self, horizon_days: int) -> pd.Series:
        """Return whether the outcome happened by the horizon: float 0 or 1, shape (n,).

        NaN for whoever was censored before it. Whoever had a competing event counts as event-free to the
        horizon; a tipping-point analysis asks how many later events would change the answer.
        """
        happened = ((self.cause == 1) & (self.time_days <= horizon_days)).astype(float)
        return happened.mask((self.cause == 0) & (self.time_days < horizon_days))

    def cut(self, horizon_days: int) -> Endpoint:
        """Return the endpoint with follow-up ended, censored, at the horizon."""
        late = self.time_days > horizon_days
        return replace(
            self, time_days=self.time_days.mask(late, horizon_days), cause=self.cause.mask(late, 0)
        )


Endpoints = Endpoint | Iterable[Endpoint]


def endpoints_of(endpoints: Endpoints) -> list[Endpoint]:
    """Return one endpoint or several as a list."""
    return [endpoints] if isinstance(endpoints, Endpoint) else list(endpoints)


def horizons_of(by: int | Iterable[int]) -> list[int]:
    """Return one horizon or several as a list."""
    return list(by) if isinstance(by, Iterable) else [by]
