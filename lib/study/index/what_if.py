"""The published counts under the reader's own margin, prior, confounding and further patients."""

from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.controls import Control, Controls
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, at_each_width, lines, width

from study.charts import Chart, coloured, minus
from study.index.formulas import expressions
from study.protocol.protocol import Protocol
from study.protocol.words import widest_prior

YOURS = "changed ? \"Your choice, not the paper's\" : ''"
REACH = 20  # percentage points on either side of none
TICKS = [-20, -15, -10, -5, 0, 5, 10, 15, 20]
LINES = (("-margin", "margin"), ("outer_low", "outer_high"), ("inner_low", "inner_high"))
DENSITIES = {  # mean, standard deviation and colour
    "Prior": ("prior_mean", "prior_sd", QUIET),
    "Counts": ("difference", "error", CONTROL),
    "Posterior": ("centre", "spread", TREATED),
}


@at_each_width
def what_if(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the crude difference of death with its interval and posterior, all of which follow what a reader moves.

    Intervals are Newcombe's, shifted by the confounding that is supposed; posteriors are normal (``methods``, priors).
    """
    by_arm = [ledger.select(f"published.{what}.{{arm}}").set_index("arm") for what in ("death", "n")]
    counts = [rows.loc[[plan.arms.treated, plan.arms.control]] for rows in by_arm]
    deaths, patients = (rows["estimate"].to_dict() for rows in counts)
    controls = Controls(list(_controls(plan)), ["interval", "verdict", "belief"])
    computed = [alt.param(name=name, expr=code) for name, code in expressions(deaths, patients, plan).items()]
    return Drawing(
        alt.vconcat(_intervals(), _densities(plan), spacing=4).add_params(*controls.parameters, *computed),
        f"Above, the interval of the published difference in deaths and the margin of {plan.equivalence.margin_pp:g} "
        "points, shaded, which it leaves on both sides. Below, three curves: a prior, what the counts say, and the "
        "posterior of both, which lies between them.",
        controls=controls,
        origin="counts",  # what is drawn is computed from the published numbers it takes
        sources=counts,
    )


def _controls(plan: Protocol) -> list[Control]:
    """Return what can be moved: margin and the widest prior start at the protocol's, the rest at what was published."""
    _, mean, sd = widest_prior(plan)
    unit, treated = "points", plan.arms.treated
    return [
        Control("margin", "Margin of similarity", plan.equivalence.margin_pp, 1, 15, 0.5, unit),
        Control("prior_mean", "Prior: expected difference", mean, -10, 10, 0.5, unit),
        Control("prior_sd", "Prior: its standard deviation", sd, 0.5, 25, 0.5, unit),
        Control("imbalance", f"A confounder: more common with {treated} by", 0, -50, 50, 5, unit),
        Control("harm", "The confounder: raises the risk of death by", 0, 0, 40, 1, unit),
        Control("further", "Further patients in each arm, same risks", 0, 0, 5000, 50, "patients"),
    ]


def _intervals() -> Chart:
    """Return the interval over the margin, the inner one thick."""
    scale = alt.Scale(domain=[-REACH, REACH], nice=False)
    one = alt.Chart(pd.DataFrame({"row": [0]}))
    ends: Any = {"x": alt.X("low:Q", scale=scale, axis=None), "x2": "high:Q"}
    margin, outer, inner = (one.transform_calculate(low=low, high=high).encode(**ends) for low, high in LINES)
    band = margin.mark_rect(color="#e4e4e4", clip=True)
    thin = outer.mark_rule(color=INK, strokeWidth=2, clip=True)
    thick = inner.mark_rule(color=INK, strokeWidth=6, clip=True)
    none = one.transform_calculate(low="0").encode(x=ends["x"]).mark_rule(color=INK, strokeWidth=0.8)
    middle = one.transform_calculate(low="difference").encode(x=ends["x"])
    point = middle.mark_point(filled=True, color=INK, size=130, opacity=1, clip=True)
    yours = one.mark_text(align="left", baseline="top", fontWeight="bold", text=alt.expr(YOURS))
    text = yours.encode(x=alt.XValue(4), y=alt.YValue(4))
    layers = [band, none, thin, thick, point, text]
    return alt.layer(*layers).properties(width=width() - 20, height=54)


def _densities(plan: Protocol) -> Chart:
    """Return the densities of prior, counts and posterior."""
    grid = alt.sequence(-REACH, REACH + 0.1, 0.2, as_="x")
    curves = {name: f"densityNormal(datum.x, {mean}, {sd})" for name, (mean, sd, _) in DENSITIES.items()}
    colours = {name: colour for name, (*_, colour) in DENSITIES.items()}
    scale, ticks = alt.Scale(domain=[-REACH, REACH], nice=False), alt.Axis(grid=False, values=TICKS)
    dashes = alt.Scale(domain=list(curves), range=[[2, 3], [6, 3], [1, 0]])
    folded = alt.Chart(grid).transform_calculate(**curves).transform_fold([*curves], as_=["curve", "density"])
    drawn = folded.mark_line(strokeWidth=2).encode(
        x=alt.X("x:Q", title=lines(minus(plan), width() - 20), scale=scale, axis=ticks),
        y=alt.Y("density:Q", axis=None),
        color=coloured("curve", colours),
        strokeDash=alt.StrokeDash("curve:N", scale=dashes),
    )
    return drawn.properties(width=width() - 20, height=105)
