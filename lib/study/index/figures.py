"""The key figure of the front page."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.forest import forest
from livingpaper.book.show import Drawing
from livingpaper.book.theme import CONTROL, INK, TREATED
from livingpaper.ledger.format import interval_text, points

from study.results import Paper, primary_row

WORLD_LABELS = {"null": "No-effect world", "harm": "Harm world", "benefit": "Benefit world"}


def key_figure(paper: Paper) -> Drawing:
    """Return the published difference and, unless blinded, each world's adjusted one, against the margins."""
    protocol = paper.protocol
    published = paper.reanalysis.effects
    real = published[(published["outcome"] == "death") & (published["method"] == "Newcombe")].iloc[0]
    rows = [{"label": "Published counts, crude", **_three(real), "colour": INK, "truth": float("nan")}]
    shown = {} if protocol.study.blinded else paper.worlds
    for world, found in shown.items():
        rows.append(
            {
                "label": f"{WORLD_LABELS[world]}, adjusted",
                **_three(primary_row(found.estimates, protocol)),
                "colour": {"null": "#6b6b6b", "harm": CONTROL, "benefit": TREATED}[world],
                "truth": true_difference(paper, world),
            }
        )
    frame = pd.DataFrame(rows)
    margins = (protocol.equivalence.margin_pp, protocol.equivalence.wide_margin_pp)
    chart = forest(
        frame,
        scale="risk difference",
        title=f"Risk of death, {protocol.arms.treated} minus {protocol.arms.control}, percentage points",
        bands=margins,
        domain=(-14, 14),
        row_height=36,
    )
    words = "; ".join(
        f"{row.label.lower()} {points(row.estimate)} ({interval_text(row.conf_low, row.conf_high, 'risk difference')})"
        + ("" if row.truth != row.truth else f", truth {points(row.truth)}")
        for row in frame.itertuples()
    )
    crossing = int(((frame["conf_low"] < 0) & (frame["conf_high"] > 0)).sum())
    inside = int(((frame["conf_low"] > -margins[0] / 100) & (frame["conf_high"] < margins[0] / 100)).sum())
    return Drawing(
        chart,
        f"Horizontal intervals of the risk difference in percentage points: {words}. Of {len(frame)} intervals "
        f"{crossing} cross zero and {inside} lie inside the shaded margin of {margins[0]:g} points.",
        "mixed",
    )


def _three(row: pd.Series) -> dict[str, float]:
    return {name: float(row[name]) for name in ("estimate", "conf_low", "conf_high")}


def true_difference(paper: Paper, world: str) -> float:
    """Return the true risk difference of the primary estimand in one world."""
    protocol, table = paper.protocol, paper.truth
    mine = (
        (table["world"] == world)
        & (table["estimand"] == protocol.estimand.primary)
        & (table["outcome"] == protocol.outcome.primary)
        & (table["horizon_days"] == protocol.outcome.horizon_days)
    )
    return float(table.loc[mine, "rd"].iloc[0])
