"""One outcome as a competing-risks observation: when the first event came, and which it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import DuplicateError, EventError, HorizonError, InputError


@door.guarded
@dataclass(frozen=True, slots=True, repr=False)
class Endpoint:
    """One outcome as a competing-risks observation.

    Raises TimeError, EventError, AlignmentError or DuplicateError if it is none; ``cause`` may come in another
    order than ``time_days``, the labels of the patients say which is whose.

    ``time_days``, float of shape (n,), are days from time zero to the first event of any cause or to censoring, finite,
    at least 0; ``cause``, int of shape (n,), is 0 for the censored, 1 for the outcome, 2 and above for the competing
    events; ``causes`` says what 1, 2, ... are. ``recorded_by`` is the day for which alone is known what happened, None
    where times are.
    """

    name: str
    time_days: pd.Series
    cause: pd.Series
    causes: tuple[str, ...] = ("event",)
    recorded_by: float | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "causes", tuple(door.words(self.causes, "causes")))
        door.patients(self.time_days, "times")
        time, cause = self.time_days, door.aligned(self.cause, self.time_days.index, "causes")
        days, codes = door.times(time), door.causes(cause, len(self.causes))
        if time.values is not days and time.dtype != float:
            object.__setattr__(self, "time_days", pd.Series(days, time.index, name=time.name))
        if cause is not self.cause or cause.dtype != np.int64:
            object.__setattr__(self, "cause", pd.Series(codes, cause.index, name=cause.name))

    def __repr__(self) -> str:
        numbers = {name: int((self.cause == number).sum()) for number, name in enumerate(self.causes, 1)}
        return f"Endpoint({self.name!r}, {len(self.cause)} patients, {numbers}, last day {self.time_days.max():g})"

    @classmethod
    def of(
        cls, frame: pd.DataFrame, *, time: str, event: str, causes: str | Sequence[str] = (), censored: str | float | None = None
    ) -> Endpoint:  # fmt: skip
        """Return the outcome of a frame with one row per patient; it is called like the column of the event.

        Raises UnknownError if a column is unknown, EventError if the event has another value than those named.

        ``time`` and ``event`` are columns: days to the first event or to the end of follow-up, and which it was. Without
        ``causes`` the event is 1 or True if it happened, else 0 or False; ``causes`` are the outcome, then the competing
        events: the values in the column, or what 1, 2, ... stand for in it. ``censored`` is what stands in a column of
        words if nothing happened.
        """
        door.patients(frame, "the frame")
        door.columns(frame, [time, event], "time and event")
        happened, nothing = frame[event], [] if censored is None else [censored]
        names = (causes,) if isinstance(causes, str) else tuple(causes)
        door.ordered(causes, "causes")
        door.distinct([*names, *nothing], "causes and what is no event")
        coded = door.floats(happened) is not None
        if odd := [one for one in names if pd.isna(one) or (coded and str(one).strip().isdigit())]:
            must = "causes must be values of a column of words, or say in words what 1, 2, ... are"
            raise EventError(f"{must}, found {odd[0]!r} for {event!r}; name them, the outcome first")
        if coded and censored not in (None, 0):
            found = f"found censored={censored!r} for {event!r}"
            raise EventError(f"where events are numbers, 0 must stand for no event, {found}; code it so")
        if not coded:
            code = {name: number for number, name in enumerate([*nothing, *names], 1 - len(nothing))}
            other = happened[~happened.isin(list(code))]
            if len(other):
                must = f"the event must be {f'one of {list(code)}' if code else '0 or 1, as a number'}"
                raise EventError(
                    f"{must}, {event!r} has {other.unique()[:3].tolist()} in {len(other)} rows; name the outcome and the "
                    "competing events in causes, and what is no event in censored, or convert 0 and 1 by astype(int)"
                )
            happened, names = happened.map(code).astype(int), tuple(map(str, names))
        return cls(str(event), frame[time], happened, names or (str(event),))

    @classmethod
    def recorded(cls, name: str, happened: pd.Series, *, by: int) -> Endpoint:
        """Return an outcome of which is known only whether it happened by a day: 0 or 1, missing if not even that."""
        door.horizon(by)
        door.patients(happened, "an outcome")
        found = door.events(happened, f"the outcome {name!r}", known=False)
        known = ~np.isnan(found)
        time = pd.Series(np.where(known, float(by), 0.0), happened.index)
        one = cls(name, time, pd.Series(np.where(known, found, 0).astype(int), happened.index))
        object.__setattr__(one, "recorded_by", by)
        return one

    def on(self, index: pd.Index) -> Endpoint:
        """Return it in the order of these patients; AlignmentError unless they are the same."""
        if self.time_days.index is index or self.time_days.index.equals(index):
            return self
        time = door.aligned(self.time_days, index, f"endpoint {self.name!r}")
        return door.trusted(Endpoint, self.name, time, self.cause.loc[index], self.causes, self.recorded_by)

    def need_follow_up(self, by: float, arm: np.ndarray | None = None, group: str = "a patient") -> None:
        """Raise HorizonError if follow-up ends, in somebody without an event, before the horizon.

        A curve is drawn up to the day on which the last of its ``arm`` was seen. Of all patients the last day counts
        whole: the horizon may be its end, one day later.
        """
        door.horizon(by)
        time, cause = self.time_days.values, self.cause.values
        if arm is not None:
            time, cause = time[arm], cause[arm]
        last = float(time[time.argmax()]) if len(time) else 0.0
        if by > last + (arm is None) and (cause[time == last] == 0).any():
            must = f"the horizon must lie within follow-up, day {by:g} is after the last day, {last:g}"
            seen = f"on which {group} was seen for {self.name!r}"
            raise HorizonError(f"{must}, {seen}; give by={last:g} or less")

    def by(self, horizon_days: int) -> pd.Series:
        """Return whether the outcome happened by the horizon: float 0 or 1, shape (n,).

        NaN for whoever was censored before it. Whoever had a competing event counts as event-free to the
        horizon; a tipping-point analysis asks how many later events would change the answer.
        """
        self._need_known(horizon_days)
        time, cause = self.time_days.to_numpy(), self.cause.to_numpy()
        happened = ((cause == 1) & (time <= horizon_days)).astype(float)
        happened[(cause == 0) & (time < horizon_days)] = np.nan
        return pd.Series(happened, self.time_days.index)

    def cut(self, horizon_days: int) -> Endpoint:
        """Return the endpoint with follow-up ended, censored, at the horizon."""
        self._need_known(horizon_days)
        late, time = self.time_days > horizon_days, self.time_days.clip(upper=horizon_days)
        return door.trusted(
            Endpoint, self.name, time, self.cause.mask(late, 0), self.causes, self.recorded_by
        )

    def _need_known(self, day: float) -> None:
        door.horizon(day)
        if self.recorded_by is not None and day < self.recorded_by:
            must = f"the horizon must be a day by which {self.name!r} is known, day {day:g} is before {self.recorded_by:g}"
            raise HorizonError(
                f"{must}, by which alone it was recorded; give by={self.recorded_by:g}, or its days"
            )


Endpoints: TypeAlias = Endpoint | pd.Series | Iterable[Endpoint | pd.Series]


def endpoints_of(
    endpoints: Endpoints, index: pd.Index | None = None, *, recorded_by: int | None = None
) -> list[Endpoint]:
    """Return endpoints as a list in the order of ``index``; a Series of 0 and 1 is what happened by ``recorded_by``."""
    given: Any = endpoints
    if isinstance(given, (Endpoint, pd.Series, Mapping)) or not isinstance(given, Iterable):
        given = [given]
    found = [each if each.__class__ is Endpoint else _endpoint(each, recorded_by) for each in given]
    names = [each.name for each in found]
    if not found:
        raise InputError("an endpoint is needed, found none; give Endpoint(name, time_days, cause)")
    if len(set(names)) < len(names):
        raise DuplicateError(f"each endpoint must have a name of its own, found {names}; rename one")
    return found if index is None else [each.on(index) for each in found]


def _endpoint(each: object, recorded_by: int | None) -> Endpoint:
    if isinstance(each, Endpoint):
        return each
    if not isinstance(each, pd.Series):
        found = type(each).__name__
        raise InputError(f"an endpoint is needed, found {found}; give Endpoint(name, time_days, cause)")
    if recorded_by is None:
        raise untimed(f"the column {each.name!r}")
    return Endpoint.recorded(str(each.name or "outcome"), each, by=recorded_by)


def untimed(found: str) -> EventError:
    """Return the error of what is known without the days on which it happened."""
    must = f"an estimate over time must know when events happened, found {found} alone"
    return EventError(f"{must}; give Endpoint(name, time_days, cause)")


def happened_by(event: Endpoint | pd.Series, by: int | None, index: pd.Index) -> pd.Series:
    """Return who had the event, 0 or 1 and NaN where unknown: a column as it is, an endpoint by the horizon."""
    if not isinstance(event, Endpoint):
        return door.aligned(event, index, "events")
    (by,) = horizons_of([] if by is None else by)
    event.need_follow_up(by)
    return event.on(index).by(by)


def horizons_of(by: int | Iterable[int]) -> list[int]:
    """Return one horizon or several as a list; HorizonError if one is no day."""
    given: Any = by.item() if isinstance(by, np.ndarray) and by.ndim == 0 else by
    one = isinstance(given, (int, str, Mapping)) or not isinstance(given, Iterable)
    found = [given] if one else list(given)
    for days in found:
        door.horizon(days)
    if not found or len(set(found)) < len(found):
        raise HorizonError(f"horizons must differ and there must be one, found {found}; give by=28, say")
    return found
