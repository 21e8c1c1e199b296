"""Charts of the published counts: margins, tests and probability."""

from __future__ import annotations

import altair as alt
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.forest import forest
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import interval_text, p_value, points, value_text

from study.cohort.counts_tables import effects_of_counts
from study.labels import PUBLISHED_OUTCOMES
from study.protocol.protocol import Protocol

LIMITS = ["estimate", "conf_low", "conf_high"]


def equivalence_plot(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the published risk differences by interval method against both margins."""
    effects, tests = effects_of_counts(ledger), ledger.select("counts.{what}.equivalence.margin.interval")
    level = f"margin test ({100 * (1 - 2 * plan.equivalence.alpha):.0f}%)"
    rows = pd.concat([effects[effects["measure"] == "rd"], tests.assign(method=level)])
    rows = pd.concat([rows[rows["what"] == what] for what in ("death", "imv")])
    frame = rows[LIMITS].assign(
        label=rows["what"].map(PUBLISHED_OUTCOMES) + ", " + rows["method"],
        colour=rows["what"].map({"death": INK, "imv": CONTROL}),
    )
    margins = (plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp)
    chart = forest(
        frame.reset_index(drop=True)[["label", *LIMITS, "colour"]],
        scale="risk difference",
        title=f"Risk difference, {plan.arms.treated} minus {plan.arms.control}, percentage points",
        bands=margins,
        domain=(-14, 14),
        label_width=270,
        text_width=140,
        row_height=25,
    )
    death = tests.set_index("what").loc["death"]
    return Drawing(
        chart,
        f"Eight horizontal intervals, four for death and four for ventilation. Those for death run from about "
        f"{points(death['conf_low'])} to {points(death['conf_high'])} points and more; those for ventilation lie mostly "
        f"above zero, only the Wald interval reaches below it. The margin of {margins[0]:g} points is shaded.",
        sources=(effects, tests),
    )


def test_choice(ledger: Ledger) -> Drawing:
    """Return the p-value of the ventilation difference under every common test."""
    rows = ledger.select("counts.imv.p.{test}").sort_values("estimate", kind="stable", ignore_index=True)
    same = rows["text"] == ledger["published.imv.p"]["text"]
    data = pd.DataFrame(
        {
            "test": rows["method"],
            "p": rows["estimate"],
            "text": rows["estimate"].map(p_value),
            "kind": same.map({True: "the published value", False: "other tests"}),
        }
    )
    y = alt.Y(
        "test:N",
        sort=list(data["test"]),
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=8),
    )
    scale = alt.Scale(domain=[0.03, 0.075], nice=False)
    ticks = alt.Axis(grid=False, format=".2f", values=[0.03, 0.04, 0.05, 0.06, 0.07])
    x = alt.X("p:Q", scale=scale, title="Two-sided p-value", axis=ticks)
    kinds = alt.Scale(domain=["the published value", "other tests"], range=[TREATED, QUIET])
    limit = (
        alt.Chart(pd.DataFrame({"at": [0.05]}))
        .mark_rule(color=INK, strokeDash=[3, 3])
        .encode(x=alt.X("at:Q", scale=scale))
    )
    base = alt.Chart(data)
    dots = base.mark_point(filled=True, size=75, opacity=1).encode(
        x=x, y=y, color=alt.Color("kind:N", scale=kinds)
    )
    text = base.mark_text(align="left", fontSize=11).encode(x=alt.value(WIDTH - 205), y=y, text="text:N")
    below, above = data[data["p"] < 0.05], data[data["p"] >= 0.05]
    return Drawing(
        alt.layer(limit, dots, text).properties(width=WIDTH - 220, height=24 * len(data)),
        f"Dot plot of {len(data)} p-values. {len(below)} lie below the dashed line at five per cent, from "
        f"{below['text'].iloc[0]} ({below['test'].iloc[0]}); {len(above)} lie on or above it, up to "
        f"{above['text'].iloc[-1]} ({above['test'].iloc[-1]}).",
        sources=(rows,),
    )


def posterior(density: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the posterior density of the difference in death with the margin shaded."""
    margin, treated = plan.equivalence.margin_pp, plan.arms.treated
    rows = ledger.select("counts.death.posterior.{name}")
    found = rows.set_index("name")
    names = ["better_by_margin", "within_margin", "worse_by_margin"]
    shares = [value_text(found.at[name, "estimate"], "probability") for name in names]
    zones = {"better": (-100.0, -margin), "within": (-margin, margin), "worse": (margin, 100.0)}
    drawn = pd.DataFrame({"pp": 100 * density["difference"], "height": density["density"] / 100})
    curve = pd.concat([drawn[drawn["pp"].between(*ends)].assign(zone=zone) for zone, ends in zones.items()])
    ends = (
        f"{treated} lower by more than {margin:g}",
        f"within {margin:g}",
        f"higher by more than {margin:g}",
    )
    words = pd.DataFrame(
        {
            "pp": [-11.5, 2.4, 13.0],
            "height": [0.030, 0.050, 0.030],
            "line": [[share, end] for share, end in zip(shares, ends, strict=True)],
        }
    )
    title = f"Risk difference of death, {treated} minus {plan.arms.control}, percentage points"
    x = alt.X("pp:Q", scale=alt.Scale(domain=[-18, 20], nice=False), title=title, axis=alt.Axis(grid=False))
    top = alt.Scale(domain=[0, float(curve["height"].max()) * 1.05], nice=False)
    y = alt.Y("height:Q", stack=None, axis=None, scale=top)
    colours = alt.Scale(domain=list(zones), range=[TREATED, "#bdbdbd", CONTROL])
    area = alt.Chart(curve).mark_area(opacity=0.75)
    null = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=INK).encode(x=alt.X("at:Q"))
    text = alt.Chart(words).mark_text(fontSize=11, lineHeight=14).encode(x=x, y=y, text="line:N")
    chart = alt.layer(
        area.encode(x=x, y=y, color=alt.Color("zone:N", scale=colours, legend=None)), null, text
    )
    low, high = found.loc["rd", ["conf_low", "conf_high"]]
    return Drawing(
        chart.properties(width=WIDTH - 20, height=190),
        f"Bell-shaped density of the risk difference, middle a little above zero, "
        f"{100 * plan.inference.conf_level:g} per cent of it from {interval_text(low, high, 'risk difference')} points. "
        f"Share below the margin {shares[0]}, within it {shares[1]}, above it {shares[2]}.",
        sources=(density, rows),
    )
