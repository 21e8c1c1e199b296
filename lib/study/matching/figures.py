"""Charts of the matching chapter: scores, balance and what each adjustment costs."""

from __future__ import annotations

import re
from typing import Any

import altair as alt
import pandas as pd
from livingpaper.book.show import Drawing
from livingpaper.book.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from livingpaper.ledger.format import value_text

from study.arms import arm_colour, arm_names
from study.cohort.figures import origin
from study.results import Paper

PANELS = {
    "Matching": {"pairs": "Matched pairs", "optimal": "Optimal pairs", "exact": "Pairs, exact on more"},
    "Weighting": {
        "ato": "Overlap weights",
        "atm": "Matching weights",
        "att": "Weights for the treated",
        "truncated": "Inverse probability, truncated",
    },
}
LOOKS = (("square", TREATED), ("triangle-up", "#009E73"), ("diamond", CONTROL), ("cross", "#CC79A7"))


def term_labels(paper: Paper) -> dict[str, str]:
    """Return readable names of the columns of the propensity model."""
    known = paper.dictionary.set_index("name")["label"]

    def label(term: str) -> str:
        base = re.sub(r"^log |'+$|\[.*\]$", "", term)
        text = known.get(base, base)
        level = re.search(r"\[(.*)\]$", term)
        extra = f": {level.group(1)}" if level else ""
        extra += ", logarithm" if term.startswith("log ") else ""
        return f"{text}{extra}" + (" (curvature)" if term.endswith("'") else "")

    terms = paper.study.matching.balance["covariate"].unique()
    return {term: label(term) for term in terms}


def score_histogram(paper: Paper) -> Drawing:
    """Return the scores of both arms back to back."""
    names, table = arm_names(paper.protocol), paper.study.matching.histogram
    data = pd.concat(
        [
            table[["low", "high"]].assign(
                arm=names["treated"], patients=table["treated"], shown=table["treated"]
            ),
            table[["low", "high"]].assign(
                arm=names["control"], patients=table["control"], shown=-table["control"]
            ),
        ]
    )
    x = alt.X(
        "low:Q",
        title=f"Propensity score: probability of {paper.protocol.arms.treated}",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(grid=False),
    )
    y = alt.Y("shown:Q", title="Patients", axis=alt.Axis(labelExpr="abs(datum.value)", grid=False))
    bars = (
        alt.Chart(data)
        .mark_bar(binSpacing=1)
        .encode(
            x=x,
            x2="high:Q",
            y=y,
            y2=alt.datum(0),
            color=arm_colour(paper.protocol, (TREATED, CONTROL), title=None),
            tooltip=["arm:N", "patients:Q", "low:Q", "high:Q"],
        )
    )
    zero = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule(color=INK, strokeWidth=0.8).encode(y="at:Q")
    overlap = paper.study.matching.overlap
    return Drawing(
        alt.layer(bars, zero).properties(width=WIDTH - 70, height=220),
        f"Mirrored histogram of the propensity score, {names['treated']} above the line and {names['control']} below. Both arms "
        f"have patients from {value_text(overlap['common_low'], 'score')} to {value_text(overlap['common_high'], 'score')}; "
        f"{overlap['outside']:.0f} patients lie outside that range.",
        origin(paper),
    )


def love_plot(paper: Paper) -> Drawing:
    """Return absolute standardised differences: crude beside each matching, and beside each weighting."""
    labels, found = term_labels(paper), paper.study.matching
    data = pd.DataFrame(
        {
            "covariate": found.balance["covariate"].map(labels),
            "smd": found.balance["smd"].abs().round(4),
            "key": found.balance["key"],
        }
    )
    crude = data[data["key"] == "crude"].sort_values("smd", ascending=False)
    order, top = list(crude["covariate"]), float(data["smd"].max()) * 1.04
    made = set(data["key"])
    panels = [
        _love_panel(data, title, {key: name for key, name in ways.items() if key in made}, order, top, paper)
        for title, ways in PANELS.items()
    ]
    worst = data.groupby("key")["smd"].max()
    words = "; ".join(
        f"{name.lower()} {value_text(worst[key], 'smd')}"
        for ways in ({"crude": "Crude"}, *PANELS.values())
        for key, name in ways.items()
        if key in made
    )
    return Drawing(
        alt.hconcat(*panels, spacing=14).resolve_scale(color="independent", shape="independent"),
        f"Two dot plots of {len(order)} covariates, matching on the left, weighting on the right. Largest difference: {words}; "
        f"a dashed line marks {paper.protocol.balance.smd_threshold:g}.",
        origin(paper),
    )


def _love_panel(
    data: pd.DataFrame, title: str, ways: dict[str, str], order: list[str], top: float, paper: Paper
) -> Any:
    """Return one panel; the crude differences are a hollow circle in each."""
    names = {"crude": "Crude", **ways}
    mine = data[data["key"].isin(names)].assign(way=lambda d: d["key"].map(names))
    first = title == next(iter(PANELS))
    y = alt.Y(
        "covariate:N",
        sort=order,
        title=None,
        axis=alt.Axis(grid=True, ticks=False, domain=False, labels=first, labelLimit=230, labelPadding=8),
    )
    x = alt.X(
        "smd:Q",
        title="Absolute standardised difference",
        scale=alt.Scale(domain=[0, top], nice=False),
        axis=alt.Axis(grid=False, tickCount=5),
    )
    shapes, colours = zip(("circle", QUIET), *LOOKS[: len(ways)], strict=True)
    domain = list(names.values())
    points = alt.Chart(mine).mark_point(filled=True, size=48, opacity=0.9).encode(
        x=x, y=y,
        color=alt.Color("way:N", title=None, scale=alt.Scale(domain=domain, range=list(colours)),
                        legend=alt.Legend(orient="bottom", columns=1, labelLimit=200)),
        shape=alt.Shape("way:N", title=None, scale=alt.Scale(domain=domain, range=list(shapes))),
        tooltip=["covariate:N", "way:N", "smd:Q"],
    )  # fmt: skip
    limit = (
        alt.Chart(pd.DataFrame({"at": [paper.protocol.balance.smd_threshold]}))
        .mark_rule(color=INK, strokeDash=[3, 3])
        .encode(x="at:Q")
    )
    return alt.layer(limit, points).properties(width=(WIDTH - 250) / 2, height=20 * len(order), title=title)
