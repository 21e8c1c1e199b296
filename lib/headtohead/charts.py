"""The two charts of every comparison: the love plot of balance, and curves with their bands.

Charts of altair: shown in a notebook, ``.save("love.html")`` elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import ChoiceError, InputError

# shape and colour of each adjustment, the crude one first; Okabe-Ito colours are told apart by every colour vision
LOOKS = (
    ("circle", "#6b6b6b"), ("square", "#0072B2"), ("triangle-up", "#009E73"), ("diamond", "#D55E00"),
    ("cross", "#CC79A7"), ("triangle-down", "#E69F00"), ("triangle-right", "#56B4E9"),
)  # fmt: skip
ARM_COLOURS = ("#0072B2", "#D55E00")
Chart = Any  # altair does not say which kind a layered or faceted chart has


def love_plot(
    table: pd.DataFrame, *, threshold: float = 0.1, largest: float | None = None, labels: bool = True,
    width: float = 320, title: str = "",
) -> Chart:  # fmt: skip
    """Return absolute standardised differences, one row per covariate, the crudest first, one mark per adjustment.

    Raises UnknownError if the table lacks a column, InputError for more adjustments than marks.

    The table is that of ``balance`` or ``balance_report``, its first adjustment orders the covariates. ``threshold`` and
    ``largest`` are where the dashed line stands and the axis ends (a little beyond the largest difference if not given),
    ``width`` is that of the panel in pixels; ``labels`` stand at the axis, not in the second of two panels.
    """
    named = ["column", "level"] if "column" in table else ["covariate"]
    table = door.as_float(door.columns(table, [*named, "adjustment"], "a love plot", ["smd"]))
    sizes = {"threshold": threshold, "width": width, "largest": 1 if largest is None else largest}
    for name, value in sizes.items():
        door.between(name, value, 0, np.inf, "correct it")
    smd = table["smd"].abs().mask(lambda size: size > door.LARGEST, np.inf)  # it lies outside
    data = pd.DataFrame({"covariate": _rows(table), "smd": smd.round(4)})
    data["adjustment"] = table["label" if "label" in table else "adjustment"]
    names = [str(name) for name in data["adjustment"].unique()]
    if not 0 < len(names) <= len(LOOKS):
        raise InputError(f"a love plot tells {len(LOOKS)} adjustments apart, found {len(names)}; draw fewer")
    order = data[data["adjustment"] == names[0]].sort_values("smd", ascending=False)["covariate"].tolist()
    shapes, colours = zip(*LOOKS[: len(names)], strict=True)
    legend = alt.Legend(orient="bottom", columns=1, labelLimit=200)
    axis = alt.Axis(ticks=False, domain=False, grid=True, labels=labels, labelLimit=230, labelPadding=8)
    end = float(data["smd"].where(np.isfinite).max()) * 1.04 if largest is None else largest
    x_axis = alt.Axis(grid=False, tickCount=5)
    scale, heading = alt.Scale(domain=[0, end], nice=False), "Absolute standardised difference"
    points = alt.Chart(data).mark_point(filled=True, size=48, opacity=0.9).encode(
        x=alt.X("smd:Q", title=heading, scale=scale, axis=x_axis),
        y=alt.Y("covariate:N", sort=order, title=None, axis=axis),
        tooltip=[_said("covariate"), _said("adjustment"), alt.Tooltip("smd:Q", title="Standardised difference")],
        color=alt.Color("adjustment:N", title=None, scale=alt.Scale(domain=names, range=list(colours)), legend=legend),
        shape=alt.Shape("adjustment:N", title=None, scale=alt.Scale(domain=names, range=list(shapes))),
    )  # fmt: skip
    limit = alt.Chart(pd.DataFrame({"at": [threshold]})).mark_rule(color="#222222", strokeDash=[3, 3])
    layers = alt.layer(limit.encode(x=alt.X("at:Q")), points)
    return layers.properties(width=width, height=20 * len(order), title=title)


def _rows(table: pd.DataFrame) -> pd.Series:
    """Return the covariates of a table of balance, categories level by level."""
    if "covariate" in table:
        return table["covariate"]
    level = table["level"].astype(str)
    return table["column"].where(level == "", table["column"] + " [" + level + "]")


def curves_plot(
    table: pd.DataFrame, *, arms: Sequence[str] = ("treated", "control"), time: str = "Days", width: float = 220
) -> Chart:  # fmt: skip
    """Return cumulative incidence by arm with its bands, a column of panels per adjustment and a row per cause.

    Raises UnknownError if the table lacks a column, ChoiceError unless two arms are named.

    The table is that of ``incidence_curves``, ``arms`` are the names of the first and the second arm, ``time`` is the title
    of the horizontal axis, ``width`` that of a panel in pixels.
    """
    drawn = ["day", "incidence", "conf_low", "conf_high", "cause", "adjustment"]
    table = door.columns(table, ["arm", *drawn[4:]], "curves", drawn[:4])
    door.between("width", width, 0, np.inf, "correct it")
    if len(door.words(arms, "names of arms")) != 2:
        raise ChoiceError(f"arms must be two names, found {arms!r}; give ('new', 'old'), say")
    named = table["arm"].map(dict(zip(("treated", "control"), arms, strict=True)))
    data = door.as_float(table[drawn]).assign(arm=named)
    scale = alt.Scale(domain=list(arms), range=list(ARM_COLOURS))
    legend = alt.Legend(orient="bottom", symbolOpacity=1)
    base = alt.Chart(data).encode(
        x=alt.X("day:Q", title=time, axis=alt.Axis(grid=False)),
        color=alt.Color("arm:N", title=None, scale=scale, legend=legend),
    )
    percent, top = alt.Axis(format="%", grid=True), alt.Scale(domain=[0, float(data["conf_high"].max())])
    y = alt.Y("incidence:Q", title="Cumulative incidence", scale=top, axis=percent)
    band = base.mark_area(interpolate="step-after", opacity=0.15).encode(
        y=alt.Y("conf_low:Q", scale=top, axis=percent), y2=alt.Y2("conf_high:Q")
    )
    tooltip = [_said("arm"), _said("day", "Q"), alt.Tooltip("incidence:Q", title="Incidence", format=".1%")]
    line = base.mark_line(interpolate="step-after").encode(y=y, tooltip=tooltip)
    panels = alt.layer(band, line).properties(width=width, height=0.75 * width)
    return panels.facet(
        column=alt.Column("adjustment:N", title=None, sort=data["adjustment"].unique().tolist()),
        row=alt.Row("cause:N", title=None, sort=data["cause"].unique().tolist()),
    )


def _said(column: str, kind: str = "N") -> alt.Tooltip:
    return alt.Tooltip(f"{column}:{kind}", title=column.capitalize())
