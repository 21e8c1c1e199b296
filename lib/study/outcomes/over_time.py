"""Charts over time: incidence, the Kaplan-Meier mistake and where patients are."""

from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.theme import INK, at_each_width, narrow
from livingpaper.ledger.format import percent

from study.charts import Chart, arm_colour, by_day, coloured, risk_days, said_of, share_of, side_by_side
from study.labels import arms
from study.protocol.protocol import Protocol

METHODS = {
    "aalen_johansen": "Aalen-Johansen: discharge competes",
    "one_minus_km": "1 - Kaplan-Meier: discharge censored (wrong)",
}
STATE_COLOURS = {  # hues, and no blacks or greys: dark pages turn lightness round and keep hues
    "dead": "#B5302B",
    "ventilated": "#A04A9B",
    "intensive care": "#C9A227",
    "ward": "#6FB1DC",
    "discharged": "#9CC59A",
}
ABOVE = alt.Header(orient="top", labelAnchor="start")


@at_each_width
def incidence(curves: pd.DataFrame, plan: Protocol, outcome: str, adjustment: str) -> Drawing:
    """Return cumulative incidence of every cause of an outcome by arm, with numbers at risk below."""
    names, horizon = arms(plan), plan.outcome.horizon_days
    mine = curves[(curves["outcome"] == outcome) & (curves["adjustment"] == adjustment)]
    mine = mine.assign(arm=mine["arm"].map(names))
    causes = list(mine["cause"].unique())
    wide = share_of(75 * len(causes) + 34, len(causes), on_phone=105)
    panels = [_curve(mine[mine["cause"] == cause], plan, cause, wide) for cause in causes]
    at_risk = _risk_table(mine[mine["cause"] == causes[0]], plan, adjustment, wide)
    last = mine[mine["day"] == horizon].set_index(["cause", "arm"])["incidence"]
    words = "; ".join(
        f"{cause}: " + ", ".join(f"{arm} {percent(last[cause, arm])}" for arm in names.values())
        for cause in causes
    )
    return Drawing(
        alt.vconcat(side_by_side(panels, spacing=36), at_risk, spacing=6),
        f"Step curves of cumulative incidence to day {horizon} with bands. At day {horizon}: {words}.",
        sources=(curves,),
    )


def _arms(plan: Protocol) -> alt.Color:
    return arm_colour(plan, symbolType="stroke", symbolOpacity=1)


def _curve(part: pd.DataFrame, plan: Protocol, cause: str, wide: float) -> Chart:
    """Return the curves of one cause with their bands."""
    data = part[["arm", "day"]].join((100 * part[["incidence", "conf_low", "conf_high"]]).round(3))
    top = next(top for top in (20, 40, 60, 100) if top >= min(100.0, float(data["conf_high"].max())))
    scale = alt.Scale(domain=[0, top], nice=False)
    low = alt.Y("conf_low:Q", scale=scale, title="Cumulative incidence, %")
    base = alt.Chart(data).encode(x=by_day(plan), color=_arms(plan))
    band = base.mark_area(opacity=0.16, interpolate="step-after").encode(y=low, y2=alt.Y2("conf_high:Q"))
    tooltip = [
        *said_of(arm="Drug", day="Day"),
        alt.Tooltip("incidence:Q", format=".1f", title=f"{cause.capitalize()}, %"),
    ]
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    line = line.encode(y=alt.Y("incidence:Q", scale=scale), tooltip=tooltip)
    return alt.layer(band, line).properties(width=wide, height=190, title=cause.capitalize())


def _risk_table(part: pd.DataFrame, plan: Protocol, adjustment: str, wide: float) -> Chart:
    """Return the numbers at risk under the first panel; under weights, which have no head count, per cent of the arm's weight."""
    data = part[part["day"].isin(risk_days(plan))][["arm", "day", "at_risk"]]
    counted = adjustment in ("crude", "pairs")
    if not counted:
        data["at_risk"] = 100 * data["at_risk"] / data.groupby("arm")["at_risk"].transform("max")
    axis = alt.Axis(ticks=False, domain=False, labelPadding=16, titleAngle=0, titleAlign="left", titleAnchor="start",
                    titleY=-6, titleX=-90)  # fmt: skip
    days = alt.Scale(domain=[0, plan.outcome.horizon_days], nice=False)
    heading = "At risk" if counted else "Event-free, %"
    return alt.Chart(data).mark_text(fontSize=11).encode(
        x=alt.X("day:Q", scale=days, axis=None),
        y=alt.Y("arm:N", sort=list(arms(plan).values()), title=heading, axis=axis),
        text=alt.Text("at_risk:Q", format=".0f"),
        color=_arms(plan),
    ).properties(width=wide, height=34)  # fmt: skip


@at_each_width
def kaplan_meier_mistake(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the incidence of death beside the curve that censors discharge."""
    names, horizon, shown = arms(plan), plan.outcome.horizon_days, list(METHODS.values())
    data = table.melt(["arm", "day"], list(METHODS), "method", "risk")
    data["percent"] = (100 * data.pop("risk")).round(3)
    data = data.assign(arm=data["arm"].map(names), method=data["method"].map(METHODS))
    legend = alt.Legend(labelLimit=320, columns=1 if narrow() else 2)
    dashes = alt.Scale(domain=shown, range=[[1, 0], [5, 3]])
    look: Any = {"sort": list(names.values()), "title": None}
    across, down = alt.Column("arm:N", **look), alt.Row("arm:N", header=ABOVE, **look)
    panels = {"row": down} if narrow() else {"column": across}
    line = alt.Chart(data).mark_line(interpolate="step-after", strokeWidth=2).encode(
        x=by_day(plan),
        y=alt.Y("percent:Q", title="Apparent risk of death, %"),
        color=coloured("method", dict(zip(shown, (INK, "#CC79A7"), strict=True)), legend=legend),
        strokeDash=alt.StrokeDash("method:N", scale=dashes, legend=legend),
        **panels,
    )  # fmt: skip
    last = table[table["day"] == horizon].set_index("arm")[list(METHODS)].map(percent)
    words = "; ".join(f"{names[arm]} {' against '.join(last.loc[arm])}" for arm in names)
    return Drawing(
        line.properties(width=share_of(90, 2), height=180),
        f"Two panels with a solid and a higher dashed curve. At day {horizon}, Aalen-Johansen against 1 - Kaplan-Meier: {words}.",
        sources=(table,),
    )


@at_each_width
def occupation(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the stacked probability of every state by day, one panel per arm."""
    names, horizon, order = arms(plan), plan.outcome.horizon_days, list(STATE_COLOURS)
    shown = table[table["day"].isin({*range(0, horizon + 1, 2), horizon})]
    data = shown[["day", "state"]].assign(
        arm=shown["arm"].map(names),
        percent=(100 * shown["probability"]).round(2),
        rank=shown["state"].map(order.index),
    )
    legend = alt.Legend(columns=3 if narrow() else 5)
    colour = coloured("state", dict(reversed(STATE_COLOURS.items())), sort=order, title=None, legend=legend)
    y = alt.Y("percent:Q", stack="zero", title="Patients, %", scale=alt.Scale(domain=[0, 100]))
    panels = [
        alt.Chart(data[data["arm"] == name], title=name).mark_area()
        .encode(x=by_day(plan), y=y, order=alt.Order("rank:Q"), color=colour)
        .properties(width=share_of(170, 2), height=200)
        for name in names.values()
    ]  # fmt: skip
    last = table[table["day"] == horizon].set_index(["arm", "state"])["probability"].map(percent)
    words = "; ".join(
        f"{name}: " + ", ".join(f"{state} {last[arm, state]}" for state in order)
        for arm, name in names.items()
    )
    return Drawing(
        side_by_side(panels, spacing=24),
        f"Two panels of stacked areas that always fill the whole height. At day {horizon}, {words}.",
        sources=(table,),
    )
