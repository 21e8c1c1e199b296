"""Charts of the sensitivity chapter."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.forest import forest, numbers_of, with_deaths
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import points, value_text

from study.protocol.protocol import Protocol


def subset_forest(ledger: Ledger, subsets: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the primary difference by hospital, by period and where both drugs were in use.

    ``subsets`` names them in order: the printed ``subset`` of each row of the ledger, ``id``.
    """
    outcome, key = f"{plan.outcome.primary}{plan.outcome.horizon_days}", plan.estimand.primary.lower()
    everyone, found = ledger[f"outcomes.{outcome}.{key}.rd"], ledger.select("sensitivity.subset.{level}.rd")
    at = found.set_index("level")
    lines = [
        ("All patients", everyone, TREATED),
        *((row.subset, at.loc[row.level], INK) for row in subsets.itertuples()),
    ]
    rows = pd.DataFrame(
        [
            {"label": with_deaths(label, row["events"]), **_three(row), "colour": colour}
            for label, row, colour in lines
        ]
    )
    chart = forest(
        rows,
        scale="risk difference",
        title=f"Risk difference of death, {plan.arms.treated} minus {plan.arms.control}, percentage points",
        bands=(plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp),
        domain=(-25, 25),
        label_width=245,
        text_width=145,
        row_height=26,
    )
    words = "; ".join(f"{row['label']} {numbers_of(row, 'risk difference')}" for _, row in rows.iterrows())
    return Drawing(chart, f"Forest of risk differences: {words}.", sources=(everyone, found))


def _three(row: pd.Series) -> dict[str, float]:
    return {name: row[name] for name in ("estimate", "conf_low", "conf_high")}


def caliper_chart(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return pairs, worst imbalance and risk difference against the width of the caliper."""
    done = table[table["n_pairs"] > 0]
    data = pd.DataFrame(
        {
            "caliper": done["caliper_sd"].map(lambda v: f"{v:g}"),
            "pairs": done["n_pairs"],
            "smd": done["largest_smd"].round(4),
            "rd": (100 * done["estimate"]).round(3),
            "low": (100 * done["conf_low"]).round(3),
            "high": (100 * done["conf_high"]).round(3),
            "chosen": done["caliper_sd"] == plan.matching.caliper_sd,
        }
    )
    x = alt.X(
        "caliper:N", sort=list(data["caliper"]), title="Caliper, SD of the logit", axis=alt.Axis(labelAngle=0)
    )
    colour = alt.condition("datum.chosen", alt.value(TREATED), alt.value(QUIET))
    width = (WIDTH - 190) / 3
    base = alt.Chart(data)
    pairs = (
        base.mark_bar(size=16)
        .encode(x=x, y=alt.Y("pairs:Q", title="Pairs"), color=colour)
        .properties(width=width, height=150)
    )
    smd = (
        base.mark_point(filled=True, size=60, opacity=1)
        .encode(
            x=x,
            y=alt.Y("smd:Q", title="Largest imbalance (SMD)", scale=alt.Scale(domainMin=0, nice=True)),
            color=colour,
        )
        .properties(width=width, height=150)
    )
    bars = base.mark_rule(strokeWidth=2).encode(
        x=x, y=alt.Y("low:Q", title="Risk difference, points"), y2="high:Q", color=colour
    )
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(x=x, y="rd:Q", color=colour)
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=INK, strokeWidth=0.8).encode(y="at:Q")
    effect = alt.layer(zero, bars, dots).properties(width=width, height=150)
    first, last = data.iloc[0], data.iloc[-1]
    return Drawing(
        alt.hconcat(pairs, smd, effect, spacing=24),
        f"Three panels over the caliper width from {first['caliper']} to {last['caliper']}. Pairs rise from "
        f"{first['pairs']} to {last['pairs']}; the largest imbalance goes from {value_text(first['smd'], 'smd')} to "
        f"{value_text(last['smd'], 'smd')}; the risk difference stays between {points(data['rd'].min() / 100)} and "
        f"{points(data['rd'].max() / 100)} points with wide intervals.",
        sources=(table,),
    )


def hiding_confounder(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return how common a confounder must be in each arm to turn a true ratio into the published one."""
    published = ledger["counts.death.rr"]
    observed = float(published["estimate"])
    rows = []
    for truth, label in ((0.8, "true risk ratio 0.80 (benefit)"), (1.25, "true risk ratio 1.25 (harm)")):
        needed = observed / truth
        for strength in (2.0, 3.0, 5.0):
            for p0 in np.linspace(0, 0.6, 31):
                p1 = (needed * (1 + p0 * (strength - 1)) - 1) / (strength - 1)
                if 0 <= p1 <= 1:
                    rows.append(
                        (
                            label,
                            f"risk ratio {strength:g}",
                            round(100 * float(p0), 2),
                            round(100 * float(p1), 2),
                        )
                    )
    data = pd.DataFrame(rows, columns=["truth", "strength", "control", "treated"])
    arms = plan.arms
    legend = alt.Legend(title="Confounder raises the risk of death by a", titleLimit=400)
    line = alt.Chart(data).mark_line(strokeWidth=2).encode(
        x=alt.X("control:Q", title=f"Confounder in {arms.control} arm, %", axis=alt.Axis(grid=False)),
        y=alt.Y("treated:Q", title=f"Confounder in {arms.treated} arm, %", scale=alt.Scale(domain=[0, 100])),
        color=alt.Color("strength:N", scale=alt.Scale(range=[QUIET, TREATED, CONTROL]), legend=legend),
    )  # fmt: skip
    same = (
        alt.Chart(pd.DataFrame({"a": [0.0, 60.0]}))
        .mark_line(color=INK, strokeDash=[3, 3], strokeWidth=0.8)
        .encode(x="a:Q", y="a:Q")
    )
    panels = {"width": (WIDTH - 110) / 2, "height": 190}
    charts = [
        alt.layer(same, line.transform_filter(alt.datum.truth == label)).properties(
            title=label.capitalize(), **panels
        )
        for label in data["truth"].unique()
    ]
    return Drawing(
        alt.hconcat(*charts, data=data, spacing=36),
        "Two panels of rising curves, one for a hidden benefit and one for a hidden harm. Each shows which prevalence of an "
        "unmeasured confounder in either arm would produce the published ratio; the dashed diagonal is equal prevalence.",
        sources=(published,),
    )
