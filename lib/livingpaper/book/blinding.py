"""Figures and tables while the outcomes are withheld: each that tells one is a panel that says so."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

import altair as alt
import pandas as pd
from study.results import Paper

from livingpaper.book.show import Drawing, Sheet
from livingpaper.book.theme import INK, WIDTH
from livingpaper.book.withheld import PARAGRAPH, SENTENCE

P = ParamSpec("P")
Exhibit = TypeVar("Exhibit", Drawing, Sheet)


def outcome_by_arm(
    make: Callable[Concatenate[Paper, P], Exhibit],
) -> Callable[Concatenate[Paper, P], Exhibit]:
    """Mark a figure or table that tells outcomes by arm: while blinded it gives a panel that says so."""

    @wraps(make)
    def made(paper: Paper, *args: P.args, **kwargs: P.kwargs) -> Exhibit:
        if not paper.protocol.study.blinded:
            return make(paper, *args, **kwargs)
        empty = panel() if make.__annotations__["return"] == "Drawing" else sheet()
        return cast("Exhibit", empty)

    return made


def panel() -> Drawing:
    """Return the figure that says that it is withheld."""
    chart = (
        alt.Chart(pd.DataFrame({"text": [SENTENCE]}))
        .mark_text(fontSize=13, color=INK)
        .encode(text="text:N")
        .properties(width=WIDTH - 10, height=90)
    )
    return Drawing(chart, SENTENCE, "design", caption=PARAGRAPH)


def sheet() -> Sheet:
    """Return the table that says that it is withheld."""
    return Sheet(pd.DataFrame({"Result": [SENTENCE]}), "design", "l", caption=PARAGRAPH)
