"""The face of the paper's charts: one palette, one type size, one width."""

from typing import Any

import altair as alt

WIDTH = 620  # pixels; printed at 0.75 pt each this is the text width of the PDF
TREATED, CONTROL = "#0072B2", "#D55E00"  # Okabe-Ito: told apart by every common kind of colour vision
INK, QUIET, FAINT = "#222222", "#6b6b6b", "#d9d9d9"
ACCENTS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6b6b6b")
FONT = "Liberation Sans, Helvetica, Arial, sans-serif"
VEGA_LITE = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])  # as vl-convert names it
SMALL = {"labelFontSize": 11, "titleFontSize": 11, "labelColor": INK}
LINES = {"domainColor": QUIET, "tickColor": QUIET, "gridColor": "#ececec", "tickSize": 4}
TITLES = {"titleColor": INK, "titleFontWeight": "normal", "titlePadding": 8, "labelLimit": 320}
CONFIG: Any = {
    "font": FONT,
    "background": "transparent",
    "padding": 4,
    "view": {"stroke": None},
    "range": {"category": list(ACCENTS)},
    "axis": SMALL | LINES | TITLES,
    "axisY": {"grid": False},
    "header": SMALL | {"labelFontWeight": "bold"},
    "legend": SMALL | {"symbolStrokeWidth": 2, "title": None, "orient": "bottom"},
    "title": {"fontSize": 12, "anchor": "start", "color": INK, "fontWeight": "bold", "offset": 8},
    "text": {"color": INK, "fontSize": 11},
}


alt.theme.register("paper", enable=True)(lambda: alt.theme.ThemeConfig(config=CONFIG))
