"""What cannot be done, as errors and as words in a row."""

from __future__ import annotations

import pandas as pd


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


def need_complete(frame: pd.DataFrame, what: str, remedy: str) -> None:
    """Raise ValueError if a value is missing: ``what`` must hold, which columns differ, ``remedy``."""
    if frame.isna().any(axis=None):
        raise ValueError(f"{what}, {list(frame.columns[frame.isna().any()])} have missing values{remedy}")
