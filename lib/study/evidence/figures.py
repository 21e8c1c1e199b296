"""Figures of the evidence chapter: studies and their pool, and direct beside indirect."""

import altair as alt
import numpy as np
import pandas as pd
from headtohead.evidence.effects import METHODS
from livingpaper import Drawing, Ledger, with_interval
from livingpaper.book.forest import ABOVE_LINE, EDGE, beside, forest, over
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, at_each_width, lines, narrow, width
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import interval_text

from study.charts import Chart, intervals, line_at, said_of
from study.evidence.printed import SOURCES
from study.evidence.tables import deaths_text

LABELS, COUNTS, NUMBERS = 130, 150, 130
ROW, ON_PHONE = 26, 50  # pixels of a row
RATIO = "Ratio of deaths, drug to comparator (log scale)"
TICKS = (0.1, 0.2, 0.5, 1, 2, 5)
DOMAIN = (0.1, 5)
COUNTED = (METHODS["counts"], METHODS["nothing"])
POOLED, NEW = "Pooled", "A new study"


@at_each_width
def pool_forest(ledger: Ledger, evidence: pd.DataFrame, *, pool: str) -> Drawing:
    """Return studies as squares sized by weight, the pool as a diamond, the prediction interval below."""
    studies = ledger.select(f"evidence.{pool}.studies.{{result}}")
    weights = ledger.select(f"evidence.{pool}.weights.{{result}}")
    deaths = ledger.select("evidence.study.{result}.deaths_{arm}")
    pooled, new = ledger[f"evidence.{pool}"], ledger[f"evidence.{pool}.prediction"]
    names = evidence.set_index(evidence["id"].map(key))["study"]
    data = _study_rows(studies.assign(study=studies["result"].map(names)), weights, deaths)
    ends = _clipped(pd.DataFrame([pooled, new])).assign(
        label=[POOLED, NEW],
        estimate=[pooled["estimate"], new["estimate"]],
        counts="",
        numbers=[with_interval(pooled, "ratio"), _limits(new)],
    )
    words = (
        f"Forest plot of {len(studies)} studies of {pool}: one square per study, larger with more weight, on a log "
        f"scale of ratios of deaths. The diamond at the bottom spans {_limits(pooled)}; the dashed line below it, "
        f"for a new study, spans {_limits(new)}."
    )
    return Drawing(_forest(data, ends), words, sources=(studies, weights, deaths, pooled, new))


def _study_rows(studies: pd.DataFrame, weights: pd.DataFrame, deaths: pd.DataFrame) -> pd.DataFrame:
    """Return the studies, the heaviest first, with clipped limits and their numbers as text."""
    share = weights.set_index("result")["estimate"] / 100
    rows = studies.assign(weight=studies["result"].map(share))
    rows = rows.sort_values("weight", ascending=False, ignore_index=True)
    counts = deaths.set_index(["result", "arm"])
    said = [
        f"{deaths_text(counts, row['result']) if row['method'] in COUNTED else row['scale']}, "
        f"{100 * row['weight']:.0f}%"
        for _, row in rows.iterrows()
    ]
    numbers = [with_interval(row, "ratio") for _, row in rows.iterrows()]
    named = {"label": rows["study"], "weight": rows["weight"].round(4), "counts": said, "numbers": numbers}
    return _clipped(rows).round(4).assign(**named)


def _clipped(rows: pd.DataFrame) -> pd.DataFrame:
    """Return estimates and limits, cut at the edges."""
    names = {"estimate": "estimate", "conf_low": "low", "conf_high": "high"}
    return rows[list(names)].astype(float).clip(*DOMAIN).rename(columns=names)


def _limits(row: pd.Series) -> str:
    return interval_text(row["conf_low"], row["conf_high"], "ratio")


def _forest(data: pd.DataFrame, ends: pd.DataFrame) -> Chart:
    rows, wide = [*data["label"], POOLED, NEW], width() - (EDGE if narrow() else LABELS + COUNTS + NUMBERS)
    axis = alt.Axis(ticks=False, domain=False, labels=not narrow(), labelLimit=LABELS, labelPadding=8)
    y = alt.Y("label:N", sort=rows, scale=alt.Scale(domain=rows), title=None, axis=axis)
    scale = alt.Scale(type="log", domain=list(DOMAIN), nice=False)
    ratios = alt.Axis(grid=False, values=list(TICKS), format="~g")
    x = alt.X("low:Q", scale=scale, title=lines(RATIO, wide), axis=ratios)
    middle, low = alt.X("estimate:Q", scale=scale), alt.X("low:Q", scale=scale)
    size = alt.Size("weight:Q", scale=alt.Scale(domain=[0, 1], range=[12, 420]), legend=None)
    base, pooled, new = (alt.Chart(part).encode(y=y) for part in (data, ends.iloc[:1], ends.iloc[1:]))
    text = _texts(alt.Chart(pd.concat([data, ends], ignore_index=True)).encode(y=y), wide)
    diamond = pooled.mark_point(shape="diamond", filled=True, size=170, opacity=1, color=CONTROL)
    return alt.layer(
        line_at(1.0, scale=scale, color=QUIET, strokeWidth=0.8),
        base.mark_rule(strokeWidth=1.4, color=INK).encode(x=x, x2=alt.X2("high:Q")),
        base.mark_square(filled=True, opacity=1, color=CONTROL).encode(
            x=middle,
            size=size,
            tooltip=said_of(label="Study", counts="Deaths and weight", numbers="Ratio of deaths"),
        ),
        pooled.mark_rule(strokeWidth=3, color=CONTROL).encode(x=low, x2=alt.X2("high:Q")),
        diamond.encode(x=middle),
        new.mark_rule(strokeWidth=2, color=CONTROL, strokeDash=[4, 3]).encode(x=low, x2=alt.X2("high:Q")),
        *text,
    ).properties(width=wide, height=(ON_PHONE if narrow() else ROW) * len(rows))


def _texts(everyone: alt.Chart, wide: int) -> list[alt.Chart]:
    """Return deaths and ratios beside the lines; on a phone above and below them, with the names."""
    if not narrow():
        return [beside(everyone, wide + 8, "counts"), beside(everyone, wide + COUNTS, "numbers")]
    name = over(everyone, 0, "label", fontWeight="bold", yOffset=ABOVE_LINE)
    ratio = over(everyone, wide, "numbers", align="right", yOffset=ABOVE_LINE)
    return [*name, *ratio, *over(everyone, wide, "counts", align="right", yOffset=-ABOVE_LINE)]


@at_each_width
def direct_and_indirect(ledger: Ledger) -> Drawing:
    """Return anakinra against baricitinib, direct and through usual care."""
    found = ledger.select("evidence.indirect.{source}")
    labels = {
        source: label if source == "direct" else f"Indirect: {label[0].lower()}{label[1:]}"
        for source, label in SOURCES.items()
    }
    rows = found.set_index("source", drop=False).loc[list(labels)]
    drawn = intervals(rows, labels.values(), np.where(rows["source"] == "direct", INK, TREATED))
    chart = forest(
        drawn, scale="risk ratio", domain=(0.25, 4.0), null=1.0, log=True, label_width=280,
        ticks=(0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4), text_width=120,
        title="Ratio of deaths, anakinra to baricitinib (log scale)",
    )  # fmt: skip
    text = "; ".join(f"{labels[source]}, {with_interval(row, 'ratio')}" for source, row in rows.iterrows())
    words = f"{len(rows)} horizontal intervals on a log scale around the line of equal risks, the direct one black: {text}."
    return Drawing(chart, words, sources=(found,))
