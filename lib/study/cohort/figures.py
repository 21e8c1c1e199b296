"""Charts of the cohort chapter: flow, strata and missing values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd
from livingpaper.book.show import Drawing
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH

from study.arms import arm_colour, arm_names
from study.results import Paper


def origin(paper: Paper) -> str:
    """Return whether the main cohort is synthetic or real."""
    return "synthetic" if paper.study.cohort.synthetic else "real"


def flow_diagram(paper: Paper) -> Drawing:
    """Return the STROBE flow: everyone who started a drug, exclusions in order, analysed, matched."""
    flow, arms = paper.study.cohort.attrition, paper.protocol.arms
    steps = flow.groupby("step").agg(
        label=("label", "first"), excluded=("n_excluded", "sum"), left=("n_remaining", "sum")
    )
    left = flow[flow["step"] == flow["step"].max()].set_index("arm")["n_remaining"]
    reasons = [f"{row.excluded}  {row.label}" for row in steps.iloc[1:].itertuples()]
    pairs, lost = int(paper.study.matching.pairs["n"]), int(paper.study.matching.pairs["unmatched"])
    boxes = [  # centre x and y from the top, width, height, lines
        (150, 20, 240, 36, [f"Started {arms.treated} or {arms.control}", f"n = {steps['left'].iloc[0]}"]),
        (455, 105, 310, 30 + 14 * len(reasons), [f"Excluded, n = {steps['excluded'].sum()}", *reasons]),
        (150, 190, 240, 36, ["Eligible and analysed", f"n = {steps['left'].iloc[-1]}"]),
        (70, 260, 130, 36, [arms.treated.capitalize(), f"n = {left[arms.treated]}"]),
        (230, 260, 130, 36, [arms.control.capitalize(), f"n = {left[arms.control]}"]),
        (
            150,
            330,
            270,
            36,
            ["Matched pairs (replication)", f"{pairs} pairs; {lost} {arms.treated} patients unmatched"],
        ),
    ]
    lines = [
        (150, 38, 150, 172), (150, 105, 300, 105), (110, 208, 70, 242),
        (190, 208, 230, 242), (70, 278, 110, 312), (230, 278, 190, 312),
    ]  # fmt: skip
    return Drawing(
        _boxes_and_lines(boxes, lines, height=355),
        f"Flow chart. {steps['left'].iloc[0]} patients started a drug; {steps['excluded'].sum()} were excluded for the "
        f"reasons listed; {steps['left'].iloc[-1]} were analysed, {left[arms.treated]} on {arms.treated} and "
        f"{left[arms.control]} on {arms.control}; {pairs} pairs were formed.",
        origin(paper),
    )


Box = tuple[float, float, float, float, list[str]]


def _boxes_and_lines(
    boxes: Sequence[Box], lines: Sequence[tuple[float, float, float, float]], *, height: float
) -> Any:
    """Return boxes with text, wide ones set left, joined by lines; coordinates in pixels from the top left."""
    frame = pd.DataFrame(
        [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for x, y, w, h, _ in boxes],
        columns=["x1", "x2", "y1", "y2"],
    )
    texts = pd.DataFrame(
        [
            {
                "x": x - w / 2 + 8 if w > 300 else x,
                "y": y - 7 * (len(rows) - 1) + 14 * k,
                "text": row,
                "wide": w > 300,
            }
            for x, y, w, _, rows in boxes
            for k, row in enumerate(rows)
        ]
    )
    across, down = alt.Scale(domain=[0, WIDTH - 5], nice=False), alt.Scale(domain=[height, 0], nice=False)
    x, y = alt.X("x:Q", scale=across, axis=None), alt.Y("y:Q", scale=down, axis=None)
    left, top = alt.X("x1:Q", scale=across, axis=None), alt.Y("y1:Q", scale=down, axis=None)
    joints = pd.DataFrame(lines, columns=["x", "y", "x2", "y2"])
    layers = [
        alt.Chart(joints).mark_rule(color=QUIET).encode(x=x, y=y, x2="x2:Q", y2="y2:Q"),
        alt.Chart(frame)
        .mark_rect(fill="white", stroke=INK, strokeWidth=0.8)
        .encode(x=left, x2="x2:Q", y=top, y2="y2:Q"),
    ]
    for wide in (True, False):
        mine = alt.Chart(texts.loc[texts["wide"] == wide, ["x", "y", "text"]])
        layers.append(
            mine.mark_text(align="left" if wide else "center", fontSize=11).encode(x=x, y=y, text="text:N")
        )
    return alt.layer(*layers).properties(width=WIDTH - 10, height=height)


def strata_bars(paper: Paper) -> Drawing:
    """Return how many patients each hospital treated with each drug in each period."""
    names = arm_names(paper.protocol)
    table = paper.study.cohort.strata.melt(["hospital", "period"], ["treated", "control"], "arm", "patients")
    table = table.assign(
        arm=table["arm"].map(names),
        hospital="Hospital " + table["hospital"].astype(str),
        period="Period " + table["period"].astype(str),
    )
    bars = (
        alt.Chart(table)
        .mark_bar(size=15)
        .encode(
            x=alt.X("patients:Q", title="Patients", axis=alt.Axis(grid=False)),
            y=alt.Y("arm:N", title=None, axis=None, sort=list(names.values())),
            color=arm_colour(paper.protocol, (TREATED, CONTROL), title=None),
        )
    )
    text = bars.mark_text(align="left", dx=4, fontSize=10.5, color=INK).encode(
        text="patients:Q", color=alt.value(INK)
    )
    chart = alt.layer(bars, text).properties(width=235, height=42).facet(
        row=alt.Row("period:N", title=None, header=alt.Header(labelAngle=0, labelAlign="left", labelFontWeight="normal")),
        column=alt.Column("hospital:N", title=None),
        spacing={"row": 6, "column": 24},
    )  # fmt: skip
    share = paper.study.cohort.strata.assign(share=lambda t: t["treated"] / t["n"])
    low, high = share.loc[share["share"].idxmin()], share.loc[share["share"].idxmax()]
    return Drawing(
        chart,
        f"Bars of patients by drug in each of {len(share)} strata of hospital and period. "
        f"The share given {paper.protocol.arms.treated} runs from "
        f"{100 * low['share']:.0f}% (hospital {low['hospital']}, period {low['period']}) to {100 * high['share']:.0f}% "
        f"(hospital {high['hospital']}, period {high['period']}).",
        origin(paper),
    )


def missing_map(paper: Paper) -> Drawing:
    """Return the percentage missing by variable, hospital and period."""
    labels = paper.dictionary.set_index("name")["label"]
    table = paper.study.cohort.missing
    total = table.groupby("column")["missing"].sum().sort_values(ascending=False)
    data = pd.DataFrame(
        {
            "variable": table["column"].map(labels),
            "stratum": table["hospital"].astype(str) + " " + table["period"].astype(str),
            "percent": table["percent"].round(1),
        }
    )
    order = [labels[name] for name in total.index]
    x = alt.X(
        "stratum:N",
        title="Hospital and period",
        axis=alt.Axis(labelAngle=0, ticks=False, domain=False),
    )
    y = alt.Y("variable:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False))
    heat = (
        alt.Chart(data)
        .mark_rect(stroke="white")
        .encode(
            x=x,
            y=y,
            color=alt.Color("percent:Q", scale=alt.Scale(scheme="blues", domain=[0, 90]), legend=None),
        )
    )
    text = (
        alt.Chart(data)
        .mark_text(fontSize=10)
        .encode(
            x=x,
            y=y,
            text=alt.Text("percent:Q", format=".0f"),
            color=alt.condition("datum.percent > 45", alt.value("white"), alt.value(INK)),
        )
    )
    worst = (table.groupby("column")["missing"].sum() / table.groupby("column")["n"].sum()).sort_values(
        ascending=False
    )
    return Drawing(
        alt.layer(heat, text).properties(width=WIDTH - 290, height=19 * len(order)),
        f"Heat map of per cent missing for {len(order)} variables in {data['stratum'].nunique()} strata. "
        f"{labels[worst.index[0]]} is missing most "
        f"({100 * worst.iloc[0]:.0f}%), then {labels[worst.index[1]]} ({100 * worst.iloc[1]:.0f}%).",
        origin(paper),
    )
