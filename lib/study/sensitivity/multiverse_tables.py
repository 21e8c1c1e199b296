"""Tables of the specification curve."""

from __future__ import annotations

import pandas as pd
from headtohead.sensitivity.multiverse import summary_by
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import percent, points, value_text

from study.cohort.figures import origin
from study.results import Paper

ESTIMANDS = {
    "crude": "Crude, unadjusted",
    "ATE": "ATE",
    "matched": "Matched patients",
    "ATO": "ATO",
    "ATM": "ATM",
    "ATT": "ATT",
}


def grid(paper: Paper) -> Sheet:
    """Return the full product, what was left out of it and why, and what remains."""
    table = paper.multiverse.grid
    left_out = table[table["excluded"] != ""]
    rows = [
        ["All combinations", value_text(float(table["n"].sum()), "count")],
        *([f"Left out: {row.excluded}", value_text(float(row.n), "count")] for row in left_out.itertuples()),
        ["Specifications", value_text(float(table["n"].sum() - left_out["n"].sum()), "count")],
    ]
    return Sheet(pd.DataFrame(rows, columns=["Combination of choices", "Number"]), "design", "p{11cm}r")


@outcome_by_arm
def by_estimand(paper: Paper) -> Sheet:
    """Return how the estimates of each estimand are spread."""
    spread = summary_by(paper.multiverse.curve, "estimand", margin=paper.protocol.equivalence.margin_pp / 100)
    rows = [
        [
            ESTIMANDS[row.level],
            value_text(float(row.n), "count"),
            points(row.median),
            f"{points(row.q1)} to {points(row.q3)}",
            f"{points(row.low)} to {points(row.high)}",
            percent(row.positive),
            percent(row.beyond),
        ]
        for row in spread.itertuples()
    ]
    columns = [
        "Estimand",
        "Specifications",
        "Median",
        "Middle half",
        "Middle nine tenths",
        "Above zero",
        "Beyond the margin",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "lrrrrrr")


@outcome_by_arm
def joint(paper: Paper) -> Sheet:
    """Return the statistics of the whole curve with their joint p-values."""
    rows = [
        [
            "All outcomes" if row.facet == "all" else row.facet.capitalize(),
            value_text(float(row.n), "count"),
            f"{points(row.median)} (p = {value_text(row.p_median, 'p value')})",
            points(row.null_median),
            f"{percent(row.small_p)} (p = {value_text(row.p_small_p, 'p value')})",
            f"{percent(row.one_sign)} (p = {value_text(row.p_one_sign, 'p value')})",
        ]
        for row in paper.multiverse.joint.itertuples()
    ]
    alpha = paper.protocol.equivalence.alpha
    columns = [
        "Outcome",
        "Specifications",
        "Median, points",
        "Median without effect",
        f"p below {alpha:g}",
        "One sign",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{2.8cm}rp{2.5cm}rp{2.5cm}p{2.5cm}")


@outcome_by_arm
def variance(paper: Paper) -> Sheet:
    """Return which choices move the estimate."""
    shares = paper.multiverse.variance.sort_values(ascending=False)
    rows = [[str(axis).capitalize(), percent(float(share))] for axis, share in shares.items()]
    return Sheet(pd.DataFrame(rows, columns=["Choice", "Share of the variance"]), origin(paper), "lr")
