"""The forest plot: intervals as lines, labels left, numbers right; on a phone labels above, numbers above or below."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import altair as alt
import pandas as pd

from livingpaper.book.theme import INK, LETTER, QUIET, TREATED, lines, narrow, width
from livingpaper.ledger.format import interval_text, scale_of, value_text

At = Callable[[str], alt.X]
INTERVAL = ("estimate", "conf_low", "conf_high", "truth", "second", "second_low", "second_high")
TRUTH: Any = {"size": 70, "filled": False, "stroke": INK, "strokeWidth": 1.6}
ABOVE_LINE = -15  # pixels from a line up to its label
EDGE = 16  # pixels that ticks take at the right edge
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
    wide: int = width() - (EDGE if narrow() else label_width + text_width)
    numbers = [numbers_of(row, scale) for _, row in rows.iterrows()]
    scaled = {name: (rows[name] * factor_of(scale)).round(5) for name in INTERVAL if name in rows}
    data = rows.assign(order=range(len(rows)), numbers=numbers, **scaled)
    along = alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
    look: Any = {} if ticks is None else {"values": list(ticks), "format": "~g"}
    x = alt.X("conf_low:Q", title=lines(title, wide), scale=along, axis=alt.Axis(grid=False, **look))
    names = alt.Axis(ticks=False, domain=False, labels=not narrow(), labelLimit=label_width, labelPadding=8)
    base = alt.Chart(data).encode(y=alt.Y("label:N", sort=list(data["label"]), title=None, axis=names))
    coloured = base.encode(color=alt.Color("colour:N", scale=None))
    point = coloured.mark_point(filled=True, size=62, opacity=1)
    at = partial(alt.X, type="quantitative", scale=along)
    side = 9 if narrow() else -9  # on a phone labels stand above
    layers = [
        *_background(bands, null, at),
        coloured.mark_rule(strokeWidth=2, clip=True).encode(x=x, x2=alt.X2("conf_high:Q")),
        point.encode(x=at("estimate"), tooltip=tooltip(scale)),
        *_others(base, at, "truth", "true effect", side, yOffset=side, **TRUTH),
        *_others(base, at, "second", second_name, 11, **BELOW),
        *(named_above(base, wide) if narrow() else [beside(base, wide + 10, "numbers")]),
    ]
    height = (row_of(data) if narrow() else row_height) * len(data)
    return alt.layer(*layers).properties(width=wide, height=height)


def beside(base: alt.Chart, pixels: float, column: str, **look: Any) -> alt.Chart:
    """Return a column as text that starts, or ends if so aligned, at a place."""
    style: Any = {"align": "left", "fontSize": 11} | look
    return base.mark_text(**style).encode(x=alt.XValue(pixels), text=alt.Text(f"{column}:N"))


def named_above(base: alt.Chart, wide: float) -> list[alt.Chart]:
    """Return labels above their lines, and the numbers right of them, or below where a row is too long for that."""
    place = -ABOVE_LINE if lines_of(base.data) == 2 else ABOVE_LINE
    labels = over(base, 0, "label", fontWeight="bold", yOffset=ABOVE_LINE)
    return labels + over(base, wide, "numbers", align="right", yOffset=place)


def over(base: alt.Chart, pixels: float, column: str, **look: Any) -> list[alt.Chart]:
    """Return a column as text that stays legible over lines: they are hidden around its letters."""
    halo = {"stroke": "white", "strokeWidth": 7, "strokeJoin": "round"}
    return [beside(base, pixels, column, **look | halo), beside(base, pixels, column, **look)]


def lines_of(data: pd.DataFrame) -> int:
    """Return how many lines of text the rows of a narrow plot need."""
    longest = (data["label"].astype(str) + data["numbers"].astype(str)).str.len().max()
    return 1 if longest * LETTER < width() - EDGE else 2


def row_of(data: pd.DataFrame) -> int:
    """Return the height of a row of a narrow plot."""
    return 32 + 14 * lines_of(data)


def tooltip(scale: str) -> list[alt.Tooltip]:
    """Return what is said of a point: its label, and its numbers on their scale in words."""
    unit = scale_of(scale).unit
    said = f"{scale[:1].upper()}{scale[1:]}{f', {unit}' if unit else ''}"
    return [alt.Tooltip("label:N", title="Estimate"), alt.Tooltip("numbers:N", title=said)]


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
    shaded = [zone.mark_rect(color="#ededed").encode(x=at("low"), x2=alt.X2("high:Q")) for zone in zones[:1]]
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
    limits = [line.encode(x=at(low), x2=alt.X2(f"{high}:Q"))] if high in data else []
    # on a phone numbers stand to the right
    end, side, align = (low, -6, "right") if limits and narrow() else (high if limits else column, 8, "left")
    style: Any = {"dx": side, "dy": dy, "align": align, "fontSize": 11, "color": colour}
    word = first.mark_text(text=name, **style).encode(x=at(end))
    said = {column: name.capitalize(), low: f"Lower limit, {name}", high: f"Upper limit, {name}"}
    tips = [alt.Tooltip(f"{each}:Q", title=title) for each, title in said.items() if limits or each == column]
    return [*limits, known.mark_point(shape="diamond", **look).encode(x=at(column), tooltip=tips), word]
