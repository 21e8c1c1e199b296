"""Charts of the cohort chapter: flow, strata and missing values."""

from collections.abc import Sequence
from textwrap import wrap

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.show import MAX_ROWS
from livingpaper.book.theme import INK, QUIET, at_each_width, narrow, width
from livingpaper.chapters.recording import key
from livingpaper.ledger.ledger import SUPPRESSED

from study.charts import Chart, arm_colour, by_name
from study.labels import arms
from study.protocol.protocol import Protocol

UNTOLD = "a number not shown"
Box = tuple[float, float, float, float, list[str]]
Line = tuple[float, float, float, float]


@at_each_width
def flow_diagram(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the STROBE flow: everyone who started a drug, exclusions in order, analysed, matched."""
    excluded = ledger.select("cohort.excluded.step_{step}").sort_values("step", key=lambda s: s.astype(int))
    counts = pd.concat([ledger.select("cohort.{stage}.n"), ledger.select("cohort.eligible.{arm}.n")])
    pairs = ledger.select("matching.pairs.{part}")
    n = pd.concat([counts, pairs]).set_index("id")["text"].map(_said)
    started, out, left = (n[f"cohort.{stage}.n"] for stage in ("started", "excluded", "eligible"))
    drugs, names = (plan.arms.treated, plan.arms.control), [*arms(plan).values()]
    treated, control = (n[f"cohort.eligible.{key(drug)}.n"] for drug in drugs)
    reasons = [f"{_said(row['text'])}  {row['method']}" for _, row in excluded.iterrows()]
    matched, lost = n["matching.pairs.n"], n["matching.pairs.unmatched"]
    left_over = "" if lost == UNTOLD else f"; {lost} {drugs[0]} patients unmatched"
    boxes: list[Box] = [  # centre x and y from the top, width, height, lines
        (150, 20, 240, 36, [f"Started {drugs[0]} or {drugs[1]}", f"n = {started}"]),
        (455, 105, 310, 30 + 14 * len(reasons), [f"Excluded, n = {out}", *reasons]),
        (150, 190, 240, 36, ["Eligible and analysed", f"n = {left}"]),
        (70, 260, 130, 36, [names[0], f"n = {treated}"]),
        (230, 260, 130, 36, [names[1], f"n = {control}"]),
        (150, 330, 270, 36, ["Matched pairs (replication)", f"{matched} pairs{left_over}"]),
    ]  # fmt: skip
    joints: list[Line] = [
        (150, 38, 150, 172), (150, 105, 300, 105), (110, 208, 70, 242),
        (190, 208, 230, 242), (70, 278, 110, 312), (230, 278, 190, 312),
    ]  # fmt: skip
    if narrow():
        boxes, joints = _on_phone(boxes)
    return Drawing(
        _boxes_and_lines(boxes, joints),
        f"Flow chart. {started} patients started a drug; {out} were excluded for the reasons listed; {left} were "
        f"analysed, {treated} on {drugs[0]} and {control} on {drugs[1]}; {matched} pairs were formed.",
        sources=(excluded, counts, pairs),
    )


def _said(text: str) -> str:
    """Return a count as it is printed, in words that a sentence can hold where it is not shown."""
    return UNTOLD if text == SUPPRESSED else text


def _on_phone(boxes: Sequence[Box]) -> tuple[list[Box], list[Line]]:
    """Return the boxes below each other, the exclusions between those who started and those who stayed."""
    started, out, left, treated, control, matched = (box[4] for box in boxes)
    reasons = [out[0], *(line for reason in out[1:] for line in wrap(reason, 54))]
    end = 76 + 14 * len(reasons)
    placed: list[Box] = [
        (170, 20, 240, 36, started), (170, (60 + end) / 2, 322, end - 64, reasons), (170, end + 38, 240, 36, left),
        (90, end + 104, 130, 36, treated), (250, end + 104, 130, 36, control), (170, end + 170, 290, 36, matched),
    ]  # fmt: skip
    joints: list[Line] = [
        (170, 38, 170, 62), (170, end - 2, 170, end + 20), (120, end + 56, 90, end + 86), (220, end + 56, 250, end + 86),
        (90, end + 122, 120, end + 152), (250, end + 122, 220, end + 152),
    ]  # fmt: skip
    return placed, joints


def _boxes_and_lines(boxes: Sequence[Box], joints: Sequence[Line]) -> Chart:
    """Return boxes with text, wide ones set left, joined by lines; coordinates in pixels from the top left."""
    height = boxes[-1][1] + 25
    edges = [(x - w / 2, x + w / 2, y - h / 2, y + h / 2) for x, y, w, h, _ in boxes]
    texts = [
        (float(x - w / 2 + 8 if w > 300 else x), y - 7 * (len(rows) - 1) + 14 * k, text, w > 300)
        for x, y, w, _, rows in boxes for k, text in enumerate(rows)
    ]  # fmt: skip
    across, down = alt.Scale(domain=[0, width() - 5], nice=False), alt.Scale(domain=[height, 0], nice=False)
    x, y = alt.X("x:Q", scale=across, axis=None), alt.Y("y:Q", scale=down, axis=None)
    left, top = alt.X("x1:Q", scale=across, axis=None), alt.Y("y1:Q", scale=down, axis=None)
    lines = alt.Chart(pd.DataFrame(joints, columns=["x", "y", "x2", "y2"])).mark_rule(color=QUIET)
    frames = alt.Chart(pd.DataFrame(edges, columns=["x1", "x2", "y1", "y2"]))
    frames = frames.mark_rect(fill="white", stroke=INK, strokeWidth=0.8)
    ends = {"x2": "x2:Q", "y2": "y2:Q"}
    layers = [lines.encode(x=x, y=y, **ends), frames.encode(x=left, y=top, **ends)]
    for wide in (True, False):
        mine = pd.DataFrame([row[:3] for row in texts if row[3] == wide], columns=["x", "y", "text"])
        words = alt.Chart(mine).mark_text(align="left" if wide else "center", fontSize=11)
        layers.append(words.encode(x=x, y=y, text=alt.Text("text:N")))
    return alt.layer(*layers).properties(width=width() - 10, height=height)


@at_each_width
def strata_bars(strata: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return how many patients each hospital treated with each drug in each period."""
    names = arms(plan)
    table = strata.melt(["hospital", "period"], list(names), "arm", "patients")
    table["arm"] = table["arm"].map(names)
    for place in ("hospital", "period"):
        table[place] = f"{place.capitalize()} " + table[place].astype(str)
    bars = alt.Chart(table).mark_bar(size=15).encode(
        x=alt.X("patients:Q", title="Patients", axis=alt.Axis(grid=False)),
        y=alt.Y("arm:N", title=None, axis=None, sort=list(names.values())),
        color=arm_colour(plan),
    )  # fmt: skip
    text = bars.mark_text(align="left", dx=4, fontSize=11, color=INK)
    text = text.encode(text=alt.Text("patients:Q"), color=alt.ColorValue(INK))
    header = alt.Header(labelAngle=0, labelAlign="left", labelFontWeight="normal")
    chart = alt.layer(bars, text).properties(width=105 if narrow() else 235, height=42).facet(
        row=alt.Row("period:N", title=None, header=header),
        column=alt.Column("hospital:N", title=None),
        spacing={"row": 6, "column": 16 if narrow() else 24},
    )  # fmt: skip
    share = strata["treated"] / strata["n"]
    low, high = (
        f"{100 * share[at]:.0f}% (hospital {strata.at[at, 'hospital']}, period {strata.at[at, 'period']})"
        for at in (share.idxmin(), share.idxmax())
    )
    return Drawing(
        chart,
        f"Bars of patients by drug in each of {len(share)} strata of hospital and period. "
        f"The share given {plan.arms.treated} runs from {low} to {high}.",
        sources=(strata,),
    )


@at_each_width
def missing_map(missing: pd.DataFrame, dictionary: pd.DataFrame) -> Drawing:
    """Return the percentage missing by hospital and period of the variables missing most: a chart has 250 rows."""
    labels = dictionary.set_index("name")["label"]
    total = missing.groupby("column")[["missing", "n"]].sum().sort_values("missing", ascending=False)
    total = total.head(MAX_ROWS // len(missing[["hospital", "period"]].drop_duplicates()))
    order, cut = [labels[name] for name in total.index], missing[missing["column"].isin(total.index)]
    strata = cut["hospital"].astype(str) + " " + cut["period"].astype(str)
    data = pd.DataFrame({"variable": cut["column"].map(labels), "stratum": strata})
    data["percent"] = cut["percent"].round(1)
    across = alt.Axis(labelAngle=0, ticks=False, domain=False)
    x, y = alt.X("stratum:N", title="Hospital and period", axis=across), by_name("variable", order)
    shade = alt.Color("percent:Q", scale=alt.Scale(scheme="blues", domain=[0, 90]), legend=None)
    ink = alt.condition("datum.percent > 45", alt.value("white"), alt.value(INK))
    beside, row = (165, 28) if narrow() else (290, 19)
    base = alt.Chart(data)
    heat = base.mark_rect(stroke="white").encode(x=x, y=y, color=shade)
    text = base.mark_text(fontSize=11).encode(x=x, y=y, text=alt.Text("percent:Q", format=".0f"), color=ink)
    worst = (total["missing"] / total["n"]).nlargest(2)
    most, next_ = (f"({100 * share:.0f}%)" for share in worst)
    return Drawing(
        alt.layer(heat, text).properties(width=width() - beside, height=row * len(order)),
        f"Heat map of per cent missing for {len(order)} variables in {strata.nunique()} strata. "
        f"{labels[worst.index[0]]} is missing most {most}, then {labels[worst.index[1]]} {next_}.",
        sources=(missing,),
    )
