"""The figures of the front page: the key figure, and one for lay readers."""

from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.theme import FAINT, INK, QUIET, at_each_width
from livingpaper.chapters.recording import key, select_rows
from livingpaper.ledger.format import interval_text, points

from study.charts import LIMITS, WORLD_COLOURS, coloured, differences, intervals, minus
from study.data.load import load_plan
from study.labels import WORLDS, arms
from study.protocol.protocol import Protocol

PEOPLE, SIDE = 100, 10  # of an icon array
FATES = {"Died in hospital": INK, "Left hospital alive": FAINT}


@at_each_width
def key_figure(ledger: pd.DataFrame, plan: Protocol | None = None) -> Drawing:
    """Return the published difference and, unless withheld, each world's adjusted one, against the margins.

    All are of the whole stay, the horizon of the published counts.

    The figure of README.md is drawn from the ledger alone: ``plan`` is the committed one then.
    """
    plan = plan or load_plan()
    primary = f"{plan.outcome.primary}_stay.{plan.estimand.primary.lower()}.rd"
    counts, worlds = ledger.loc[["counts.death.rd"]], select_rows(ledger, f"worlds.{{world}}.{primary}")
    worlds = worlds[worlds["estimate"].notna()].set_index("world").reindex(WORLDS).dropna(subset="estimate")
    truths = select_rows(ledger, f"worlds.{{world}}.truth.{primary}").set_index("world")["estimate"]
    rows = intervals(
        pd.concat([counts, worlds]),
        ["Published counts, crude", *(f"{WORLDS[world]}, adjusted" for world in worlds.index)],
        [INK, *map(WORLD_COLOURS.__getitem__, worlds.index)],
        truth=[float("nan"), *truths.reindex(worlds.index)],
    )
    margin = plan.equivalence.margin_pp
    crossing = int(((rows["conf_low"] < 0) & (rows["conf_high"] > 0)).sum())
    inside = int(((rows["conf_low"] > -margin / 100) & (rows["conf_high"] < margin / 100)).sum())
    words = "; ".join(map(_words, rows.itertuples()))
    return Drawing(
        differences(rows, plan, (-14, 14), title=minus(plan, "Death in hospital"), row_height=36),
        f"Horizontal intervals of the difference over the whole stay in percentage points: {words}. "
        f"Of {len(rows)} intervals {crossing} cross zero and {inside} lie inside the shaded margin of {margin:g} points.",
        sources=(counts, worlds.reset_index()) if len(worlds) else (counts,),
    )


def _words(row: object) -> str:
    label, estimate, low, high, truth = (getattr(row, name) for name in ("label", *LIMITS, "truth"))
    known = "" if truth != truth else f", truth {points(truth)}"
    return f"{label.lower()} {points(estimate)} ({interval_text(low, high, 'risk difference')}){known}"


@at_each_width
def icon_array(ledger: pd.DataFrame, plan: Protocol) -> Drawing:
    """Return a hundred squares for each drug, as many dark ones as patients died of a hundred, by the published counts."""
    names = arms(plan)
    shares = ledger.loc[[f"counts.death.{key(getattr(plan.arms, arm))}.percent" for arm in names]]
    died = dict(zip(names.values(), shares["estimate"].round().astype(int).tolist(), strict=True))
    drawn = [
        {"drug": f"{name}: {deaths} of 100 died", "died": deaths, "left": PEOPLE - deaths}
        for name, deaths in died.items()
    ]
    plain: Any = {"axis": None, "scale": alt.Scale(padding=0.1)}
    fates = [f"'{fate}'" for fate in FATES]
    hundred = alt.Chart(pd.DataFrame(drawn)).transform_calculate(place=f"sequence({PEOPLE})")
    squares = hundred.transform_flatten(["place"]).transform_calculate(
        row=f"floor(datum.place / {SIDE})", column=f"datum.place % {SIDE}", fate=f"datum.place < datum.died ? {' : '.join(fates)}"
    ).mark_square(size=120, opacity=1, stroke=QUIET, strokeWidth=0.8).encode(
        x=alt.X("column:O", **plain), y=alt.Y("row:O", **plain),
        color=coloured("fate", FATES, legend=alt.Legend(labelFontSize=13)),
        column=alt.Column("drug:N", title=None, sort=None, header=alt.Header(labelFontSize=13)),
        tooltip=[alt.Tooltip("died:Q", title="Died in hospital"), alt.Tooltip("left:Q", title="Left hospital alive")],
    )  # fmt: skip
    said = " and ".join(f"{deaths} in that of {name.lower()}" for name, deaths in died.items())
    return Drawing(
        squares.properties(width=135, height=135),
        f"Two grids, each of a hundred squares. Dark squares stand for people who lost their life, {said}.",
        sources=(shares,),
    )
