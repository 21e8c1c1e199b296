"""The forest plot: intervals as lines, labels left, numbers right."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import pandas as pd

from livingpaper.book.theme import INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import interval_text, scale_of, value_text

INTERVAL = ("estimate", "conf_low", "conf_high", "truth", "second", "second_low", "second_high")


def forest(
    rows: pd.DataFrame,
    *,
    scale: str,
    title: str,
    domain: tuple[float, float],
    bands: Sequence[float] = (),
    null: float = 0.0,
    label_width: int = 190,
    text_width: int = 150,
    row_height: int = 30,
    log: bool = False,
    ticks: Sequence[float] | None = None,
    second_name: str = "",
) -> alt.TopLevelMixin:
    """Return the chart.

    Parameters
    ----------
    rows : DataFrame
        ``label``, ``estimate``, ``conf_low``, ``conf_high`` and ``colour``; optionally ``truth``, and
        ``second``, ``second_low``, ``second_high``: another estimate drawn below each, named once. Drawn
        from top to bottom; a missing estimate is said in words. Differences are proportions and are drawn
        in percentage points.
    scale : str
        A scale of ``paper.toml`` for the numbers on the right.
    bands : sequence of float
        Half-widths around ``null``: the first is shaded, the others are dashed lines.
    """
    data = _with_text(rows, scale)
    axis = alt.Axis(ticks=False, domain=False, labelLimit=label_width, labelPadding=8)
    y = alt.Y("label:N", sort=list(data["label"]), title=None, axis=axis)
    x_scale = alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
    x = alt.X("conf_low:Q", title=title, scale=x_scale, axis=_axis(ticks))
    colour = alt.Color("colour:N", scale=None)
    base, width = alt.Chart(data), WIDTH - label_width - text_width
    estimate = alt.X("estimate:Q", scale=x_scale)
    layers = [
        *_background(bands, null, x_scale),
        base.mark_rule(strokeWidth=2, clip=True).encode(x=x, x2="conf_high:Q", y=y, color=colour),
        base.mark_point(filled=True, size=62, opacity=1).encode(
            x=estimate, y=y, color=colour, tooltip=["label:N", "numbers:N"]
        ),
        *_truths(base, data, x_scale, y),
        *_seconds(base, data, x_scale, y, second_name),
        base.mark_text(align="left", fontSize=11).encode(x=alt.value(width + 10), y=y, text="numbers:N"),
    ]
    return alt.layer(*layers).properties(width=width, height=row_height * len(data))


def with_deaths(name: str, events: float) -> str:
    """Return a label with its deaths, where they were counted."""
    return name if pd.isna(events) else f"{name}, {events:.0f} deaths"


def numbers_of(row: pd.Series, scale: str) -> str:
    """Return an estimate with its interval, or that there is none: such a row keeps its place and has no mark."""
    if pd.isna(row["estimate"]):
        return "cannot be estimated"
    return f"{value_text(row['estimate'], scale)} ({interval_text(row['conf_low'], row['conf_high'], scale)})"


def _axis(ticks: Sequence[float] | None) -> alt.Axis:
    if ticks is None:
        return alt.Axis(grid=False)
    return alt.Axis(grid=False, values=list(ticks), format="~g")


def factor_of(scale: str) -> float:
    """Return what numbers of a scale are multiplied with where they are drawn: differences in points."""
    return 100.0 if scale_of(scale).format == "points" else 1.0


def _with_text(rows: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Return the rows with their numbers as text, proportions as percentage points."""
    factor = factor_of(scale)
    numbers = [numbers_of(row, scale) for _, row in rows.iterrows()]
    scaled = {name: (rows[name] * factor).round(5) for name in INTERVAL if name in rows}
    data = rows.assign(order=range(len(rows)), numbers=numbers, **scaled)
    if "truth" in data:
        data["first_truth"] = data.loc[data["truth"].notna(), "order"].min()
    return data


def _background(bands: Sequence[float], null: float, x_scale: alt.Scale) -> list[alt.Chart]:
    """Return the shaded margin, the lines of the wider ones and the line of no effect."""
    layers = []
    if bands:
        zone = pd.DataFrame({"low": [null - bands[0]], "high": [null + bands[0]]})
        low = alt.X("low:Q", scale=x_scale)
        layers.append(alt.Chart(zone).mark_rect(color="#ededed").encode(x=low, x2="high:Q"))
    at = alt.X("at:Q", scale=x_scale)
    for half in bands[1:]:
        edges = pd.DataFrame({"at": [null - half, null + half]})
        layers.append(alt.Chart(edges).mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x=at))
    middle = pd.DataFrame({"at": [null]})
    return [*layers, alt.Chart(middle).mark_rule(color=INK, strokeWidth=0.8).encode(x=at)]


def _truths(base: alt.Chart, data: pd.DataFrame, x_scale: alt.Scale, y: alt.Y) -> list[alt.Chart]:
    """Return a diamond above each row whose truth is known, the first one with its name."""
    if "truth" not in data or data["truth"].isna().all():
        return []
    x = alt.X("truth:Q", scale=x_scale)
    known = base.transform_filter("isValid(datum.truth)")
    first = base.transform_filter("isValid(datum.truth) && datum.order == datum.first_truth")
    return [
        known.mark_point(
            shape="diamond", size=70, filled=False, stroke=INK, strokeWidth=1.6, yOffset=-9
        ).encode(x=x, y=y),
        first.mark_text(text="true effect", dx=8, dy=-9, align="left", fontSize=10, color=QUIET).encode(
            x=x, y=y
        ),
    ]


def _seconds(base: alt.Chart, data: pd.DataFrame, x_scale: alt.Scale, y: alt.Y, name: str) -> list[alt.Chart]:
    """Return another estimate below each row, thin and open, the first one with its name."""
    if "second" not in data or data["second"].isna().all():
        return []
    known = base.transform_filter("isValid(datum.second)")
    x = alt.X("second:Q", scale=x_scale)
    first = known.transform_filter(f"datum.order == {data['second'].first_valid_index()}")
    return [
        known.mark_rule(strokeWidth=1.2, clip=True, yOffset=8, color=TREATED).encode(
            x=alt.X("second_low:Q", scale=x_scale), x2="second_high:Q", y=y
        ),
        known.mark_point(shape="diamond", size=42, filled=True, opacity=1, yOffset=8, color=TREATED).encode(
            x=x, y=y
        ),
        first.mark_text(text=name, dx=6, dy=11, align="left", fontSize=10, color=TREATED).encode(
            x=alt.X("second_high:Q", scale=x_scale), y=y
        ),
    ]
