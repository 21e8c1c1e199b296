"""Choices, levels, shares and days: what is no patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from headtohead.door.people import words
from headtohead.errors import ChoiceError, HorizonError, InputError, NumberError

WHOLES = (int, np.integer)
NUMBERS = (int, float, np.number)
MOST_DAYS = 36_525  # a century
LARGEST, NEAREST = 1e100, 1e-9  # number that can be squared; distance of a share from its bounds


def choice(name: str, value: object, choices: Any) -> None:
    """Raise ChoiceError unless the value is one of the choices, a Literal or a sequence."""
    offered = getattr(choices, "__args__", choices)
    if not (isinstance(value, str) and value in offered):
        raise ChoiceError(f"{name} must be one of {some_of(offered)}, found {value!r}; spell it so")


def instance(value: object, kind: type, what: str, remedy: str) -> None:
    """Raise InputError unless this is what is needed."""
    if not isinstance(value, kind):
        raise InputError(f"{what} is needed, found {type(value).__name__}; {remedy}")


def flags(**values: object) -> None:
    """Raise ChoiceError unless each is True or False: any word would count as True."""
    for name, value in values.items():
        if not isinstance(value, bool | np.bool_):
            raise ChoiceError(f"{name} must be True or False, found {value!r}; give one of them")


def some_of(offered: Sequence[object]) -> str:
    """Return all choices in words."""
    return ", ".join(repr(one) for one in offered)


def number(value: Any) -> bool:
    """Return whether this is a number, no truth value."""
    if isinstance(value, bool) or not isinstance(value, NUMBERS):
        return False
    return not isinstance(value, int) or abs(value) <= LARGEST  # of any size in Python


def between(
    name: str, value: Any, low: float = 0, high: float = 1, remedy: str = "give a share of 1"
) -> None:
    """Raise NumberError unless a number lies strictly between two others."""
    if not (number(value) and low < value < high):
        must = f"{name} must be a number above {low:g} and below {high:g}"
        raise NumberError(f"{must}, found {value!r}; {remedy}")
    if min(value - low, high - value) < NEAREST:
        must = f"{name} must keep {NEAREST:g} from {low:g} and {high:g}"
        raise NumberError(f"{must}, found {value!r}; {remedy}")
    if high == np.inf:
        sized(**{name: value})


def level(conf_level: Any) -> None:
    """Raise NumberError unless this is a level of confidence."""
    between("conf_level", conf_level, remedy="95 percent is 0.95")


def positive(name: str, value: Any, *, or_zero: bool = False) -> None:
    """Raise NumberError unless this is a number above 0, infinity included, ``or_zero``."""
    if not (number(value) and (value > 0 or (or_zero and value == 0))):
        words = "of 0 or above" if or_zero else "above 0"
        raise NumberError(f"{name} must be a number {words}, found {value!r}; correct it")
    if value != np.inf:
        sized(**{name: value})


def sized(**values: Any) -> None:
    """Raise NumberError unless numbers, or those of arrays, are 0 or of a size that can be squared."""
    for name, value in values.items():
        for one in np.abs(np.ravel(value)).tolist():
            if one and not 1 / LARGEST <= one <= LARGEST:
                must = f"{name} must be of a size that can be squared"
                raise NumberError(f"{must}, found {one:g}; take another unit")


def at_least(name: str, value: Any, least: int, *, below: float = 2**63) -> None:
    """Raise NumberError unless this is a whole number, and large enough."""
    if not (number(value) and isinstance(value, WHOLES) and least <= value < below):
        size = "below 2**63" if number(value) and value >= below else f"of at least {least}"
        raise NumberError(f"{name} must be a whole number {size}, found {value!r}; correct it")


def power_and_alpha(power: Any, alpha: Any) -> None:
    """Raise NumberError unless these are shares, and more is found than by chance."""
    between("power", power)
    between("alpha", alpha)
    if power <= alpha:
        must = f"power must be above alpha, found {power!r} and {alpha!r}"
        raise NumberError(f"{must}; 80 percent at the level of 5 are power=0.8, alpha=0.05")


def finite(**values: Any) -> None:
    """Raise NumberError unless each is a finite number."""
    for name, value in values.items():
        if not (number(value) and np.isfinite(float(value))):
            raise NumberError(f"{name} must be a finite number, found {value!r}; correct it")


def horizon(by: Any) -> None:
    """Raise HorizonError unless this is a day after time zero."""
    if not (number(by) and 0 < by < np.inf):
        raise HorizonError(f"a horizon must be a number of days above 0, found {by!r}; give by=28, say")


def whole_days(by: Any) -> None:
    """Raise HorizonError unless a curve can be drawn day by day up to this."""
    if not (by == int(by) and by <= MOST_DAYS):
        must = f"curves are drawn day by day, up to a whole number of days and at most {MOST_DAYS}"
        raise HorizonError(f"{must}, found by={by!r}; give times and horizon in days")


def margin(value: Any, name: str = "margin", scale: str = "risk difference") -> None:
    """Raise NumberError unless this is a margin on its scale: every difference of risks lies within 1."""
    between(name, value, 0, 1 if scale == "risk difference" else np.inf, "5 percent is 0.05")


def margins(found: Mapping[str, float], scale: str = "risk difference") -> dict[str, float]:
    """Return margins as float, numpy's whole numbers have no negative; NumberError unless each is one on this scale."""
    if not found:
        raise NumberError("at least one margin is needed, found none; name it: {'narrow': 0.05}")
    for name in words(found, "names of margins"):
        margin(found[name], f"margin {name!r}", scale)
    return {name: float(value) for name, value in found.items()}
