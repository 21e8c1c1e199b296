"""Charts of the matching chapter: scores, balance and what each adjustment costs."""

from textwrap import wrap

import altair as alt
import headtohead as hh
import pandas as pd
from livingpaper import Drawing, Ledger
from livingpaper.book.theme import INK, LETTER, at_each_width, narrow, width

from study.charts import Chart, arm_colour, line_at, said_of, share_of, side_by_side
from study.labels import ADJUSTMENTS, MATCHINGS, among, arms
from study.protocol.protocol import Protocol

DRAWN = ADJUSTMENTS | {"truncated": "Inverse probability, truncated"}
PANELS = {"Matching": MATCHINGS, "Weighting": ("ato", "atm", "att", "truncated")}


@at_each_width
def score_histogram(table: pd.DataFrame, ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the scores of both arms back to back."""
    names, overlap = arms(plan), ledger.select("matching.overlap.{what}")
    text = overlap.set_index("what")["text"]
    parts = [
        table[["low", "high"]].assign(arm=names[arm], patients=table[arm], shown=sign * table[arm])
        for arm, sign in (("treated", 1), ("control", -1))
    ]
    title, scale = f"Propensity score: probability of {plan.arms.treated}", alt.Scale(domain=[0, 1])
    up = alt.Axis(labelExpr="format(abs(datum.value), 'd')", grid=False)
    bars = alt.Chart(pd.concat(parts)).mark_bar(binSpacing=1).encode(
        x=alt.X("low:Q", title=title, scale=scale, axis=alt.Axis(grid=False)), x2=alt.X2("high:Q"),
        y=alt.Y("shown:Q", title="Patients", axis=up), y2=alt.datum(0),
        color=arm_colour(plan), tooltip=said_of(arm="Drug", patients="Patients", low="Score from", high="Score to"),
    )  # fmt: skip
    zero = line_at(0, channel="y", color=INK, strokeWidth=0.8)
    return Drawing(
        alt.layer(bars, zero).properties(width=width() - 70, height=220),
        f"Mirrored histogram of the propensity score, {names['treated']} above the line and {names['control']} below. Both arms "
        f"have patients from {text['common_low']} to {text['common_high']}; {text['outside']} patients lie outside that range.",
        sources=(table, overlap),
    )


@at_each_width
def love_plot(table: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return absolute standardised differences: crude beside each matching, and beside each weighting."""
    names = table["term"].map(lambda name: "\n".join(wrap(name, 140 // LETTER)) if narrow() else name)
    data = table[["adjustment"]].assign(covariate=names, smd=table["smd"].abs().round(4))
    panels = [_love_panel(data, title, plan) for title in PANELS]
    worst = data.groupby("adjustment")["smd"].max()
    both = ("crude", *PANELS["Matching"], *PANELS["Weighting"])
    drawn = among({each: DRAWN[each] for each in both}, worst.index)
    words = "; ".join(f"{name.lower()} {worst[each]:.2f}" for each, name in drawn.items())
    return Drawing(
        side_by_side(panels, spacing=14).resolve_scale(color="independent", shape="independent"),
        f"Two dot plots of {data['covariate'].nunique()} covariates, matching on the left, weighting on the right. Largest "
        f"difference: {words}; a dashed line marks {plan.balance.smd_threshold:g}.",
        sources=(table,),
    )


def _love_panel(data: pd.DataFrame, title: str, plan: Protocol) -> Chart:
    """Return one panel; the crude differences stand in each."""
    names = among({each: DRAWN[each] for each in ("crude", *PANELS[title])}, data["adjustment"])
    mine = data[data["adjustment"].isin(names)].assign(label=lambda d: d["adjustment"].map(names))
    limit, wide = plan.balance.smd_threshold, share_of(262, 2, on_phone=160)
    end = 1.04 * float(data["smd"].fillna(0.0).max() or limit)  # perfect balance has an axis too
    names_here = title == "Matching" or narrow()
    drawn = hh.love_plot(mine, threshold=limit, largest=end, labels=names_here, width=wide, title=title)
    return drawn.properties(height=28 * mine["covariate"].nunique()) if narrow() else drawn
