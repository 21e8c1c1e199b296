"""Charts of where patients are, and of what three priors make of the data."""

from __future__ import annotations

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.theme import INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import percent, points, probability

from study.arms import arm_names
from study.protocol.protocol import Protocol

STATE_COLOURS = {
    "dead": "#333333",
    "ventilated": "#AA3377",
    "intensive care": "#CCBB44",
    "ward": "#88CCEE",
    "discharged": "#DDDDDD",
}


def occupation(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the stacked probability of every state by day, one panel per arm."""
    names, horizon = arm_names(plan), plan.outcome.horizon_days
    order = list(STATE_COLOURS)
    days = sorted({*range(0, horizon + 1, 2), horizon})
    shown = table[table["day"].isin(days)]
    data = pd.DataFrame(
        {
            "arm": shown["arm"].map(names),
            "day": shown["day"],
            "state": shown["state"],
            "percent": (100 * shown["probability"]).round(2),
            "rank": shown["state"].map(order.index),
        }
    )
    panels = [
        alt.Chart(data[data["arm"] == name], title=name)
        .mark_area()
        .encode(
            x=alt.X(
                "day:Q", title="Days from the first dose", scale=alt.Scale(domain=[0, horizon], nice=False),
                axis=alt.Axis(values=[0, 7, 14, 21, 28], grid=False),
            ),
            y=alt.Y("percent:Q", stack="zero", title="Patients, %", scale=alt.Scale(domain=[0, 100])),
            order=alt.Order("rank:Q"),
            color=alt.Color(
                "state:N", sort=order, title=None,
                scale=alt.Scale(domain=order[::-1], range=[STATE_COLOURS[s] for s in order[::-1]]),
            ),
        )
        .properties(width=(WIDTH - 170) / 2, height=200)
        for name in names.values()
    ]  # fmt: skip
    last = table[table["day"] == horizon].set_index(["arm", "state"])["probability"]
    words = "; ".join(
        f"{name}: " + ", ".join(f"{state} {percent(last[arm, state])}" for state in order)
        for arm, name in names.items()
    )
    return Drawing(
        alt.hconcat(*panels, spacing=24),
        f"Two panels of stacked areas that always fill the whole height. At day {horizon}, {words}.",
        sources=(table,),
    )


def posteriors(curves: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the posterior densities of the primary difference under each prior, margins shaded."""
    short = {prior.name: prior.name.capitalize() for prior in plan.further.priors}
    found = ledger.select("outcomes.posterior.{prior}.{what}")
    value = found.pivot(index="prior", columns="what", values="estimate").dropna()
    data = pd.DataFrame(
        {
            "prior": curves["prior"].map(short),
            "points": (100 * curves["difference"]).round(3),
            "density": curves["density"].round(3),
        }
    )
    data = data[data["points"].between(-16, 20) & ((data["points"] * 2).round(6) % 1 == 0)]
    margin = plan.equivalence.margin_pp
    band = alt.Chart(pd.DataFrame({"low": [-margin], "high": [margin]})).mark_rect(color=QUIET, opacity=0.15)
    zero = (
        alt.Chart(pd.DataFrame({"zero": [0.0]}))
        .mark_rule(color=QUIET)
        .encode(x=alt.X("zero:Q", axis=alt.Axis(grid=False)))
    )
    scale = alt.Scale(domain=[-16, 20], nice=False)
    line = alt.Chart(data).mark_line(strokeWidth=2).encode(
        x=alt.X("points:Q", scale=scale, axis=alt.Axis(grid=False),
            title=f"Risk difference of death, {plan.arms.treated} minus {plan.arms.control}, percentage points",
        ),
        y=alt.Y("density:Q", title="Posterior density", axis=alt.Axis(labels=False, ticks=False, grid=False)),
        color=alt.Color(
            "prior:N", title="Prior", sort=list(short.values()),
            scale=alt.Scale(domain=list(short.values()), range=[TREATED, INK, "#CC79A7"][: len(short)]),
        ),
        strokeDash=alt.StrokeDash("prior:N", title="Prior", sort=list(short.values()),
            scale=alt.Scale(domain=list(short.values()), range=[[1, 0], [6, 3], [2, 2]][: len(short)]),
        ),
    )  # fmt: skip
    chart = alt.layer(
        band.encode(x=alt.X("low:Q", scale=scale, axis=alt.Axis(grid=False)), x2="high:Q"), zero, line
    )
    words = (
        "; ".join(
            f"{prior} prior, centre {points(value.at[prior, 'rd'])}, {probability(value.at[prior, 'worse'])} of the area above "
            f"zero and {probability(value.at[prior, 'within_margin'])} inside the band"
            for prior in short
            if prior in value.index
        )
        or "cannot be drawn, because the difference has no standard error"
    )
    return Drawing(
        chart.properties(width=WIDTH - 130, height=200),
        f"Bell curves over a shaded band of plus and minus {margin:g} points: {words}.",
        sources=(curves, found),
    )
