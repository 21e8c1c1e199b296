"""Charts of the outcomes chapter: incidence, the Kaplan-Meier mistake and the forest of estimates."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.forest import forest
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import percent, points

from study.arms import arm_colour, arm_names
from study.labels import OUTCOMES
from study.protocol.protocol import Protocol

RISK_DAYS = (0, 7, 14, 21, 28)
ESTIMAND_LABELS = {
    "crude": "Crude: arms as they are",
    "pairs": "Pairs: {treated} patients with a match",
    "ato": "ATO: patients in equipoise",
    "atm": "ATM: patients who could be matched",
    "att": "ATT: patients like those on {treated}",
    "atc": "ATC: patients like those on {control}",
    "ate": "ATE: all patients",
}


def incidence(curves: pd.DataFrame, plan: Protocol, outcome: str, key: str) -> Drawing:
    """Return cumulative incidence of every cause of an outcome by arm, with numbers at risk below."""
    names, horizon = arm_names(plan), plan.outcome.horizon_days
    mine = curves[(curves["outcome"] == outcome) & (curves["adjustment"] == key)].copy()
    mine["arm"] = mine["arm"].map(names)
    causes = list(mine["cause"].unique())
    width = (WIDTH - 130) / len(causes)
    panels = [_curve(mine[mine["cause"] == cause], plan, cause, width) for cause in causes]
    at_risk = _risk_table(mine[mine["cause"] == causes[0]], plan, key, width)
    last = mine[mine["day"] == horizon].set_index(["cause", "arm"])["incidence"]
    words = "; ".join(
        f"{cause}: " + ", ".join(f"{arm} {percent(last[cause, arm])}" for arm in names.values())
        for cause in causes
    )
    return Drawing(
        alt.vconcat(alt.hconcat(*panels, spacing=36), at_risk, spacing=6),
        f"Step curves of cumulative incidence to day {horizon} with bands. At day {horizon}: {words}.",
        sources=(curves,),
    )


def _arms(plan: Protocol) -> alt.Color:
    return arm_colour(plan, (TREATED, CONTROL), title=None, symbolType="stroke", symbolOpacity=1)


def _curve(part: pd.DataFrame, plan: Protocol, cause: str, width: float) -> Any:
    """Return the curves of one cause with their bands."""
    percent_columns = {name: (100 * part[name]).round(3) for name in ("incidence", "conf_low", "conf_high")}
    data = part.assign(**percent_columns)[["arm", "day", *percent_columns]]
    days = alt.Scale(domain=[0, plan.outcome.horizon_days], nice=False)
    x = alt.X(
        "day:Q",
        title="Days from the first dose",
        scale=days,
        axis=alt.Axis(values=list(RISK_DAYS), grid=False),
    )
    y_scale = alt.Scale(domain=[0, max(20.0, float(data["conf_high"].max()) * 1.05)], nice=True)
    low = alt.Y("conf_low:Q", scale=y_scale, title="Cumulative incidence, %")
    base, colour = alt.Chart(data), _arms(plan)
    band = base.mark_area(opacity=0.16, interpolate="step-after").encode(
        x=x, y=low, y2="conf_high:Q", color=colour
    )
    tooltip = ["arm:N", "day:Q", alt.Tooltip("incidence:Q", format=".1f")]
    line = base.mark_line(interpolate="step-after", strokeWidth=2).encode(
        x=x, y=alt.Y("incidence:Q", scale=y_scale), color=colour, tooltip=tooltip
    )
    return alt.layer(band, line).properties(width=width, height=190, title=cause.capitalize())


def _risk_table(part: pd.DataFrame, plan: Protocol, key: str, width: float) -> alt.Chart:
    """Return the numbers at risk under the first panel."""
    at_risk = part[part["day"].isin(RISK_DAYS)][["arm", "day", "at_risk"]]
    data = at_risk.assign(at_risk=_head_count(at_risk, key))
    days = alt.Scale(domain=[0, plan.outcome.horizon_days], nice=False)
    axis = alt.Axis(
        ticks=False, domain=False, labelPadding=16,
        titleAngle=0, titleAlign="left", titleAnchor="start", titleY=-6, titleX=-90,
    )  # fmt: skip
    heading = "At risk" if key in ("crude", "pairs") else "Event-free, %"
    names = list(arm_names(plan).values())
    text = alt.Chart(data).mark_text(fontSize=10.5)
    return text.encode(
        x=alt.X("day:Q", scale=days, axis=None),
        y=alt.Y("arm:N", sort=names, title=heading, axis=axis),
        text=alt.Text("at_risk:Q", format=".0f"),
        color=_arms(plan),
    ).properties(width=width, height=34)


def _head_count(at_risk: pd.DataFrame, key: str) -> pd.Series:
    """Return numbers at risk; under weights as per cent of the arm's weight, which has no head count."""
    if key in ("crude", "pairs"):
        return at_risk["at_risk"]
    start = at_risk.groupby("arm")["at_risk"].transform("max")
    return 100 * at_risk["at_risk"] / start


def kaplan_meier_mistake(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return the incidence of death beside the curve that censors discharge."""
    names, horizon = arm_names(plan), plan.outcome.horizon_days
    methods = {
        "aalen_johansen": "Aalen-Johansen: discharge competes",
        "one_minus_km": "1 - Kaplan-Meier: discharge censored (wrong)",
    }
    data = table.melt(["arm", "day"], list(methods), "method", "risk")
    data["percent"] = (100 * data.pop("risk")).round(3)
    data = data.assign(arm=data["arm"].map(names), method=data["method"].map(methods))
    shown = list(methods.values())
    days = alt.Scale(domain=[0, horizon], nice=False)
    line = (
        alt.Chart(data)
        .mark_line(interpolate="step-after", strokeWidth=2)
        .encode(
            x=alt.X(
                "day:Q",
                title="Days from the first dose",
                scale=days,
                axis=alt.Axis(values=list(RISK_DAYS), grid=False),
            ),
            y=alt.Y("percent:Q", title="Apparent risk of death, %"),
            color=alt.Color(
                "method:N",
                scale=alt.Scale(domain=shown, range=[INK, "#CC79A7"]),
                legend=alt.Legend(labelLimit=320),
            ),
            strokeDash=alt.StrokeDash(
                "method:N",
                scale=alt.Scale(domain=shown, range=[[1, 0], [5, 3]]),
                legend=alt.Legend(labelLimit=320),
            ),
            column=alt.Column("arm:N", sort=list(names.values()), title=None),
        )
        .properties(width=(WIDTH - 90) / 2, height=180)
    )
    last = table.query("day == @horizon").set_index("arm")
    words = "; ".join(
        f"{names[arm]} {percent(last.at[arm, 'aalen_johansen'])} against {percent(last.at[arm, 'one_minus_km'])}"
        for arm in names
    )
    return Drawing(
        line,
        f"Two panels with a solid and a higher dashed curve. At day {horizon}, Aalen-Johansen against 1 - Kaplan-Meier: {words}.",
        sources=(table,),
    )


def estimates_forest(ledger: Ledger, plan: Protocol, outcome: str) -> Drawing:
    """Return the risk differences of one outcome, one line per estimand."""
    found = ledger.select(f"outcomes.{outcome}{plan.outcome.horizon_days}.{{adjustment}}.rd")
    keys = [key for key in ESTIMAND_LABELS if key in set(found["adjustment"])]
    mine = found.set_index("adjustment").loc[keys].reset_index()
    rows = pd.DataFrame(
        {
            "label": [
                ESTIMAND_LABELS[key].format(treated=plan.arms.treated, control=plan.arms.control)
                for key in mine["adjustment"]
            ],
            "estimate": mine["estimate"],
            "conf_low": mine["conf_low"],
            "conf_high": mine["conf_high"],
            "colour": [
                QUIET if key == "crude" else TREATED if key == plan.estimand.primary.lower() else INK
                for key in mine["adjustment"]
            ],
        }
    )
    chart = forest(
        rows,
        scale="risk difference",
        title=f"Risk difference, {plan.arms.treated} minus {plan.arms.control}, percentage points",
        bands=(plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp),
        domain=(-16, 20) if outcome != "imv" else (-10, 20),
        label_width=245,
        text_width=135,
        row_height=28,
    )
    words = "; ".join(
        f"{row.label.split(':')[0]} {points(row.estimate)} ({points(row.conf_low)} to {points(row.conf_high)})"
        for row in rows.itertuples()
    )
    return Drawing(
        chart,
        f"Forest of risk differences of {OUTCOMES[outcome].lower()}, one line per estimand: {words}.",
        sources=(found,),
    )
