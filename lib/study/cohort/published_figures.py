"""Charts of the published counts: margins, tests and probability."""

from __future__ import annotations

import altair as alt
import pandas as pd
from livingpaper.book.forest import forest
from livingpaper.book.show import Drawing
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import interval_text, p_value, points, probability

from study.results import Paper

OUTCOMES = {"death": "Death in hospital", "imv": "Invasive ventilation"}


def equivalence_plot(paper: Paper) -> Drawing:
    """Return the published risk differences by interval method against both margins."""
    found, protocol = paper.reanalysis, paper.protocol
    rows = []
    for outcome, label in OUTCOMES.items():
        mine = found.effects[
            (found.effects["outcome"] == outcome) & (found.effects["scale"] == "risk difference")
        ]
        for row in mine.itertuples():
            rows.append(
                {
                    "label": f"{label}, {row.method}",
                    "estimate": row.estimate,
                    "conf_low": row.conf_low,
                    "conf_high": row.conf_high,
                }
            )
        test = found.equivalence[outcome, "margin"]
        level = f"margin test ({100 * (1 - 2 * test.alpha):.0f}%)"
        rows.append(
            {
                "label": f"{label}, {level}",
                "estimate": test.estimate,
                "conf_low": test.conf_low,
                "conf_high": test.conf_high,
            }
        )
    frame = pd.DataFrame(rows)
    frame["colour"] = [INK if text.startswith("Death") else CONTROL for text in frame["label"]]
    margins = (protocol.equivalence.margin_pp, protocol.equivalence.wide_margin_pp)
    chart = forest(
        frame,
        scale="risk difference",
        title=f"Risk difference, {protocol.arms.treated} minus {protocol.arms.control}, percentage points",
        bands=margins,
        domain=(-14, 14),
        label_width=270,
        text_width=140,
        row_height=25,
    )
    death = found.equivalence["death", "margin"]
    return Drawing(
        chart,
        f"Eight horizontal intervals, four for death and four for ventilation. Those for death run from about "
        f"{points(death.conf_low)} to {points(death.conf_high)} points and more; those for ventilation lie mostly above "
        f"zero, only the Wald interval reaches below it. The margin of {margins[0]:g} points is shaded.",
        "counts",
    )


def test_choice(paper: Paper) -> Drawing:
    """Return the p-value of the ventilation difference under every common test."""
    tests = paper.reanalysis.tests
    mine = tests[tests["outcome"] == "imv"].sort_values("p_value")
    data = pd.DataFrame(
        {
            "test": mine["test"],
            "p": mine["p_value"],
            "text": mine["p_value"].map(p_value),
            "kind": mine["reproduces"].map({True: "the published value", False: "other tests"}),
        }
    )
    y = alt.Y(
        "test:N",
        sort=list(data["test"]),
        title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=8),
    )
    scale = alt.Scale(domain=[0.03, 0.075], nice=False)
    x = alt.X(
        "p:Q",
        scale=scale,
        title="Two-sided p-value",
        axis=alt.Axis(grid=False, format=".2f", values=[0.03, 0.04, 0.05, 0.06, 0.07]),
    )
    colour = alt.Color(
        "kind:N", scale=alt.Scale(domain=["the published value", "other tests"], range=[TREATED, QUIET])
    )
    limit = (
        alt.Chart(pd.DataFrame({"at": [0.05]}))
        .mark_rule(color=INK, strokeDash=[3, 3])
        .encode(x=alt.X("at:Q", scale=scale))
    )
    dots = alt.Chart(data).mark_point(filled=True, size=75, opacity=1).encode(x=x, y=y, color=colour)
    text = (
        alt.Chart(data)
        .mark_text(align="left", fontSize=11)
        .encode(x=alt.value(WIDTH - 205), y=y, text="text:N")
    )
    below, above = data[data["p"] < 0.05], data[data["p"] >= 0.05]
    return Drawing(
        alt.layer(limit, dots, text).properties(width=WIDTH - 220, height=24 * len(data)),
        f"Dot plot of {len(data)} p-values. {len(below)} lie below the dashed line at five per cent, from "
        f"{below['text'].iloc[0]} ({below['test'].iloc[0]}); {len(above)} lie on or above it, up to "
        f"{above['text'].iloc[-1]} ({above['test'].iloc[-1]}).",
        "counts",
    )


def posterior(paper: Paper) -> Drawing:
    """Return the posterior density of the difference in death with the margin shaded."""
    found, margin = paper.reanalysis, paper.protocol.equivalence.margin_pp
    curve = found.posterior[found.posterior["outcome"] == "death"].assign(
        pp=lambda d: 100 * d["difference"], height=lambda d: d["density"] / 100
    )
    zones_of = {"better": (-100.0, -margin), "within": (-margin, margin), "worse": (margin, 100.0)}
    parts = [
        curve[curve["pp"].between(low, high)].assign(zone=zone) for zone, (low, high) in zones_of.items()
    ]
    curve = pd.concat(parts)
    numbers = found.numbers.set_index("name")["value"]
    names = ["better_by_margin", "within_margin", "worse_by_margin"]
    shares = [probability(numbers[f"death.posterior.{name}"]) for name in names]
    treated = paper.protocol.arms.treated
    words = pd.DataFrame(
        {
            "pp": [-11.5, 2.4, 13.0],
            "height": [0.030, 0.050, 0.030],
            "text": [
                f"{shares[0]}: {treated} lower by more than {margin:g}",
                f"{shares[1]}: within {margin:g}",
                f"{shares[2]}: higher by more than {margin:g}",
            ],
        }
    )
    words["line"] = words["text"].str.split(": ")
    x = alt.X(
        "pp:Q",
        scale=alt.Scale(domain=[-18, 20], nice=False),
        title=f"Risk difference of death, {treated} minus {paper.protocol.arms.control}, percentage points",
        axis=alt.Axis(grid=False),
    )
    y = alt.Y(
        "height:Q",
        stack=None,
        axis=None,
        scale=alt.Scale(domain=[0, float(curve["height"].max()) * 1.05], nice=False),
    )
    zones = alt.Color(
        "zone:N",
        scale=alt.Scale(domain=["better", "within", "worse"], range=[TREATED, "#bdbdbd", CONTROL]),
        legend=None,
    )
    area = alt.Chart(curve[["pp", "height", "zone"]]).mark_area(opacity=0.75).encode(x=x, y=y, color=zones)
    null = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=INK).encode(x=alt.X("at:Q"))
    text = (
        alt.Chart(words[["pp", "height", "line"]])
        .mark_text(fontSize=11, lineHeight=14)
        .encode(x=x, y=y, text="line:N")
    )
    low, high = found.numbers.set_index("name").loc["death.posterior.rd", ["conf_low", "conf_high"]]
    return Drawing(
        alt.layer(area, null, text).properties(width=WIDTH - 20, height=190),
        f"Bell-shaped density of the risk difference, middle a little above zero, ninety-five per cent of it from "
        f"{interval_text(low, high, 'risk difference')} points. Share below the margin {shares[0]}, within it {shares[1]}, "
        f"above it {shares[2]}.",
        "counts",
    )
