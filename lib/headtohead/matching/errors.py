"""The one error of arms that cannot be made comparable."""

from __future__ import annotations


class CannotAdjustError(ValueError):
    """The arms cannot be made comparable in the way asked for; the message says why."""
