"""The forest plot: intervals as lines, labels left, numbers right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from livingpaper.book.theme import INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import interval_text, scale_of, value_text

INTERVAL = ("estimate", "conf_low", "conf_high", "truth", "second", "second_low", "second_high")
NAME: dict[str, Any] = {"align": "left", "fontSize": 10}


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
        *_truths(base, data, along),
        *_seconds(base, data, along, second_name),
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


def _known(base: alt.Chart, data: pd.DataFrame, column: str) -> tuple[alt.Chart, alt.Chart] | None:
    """Return the rows that have a value, and the first of them; None if there is none."""
    if column not in data or data[column].isna().all():
        return None
    known = base.transform_filter(f"isValid(datum.{column})")
    return known, known.transform_filter(f"datum.order == {data['order'][data[column].notna()].min()}")


def _truths(base: alt.Chart, data: pd.DataFrame, along: alt.Scale) -> list[alt.Chart]:
    """Return a diamond above each row whose truth is known, the first one with its name."""
    if (found := _known(base.encode(x=_at("truth", along)), data, "truth")) is None:
        return []
    known, first = found
    look: Any = {"shape": "diamond", "size": 70, "filled": False, "stroke": INK, "strokeWidth": 1.6}
    name = first.mark_text(text="true effect", dx=8, dy=-9, color=QUIET, **NAME)
    return [known.mark_point(**look, yOffset=-9), name]


def _seconds(base: alt.Chart, data: pd.DataFrame, along: alt.Scale, name: str) -> list[alt.Chart]:
    """Return another estimate below each row, thin and open, the first one with its name."""
    if (found := _known(base, data, "second")) is None:
        return []
    known, first = found
    line = known.mark_rule(strokeWidth=1.2, clip=True, yOffset=8, color=TREATED)
    point = known.mark_point(shape="diamond", size=42, filled=True, opacity=1, yOffset=8, color=TREATED)
    word = first.mark_text(text=name, dx=6, dy=11, color=TREATED, **NAME)
    low, middle, high = (_at(column, along) for column in ("second_low", "second", "second_high"))
    return [line.encode(x=low, x2="second_high:Q"), point.encode(x=middle), word.encode(x=high)]
