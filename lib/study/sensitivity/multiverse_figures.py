"""Chart of the specification curve: aggregated, so that it says the same and stays readable.

A dot per specification would be two thousand dots of which no reader can tell one from the next. The curve
is drawn at ranks, each the median of its neighbours, and the dashboard shows for each choice how the
estimates of all specifications that made it are spread.
"""

import altair as alt
import numpy as np
import pandas as pd
from headtohead.sensitivity.multiverse import NOT_USED, summary_by
from headtohead.sensitivity.specification import AXES
from livingpaper import Drawing, Ledger
from livingpaper.book.theme import FAINT, INK, QUIET, TREATED, at_each_width, lines, narrow, width
from livingpaper.ledger.format import percent, points
from scipy.stats import norm

from study.charts import Chart, by_name, line_at
from study.protocol.protocol import Protocol

RANKS = 24
ORDER = ("crude", "ATE", "ATT", "ATM", "ATO", "matched")
SPREAD = "Risk difference, points: median, middle half and middle nine tenths"


@at_each_width
def specification_curve(curve: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the curve of each estimand above the spread of the estimates by choice."""
    curve, margin = curve.dropna(subset="estimate"), plan.equivalence.margin_pp
    spread = summary_by(curve, "estimand", margin=margin / 100)
    words = "; ".join(
        f"{row.level} {row.n} specifications, median {points(row.median)}, {percent(row.positive)} above zero"
        for row in spread.itertuples()
    )
    return Drawing(
        alt.vconcat(_curves(curve, plan), _dashboard(curve, margin), spacing=28),
        f"Above, one rising curve of estimates per estimand with intervals: {words}. Below, dots and bars show "
        "the median and spread of the estimates for each level of each choice; all bars overlap.",
        sources=(ledger.select("multiverse.estimand.{level}.{what}"),),
    )


def _curves(curve: pd.DataFrame, plan: Protocol) -> Chart:
    margin, z = plan.equivalence.margin_pp, float(norm.ppf(0.5 + plan.inference.conf_level / 2))
    shown = pd.concat([_ranked(curve[curve["estimand"] == name], name, z) for name in ORDER])
    base = alt.Chart().encode(x=alt.X("rank:Q", title=None, axis=None, scale=alt.Scale(domain=[0, 100])))
    y = alt.Y("estimate:Q", title="Risk difference, points", scale=alt.Scale(nice=True))
    bars = base.mark_rule(color=FAINT, strokeWidth=2).encode(y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    dots = base.mark_point(filled=True, size=16, opacity=1).encode(
        y=y, color=alt.condition("datum.primary", alt.value(INK), alt.value(TREATED)),
        size=alt.condition("datum.primary", alt.value(70), alt.value(16)),
        shape=alt.condition("datum.primary", alt.value("diamond"), alt.value("circle")),
    )  # fmt: skip
    lines = [
        alt.Chart().mark_rule(color=INK, strokeWidth=0.8, strokeDash=dash).encode(y=alt.datum(at))
        for at, dash in ((0, [1, 0]), (-margin, [4, 3]), (margin, [4, 3]))
    ]
    panels, beside = (3, 185) if narrow() else (len(ORDER), 236)
    panel = alt.layer(bars, *lines, dots, data=shown).properties(
        width=(width() - beside) / panels, height=150
    )
    return panel.facet(alt.Facet("estimand:N", sort=list(ORDER), title=None), columns=panels, spacing=6)


def _ranked(part: pd.DataFrame, estimand: str, z: float) -> pd.DataFrame:
    """Return the sorted estimates at a few ranks, and the primary one at its own, with limits ``z`` errors away."""
    ordered = part.sort_values("estimate", ignore_index=True)
    bins = np.minimum(np.arange(len(ordered)) * RANKS // max(len(ordered), 1), RANKS - 1)
    groups = ordered.groupby(bins)[["estimate", "std_error"]].median()
    groups = groups.assign(rank=100 * (groups.index.to_numpy() + 0.5) / RANKS, primary=False)
    mine = ordered.loc[ordered["primary"], ["estimate", "std_error"]]
    own = mine.assign(rank=100 * (mine.index + 0.5) / len(ordered), primary=True)
    both = pd.concat([groups, own], ignore_index=True).astype({"rank": float, "primary": bool})
    half = z * both["std_error"]
    ends = {"estimate": both["estimate"], "low": both["estimate"] - half, "high": both["estimate"] + half}
    drawn = pd.DataFrame({name: (100 * values).round(3) for name, values in ends.items()})
    return drawn.assign(estimand=estimand, rank=both["rank"].round(2), primary=both["primary"])


def _dashboard(curve: pd.DataFrame, margin: float) -> Chart:
    parts = [summary_by(curve, axis, margin=margin / 100).assign(axis=axis) for axis in AXES]
    table = pd.concat(parts, ignore_index=True)
    table = table[table["level"] != NOT_USED]
    label = table["axis"].str.capitalize() + ": " + table["level"].astype(str)
    data = (100 * table[["low", "q1", "median", "q3", "high"]]).round(3).assign(choice=label)
    y = by_name("choice", label, on_phone=150, labelLimit=330)
    base = alt.Chart(data).encode(y=y)
    x = alt.X("median:Q", title=lines(SPREAD, width() - 170))
    return alt.layer(
        line_at(0.0, color=INK, strokeWidth=0.8),
        base.mark_rule(color=QUIET, strokeWidth=1).encode(x=alt.X("low:Q"), x2=alt.X2("high:Q")),
        base.mark_rule(color=TREATED, strokeWidth=4).encode(x=alt.X("q1:Q"), x2=alt.X2("q3:Q")),
        base.mark_point(filled=True, size=40, color=INK, opacity=1).encode(x=x),
    ).properties(width=width() - (170 if narrow() else 200), height=(27 if narrow() else 15) * len(data))
