"""The key figure of the front page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from livingpaper import Drawing, show
from livingpaper.book.forest import forest
from livingpaper.book.theme import CONTROL, INK, TREATED
from livingpaper.build.cache import write_whole
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import interval_text, points

from study.labels import WORLDS
from study.protocol.protocol import Protocol

COLOURS = {"null": "#6b6b6b", "harm": CONTROL, "benefit": TREATED}
LIMITS = ["estimate", "conf_low", "conf_high"]


def key_figure(ledger: Ledger, plan: Protocol) -> Drawing:
    """Return the published difference and, unless withheld, each world's adjusted one, against the margins."""
    primary = f"{plan.outcome.primary}{plan.outcome.horizon_days}.{plan.estimand.primary.lower()}.rd"
    counts, worlds = ledger.select("counts.death.{measure}"), ledger.select(f"worlds.{{world}}.{primary}")
    counts = counts[counts["measure"] == "rd"]
    worlds = worlds[worlds["estimate"].notna()].set_index("world").reindex(WORLDS).dropna(subset="estimate")
    truths = ledger.select(f"worlds.{{world}}.truth.{primary}").set_index("world")
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


def write_key_figure(ledger: Ledger, plan: Protocol, path: Path) -> bool:
    """Write the key figure as SVG on white, for pages that are not ours; return whether it changed."""
    content = (show(key_figure(ledger, plan), "fig-key", "").svg("white") + "\n").encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    write_whole(path, content)
    return True
