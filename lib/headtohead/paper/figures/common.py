"""Parts that several charts share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from headtohead.paper.format import interval_text, value_text
from headtohead.paper.theme import INK, QUIET, WIDTH
from headtohead.protocol import Protocol

ARM_ORDER = ("treated", "control")


def arm_names(protocol: Protocol) -> dict[str, str]:
    """Return the printed names of the arms, keyed treated and control."""
    return {"treated": protocol.arms.treated.capitalize(), "control": protocol.arms.control.capitalize()}


def arm_colour(protocol: Protocol, colours: Sequence[str], **legend: Any) -> alt.Color:
    """Return the colour encoding of the column ``arm``, treated first."""
    names = arm_names(protocol)
    scale = alt.Scale(domain=[names[arm] for arm in ARM_ORDER], range=list(colours))
    return alt.Color("arm:N", scale=scale, legend=alt.Legend(**legend) if legend else alt.Legend(title=None))


def forest(
    rows: pd.DataFrame,
    *,
    scale: str,
    title: str,
    bands: Sequence[float] = (),
    null: float = 0.0,
    domain: tuple[float, float] | None = None,
    label_width: int = 190,
    text_width: int = 150,
    row_height: int = 30,
    log: bool = False,
) -> alt.TopLevelMixin:
    """Return intervals as lines with a point each, labels left, numbers right.

    Parameters
    ----------
    rows : DataFrame
        ``label``, ``estimate``, ``conf_low``, ``conf_high`` and ``colour``; optionally ``truth``. Drawn
        from top to bottom. Differences are proportions and are drawn in percentage points.
    scale : str
        A scale of ``paper/format.py`` for the numbers on the right.
    bands : sequence of float
        Half-widths around ``null``: the first is shaded, the others are dashed lines.
    """
    factor = 100.0 if scale == "risk difference" else 1.0
    data = rows.assign(
        order=range(len(rows)),
        numbers=[
            f"{value_text(r.estimate, scale)} ({interval_text(r.conf_low, r.conf_high, scale)})"
            for r in rows.itertuples()
        ],
        **{
            name: rows[name] * factor
            for name in ("estimate", "conf_low", "conf_high", "truth")
            if name in rows
        },
    )
    if "truth" in data:
        data["first_truth"] = data.loc[data["truth"].notna(), "order"].min()
    y = alt.Y(
        "label:N",
        sort=list(data["label"]),
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelLimit=label_width, labelPadding=8),
    )
    x_scale = (
        alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
        if domain
        else alt.Scale(zero=False, type="log" if log else "linear")
    )
    x = alt.X("conf_low:Q", title=title, scale=x_scale, axis=alt.Axis(grid=False))
    base = alt.Chart(data)
    layers: list[alt.Chart] = []
    if bands:  # what counts as similar
        zone = pd.DataFrame({"low": [null - bands[0]], "high": [null + bands[0]]})
        layers.append(
            alt.Chart(zone).mark_rect(color="#ededed").encode(x=alt.X("low:Q", scale=x_scale), x2="high:Q")
        )
    for half in bands[1:]:
        edge = pd.DataFrame({"at": [null - half, null + half]})
        layers.append(
            alt.Chart(edge).mark_rule(color=QUIET, strokeDash=[3, 3]).encode(x=alt.X("at:Q", scale=x_scale))
        )
    layers.append(
        alt.Chart(pd.DataFrame({"at": [null]}))
        .mark_rule(color=INK, strokeWidth=0.8)
        .encode(x=alt.X("at:Q", scale=x_scale))
    )
    colour = alt.Color("colour:N", scale=None)
    layers.append(base.mark_rule(strokeWidth=2, clip=True).encode(x=x, x2="conf_high:Q", y=y, color=colour))
    layers.append(
        base.mark_point(filled=True, size=62, opacity=1).encode(
            x=alt.X("estimate:Q", scale=x_scale), y=y, color=colour, tooltip=["label:N", "numbers:N"]
        )
    )
    if "truth" in data and data["truth"].notna().any():
        layers.append(
            base.transform_filter("isValid(datum.truth)")
            .mark_point(shape="diamond", size=70, filled=False, stroke=INK, strokeWidth=1.6, yOffset=-9)
            .encode(x=alt.X("truth:Q", scale=x_scale), y=y)
        )
        layers.append(
            base.transform_filter("isValid(datum.truth) && datum.order == datum.first_truth")
            .mark_text(text="true effect", dx=8, dy=-9, align="left", fontSize=10, color=QUIET)
            .encode(x=alt.X("truth:Q", scale=x_scale), y=y)
        )
    layers.append(
        base.mark_text(align="left", fontSize=11).encode(
            x=alt.value(WIDTH - label_width - text_width + 10), y=y, text="numbers:N"
        )
    )
    return alt.layer(*layers).properties(
        width=WIDTH - label_width - text_width, height=row_height * len(data)
    )
