"""The face of the paper's charts: one palette, one type size, and two widths, that of a page and that of a phone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from textwrap import wrap
from typing import Any, ParamSpec, TypeVar, cast

import altair as alt

WIDTH = 620  # pixels; printed at 0.75 pt each this is the text width of the PDF
LETTER = 6  # pixels that a letter takes
NARROW = 336  # pixels; what a phone of 390 pixels leaves between its margins
TREATED, CONTROL = "#0072B2", "#D55E00"  # Okabe-Ito: told apart by every common kind of colour vision
INK, QUIET, FAINT = "#222222", "#6b6b6b", "#d9d9d9"
ACCENTS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6b6b6b")
FONT = "Liberation Sans, Helvetica, Arial, sans-serif"
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])  # as vl-convert names it
SMALL = {"labelFontSize": 11, "labelLineHeight": 12, "titleFontSize": 11, "labelColor": INK}
LINES = {"domainColor": QUIET, "tickColor": QUIET, "gridColor": "#ececec", "tickSize": 4}
TITLES = {"titleColor": INK, "titleFontWeight": "normal", "titlePadding": 8, "labelLimit": 320}
CONFIG: Any = {
    "font": FONT,
    "background": "transparent",
    "padding": 4,
    "lineBreak": "\n",
    "view": {"stroke": None},
    "range": {"category": list(ACCENTS)},
    "axis": SMALL | LINES | TITLES,
    "axisY": {"grid": False},
    "header": SMALL | {"labelFontWeight": "bold"},
    "legend": SMALL | {"symbolStrokeWidth": 2, "title": None, "orient": "bottom"},
    "title": {"fontSize": 12, "anchor": "start", "color": INK, "fontWeight": "bold", "offset": 8},
    "text": {"color": INK, "fontSize": 11},
}

# the origin, inside every chart
MARK: Any = {
    "fontSize": 11,
    "fontWeight": "normal",
    "fontStyle": "italic",
    "color": QUIET,
    "anchor": "end",
    "offset": 8,
}
_drawn_for: ContextVar[int] = ContextVar("drawn_for", default=WIDTH)
Asked = ParamSpec("Asked")
Shown = TypeVar("Shown")


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


def at_each_width(draw: Callable[Asked, Shown]) -> Callable[Asked, Shown]:
    """Let a function that returns a ``Drawing`` draw it for a page and for a phone: it asks ``width()`` and ``narrow()``."""

    @wraps(draw)
    def both(*args: Asked.args, **kwargs: Asked.kwargs) -> Shown:
        drawn: Any = draw(*args, **kwargs)
        with drawn_for(NARROW):
            phone: Any = draw(*args, **kwargs)
        return cast("Shown", replace(drawn, narrow=phone.chart))

    return both


alt.theme.register("paper", enable=True)(lambda: alt.theme.ThemeConfig(config=CONFIG))
