"""Figures and tables that do not say what they rest on, while the outcomes are withheld."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from livingpaper.book.show import panel, sheet
from livingpaper.config import config

Exhibit = TypeVar("Exhibit")


def outcome_by_arm(make: Callable[..., Exhibit]) -> Callable[..., Exhibit]:
    """Mark a figure or table that tells outcomes by arm: while blinded it gives a panel that says so."""

    @wraps(make)
    def made(paper: Any, *args: Any, **kwargs: Any) -> Any:
        if not paper.protocol.study.blinded:
            return make(paper, *args, **kwargs)
        return panel(config()) if make.__annotations__["return"] == "Drawing" else sheet(config())

    return made
