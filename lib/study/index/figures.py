"""The key figure of the front page."""

import pandas as pd
from livingpaper import Drawing
from livingpaper.book.theme import CONTROL, INK, TREATED, at_each_width
from livingpaper.chapters.recording import select_rows
from livingpaper.ledger.format import interval_text, points

from study.charts import LIMITS, differences, intervals, minus
from study.data.load import load_plan
from study.labels import WORLDS
from study.protocol.protocol import Protocol

COLOURS = {"null": "#6b6b6b", "harm": CONTROL, "benefit": TREATED}


@at_each_width
def key_figure(ledger: pd.DataFrame, plan: Protocol | None = None) -> Drawing:
    """Return the published difference and, unless withheld, each world's adjusted one, against the margins.

    The figure of README.md is drawn from the ledger alone: ``plan`` is the committed one then.
    """
    plan = plan or load_plan()
    primary = f"{plan.outcome.primary}{plan.outcome.horizon_days}.{plan.estimand.primary.lower()}.rd"
    counts, worlds = ledger.loc[["counts.death.rd"]], select_rows(ledger, f"worlds.{{world}}.{primary}")
    worlds = worlds[worlds["estimate"].notna()].set_index("world").reindex(WORLDS).dropna(subset="estimate")
    truths = select_rows(ledger, f"worlds.{{world}}.truth.{primary}").set_index("world")["estimate"]
    rows = intervals(
        pd.concat([counts, worlds]),
        ["Published counts, crude", *(f"{WORLDS[world]}, adjusted" for world in worlds.index)],
        [INK, *map(COLOURS.__getitem__, worlds.index)],
        truth=[float("nan"), *truths.reindex(worlds.index)],
    )
    margin = plan.equivalence.margin_pp
    crossing = int(((rows["conf_low"] < 0) & (rows["conf_high"] > 0)).sum())
    inside = int(((rows["conf_low"] > -margin / 100) & (rows["conf_high"] < margin / 100)).sum())
    return Drawing(
        differences(rows, plan, (-14, 14), title=minus(plan, "Risk of death"), row_height=36),
        f"Horizontal intervals of the risk difference in percentage points: {'; '.join(map(_words, rows.itertuples()))}. "
        f"Of {len(rows)} intervals {crossing} cross zero and {inside} lie inside the shaded margin of {margin:g} points.",
        sources=(counts, worlds.reset_index()) if len(worlds) else (counts,),
    )


def _words(row: object) -> str:
    label, estimate, low, high, truth = (getattr(row, name) for name in ("label", *LIMITS, "truth"))
    known = "" if truth != truth else f", truth {points(truth)}"
    return f"{label.lower()} {points(estimate)} ({interval_text(low, high, 'risk difference')}){known}"
