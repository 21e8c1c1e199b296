"""The forest plot: intervals as lines, labels left, numbers right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from livingpaper.book.theme import INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import interval_text, scale_of, value_text

INTERVAL = ("estimate", "conf_low", "conf_high", "truth", "second", "second_low", "second_high")
ABOVE: Any = {"size": 70, "filled": False, "stroke": INK, "strokeWidth": 1.6, "yOffset": -9}
BELOW: Any = {"size": 42, "filled": True, "opacity": 1, "color": TREATED, "yOffset": 8}


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
    data, width = _with_text(rows, scale), WIDTH - label_width - text_width
    along = alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
    look: Any = {} if ticks is None else {"values": list(ticks), "format": "~g"}
    x = alt.X("conf_low:Q", title=title, scale=along, axis=alt.Axis(grid=False, **look))
    names = alt.Axis(ticks=False, domain=False, labelLimit=label_width, labelPadding=8)
    base = alt.Chart(data).encode(y=alt.Y("label:N", sort=list(data["label"]), title=None, axis=names))
    coloured = base.encode(color=alt.Color("colour:N", scale=None))
    layers = [
        *_background(bands, null, along),
        coloured.mark_rule(strokeWidth=2, clip=True).encode(x=x, x2="conf_high:Q"),
        coloured.mark_point(filled=True, size=62, opacity=1).encode(
            x=_at("estimate", along), tooltip=["label:N", "numbers:N"]
        ),
        *_others(base, data, along, "truth", "true effect", -9, **ABOVE),
        *_others(base, data, along, "second", second_name, 11, **BELOW),
        base.mark_text(align="left", fontSize=11).encode(x=alt.value(width + 10), text="numbers:N"),
    ]
    return alt.layer(*layers).properties(width=width, height=row_height * len(data))


def numbers_of(row: pd.Series, scale: str) -> str:
    """Return an estimate with its interval, or that there is none: such a row keeps its place and has no mark."""
    if pd.isna(row["estimate"]):
        return "cannot be estimated"
    return f"{value_text(row['estimate'], scale)} ({interval_text(row['conf_low'], row['conf_high'], scale)})"


def factor_of(scale: str) -> float:
    """Return what numbers of a scale are multiplied with where they are drawn: differences in points."""
    return 100.0 if scale_of(scale).format == "points" else 1.0


def _with_text(rows: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Return the rows with their numbers as text, proportions as percentage points."""
    numbers = [numbers_of(row, scale) for _, row in rows.iterrows()]
    scaled = {name: (rows[name] * factor_of(scale)).round(5) for name in INTERVAL if name in rows}
    return rows.assign(order=range(len(rows)), numbers=numbers, **scaled)


def _at(column: str, along: alt.Scale) -> alt.X:
    return alt.X(f"{column}:Q", scale=along)


def _background(bands: Sequence[float], null: float, along: alt.Scale) -> list[alt.Chart]:
    """Return the shaded margin, the lines of the wider ones and the line of no effect."""
    lines: Any = [([null - half, null + half], {"color": QUIET, "strokeDash": [3, 3]}) for half in bands[1:]]
    lines.append(([null], {"color": INK, "strokeWidth": 0.8}))
    drawn = [alt.Chart(pd.DataFrame({"at": at})).mark_rule(**look) for at, look in lines]
    layers = [line.encode(x=_at("at", along)) for line in drawn]
    for half in bands[:1]:
        zone = alt.Chart(pd.DataFrame({"low": [null - half], "high": [null + half]}))
        layers.insert(0, zone.mark_rect(color="#ededed").encode(x=_at("low", along), x2="high:Q"))
    return layers


def _others(
    base: alt.Chart, data: pd.DataFrame, along: alt.Scale, column: str, name: str, dy: int, **look: Any
) -> list[alt.Chart]:
    """Return diamonds beside the lines where a column has values, with their limits if it has some, the first named."""
    if column not in data or data[column].isna().all():
        return []
    known = base.transform_filter(f"isValid(datum.{column})")
    first = known.transform_filter(f"datum.order == {data['order'][data[column].notna()].min()}")
    low, high, colour = f"{column}_low", f"{column}_high", look.get("color", QUIET)
    line = known.mark_rule(strokeWidth=1.2, clip=True, yOffset=look["yOffset"], color=colour)
    word = first.mark_text(
        text=name, dx=6 if high in data else 8, dy=dy, align="left", fontSize=10, color=colour
    )
    return [
        *([line.encode(x=_at(low, along), x2=f"{high}:Q")] if high in data else []),
        known.mark_point(shape="diamond", **look).encode(x=_at(column, along)),
        word.encode(x=_at(high if high in data else column, along)),
    ]
