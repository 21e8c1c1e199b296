"""Charts of the matching chapter: scores, balance and what each adjustment costs."""

from __future__ import annotations

import re

import altair as alt
import pandas as pd

from headtohead.paper.figures.cohort import origin
from headtohead.paper.figures.common import arm_colour, arm_names
from headtohead.paper.format import value_text
from headtohead.paper.show import Drawing
from headtohead.paper.theme import CONTROL, INK, QUIET, TREATED, WIDTH
from headtohead.study.results import Paper

WAYS = {"crude": "Crude", "pairs": "Matched pairs", "ato": "Overlap weights"}
SHAPES = {"Crude": "circle", "Matched pairs": "square", "Overlap weights": "diamond"}


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
    """Return absolute standardised differences, crude, in pairs and weighted."""
    labels, threshold = term_labels(paper), paper.protocol.balance.smd_threshold
    table = paper.study.matching.balance
    table = table[table["key"].isin(WAYS)]
    data = pd.DataFrame(
        {
            "covariate": table["covariate"].map(labels),
            "smd": table["smd"].abs().round(4),
            "way": table["key"].map(WAYS),
        }
    )
    order = list(data[data["way"] == "Crude"].sort_values("smd", ascending=False)["covariate"])
    y = alt.Y(
        "covariate:N",
        sort=order,
        title=None,
        axis=alt.Axis(grid=True, ticks=False, domain=False, labelLimit=260),
    )
    x = alt.X(
        "smd:Q",
        title="Absolute standardised mean difference (pooled SD of the unadjusted sample)",
        scale=alt.Scale(domainMin=0),
        axis=alt.Axis(grid=False),
    )
    domain = list(WAYS.values())
    points = alt.Chart(data).mark_point(filled=True, size=62, opacity=0.95).encode(
        x=x, y=y,
        color=alt.Color("way:N", scale=alt.Scale(domain=domain, range=[QUIET, CONTROL, TREATED])),
        shape=alt.Shape("way:N", scale=alt.Scale(domain=domain, range=[SHAPES[way] for way in domain])),
        tooltip=["covariate:N", "way:N", "smd:Q"],
    )  # fmt: skip
    limit = (
        alt.Chart(pd.DataFrame({"at": [threshold]})).mark_rule(color=INK, strokeDash=[3, 3]).encode(x="at:Q")
    )
    worst = data.groupby("way")["smd"].max()
    return Drawing(
        alt.layer(limit, points).properties(width=WIDTH - 260, height=20 * len(order)),
        f"Dot plot of {len(order)} covariates. The largest difference is {value_text(worst['Crude'], 'smd')} crude, "
        f"{value_text(worst['Matched pairs'], 'smd')} in matched pairs and {value_text(worst['Overlap weights'], 'smd')} under "
        f"overlap weights; a dashed line marks {threshold:g}.",
        origin(paper),
    )
