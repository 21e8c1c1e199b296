"""Charts of the sensitivity chapter; that of the specification curve is in ``multiverse_figures``."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.forest import numbers_of
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, at_each_width, narrow
from livingpaper.ledger.format import points, value_text

from study.charts import (
    LIMITS,
    Chart,
    coloured,
    differences,
    intervals,
    line_at,
    said_of,
    share_of,
    side_by_side,
    with_deaths,
)
from study.labels import VERDICTS
from study.protocol.protocol import Protocol

COLOURS = dict(zip(VERDICTS.values(), (TREATED, CONTROL, INK, QUIET), strict=True))
STRENGTHS = {2: QUIET, 3: TREATED, 5: CONTROL}  # risk ratios of a confounder


@at_each_width
def subset_forest(ledger: Ledger, subsets: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the primary difference by hospital, by period and where both drugs were in use.

    ``subsets`` names them in order: the printed ``subset`` of each row of the ledger, ``id``.
    """
    outcome, adjustment = f"{plan.outcome.primary}{plan.outcome.horizon_days}", plan.estimand.primary.lower()
    everyone = ledger[f"outcomes.{outcome}.{adjustment}.rd"]
    found = ledger.select("sensitivity.subset.{level}.rd")
    drawn = pd.concat([everyone.to_frame().T, found.set_index("level").loc[subsets["level"]]])
    labels = map(with_deaths, ["All patients", *subsets["subset"]], drawn["events"])
    rows = intervals(drawn, labels, [TREATED, *[INK] * len(subsets)])
    words = "; ".join(f"{row['label']} {numbers_of(row, 'risk difference')}" for _, row in rows.iterrows())
    chart = differences(rows, plan, (-25, 25), label_width=245, text_width=145, row_height=26)
    return Drawing(chart, f"Forest of risk differences: {words}.", sources=(everyone, found))


@at_each_width
def subgroup_forest(
    groups: pd.DataFrame, drawn: pd.DataFrame, dictionary: pd.DataFrame, plan: Protocol
) -> Drawing:
    """Return the primary difference in each level of each subgroup column, alone and drawn towards the others."""
    mine = groups[groups["scale"] == "risk difference"]
    names = mine["column"].map(dictionary.set_index("name")["label"]) + " " + mine["level"]
    by = ["column", "level"]
    towards = drawn.set_index(by).reindex(pd.MultiIndex.from_frame(mine[by]))
    second = {"second": "estimate", "second_low": "conf_low", "second_high": "conf_high"}
    rows = intervals(
        mine, map(with_deaths, names, mine["events"]), [INK] * len(mine),
        **{name: towards[column].to_numpy(float) for name, column in second.items()},
    )  # fmt: skip
    layout: Any = {"label_width": 290, "text_width": 145, "row_height": 30, "second_name": "drawn together"}
    ends = {name: (points(rows[name].min()), points(rows[name].max())) for name in ("estimate", "second")}
    below = "Below each, in blue, the estimate drawn towards the others, from "
    below = "" if drawn.empty else f"{below}{' to '.join(ends['second'])}. "
    return Drawing(
        differences(rows, plan, (-35, 35), **layout),
        f"Forest with {len(rows)} rows, one per level. Points run from {' to '.join(ends['estimate'])}; the widest bar "
        f"spans {points(rows['conf_low'].min())} to {points(rows['conf_high'].max())}. {below}"
        "Shaded bands around the vertical zero line show both margins.",
        sources=(groups, drawn),
    )


@at_each_width
def caliper_chart(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return pairs, worst imbalance and risk difference against the width of the caliper."""
    done = table[table["n_pairs"] > 0]
    data = (100 * done[LIMITS]).round(3).set_axis(["rd", "low", "high"], axis=1).assign(
        caliper=done["caliper_sd"].map("{:g}".format), pairs=done["n_pairs"], smd=done["largest_smd"].round(4),
        chosen=done["caliper_sd"] == plan.matching.caliper_sd,
    )  # fmt: skip
    first, last = data.iloc[0], data.iloc[-1]
    return Drawing(
        _against_caliper(data),
        f"Three panels over the caliper width from {first['caliper']} to {last['caliper']}. Pairs rise from "
        f"{first['pairs']} to {last['pairs']}; the largest imbalance goes from {value_text(first['smd'], 'smd')} to "
        f"{value_text(last['smd'], 'smd')}; the risk difference stays between {points(data['rd'].min() / 100)} and "
        f"{points(data['rd'].max() / 100)} points with wide intervals.",
        sources=(table,),
    )


def _against_caliper(data: pd.DataFrame) -> Chart:
    """Return one panel for the pairs, one for the imbalance and one for the difference."""
    level = alt.Axis(labelAngle=0)
    x = alt.X("caliper:N", sort=list(data["caliper"]), title="Caliper, SD of the logit", axis=level)
    colour = alt.condition("datum.chosen", alt.value(TREATED), alt.value(QUIET))
    base, panel = alt.Chart(data).encode(x=x, color=colour), {"width": share_of(194, 3), "height": 150}
    dots = base.mark_point(filled=True, size=60, opacity=1)
    from_zero = alt.Scale(domainMin=0, nice=True)
    pairs = base.mark_bar(size=16).encode(y=alt.Y("pairs:Q", title="Pairs"))
    smd = dots.encode(y=alt.Y("smd:Q", title="Largest imbalance (SMD)", scale=from_zero))
    low = alt.Y("low:Q", title="Risk difference, points")
    bars = base.mark_rule(strokeWidth=2).encode(y=low, y2=alt.Y2("high:Q"))
    zero = line_at(0.0, channel="y", color=INK, strokeWidth=0.8)
    effect = alt.layer(zero, bars, dots.encode(y=alt.Y("rd:Q")))
    return side_by_side([part.properties(**panel) for part in (pairs, smd, effect)], spacing=24)


@at_each_width
def hiding_confounder(observed: float, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return how common a confounder must be in each arm to turn a true ratio into the observed one, the published."""
    published, arms = ledger["counts.death.rr"], plan.arms
    truths = {0.8: "true risk ratio 0.80 (benefit)", 1.25: "true risk ratio 1.25 (harm)"}
    data = pd.concat([_prevalences(observed, truth, said) for truth, said in truths.items()])
    legend = alt.Legend(title="Confounder raises the risk of death by a", titleLimit=400)
    line = alt.Chart(data).mark_line(strokeWidth=2).encode(
        x=alt.X("control:Q", title=f"Confounder in {arms.control} arm, %", axis=alt.Axis(grid=False)),
        y=alt.Y("treated:Q", title=f"Confounder in {arms.treated} arm, %", scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("strength:N", scale=alt.Scale(range=list(STRENGTHS.values())), legend=legend),
    )  # fmt: skip
    same = alt.Chart(pd.DataFrame({"a": [0.0, 60.0]}))
    same = same.mark_line(color=INK, strokeDash=[3, 3], strokeWidth=0.8).encode(
        x=alt.X("a:Q"), y=alt.Y("a:Q")
    )
    charts = [
        alt.layer(same, line.transform_filter(alt.datum.truth == said))
        .properties(title=said.capitalize(), width=share_of(140, 2), height=190)
        for said in truths.values()
    ]  # fmt: skip
    return Drawing(
        side_by_side(charts, data=data, spacing=36),
        "Two panels of rising curves, one for a hidden benefit and one for a hidden harm. Each shows which prevalence of an "
        "unmeasured confounder in either arm would produce the published ratio; the dashed diagonal is equal prevalence.",
        sources=(published,),
    )


def _prevalences(observed: float, truth: float, said: str) -> pd.DataFrame:
    """Return the pairs of prevalences, in per cent, of a confounder that turn one ratio into the other."""
    parts = []
    for strength in STRENGTHS:
        control = np.linspace(0, 0.6, 31)
        treated = (observed / truth * (1 + control * (strength - 1)) - 1) / (strength - 1)
        part = pd.DataFrame({"control": (100 * control).round(2), "treated": (100 * treated).round(2)})
        named = part.assign(truth=said, strength=f"risk ratio {strength}")
        parts.append(named[(treated >= 0) & (treated <= 1)])
    return pd.concat(parts)


@at_each_width
def unseen_deaths(grid: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the verdict for each number of deaths after discharge in either arm."""
    side: int = 270 if narrow() else 300
    arms, verdicts = plan.arms, grid["verdict"].map(VERDICTS)
    data = grid[["control", "treated"]].assign(rd=(100 * grid["estimate"]).round(2), verdict=verdicts)

    def counted(arm: str, drug: str) -> dict[str, Any]:
        scale = alt.Scale(domain=[-1, int(grid[arm].max()) + 1], nice=False)
        bare = alt.Axis(grid=False)
        return {"shorthand": f"{arm}:Q", "title": f"Unseen deaths, {drug}", "axis": bare, "scale": scale}

    chart = alt.Chart(data).mark_square(size=0.0021 * side**2, opacity=0.85).encode(
        x=alt.X(**counted("control", arms.control)), y=alt.Y(**counted("treated", arms.treated)),
        color=coloured("verdict", COLOURS, legend=alt.Legend(title=None, columns=2 if narrow() else 4)),
        tooltip=said_of(
            control=f"Unseen deaths, {arms.control}", treated=f"Unseen deaths, {arms.treated}",
            rd="Risk difference, percentage points", verdict="Verdict",
        ),
    )  # fmt: skip
    shares = (verdicts.value_counts(normalize=True) * 100).round()
    words = ", ".join(f"{name} {share:.0f}%" for name, share in shares.items())
    return Drawing(
        chart.properties(width=side, height=side),
        f"Square grid of supposed numbers, {arms.control} across up to {grid['control'].max()}, {arms.treated} "
        f"upwards up to {grid['treated'].max()}. Coloured corners: share of squares {words}. The estimate runs from "
        f"{points(grid['estimate'].min())} to {points(grid['estimate'].max())} points across it.",
        sources=(grid,),
    )
