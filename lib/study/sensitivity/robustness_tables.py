"""Tables of the robustness checks."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.blinding import outcome_by_arm
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import percent, value_text

from study.cells import NOT_ESTIMATED, with_interval
from study.cohort.figures import origin
from study.results import Paper

HANDLING = {
    "complete": "Complete cases",
    "single": "Filled once (primary)",
    "multiple": "Multiple imputation",
}
OUTCOMES = {"imv_or_death": "Ventilation or death"}


@outcome_by_arm
def missing(paper: Paper) -> Sheet:
    """Return the primary difference under three ways of handling missing covariates."""
    names = {paper.protocol.estimand.primary.lower(): "Weights", "pairs": "Pairs"}
    rows = [
        [
            f"{names[row['key']]}: {HANDLING[row['handling']].lower()}",
            _or_dash(row["patients"], "count"),
            _pairs(row),
            with_interval(row, "risk difference"),
            _or_dash(row["fmi"], "risk"),
            _or_dash(row["mc_error"], "absolute difference"),
        ]
        for _, row in paper.robustness.missing.iterrows()
    ]
    columns = [
        "Adjustment and missing values",
        "Patients",
        "Pairs",
        "Risk difference, points",
        "Missing information",
        "Monte Carlo error",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{4.6cm}rrrrr")


def _or_dash(value: float, scale: str) -> str:
    return "–" if pd.isna(value) else value_text(float(value), scale)


def _pairs(row: pd.Series) -> str:
    low, high = row["pairs_low"], row["pairs_high"]
    if pd.isna(low):
        return "–"
    return f"{low:.0f}" if low == high else f"{low:.0f} to {high:.0f}"


@outcome_by_arm
def hidden_bias(paper: Paper) -> Sheet:
    """Return the one-sided p-values that a hidden bias of each strength allows."""
    rows = [
        [
            value_text(row.gamma, "ratio"),
            *(NOT_ESTIMATED if pd.isna(p) else value_text(p, "p value") for p in (row.p_low, row.p_high)),
        ]
        for row in paper.robustness.hidden_bias.itertuples()
    ]
    columns = ["Odds of treatment differ by up to", "Smallest p-value", "Largest p-value"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "rrr")


@outcome_by_arm
def negative_controls(paper: Paper) -> Sheet:
    """Return the differences of outcomes on which the drugs cannot have acted."""
    dictionary = paper.dictionary.set_index("name")["label"]
    ways = {"crude": "crude", "pairs": "pairs", paper.protocol.estimand.primary.lower(): "weights"}
    table = paper.robustness.negative
    rows = []
    for (outcome, horizon), part in table.groupby(["outcome", "horizon_days"], sort=False):
        label = OUTCOMES.get(str(outcome)) or str(dictionary[outcome])
        for name, words in ways.items():
            mine = part[part["key"] == name].set_index("scale")
            row = mine.loc["risk difference"].copy()
            events = [f"{mine.at[f'risk, {arm}', 'events']:.0f}" for arm in ("treated", "control")]
            when = (
                "in the stay"
                if horizon == paper.protocol.outcome.whole_stay_days
                else f"by day {horizon:.0f}"
            )
            rows.append([f"{label} {when}, {words}", *events, with_interval(row, "risk difference")])
    arms = paper.protocol.arms
    columns = [
        "Outcome and adjustment",
        f"Events, {arms.treated}",
        f"Events, {arms.control}",
        "Risk difference, points",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{5.6cm}rrr")


@outcome_by_arm
def benchmarks(paper: Paper) -> Sheet:
    """Return how much each observed covariate, left out, could confound."""
    arms = paper.protocol.arms
    rows = [
        [
            covariate_label(row.covariate, paper.dictionary),
            percent(row.prevalence_treated),
            percent(row.prevalence_control),
            *(
                NOT_ESTIMATED if pd.isna(v) else value_text(v, "ratio")
                for v in (row.with_arm, row.with_outcome, row.bound)
            ),
        ]
        for row in paper.robustness.benchmarks.itertuples()
    ]
    columns = [
        "Covariate",
        arms.treated.capitalize(),
        arms.control.capitalize(),
        "Ratio between arms",
        "Risk ratio of death",
        "Largest bias factor",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{5cm}rrrrr")


def covariate_label(text: str, dictionary: pd.DataFrame) -> str:
    """Return "column|level" as it is printed."""
    name, _, level = text.partition("|")
    label = str(dictionary.set_index("name").at[name, "label"])
    return f"{label} {level}" if level else label


@outcome_by_arm
def interactions(paper: Paper) -> Sheet:
    """Return how far the levels of each subgroup column are apart on both scales, and what could have been found."""
    labels, found = paper.dictionary.set_index("name")["label"], paper.robustness.interactions
    rows = []
    for column, part in found.groupby("column", sort=False):
        on = part.set_index("scale")
        difference, ratio = on.loc["risk difference"], on.loc["hazard ratio"]
        rows.append(
            [
                str(labels[column]),
                with_interval(difference.rename({"difference": "estimate"}), "risk difference"),
                _known(difference["detectable"], "absolute difference"),
                _known(difference["p_value"], "p value"),
                with_interval(ratio.rename({"difference": "estimate"}), "ratio"),
                _known(ratio["p_value"], "p value"),
            ]
        )
    columns = [
        "Subgroups by",
        "Difference, points",
        "Detectable",
        "p-value",
        "Ratio of hazard ratios",
        "p-value ",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{3.2cm}rrrrr")


def _known(value: float, scale: str) -> str:
    return NOT_ESTIMATED if pd.isna(value) else value_text(value, scale)
