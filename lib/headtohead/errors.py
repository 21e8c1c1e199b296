"""What cannot be used or done, as errors and as words in a row.

Every message says what must hold, what was found (how many, the first three), and what to do.
"""

from __future__ import annotations


class InputError(ValueError):
    """What was given cannot be used as it is; the kinds below say what is wrong with it."""


class AlignmentError(InputError):
    """Two inputs are not about the same patients."""


class DuplicateError(InputError):
    """A label, column or name stands for two things."""


class MissingError(InputError):
    """A value is missing where it must be known."""


class NumberError(InputError):
    """A number, or a column of numbers, is none, or lies outside its range."""


class ArmError(InputError):
    """The column of the arms does not say who had which of two."""


class EmptyArmError(ArmError):
    """An arm has nobody, or nobody of positive weight."""


class EventError(InputError):
    """Events are not coded 0 and 1, or causes 0, 1, 2, ..."""


class TimeError(InputError):
    """A time is missing, negative or no number, or a patient leaves before entering."""


class HorizonError(InputError):
    """A horizon is no day, or lies after the end of follow-up."""


class ChoiceError(InputError):
    """A choice is none of those on offer."""


class UnknownError(InputError):
    """A column or a level is not in the data."""


class DependentError(InputError):
    """A column has one value only, or is a combination of others."""


class CannotAdjustError(ValueError):
    """The arms cannot be made comparable in the way asked for; the message says why."""


class SeparationError(CannotAdjustError):
    """The covariates separate the arms: no propensity score exists."""


class NoMatchError(CannotAdjustError):
    """Not one pair lies within the caliper."""


class EntropyError(CannotAdjustError):
    """No positive weights give the arms the wanted means."""


class CannotEstimateError(ValueError):
    """The data do not determine the estimate: no events, or a likelihood without a maximum."""


def cannot(error: Exception | str) -> str:
    """Return the words of ``method`` where there is no estimate."""
    return f"cannot be estimated, because {error}"
