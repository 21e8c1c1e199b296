"""Figures of the evidence chapter: studies and their pool, and direct beside indirect."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
from headtohead.evidence.effects import METHODS
from livingpaper import Drawing, with_interval
from livingpaper.book.forest import forest
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.chapters.recording import key
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import interval_text

from study.evidence.printed import SOURCES
from study.evidence.tables import deaths_text

LABELS, COUNTS, NUMBERS = 130, 150, 130
ROW = 26
TICKS = (0.1, 0.2, 0.5, 1, 2, 5)
DOMAIN = (0.1, 5)


def pool_forest(ledger: Ledger, evidence: pd.DataFrame, *, pool: str) -> Drawing:
    """Return studies as squares sized by weight, the pool as a diamond, the prediction interval below."""
    studies = ledger.select(f"evidence.{pool}.studies.{{result}}")
    weights = ledger.select(f"evidence.{pool}.weights.{{result}}")
    deaths = ledger.select("evidence.study.{result}.deaths_{arm}")
    pooled, new = ledger[f"evidence.{pool}"], ledger[f"evidence.{pool}.prediction"]
    names = evidence.set_index(evidence["id"].map(key))["study"]
    data = _study_rows(studies.assign(study=studies["result"].map(names)), weights, deaths)
    ends = pd.DataFrame([_end("Pooled", pooled, _text(pooled)), _end("A new study", new, _limits(new))])
    colour = CONTROL if pool == "baricitinib" else TREATED
    chart = _forest(data, ends, colour)
    words = (
        f"Forest plot of {len(studies)} studies of {pool}: one square per study, larger with more weight, on a log "
        f"scale of ratios of deaths. The diamond at the bottom spans {_limits(pooled)}; the dashed line below it, "
        f"for a new study, spans {_limits(new)}."
    )
    return Drawing(chart, words, sources=(studies, weights, deaths, pooled, new))


def _forest(data: pd.DataFrame, ends: pd.DataFrame, colour: str) -> alt.TopLevelMixin:
    rows = [*data["label"], "Pooled", "A new study"]
    axis = alt.Axis(ticks=False, domain=False, labelLimit=LABELS, labelPadding=8)
    ratios = alt.Axis(grid=False, values=list(TICKS), format="~g")
    y = alt.Y("label:N", sort=rows, scale=alt.Scale(domain=rows), title=None, axis=axis)
    scale = alt.Scale(type="log", domain=list(DOMAIN), nice=False)
    title = "Ratio of deaths, drug to comparator (log scale)"
    x = alt.X("low:Q", scale=scale, title=title, axis=ratios)
    width = WIDTH - LABELS - COUNTS - NUMBERS
    both = pd.concat([data, ends], ignore_index=True)
    base, null = alt.Chart(data), alt.Chart(pd.DataFrame({"at": [1.0]}))
    layers = [
        null.mark_rule(color=QUIET, strokeWidth=0.8).encode(x=alt.X("at:Q", scale=scale)),
        base.mark_rule(strokeWidth=1.4, color=INK).encode(x=x, x2="high:Q", y=y),
        base.mark_square(filled=True, opacity=1, color=colour).encode(
            x=alt.X("estimate:Q", scale=scale), y=y,
            size=alt.Size("weight:Q", scale=alt.Scale(domain=[0, 1], range=[12, 420]), legend=None),
            tooltip=["label:N", "numbers:N"],
        ),
        *_ends(ends, scale, y, colour),
        _words(both, y, "counts", width + 8),
        _words(both, y, "numbers", width + COUNTS),
    ]  # fmt: skip
    return alt.layer(*layers).properties(width=width, height=ROW * len(rows))


def _study_rows(studies: pd.DataFrame, weights: pd.DataFrame, deaths: pd.DataFrame) -> pd.DataFrame:
    """Return the studies, the heaviest first, with clipped limits and their numbers as text."""
    share = weights.set_index("result")["estimate"]
    rows = studies.assign(weight=studies["result"].map(share / 100))
    rows = rows.sort_values("weight", ascending=False, ignore_index=True)
    counts = deaths.set_index(["result", "arm"])
    said = [
        deaths_text(counts, row["result"]) if row["method"] == METHODS["counts"] else row["scale"]
        for _, row in rows.iterrows()
    ]
    return pd.DataFrame(
        {
            "label": rows["study"],
            "estimate": rows["estimate"].clip(*DOMAIN).round(4),
            "low": rows["conf_low"].clip(*DOMAIN).round(4),
            "high": rows["conf_high"].clip(*DOMAIN).round(4),
            "weight": rows["weight"].round(4),
            "counts": [f"{what}, {100 * w:.0f}%" for what, w in zip(said, rows["weight"], strict=True)],
            "numbers": [_text(row) for _, row in rows.iterrows()],
        }
    )


def _text(row: pd.Series) -> str:
    return with_interval(row, "ratio")


def _limits(row: pd.Series) -> str:
    return interval_text(row["conf_low"], row["conf_high"], "ratio")


def _end(label: str, row: pd.Series, numbers: str) -> dict[str, object]:
    low, high = (float(np.clip(row[limit], *DOMAIN)) for limit in ("conf_low", "conf_high"))
    return {
        "label": label, "estimate": row["estimate"], "low": low, "high": high, "counts": "", "numbers": numbers
    }  # fmt: skip


def _ends(ends: pd.DataFrame, scale: alt.Scale, y: alt.Y, colour: str) -> list[alt.Chart]:
    """Return the diamond of the pool on its interval, and the dashed prediction interval."""
    pooled, new = (alt.Chart(ends[ends["label"] == label]) for label in ("Pooled", "A new study"))
    low, middle = alt.X("low:Q", scale=scale), alt.X("estimate:Q", scale=scale)
    return [
        pooled.mark_rule(strokeWidth=3, color=colour).encode(x=low, x2="high:Q", y=y),
        pooled.mark_point(shape="diamond", filled=True, size=170, opacity=1, color=colour).encode(
            x=middle, y=y
        ),
        new.mark_rule(strokeWidth=2, color=colour, strokeDash=[4, 3]).encode(x=low, x2="high:Q", y=y),
    ]


def _words(data: pd.DataFrame, y: alt.Y, column: str, at: int) -> alt.Chart:
    return (
        alt.Chart(data).mark_text(align="left", fontSize=11).encode(x=alt.value(at), y=y, text=f"{column}:N")
    )


def direct_and_indirect(ledger: Ledger) -> Drawing:
    """Return anakinra against baricitinib, direct and through usual care."""
    found = ledger.select("evidence.indirect.{source}")
    rows = found.set_index("source", drop=False).loc[list(SOURCES)].reset_index(drop=True)
    labels = [
        label if source == "direct" else f"Indirect: {label[0].lower()}{label[1:]}"
        for source, label in SOURCES.items()
    ]
    colours = np.where(rows["source"] == "direct", INK, TREATED)
    drawn = rows[["estimate", "conf_low", "conf_high"]].assign(label=labels, colour=colours)
    chart = forest(
        drawn, scale="risk ratio", domain=(0.25, 4.0), null=1.0, log=True, label_width=280,
        ticks=(0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4),
        title="Ratio of deaths, anakinra to baricitinib (log scale)", text_width=120,
    )  # fmt: skip
    text = "; ".join(
        f"{label}, {_text(row)}" for label, (_, row) in zip(labels, rows.iterrows(), strict=True)
    )
    words = f"Four horizontal intervals on a log scale around the line of equal risks, the direct one black: {text}."
    return Drawing(chart, words, sources=(found,))
