"""Charts of the matching chapter: scores, balance and what each adjustment costs."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH

from study.arms import arm_colour, arm_names
from study.protocol.protocol import Protocol

PANELS = {
    "Matching": {"pairs": "Matched pairs", "optimal": "Optimal pairs", "exact": "Pairs, exact on more"},
    "Weighting": {
        "ato": "Overlap weights",
        "atm": "Matching weights",
        "att": "Weights for the treated",
        "truncated": "Inverse probability, truncated",
    },
}
LOOKS = (("square", TREATED), ("triangle-up", "#009E73"), ("diamond", CONTROL), ("cross", "#CC79A7"))


def score_histogram(table: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the scores of both arms back to back."""
    names, overlap = arm_names(plan), ledger.select("matching.overlap.{what}").set_index("what")["text"]
    parts = [
        table[["low", "high"]].assign(arm=names[arm], patients=table[arm], shown=sign * table[arm])
        for arm, sign in (("treated", 1), ("control", -1))
    ]
    data = pd.concat(parts)
    x = alt.X(
        "low:Q",
        title=f"Propensity score: probability of {plan.arms.treated}",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(grid=False),
    )
    y = alt.Y("shown:Q", title="Patients", axis=alt.Axis(labelExpr="abs(datum.value)", grid=False))
    bars = (
        alt.Chart(data)
        .mark_bar(binSpacing=1)
        .encode(
            x=x,
            x2="high:Q",
            y=y,
            y2=alt.datum(0),
            color=arm_colour(plan, (TREATED, CONTROL), title=None),
            tooltip=["arm:N", "patients:Q", "low:Q", "high:Q"],
        )
    )
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=INK, strokeWidth=0.8).encode(y="at:Q")
    return Drawing(
        alt.layer(bars, zero).properties(width=WIDTH - 70, height=220),
        f"Mirrored histogram of the propensity score, {names['treated']} above the line and {names['control']} below. Both arms "
        f"have patients from {overlap['common_low']} to {overlap['common_high']}; {overlap['outside']} patients lie outside "
        "that range.",
        sources=(table, ledger.select("matching.overlap.{what}")),
    )


def love_plot(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return absolute standardised differences: crude beside each matching, and beside each weighting."""
    data = pd.DataFrame(
        {"covariate": table["term"], "smd": table["smd"].abs().round(4), "key": table["adjustment"]}
    )
    crude = data[data["key"] == "crude"].sort_values("smd", ascending=False)
    order, top = list(crude["covariate"]), float(data["smd"].max()) * 1.04
    made = set(data["key"])
    panels = [
        _love_panel(data, title, {key: name for key, name in ways.items() if key in made}, order, top, plan)
        for title, ways in PANELS.items()
    ]
    worst = data.groupby("key")["smd"].max()
    words = "; ".join(
        f"{name.lower()} {f'{worst[key]:.2f}'}"
        for ways in ({"crude": "Crude"}, *PANELS.values())
        for key, name in ways.items()
        if key in made
    )
    return Drawing(
        alt.hconcat(*panels, spacing=14).resolve_scale(color="independent", shape="independent"),
        f"Two dot plots of {len(order)} covariates, matching on the left, weighting on the right. Largest difference: {words}; "
        f"a dashed line marks {plan.balance.smd_threshold:g}.",
        sources=(table,),
    )


def _love_panel(
    data: pd.DataFrame, title: str, ways: dict[str, str], order: list[str], top: float, plan: Protocol
) -> Any:
    """Return one panel; the crude differences are a hollow circle in each."""
    names = {"crude": "Crude", **ways}
    mine = data[data["key"].isin(names)].assign(way=lambda d: d["key"].map(names))
    first = title == next(iter(PANELS))
    y = alt.Y(
        "covariate:N",
        sort=order,
        title=None,
        axis=alt.Axis(grid=True, ticks=False, domain=False, labels=first, labelLimit=230, labelPadding=8),
    )
    x = alt.X(
        "smd:Q",
        title="Absolute standardised difference",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(grid=False, tickCount=5),
    )
    shapes, colours = zip(("circle", QUIET), *LOOKS[: len(ways)], strict=True)
    domain = list(names.values())
    points = alt.Chart(mine).mark_point(filled=True, size=48, opacity=0.9).encode(
        x=x, y=y,
        color=alt.Color("way:N", title=None, scale=alt.Scale(domain=domain, range=list(colours)),
                        legend=alt.Legend(orient="bottom", columns=1, labelLimit=200)),
        shape=alt.Shape("way:N", title=None, scale=alt.Scale(domain=domain, range=list(shapes))),
        tooltip=["covariate:N", "way:N", "smd:Q"],
    )  # fmt: skip
    limit = (
        alt.Chart(pd.DataFrame({"at": [plan.balance.smd_threshold]}))
        .mark_rule(color=INK, strokeDash=[3, 3])
        .encode(x="at:Q")
    )
    return alt.layer(limit, points).properties(width=(WIDTH - 250) / 2, height=20 * len(order), title=title)
