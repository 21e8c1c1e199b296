"""The key figure of the front page."""

from __future__ import annotations

import pandas as pd
from livingpaper import Drawing
from livingpaper.book.forest import forest
from livingpaper.book.theme import CONTROL, INK, TREATED
from livingpaper.chapters.selection import select_rows
from livingpaper.ledger.format import interval_text, points

from study.data.load import load_plan
from study.labels import WORLDS
from study.protocol.protocol import Protocol

COLOURS = {"null": "#6b6b6b", "harm": CONTROL, "benefit": TREATED}
LIMITS = ["estimate", "conf_low", "conf_high"]


def key_figure(ledger: pd.DataFrame, plan: Protocol | None = None) -> Drawing:
    """Return the published difference and, unless withheld, each world's adjusted one, against the margins.

    Parameters
    ----------
    ledger : DataFrame
        Every number of the paper.
    plan : Protocol, optional
        Default the committed one: the figure of README.md is drawn from the ledger alone.
    """
    plan = plan or load_plan()
    primary = f"{plan.outcome.primary}{plan.outcome.horizon_days}.{plan.estimand.primary.lower()}.rd"
    counts, worlds = ledger.loc[["counts.death.rd"]], select_rows(ledger, f"worlds.{{world}}.{primary}")
    worlds = worlds[worlds["estimate"].notna()].set_index("world").reindex(WORLDS).dropna(subset="estimate")
    truths = select_rows(ledger, f"worlds.{{world}}.truth.{primary}").set_index("world")
    labels = ["Published counts, crude", *(f"{WORLDS[world]}, adjusted" for world in worlds.index)]
    frame = pd.concat([counts[LIMITS], worlds[LIMITS]], ignore_index=True).assign(
        label=labels,
        colour=[INK, *map(COLOURS.get, worlds.index)],
        truth=[float("nan"), *truths["estimate"].reindex(worlds.index)],
    )
    margins = (plan.equivalence.margin_pp, plan.equivalence.wide_margin_pp)
    chart = forest(
        frame[["label", *LIMITS, "colour", "truth"]],
        scale="risk difference",
        title=f"Risk of death, {plan.arms.treated} minus {plan.arms.control}, percentage points",
        bands=margins,
        domain=(-14, 14),
        row_height=36,
    )
    crossing = int(((frame["conf_low"] < 0) & (frame["conf_high"] > 0)).sum())
    inside = int(((frame["conf_low"] > -margins[0] / 100) & (frame["conf_high"] < margins[0] / 100)).sum())
    return Drawing(
        chart,
        f"Horizontal intervals of the risk difference in percentage points: {'; '.join(map(_words, frame.itertuples()))}. "
        f"Of {len(frame)} intervals {crossing} cross zero and {inside} lie inside the shaded margin of {margins[0]:g} points.",
        sources=(counts, worlds.reset_index()) if len(worlds) else (counts,),
    )


def _words(row: object) -> str:
    label, estimate, low, high, truth = (getattr(row, name) for name in ("label", *LIMITS, "truth"))
    known = "" if truth != truth else f", truth {points(truth)}"
    return f"{label.lower()} {points(estimate)} ({interval_text(low, high, 'risk difference')}){known}"
