"""Charts of the estimates by estimand, and of what the priors make of the primary one."""

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.theme import INK, QUIET, TREATED, at_each_width, lines, width
from livingpaper.ledger.format import points, probability

from study.charts import Chart, coloured, differences, intervals, minus
from study.labels import ANSWERS_FOR, OUTCOMES, among
from study.protocol.protocol import Protocol


@at_each_width
def estimates_forest(ledger: Ledger, plan: Protocol, outcome: str) -> Drawing:
    """Return the risk differences of one outcome, one line per estimand."""
    found = ledger.select(f"outcomes.{outcome}{plan.outcome.horizon_days}.{{adjustment}}.rd")
    lines = among(ANSWERS_FOR, found["adjustment"])
    labels = [line.format(treated=plan.arms.treated, control=plan.arms.control) for line in lines.values()]
    colours = {"crude": QUIET, plan.estimand.primary.lower(): TREATED}
    drawn = found.set_index("adjustment").loc[[*lines]]
    rows = intervals(drawn, labels, [colours.get(each, INK) for each in lines])
    words = "; ".join(
        f"{row.label.split(':')[0]} {points(row.estimate)} ({points(row.conf_low)} to {points(row.conf_high)})"
        for row in rows.itertuples()
    )
    layout = {"label_width": 245, "text_width": 135, "row_height": 28}
    reach, title = (-16, 20) if outcome != "imv" else (-10, 20), minus(plan, "Risk difference")
    return Drawing(
        differences(rows, plan, reach, title=title, **layout),
        f"Forest of risk differences of {OUTCOMES[outcome].lower()}, one line per estimand: {words}.",
        sources=(found,),
    )


@at_each_width
def posteriors(curves: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the posterior densities of the primary difference under each prior, margins shaded."""
    found, margin = ledger.select("outcomes.posterior.{prior}.{what}"), plan.equivalence.margin_pp
    value = found.pivot(index="prior", columns="what", values="estimate").dropna()
    words = "; ".join(
        f"{prior.name} prior, centre {points(row['rd'])}, {probability(row['worse'])} of the area above zero and "
        f"{probability(row['within_margin'])} inside the band"
        for prior in plan.further.priors if prior.name in value.index for row in [value.loc[prior.name]]
    )  # fmt: skip
    words = words or "cannot be drawn, because the difference has no standard error"
    return Drawing(
        _densities(curves, plan).properties(width=width() - 40, height=200),
        f"Bell curves over a shaded band of plus and minus {margin:g} points: {words}.",
        sources=(curves, found),
    )


def _densities(curves: pd.DataFrame, plan: Protocol) -> Chart:
    """Return one curve per prior over the shaded margin."""
    names, margin = [prior.name.capitalize() for prior in plan.further.priors], plan.equivalence.margin_pp
    data = pd.DataFrame({"prior": curves["prior"].str.capitalize(), "density": curves["density"].round(3)})
    data["points"] = (100 * curves["difference"]).round(3)
    data = data[data["points"].between(-16, 20) & ((data["points"] * 2).round(6) % 1 == 0)]
    scale, bare = alt.Scale(domain=[-16, 20], nice=False), alt.Axis(grid=False)
    band = alt.Chart(pd.DataFrame({"low": [-margin], "high": [margin]})).mark_rect(color=QUIET, opacity=0.15)
    zero = alt.Chart(pd.DataFrame({"zero": [0.0]})).mark_rule(color=QUIET)
    zero = zero.encode(x=alt.X("zero:Q", axis=bare))
    dashes = alt.Scale(domain=names, range=[[1, 0], [6, 3], [2, 2]][: len(names)])
    line = alt.Chart(data).mark_line(strokeWidth=2).encode(
        x=alt.X("points:Q", scale=scale, axis=bare, title=lines(minus(plan), width() - 40)),
        y=alt.Y("density:Q", title="Posterior density", axis=alt.Axis(labels=False, ticks=False, grid=False)),
        color=coloured("prior", dict(zip(names, (TREATED, INK, "#CC79A7"), strict=False)), title="Prior", sort=names),
        strokeDash=alt.StrokeDash("prior:N", title="Prior", sort=names, scale=dashes),
    )  # fmt: skip
    return alt.layer(band.encode(x=alt.X("low:Q", scale=scale, axis=bare), x2=alt.X2("high:Q")), zero, line)
