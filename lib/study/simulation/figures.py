"""Chart of the simulation appendix."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
from livingpaper.book.show import Drawing
from livingpaper.book.theme import ACCENTS, INK, WIDTH
from livingpaper.ledger.format import percent, points

from study.results import Paper
from study.simulation.tables import WORLDS

SHOWN = {
    "crude": "Crude",
    "pairs": "Matched pairs",
    "iptw_bootstrap": "Inverse probability weights",
    "ow_bootstrap": "Overlap weights (primary)",
    "gcomp_sandwich": "Outcome regression",
    "aipw_influence": "Augmented weights",
}
PANEL = {"width": (WIDTH - 190) / 2, "height": 300}


def bias_and_coverage(paper: Paper) -> Drawing:
    """Return bias and coverage of each estimator in each world, with their Monte Carlo intervals."""
    table = paper.simulation.performance
    mine = table[table["estimator"].isin(SHOWN) & table["scenario"].isin(WORLDS)]
    data = pd.DataFrame(
        {
            "estimator": mine["estimator"].map(SHOWN),
            "world": mine["scenario"].map(WORLDS),
            **_limits(mine, "bias"),
            **_limits(mine, "coverage"),
        }
    )
    left = _panel(data, "bias", "Bias, percentage points", [-0.5, 0, 0.5], label=True)
    right = _panel(
        data,
        "coverage",
        f"Coverage of {100 * paper.protocol.inference.conf_level:g}% intervals, %",
        [93.5, 95, 96.5],
        label=False,
    )
    words = "; ".join(
        f"{SHOWN[str(name)]} from {points(part['bias'].min())} to {points(part['bias'].max())} points and from "
        f"{percent(part['coverage'].min())} to {percent(part['coverage'].max())}"
        for name, part in mine.groupby("estimator", sort=False)
    )
    return Drawing(
        alt.hconcat(left, right, spacing=16),
        f"Two panels with one row per estimator and one point per world. Bias and coverage: {words}.",
        "synthetic",
    )


def _limits(table: pd.DataFrame, name: str) -> dict[str, pd.Series]:
    """Return the value in per cent with its Monte Carlo interval."""
    half = 1.96 * table[f"{name}_mc"]
    return {
        name: (100 * table[name]).round(3),
        f"{name}_low": (100 * (table[name] - half)).round(3),
        f"{name}_high": (100 * (table[name] + half)).round(3),
    }


def _panel(data: pd.DataFrame, name: str, title: str, lines: list[float], *, label: bool) -> Any:
    axis = alt.Axis(title=None, labelLimit=200) if label else alt.Axis(title=None, labels=False, ticks=False)
    y = alt.Y("estimator:N", sort=list(SHOWN.values()), axis=axis)
    offset = alt.YOffset("world:N", sort=list(WORLDS.values()))
    colour = alt.Color(
        "world:N",
        sort=list(WORLDS.values()),
        scale=alt.Scale(domain=list(WORLDS.values()), range=[ACCENTS[0], ACCENTS[1], ACCENTS[2], INK]),
        legend=alt.Legend(title=None, orient="bottom"),
    )
    base = alt.Chart(data).encode(y=y, yOffset=offset, color=colour)
    x = alt.X(f"{name}:Q", title=title, scale=alt.Scale(zero=False, nice=True))
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(x=x)
    bars = base.mark_rule(strokeWidth=1.5).encode(x=f"{name}_low:Q", x2=f"{name}_high:Q")
    targets = pd.DataFrame({"at": lines, "kind": ["limit", "target", "limit"]})
    rules = (
        alt.Chart(targets)
        .mark_rule(color=INK, strokeWidth=0.8)
        .encode(
            x="at:Q",
            strokeDash=alt.StrokeDash(
                "kind:N", scale=alt.Scale(domain=["target", "limit"], range=[[1, 0], [4, 3]]), legend=None
            ),
        )
    )
    return alt.layer(rules, bars, dots).properties(**PANEL)
