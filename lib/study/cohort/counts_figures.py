"""Charts of the published counts: margins, tests and probability."""

from textwrap import wrap

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.forest import EDGE, beside, named_above, row_of
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, at_each_width, lines, narrow, width
from livingpaper.ledger.format import interval_text, p_value, points, value_text

from study.charts import Chart, by_name, coloured, differences, intervals, line_at, minus
from study.cohort.counts_tables import effects_of_counts
from study.labels import PUBLISHED_OUTCOMES
from study.protocol.protocol import Protocol

KINDS = {"the published value": TREATED, "other tests": QUIET}


@at_each_width
def equivalence_plot(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the published risk differences by interval method against both margins."""
    effects, tests = effects_of_counts(ledger), ledger.select("counts.{what}.equivalence.margin.interval")
    level = f"margin test ({100 * (1 - 2 * plan.equivalence.alpha):.0f}%)"
    rows = pd.concat([effects[effects["measure"] == "rd"], tests.assign(method=level)])
    rows = pd.concat([rows[rows["what"] == what] for what in ("death", "imv")])
    labels = rows["what"].map(PUBLISHED_OUTCOMES) + ", " + rows["method"]
    drawn = intervals(rows, labels, rows["what"].map({"death": INK, "imv": CONTROL}))
    layout = {"label_width": 270, "text_width": 140, "row_height": 25}
    chart = differences(drawn, plan, (-14, 14), title=minus(plan, "Risk difference"), **layout)
    death, imv = (rows[rows["what"] == what] for what in ("death", "imv"))
    below = ", ".join(imv.loc[imv["conf_low"] < 0, "method"]) or "none"
    return Drawing(
        chart,
        f"Horizontal intervals, {len(death)} for death and {len(imv)} for ventilation. Those for death run from "
        f"{points(death['conf_low'].min())} to {points(death['conf_high'].max())} points; of those for ventilation "
        f"these reach below zero: {below}. The margin of {plan.equivalence.margin_pp:g} points is shaded.",
        sources=(effects, tests),
    )


@at_each_width
def test_choice(ledger: Ledger) -> Drawing:
    """Return the p-value of the ventilation difference under every common test."""
    rows = ledger.select("counts.imv.p.{test}").sort_values("estimate", kind="stable", ignore_index=True)
    same = rows["text"] == ledger["published.imv.p"]["text"]
    data = pd.DataFrame({"label": rows["method"], "p": rows["estimate"]})
    data["numbers"] = rows["estimate"].map(p_value)
    data["kind"] = same.map(dict(zip((True, False), KINDS, strict=True)))
    y = by_name("label", data["label"], labels=not narrow(), labelPadding=8)
    wide, row = (width() - EDGE, row_of(data)) if narrow() else (width() - 220, 24)
    scale = alt.Scale(domain=[0.03, 0.075], nice=False)
    ticks = alt.Axis(grid=False, format=".2f", values=[0.03, 0.04, 0.05, 0.06, 0.07])
    x = alt.X("p:Q", scale=scale, title="Two-sided p-value", axis=ticks)
    base = alt.Chart(data)
    dots = base.mark_point(filled=True, size=75, opacity=1).encode(x=x, y=y, color=coloured("kind", KINDS))
    named = base.encode(y=y)
    text = named_above(named, wide) if narrow() else [beside(named, wide + 15, "numbers")]
    limit = line_at(0.05, scale=scale, color=INK, strokeDash=[3, 3])
    below, above = data[data["p"] < 0.05], data[data["p"] >= 0.05]
    return Drawing(
        alt.layer(limit, dots, *text).properties(width=wide, height=row * len(data)),
        f"Dot plot of {len(data)} p-values. {len(below)} lie below the dashed line at five per cent, from "
        f"{below['numbers'].iloc[0]} ({below['label'].iloc[0]}); {len(above)} lie on or above it, up to "
        f"{above['numbers'].iloc[-1]} ({above['label'].iloc[-1]}).",
        sources=(rows,),
    )


@at_each_width
def posterior(density: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the posterior density of the difference in death with the margin shaded."""
    rows = ledger.select("counts.death.posterior.{name}")
    found = rows.set_index("name")
    names = ["better_by_margin", "within_margin", "worse_by_margin"]
    shares = [value_text(found.at[name, "estimate"], "probability") for name in names]
    low, high = found.loc["rd", ["conf_low", "conf_high"]]
    return Drawing(
        _zones(density, shares, plan).properties(width=width() - 20, height=190),
        f"Bell-shaped density of the risk difference, middle a little above zero, "
        f"{100 * plan.inference.conf_level:g} per cent of it from {interval_text(low, high, 'risk difference')} points. "
        f"Share below the margin {shares[0]}, within it {shares[1]}, above it {shares[2]}.",
        sources=(density, rows),
    )


def _zones(density: pd.DataFrame, shares: list[str], plan: Protocol) -> Chart:
    """Return the density below, within and above the margin, each with its share in words."""
    margin = plan.equivalence.margin_pp
    zones = {"better": (-100.0, -margin), "within": (-margin, margin), "worse": (margin, 100.0)}
    drawn = pd.DataFrame({"pp": 100 * density["difference"], "height": density["density"] / 100})
    curve = pd.concat([drawn[drawn["pp"].between(*ends)].assign(zone=zone) for zone, ends in zones.items()])
    beyond = f"by more than {margin:g}"
    said = (f"{plan.arms.treated} lower {beyond}", f"within {margin:g}", f"higher {beyond}")
    told = [[share, *wrap(words, 16 if narrow() else 40)] for share, words in zip(shares, said, strict=True)]
    words = pd.DataFrame({"pp": [-11.5, 2.4, 13.0], "height": [0.030, 0.050, 0.030], "line": told})
    scale = alt.Scale(domain=[-18, 20], nice=False)
    x = alt.X("pp:Q", scale=scale, title=lines(minus(plan), width() - 20), axis=alt.Axis(grid=False))
    top = alt.Scale(domain=[0, float(curve["height"].max()) * 1.05], nice=False)
    y = alt.Y("height:Q", stack=None, axis=None, scale=top)
    colours = dict(zip(zones, (TREATED, "#bdbdbd", CONTROL), strict=True))
    colour = coloured("zone", colours, legend=None)
    area = alt.Chart(curve).mark_area(opacity=0.75, clip=True).encode(x=x, y=y, color=colour)
    text = alt.Chart(words).mark_text(fontSize=11, lineHeight=14).encode(x=x, y=y, text=alt.Text("line:N"))
    return alt.layer(area, line_at(0.0, color=INK), text)
