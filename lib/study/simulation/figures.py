"""Chart of the simulation appendix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import altair as alt
import pandas as pd
from livingpaper import Drawing
from livingpaper.book.theme import ACCENTS, INK, WIDTH
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import percent, points

from study.simulation.tables import ESTIMATES, WORLDS

MEASURES = ("bias", "coverage")
SHOWN = {name.replace("w_sandwich", "w_bootstrap"): label for name, label in ESTIMATES.items()}  # of weights
PANEL = {"width": (WIDTH - 190) / 2, "height": 300}


def bias_and_coverage(ledger: Ledger, conf_level: float) -> Drawing:
    """Return bias and coverage of each estimator in each world, with their Monte Carlo intervals."""
    rows = pd.concat([ledger.select(f"simulation.{{scenario}}.{{estimator}}.{name}") for name in MEASURES])
    rows = rows[rows["estimator"].isin(SHOWN) & rows["scenario"].isin(WORLDS)]
    bias, coverage = (rows[rows["id"].str.endswith(name)] for name in MEASURES)
    left = _panel(bias, "Bias, percentage points", [-0.5, 0, 0.5], label=True)
    title = f"Coverage of {100 * conf_level:g}% intervals, %"
    targets = [100 * conf_level + gap for gap in (-1.5, 0, 1.5)]
    right = _panel(coverage, title, targets, label=False)
    words = "; ".join(
        f"{label} from {_range(bias, name, points)} points and from {_range(coverage, name, percent)}"
        for name, label in SHOWN.items()
    )
    said = f"Two panels with one row per estimator and one point per world. Bias and coverage: {words}."
    return Drawing(alt.hconcat(left, right, spacing=16), said, sources=(rows,))


def _range(rows: pd.DataFrame, name: str, text: Callable[[float], str]) -> str:
    values = rows.loc[rows["estimator"] == name, "estimate"]
    return f"{text(values.min())} to {text(values.max())}"


def _panel(rows: pd.DataFrame, title: str, lines: list[float], *, label: bool) -> Any:
    """Return one measure in per cent with its Monte Carlo intervals, and its targets as lines."""
    half = 1.96 * rows["std_error"]
    limits = {"at": rows["estimate"], "low": rows["estimate"] - half, "high": rows["estimate"] + half}
    data = pd.DataFrame(
        {"estimator": rows["estimator"].map(SHOWN), "world": rows["scenario"].map(WORLDS)}
        | {name: (100 * value).round(3) for name, value in limits.items()}
    )
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
    x = alt.X("at:Q", title=title, scale=alt.Scale(zero=False, nice=True))
    dots = base.mark_point(filled=True, size=40, opacity=1).encode(x=x)
    bars = base.mark_rule(strokeWidth=1.5).encode(x="low:Q", x2="high:Q")
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
