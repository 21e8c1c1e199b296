"""The face of the paper's charts: one palette, one type size, and two widths, that of a page and that of a phone."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from textwrap import wrap
from typing import Any, TypeVar, cast

import altair as alt
import yaml
from altair.utils.schemapi import debug_mode

from livingpaper.book.markup import IN_LAB, STATIC

WIDTH = 620  # pixels; printed at 0.75 pt each this is the text width of the PDF
LETTER = 6  # pixels that a letter takes
NARROW = 336  # pixels; what a phone of 390 pixels leaves between its margins
FACE: Any = yaml.safe_load((STATIC / "charts.yml").read_text("utf-8"))
CONFIG, MARK = FACE["config"], FACE["mark"]  # of every chart, as Vega-Lite knows it; of its origin, inside it
ACCENTS = tuple(CONFIG["range"]["category"])  # Okabe-Ito: told apart by every common kind of colour vision
TREATED, CONTROL = ACCENTS[:2]
INK, QUIET, FAINT = CONFIG["text"]["color"], CONFIG["axis"]["domainColor"], "#d9d9d9"
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])  # as vl-convert names it
_drawn_for: ContextVar[int] = ContextVar("drawn_for", default=WIDTH)
Draw = TypeVar("Draw", bound=Callable[..., Any])


def width() -> int:
    """Return for how many pixels a chart is drawn at present."""
    return _drawn_for.get()


def narrow() -> bool:
    """Return whether a chart is drawn for a phone at present."""
    return width() < WIDTH


def lines(text: str, pixels: int) -> str | list[str]:
    """Return a text as it is on a page, and on a phone in lines of at most so many pixels."""
    return wrap(text, pixels // LETTER) if narrow() else text


@contextmanager
def drawn_for(pixels: int) -> Iterator[None]:
    """Let everything inside be drawn for a width."""
    before = _drawn_for.set(pixels)
    try:
        yield
    finally:
        _drawn_for.reset(before)


def at_each_width(draw: Draw) -> Draw:
    """Let a function that returns a ``Drawing`` draw it for a page and, but for JupyterLab, for a phone.

    It asks ``width()`` and ``narrow()``.
    """

    @wraps(draw)
    def both(*args: Any, **kwargs: Any) -> Any:
        drawn = draw(*args, **kwargs)
        if IN_LAB in os.environ:
            return drawn
        with drawn_for(NARROW), debug_mode(False):  # the parts were checked when it was drawn wide
            return replace(drawn, narrow=draw(*args, **kwargs).chart)

    return cast("Draw", both)


def nine_digits(data: Any) -> Any:
    """Return what a chart embeds of a frame: of seventeen digits the last differ between runs and machines."""
    made = alt.default_data_transformer(data)
    for row in made.get("values", ()):
        row |= {name: float(f"{value:.9g}") for name, value in row.items() if isinstance(value, float)}
    return made


alt.data_transformers.register("paper", nine_digits)
alt.data_transformers.enable("paper")
alt.theme.register("paper", enable=True)(lambda: alt.theme.ThemeConfig(config=CONFIG))
