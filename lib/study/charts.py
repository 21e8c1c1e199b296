"""Parts that several charts share."""

import json
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import Any

import altair as alt
import pandas as pd
from livingpaper.book.forest import forest
from livingpaper.book.theme import ACCENTS, CONTROL, LETTER, TREATED, narrow, width

from study.labels import arms
from study.protocol.protocol import Protocol

WORLD_COLOURS = {"null": "#6b6b6b", "harm": CONTROL, "benefit": TREATED, "sharp_null": ACCENTS[2]}
LIMITS = ["estimate", "conf_low", "conf_high"]
Chart = Any  # altair does not say which kind a layered or faceted chart has


def arm_colour(plan: Protocol, **legend: Any) -> alt.Color:
    """Return the colour encoding of the column ``arm``, treated first."""
    scale = alt.Scale(domain=list(arms(plan).values()), range=[TREATED, CONTROL])
    return alt.Color("arm:N", scale=scale, legend=alt.Legend(title=None, **legend))


def by_name(column: str, order: Iterable[str], *, on_phone: int = 140, **axis: Any) -> alt.Y:
    """Return the names of a column down the page, in a given order, without line or ticks.

    On a phone they take ``on_phone`` pixels, and as many lines as they need.
    """
    names = list(order)
    if narrow():
        in_lines = {name: wrap(name, on_phone // LETTER) for name in names}
        axis |= {
            "labelExpr": f"{json.dumps(in_lines)}[datum.value]",
            "labelLineHeight": 12,
            "labelBaseline": "middle",
        }
    return alt.Y(f"{column}:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, **axis))


def side_by_side(charts: Sequence[Chart], *, spacing: int, **look: Any) -> Chart:
    """Return charts beside each other, on a phone below each other."""
    if narrow():
        return alt.vconcat(*charts, spacing=12, **look)
    return alt.hconcat(*charts, spacing=spacing, **look)


def share_of(beside: float, among: float, *, on_phone: float = 60) -> int:
    """Return the width of one of ``among`` panels: what is ``beside`` them on a page, and ``on_phone``, is left free."""
    return int(width() - on_phone if narrow() else (width() - beside) / among)


def risk_days(plan: Protocol) -> list[int]:
    """Return the days at which numbers at risk are printed: each week to the horizon, or few steps of weeks."""
    return list(range(0, plan.outcome.horizon_days + 1, 7 * -(-plan.outcome.horizon_days // 28)))


def by_day(plan: Protocol) -> alt.X:
    """Return the days of follow-up across the page."""
    scale = alt.Scale(domain=[0, plan.outcome.horizon_days], nice=False)
    days = alt.Axis(values=risk_days(plan), grid=False)
    return alt.X("day:Q", title="Days from the first dose", scale=scale, axis=days)


def coloured(column: str, colours: dict[str, str], **legend: Any) -> alt.Color:
    """Return the colour encoding of a column by value."""
    scale = alt.Scale(domain=list(colours), range=list(colours.values()))
    return alt.Color(f"{column}:N", scale=scale, **legend)


def line_at(*at: float, channel: str = "x", scale: Any = alt.Undefined, **look: Any) -> alt.Chart:
    """Return lines across the whole chart at some values."""
    place = {"x": alt.X, "y": alt.Y}[channel]("at:Q", scale=scale)
    return alt.Chart(pd.DataFrame({"at": at})).mark_rule(**look).encode(**{channel: place})


def minus(plan: Protocol, what: str = "Risk difference of death") -> str:
    """Return the title of an axis of differences."""
    return f"{what}, {plan.arms.treated} minus {plan.arms.control}, percentage points"


def intervals(
    found: pd.DataFrame, labels: Iterable[str], colours: Iterable[str], **more: Sequence[float]
) -> pd.DataFrame:
    """Return estimates with their limits as the rows of a forest plot."""
    rows = found[LIMITS].astype(float).reset_index(drop=True)
    return rows.assign(label=list(labels), colour=list(colours), **more)


def differences(
    rows: pd.DataFrame, plan: Protocol, reach: tuple[float, float], *, title: str = "", **layout: Any
) -> Chart:
    """Return the forest plot of risk differences from ``reach[0]`` to ``reach[1]`` points, both margins behind it."""
    bands, title = (plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp), title or minus(plan)
    return forest(rows, scale="risk difference", title=title, bands=bands, domain=reach, **layout)


def said_of(**titles: str) -> list[alt.Tooltip]:
    """Return what a mark says when it is pointed at: each column under its title in words."""
    return [alt.Tooltip(column, title=title) for column, title in titles.items()]


def with_deaths(name: str, events: float) -> str:
    """Return a label with its deaths, where they were counted."""
    return name if pd.isna(events) else f"{name}, {events:.0f} deaths"
