"""Figures of the evidence chapter: studies and their pool, and direct beside indirect."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
from livingpaper.book.forest import forest
from livingpaper.book.show import Drawing
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import interval_text, value_text

from study.results import Paper

LABELS, COUNTS, NUMBERS = 130, 150, 130
ROW = 26
TICKS = (0.1, 0.2, 0.5, 1, 2, 5)


def pool_forest(paper: Paper, *, pool: str, domain: tuple[float, float] = (0.1, 5)) -> Drawing:
    """Return studies as squares sized by weight, the pool as a diamond, the prediction interval below."""
    found = paper.evidence
    colour = CONTROL if pool == "baricitinib" else TREATED
    studies = found.effects[found.effects["pool"] == pool].sort_values("weight", ascending=False)
    data = _study_rows(studies, domain)
    whole = found.pools[pool]
    pooled, new = whole.ratio, np.exp(whole.prediction)
    rows = [*data["label"], "Pooled", "A new study"]
    y = alt.Y("label:N", sort=rows, scale=alt.Scale(domain=rows), title=None, axis=_label_axis())
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    x = alt.X(
        "low:Q",
        scale=scale,
        title="Ratio of deaths, drug to comparator (log scale)",
        axis=_ratio_axis(domain),
    )
    ends = pd.DataFrame(
        [
            _summary("Pooled", pooled.estimate, (pooled.conf_low, pooled.conf_high), domain),
            _summary("A new study", pooled.estimate, (float(new[0]), float(new[1])), domain),
        ]
    )
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
    chart = alt.layer(*layers).properties(width=width, height=ROW * len(rows))
    return Drawing(chart, _in_words(pool, whole.k, pooled, new), "real")


def _study_rows(studies: pd.DataFrame, domain: tuple[float, float]) -> pd.DataFrame:
    """Return the studies with clipped limits and their numbers as text."""
    return pd.DataFrame(
        {
            "label": studies["study"],
            "estimate": studies["estimate"].clip(*domain).round(4),
            "low": studies["conf_low"].clip(*domain).round(4),
            "high": studies["conf_high"].clip(*domain).round(4),
            "weight": studies["weight"].round(4),
            "counts": [_counts_text(row) for _, row in studies.iterrows()],
            "numbers": [
                _text(row["estimate"], row["conf_low"], row["conf_high"]) for _, row in studies.iterrows()
            ],
        }
    )


def _counts_text(row: pd.Series) -> str:
    weight = f"{100 * row['weight']:.0f}%"
    if pd.isna(row["deaths_drug"]) or row["basis"] != "counts":
        return f"{row['measure']}, {weight}"
    drug, other = (f"{row[f'deaths_{arm}']:.0f}/{row[f'n_{arm}']:.0f}" for arm in ("drug", "comparator"))
    return f"{drug} or {other}, {weight}"


def _text(estimate: float, low: float, high: float) -> str:
    return f"{value_text(estimate, 'ratio')} ({interval_text(low, high, 'ratio')})"


def _summary(
    label: str, estimate: float, limits: tuple[float, float], domain: tuple[float, float]
) -> dict[str, object]:
    low, high = (float(np.clip(value, *domain)) for value in limits)
    numbers = _text(estimate, *limits) if label == "Pooled" else interval_text(*limits, "ratio")
    return {"label": label, "estimate": estimate, "low": low, "high": high, "counts": "", "numbers": numbers}


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


def _label_axis() -> alt.Axis:
    return alt.Axis(ticks=False, domain=False, labelLimit=LABELS, labelPadding=8)


def _ratio_axis(domain: tuple[float, float]) -> alt.Axis:
    return alt.Axis(
        grid=False, values=[tick for tick in TICKS if domain[0] <= tick <= domain[1]], format="~g"
    )


def _in_words(pool: str, k: int, pooled: object, new: np.ndarray) -> str:
    low, high = pooled.conf_low, pooled.conf_high  # type: ignore[attr-defined]
    return (
        f"Forest plot of {k} studies of {pool}: one square per study, larger with more weight, on a log scale of "
        f"ratios of deaths. The diamond at the bottom spans {interval_text(low, high, 'ratio')}; the dashed line "
        f"below it, for a new study, spans {interval_text(float(new[0]), float(new[1]), 'ratio')}."
    )


def direct_and_indirect(paper: Paper) -> Drawing:
    """Return anakinra against baricitinib, direct and through usual care."""
    found = paper.evidence.indirect
    rows = found[~found["key"].str.endswith("usual_care")].copy()
    rows["colour"] = np.where(rows["key"] == "direct", INK, TREATED)
    labels = [
        label if key == "direct" else f"Indirect: {label[0].lower()}{label[1:]}"
        for key, label in zip(rows["key"], rows["label"], strict=True)
    ]
    chart = forest(
        rows.assign(label=labels), scale="risk ratio", domain=(0.25, 4.0), null=1.0, log=True, label_width=280,
        ticks=(0.3, 0.5, 0.7, 1, 1.5, 2, 3, 4),
        title="Ratio of deaths, anakinra to baricitinib (log scale)", text_width=120,
    )  # fmt: skip
    text = "; ".join(
        f"{label}, {_text(row.estimate, row.conf_low, row.conf_high)}"
        for label, row in zip(labels, rows.itertuples(), strict=True)
    )
    words = f"Four horizontal intervals on a log scale around the line of equal risks, the direct one black: {text}."
    return Drawing(chart, words.replace("Four", _count_word(len(rows))), "real")


def _count_word(n: int) -> str:
    return {2: "Two", 3: "Three", 4: "Four", 5: "Five"}.get(n, str(n))
