"""The forest plot: intervals as lines, labels left, numbers right."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from livingpaper.book.theme import INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import interval_text, scale_of, value_text

At = Callable[[str], alt.X]
INTERVAL = ("estimate", "conf_low", "conf_high", "truth", "second", "second_low", "second_high")
ABOVE: Any = {"size": 70, "filled": False, "stroke": INK, "strokeWidth": 1.6, "yOffset": -9}
BELOW: Any = {"size": 42, "filled": True, "opacity": 1, "color": TREATED, "yOffset": 8}


def forest(
    rows: pd.DataFrame, *, scale: str, title: str, domain: tuple[float, float], bands: Sequence[float] = (),
    null: float = 0.0, label_width: int = 190, text_width: int = 150, row_height: int = 30, log: bool = False,
    ticks: Sequence[float] | None = None, second_name: str = "",
) -> alt.TopLevelMixin:  # fmt: skip
    """Return the chart, from top to bottom; differences are proportions and are drawn in percentage points.

    ``rows`` has ``label``, ``estimate`` (said in words if missing), ``conf_low``, ``conf_high`` and ``colour``; optionally
    ``truth``, and ``second``, ``second_low``, ``second_high``: another estimate drawn below each, named once. ``scale``, of
    ``paper.toml``, is that of the numbers on the right. ``bands`` are half-widths around ``null``: the first is shaded,
    the others are dashed lines.
    """
    width = WIDTH - label_width - text_width
    numbers = [numbers_of(row, scale) for _, row in rows.iterrows()]
    scaled = {name: (rows[name] * factor_of(scale)).round(5) for name in INTERVAL if name in rows}
    data = rows.assign(order=range(len(rows)), numbers=numbers, **scaled)
    along = alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
    look: Any = {} if ticks is None else {"values": list(ticks), "format": "~g"}
    x = alt.X("conf_low:Q", title=title, scale=along, axis=alt.Axis(grid=False, **look))
    names = alt.Axis(ticks=False, domain=False, labelLimit=label_width, labelPadding=8)
    base = alt.Chart(data).encode(y=alt.Y("label:N", sort=list(data["label"]), title=None, axis=names))
    coloured = base.encode(color=alt.Color("colour:N", scale=None))
    point = coloured.mark_point(filled=True, size=62, opacity=1)
    at = partial(alt.X, type="quantitative", scale=along)
    layers = [
        *_background(bands, null, at),
        coloured.mark_rule(strokeWidth=2, clip=True).encode(x=x, x2="conf_high:Q"),
        point.encode(x=at("estimate"), tooltip=["label:N", "numbers:N"]),
        *_others(base, at, "truth", "true effect", -9, **ABOVE),
        *_others(base, at, "second", second_name, 11, **BELOW),
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


def _background(bands: Sequence[float], null: float, at: At) -> list[alt.Chart]:
    """Return the shaded margin, the lines of the wider ones and the line of no effect."""
    zones = [alt.Chart(pd.DataFrame({"low": [null - half], "high": [null + half]})) for half in bands]
    shaded = [zone.mark_rect(color="#ededed").encode(x=at("low"), x2="high:Q") for zone in zones[:1]]
    lines: Any = [([null - half, null + half], {"color": QUIET, "strokeDash": [3, 3]}) for half in bands[1:]]
    lines.append(([null], {"color": INK, "strokeWidth": 0.8}))
    drawn = [alt.Chart(pd.DataFrame({"at": where})).mark_rule(**look) for where, look in lines]
    return shaded + [line.encode(x=at("at")) for line in drawn]


def _others(base: alt.Chart, at: At, column: str, name: str, dy: int, **look: Any) -> list[alt.Chart]:
    """Return diamonds beside the lines where a column has values, with their limits if it has some, the first named."""
    data = base.data
    if column not in data or data[column].isna().all():
        return []
    known = base.transform_filter(f"isValid(datum.{column})")
    first = known.transform_filter(f"datum.order == {data['order'][data[column].notna()].min()}")
    low, high, colour = f"{column}_low", f"{column}_high", look.get("color", QUIET)
    line = known.mark_rule(strokeWidth=1.2, clip=True, yOffset=look["yOffset"], color=colour)
    limits, side = ([line.encode(x=at(low), x2=f"{high}:Q")], 6) if high in data else ([], 8)
    word = first.mark_text(text=name, dx=side, dy=dy, align="left", fontSize=10, color=colour)
    point = known.mark_point(shape="diamond", **look).encode(x=at(column))
    return [*limits, point, word.encode(x=at(high if limits else column))]
