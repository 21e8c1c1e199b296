"""The published counts under the reader's own margin, prior, confounding and further patients."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.controls import Control, Controls
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH

from study.charts import Chart, coloured, minus
from study.protocol.protocol import Protocol

YOURS = "changed ? \"Your choice, not the paper's\" : ''"
REACH = 20  # percentage points on either side of none
TICKS = [-20, -15, -10, -5, 0, 5, 10, 15, 20]
LINES = {
    "band": ("-margin", "margin"),
    "outer": ("outer_low", "outer_high"),
    "inner": ("inner_low", "inner_high"),
}
DENSITIES = {  # mean, standard deviation and colour
    "Prior": ("prior_mean", "prior_sd", QUIET),
    "Counts": ("difference", "error", CONTROL),
    "Posterior": ("centre", "spread", TREATED),
}


def what_if(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the crude difference of death with its interval and posterior, all of which follow what a reader moves.

    Intervals are Newcombe's, shifted by the confounding that is supposed; posteriors are normal (``methods``, priors).
    """
    arms = [plan.arms.treated, plan.arms.control]
    counts = [
        ledger.select(f"published.{what}.{{arm}}").set_index("arm").loc[arms] for what in ("death", "n")
    ]
    deaths, patients = (rows["estimate"].to_dict() for rows in counts)
    controls = Controls(list(_controls(plan)), ["interval", "verdict", "belief"])
    computed = [alt.param(name=name, expr=code) for name, code in expressions(deaths, patients, plan).items()]
    return Drawing(
        alt.vconcat(_intervals(), _densities(plan), spacing=4).add_params(*controls.parameters, *computed),
        f"Above, the interval of the published difference in deaths and the margin of {plan.equivalence.margin_pp:g} "
        "points, shaded, which it leaves on both sides. Below, three curves: a prior, what the counts say, and the "
        "posterior of both, which lies between them.",
        controls=controls,
        sources=counts,
    )


def _controls(plan: Protocol) -> list[Control]:
    """Return what can be moved: margin and the widest prior start at the protocol's, the rest at what was published."""
    priors = {prior.sd_pp: prior.mean_pp for prior in plan.further.priors if prior.sd_pp}
    sd = max(priors, default=plan.equivalence.wide_margin_pp)
    mean = priors.get(sd, 0.0)
    points, treated = "points", plan.arms.treated
    return [
        Control("margin", "Margin of similarity", plan.equivalence.margin_pp, 1, 15, 0.5, points),
        Control("prior_mean", "Prior: expected difference", mean, -10, 10, 0.5, points),
        Control("prior_sd", "Prior: its standard deviation", sd, 0.5, 25, 0.5, points),
        Control("imbalance", f"A confounder: more common with {treated} by", 0, -50, 50, 5, points),
        Control("harm", "The confounder: raises the risk of death by", 0, 0, 40, 1, points),
        Control("further", "Further patients in each arm, same risks", 0, 0, 5000, 50, "patients"),
    ]


def expressions(deaths: Mapping[str, float], patients: Mapping[str, float], plan: Protocol) -> dict[str, str]:
    """Return the computed parameters in the order in which they rest on each other, in percentage points."""
    outer, inner = plan.inference.conf_level, 1 - 2 * plan.equivalence.alpha
    treated, control = plan.arms.treated, plan.arms.control
    return {
        "p1": f"{deaths[treated] / patients[treated]!r}",
        "p0": f"{deaths[control] / patients[control]!r}",
        "n1": f"{patients[treated]!r} + further",
        "n0": f"{patients[control]!r} + further",
        "shift": "imbalance * harm / 100",
        "difference": "100 * (p1 - p0) - shift",
        **_newcombe("outer", outer),
        **_newcombe("inner", inner),
        "error": "100 * sqrt(p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0)",
        "spread": "1 / sqrt(1 / (error * error) + 1 / (prior_sd * prior_sd))",
        "centre": "spread * spread * (difference / (error * error) + prior_mean / (prior_sd * prior_sd))",
        "before": "cumulativeNormal(margin, prior_mean, prior_sd) - cumulativeNormal(-margin, prior_mean, prior_sd)",
        "within": "cumulativeNormal(margin, centre, spread) - cumulativeNormal(-margin, centre, spread)",
        "worse": "1 - cumulativeNormal(margin, centre, spread)",
        "better": "cumulativeNormal(-margin, centre, spread)",
        **_words(plan, outer, inner),
    }


def _newcombe(name: str, level: float) -> dict[str, str]:
    """Return the limits of Newcombe's interval, from Wilson's of each risk, as ``<name>_low`` and ``<name>_high``."""
    z = f"{name}_z"
    wilson = {
        f"{name}_{side}{arm}": f"(p{arm} + {z} * {z} / (2 * n{arm}) {sign} {z} * sqrt(p{arm} * (1 - p{arm}) / n{arm} "
        f"+ {z} * {z} / (4 * n{arm} * n{arm}))) / (1 + {z} * {z} / n{arm})"
        for arm in (1, 0) for side, sign in (("low", "-"), ("high", "+"))
    }  # fmt: skip
    far = {"low": ("-", "low", "high"), "high": ("+", "high", "low")}
    limits = {
        f"{name}_{side}": f"difference {sign} 100 * sqrt(pow(p1 - {name}_{of1}1, 2) + pow(p0 - {name}_{of0}0, 2))"
        for side, (sign, of1, of0) in far.items()
    }
    return {z: f"quantileNormal({1 - (1 - level) / 2!r})"} | wilson | limits


def _words(plan: Protocol, outer: float, inner: float) -> dict[str, str]:
    """Return what is said: the interval, the verdict about similarity, and the posterior."""
    treated, control = plan.arms.treated, plan.arms.control
    limits = {
        name: f"' + {_signed(f'{name}_low')} + ' to ' + {_signed(f'{name}_high')} + '"
        for name in ("outer", "inner")
    }
    patients = "' + format(n1, ',.0f') + ' and ' + format(n0, ',.0f') + '"
    test = f"the {100 * inner:g}% interval, {limits['inner']} points,"
    open_ = f"by an amount that is open: {test} reaches beyond the margin."
    verdicts = {
        "outer_low > margin": f"More deaths with {treated} than with {control}, by more than the margin.",
        "outer_high < -margin": f"Fewer deaths with {treated} than with {control}, by more than the margin.",
        "inner_low > -margin && inner_high < margin": f"Similar within the margin: {test} lies inside it.",
        "outer_low > 0": f"More deaths with {treated} than with {control}, {open_}",
        "outer_high < 0": f"Fewer deaths with {treated} than with {control}, {open_}",
    }
    undecided = f"Open: neither similarity nor a difference is shown; {test} reaches beyond the margin."
    return {
        "interval": f"'Deaths, {treated} minus {control}: ' + {_signed('difference')} + ' percentage points "
        f"({100 * outer:g}% interval {limits['outer']}), {patients} patients.'",
        "verdict": "".join(f"{when} ? '{said}' : " for when, said in verdicts.items()) + f"'{undecided}'",
        "belief": f"'Probability that the risks differ by less than the margin: ' + {_share('before')} + ' by the prior alone, ' "
        f"+ {_share('within')} + ' with the counts; {treated} worse by more, ' + {_share('worse')} + ', better by more, ' "
        f"+ {_share('better')} + '.'",
    }


def _signed(value: str) -> str:
    """Return the expression that prints points as the paper does: signed, one decimal, zero without a sign."""
    return f"(abs({value}) < 0.05 ? '0.0' : format({value}, '+.1f'))"


def _share(value: str) -> str:
    """Return the expression that prints a probability as the paper does: never 0% or 100%."""
    return f"({value} <= 0.005 ? '<1%' : {value} >= 0.995 ? '>99%' : format({value}, '.0%'))"


def _intervals() -> Chart:
    """Return the interval over the margin, the inner one thick."""
    scale = alt.Scale(domain=[-REACH, REACH], nice=False)
    one = alt.Chart(pd.DataFrame({"row": [0]}))
    ends: Any = {"x": alt.X("low:Q", scale=scale, axis=None), "x2": "high:Q"}
    at = {
        name: one.transform_calculate(low=low, high=high).encode(**ends)
        for name, (low, high) in LINES.items()
    }
    band = at["band"].mark_rect(color="#e4e4e4", clip=True)
    thin, thick = (
        at[name].mark_rule(color=INK, strokeWidth=width, clip=True)
        for name, width in (("outer", 2), ("inner", 6))
    )
    none = one.transform_calculate(low="0").encode(x=ends["x"]).mark_rule(color=INK, strokeWidth=0.8)
    middle = one.transform_calculate(low="difference").encode(x=ends["x"])
    point = middle.mark_point(filled=True, color=INK, size=130, opacity=1, clip=True)
    yours = one.mark_text(align="left", baseline="top", fontWeight="bold", text=alt.expr(YOURS))
    text = yours.encode(x=alt.value(4), y=alt.value(4))
    layers = [band, none, thin, thick, point, text]
    return alt.layer(*layers).properties(width=WIDTH - 20, height=64)


def _densities(plan: Protocol) -> Chart:
    """Return the densities of prior, counts and posterior."""
    grid = alt.sequence(-REACH, REACH + 0.1, 0.2, as_="x")
    curves = {name: f"densityNormal(datum.x, {mean}, {sd})" for name, (mean, sd, _) in DENSITIES.items()}
    colours = {name: colour for name, (*_, colour) in DENSITIES.items()}
    axis = alt.X(
        "x:Q",
        title=minus(plan),
        scale=alt.Scale(domain=[-REACH, REACH], nice=False),
        axis=alt.Axis(grid=False, values=TICKS),
    )
    lines = (
        alt.Chart(grid).transform_calculate(**curves).transform_fold(list(curves), as_=["curve", "density"])
    )
    drawn = lines.mark_line(strokeWidth=2).encode(
        x=axis,
        y=alt.Y("density:Q", axis=None),
        color=coloured("curve", colours),
        strokeDash=alt.StrokeDash(
            "curve:N", scale=alt.Scale(domain=list(curves), range=[[2, 3], [6, 3], [1, 0]]), legend=None
        ),
    )
    return drawn.properties(width=WIDTH - 20, height=130)
