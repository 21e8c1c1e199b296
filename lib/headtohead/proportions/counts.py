"""Events and patients in two arms: all that an abstract gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headtohead.errors import EmptyArmError, EventError, NumberError


@dataclass(frozen=True, slots=True)
class TwoByTwo:
    """Events and patients in two arms, the treated one first."""

    events_treated: int
    n_treated: int
    events_control: int
    n_control: int

    def __post_init__(self) -> None:
        treated, control = (self.events_treated, self.n_treated), (self.events_control, self.n_control)
        for arm, events, n in (("treated", *treated), ("control", *control)):
            given = (events, n)
            if not all(isinstance(one, int | float | np.number) and one == np.floor(one) for one in given):
                found = f"the {arm} arm has {events!r} in {n!r}"
                raise NumberError(f"events and patients must be whole numbers, {found}; count them")
            if n < 1:
                must = f"each arm needs at least one patient, the {arm} arm has {n}"
                raise EmptyArmError(f"{must}; check the eligibility rules and the names of the arms")
            if not 0 <= events <= n:
                found = f"the {arm} arm has {events} events in {n} patients"
                raise EventError(f"events must lie between 0 and the patients, {found}; check the counts")
        for name in self.__slots__:  # numpy's small numbers overflow
            object.__setattr__(self, name, int(getattr(self, name)))

    @property
    def risk_treated(self) -> float:
        """Events per patient in the first arm."""
        return self.events_treated / self.n_treated

    @property
    def risk_control(self) -> float:
        """Events per patient in the second arm."""
        return self.events_control / self.n_control

    @property
    def counts(self) -> np.ndarray:
        """Array of int, shape (2, 2): rows are arms, columns event and no event."""
        events, n = [self.events_treated, self.events_control], [self.n_treated, self.n_control]
        return np.column_stack([events, np.subtract(n, events)])
