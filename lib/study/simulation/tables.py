"""Tables of the simulation appendix; Monte Carlo errors stand in brackets."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import percent, points

from study.cells import number
from study.results import Paper

ESTIMATORS = {
    "crude": "Crude, Newcombe",
    "pairs": "Matched pairs, Tango",
    "iptw_sandwich": "Inverse probability weights, sandwich",
    "iptw_bootstrap": "Inverse probability weights, bootstrap",
    "ow_sandwich": "Overlap weights, sandwich",
    "ow_bootstrap": "Overlap weights, bootstrap (primary)",
    "gcomp_sandwich": "Outcome regression, sandwich",
    "aipw_influence": "Augmented weights, influence function",
}
POINTS = {
    "crude": "Crude",
    "pairs": "Matched pairs",
    "iptw_sandwich": "Inverse probability weights",
    "ow_sandwich": "Overlap weights (primary)",
    "gcomp_sandwich": "Outcome regression",
    "aipw_influence": "Augmented weights",
}
WORLDS = {"null": "Null", "harm": "Harm", "benefit": "Benefit", "sharp null": "Sharp null"}
MISTAKES = {
    "none": "As specified: overlap weights",
    "one minus Kaplan-Meier": "Discharge taken for censoring: difference",
    "one minus Kaplan-Meier, risk treated": "Discharge taken for censoring: risk, first drug",
    "one minus Kaplan-Meier, risk control": "Discharge taken for censoring: risk, second drug",
    "adjusted for ventilation": "Adjusted for ventilation",
    "completers only": "Completers only",
    "from admission": "Followed from admission",
    "from admission, one drug later": "Followed from admission, first drug started later",
}


def bias(paper: Paper) -> Sheet:
    """Return bias per estimator and world, and the empirical standard error without an effect."""
    table = paper.simulation.performance
    rows = [
        [label, *(_points(_cell(table, name, world), "bias") for world in WORLDS),
         number(100 * float(_cell(table, name, "sharp null")["empirical_se"]), 1)]
        for name, label in POINTS.items()
    ]  # fmt: skip
    columns = ["Bias, points", *WORLDS.values(), "Empirical SE, points"]
    return Sheet(pd.DataFrame(rows, columns=columns), "synthetic", "p{4.6cm}rrrrr")


def coverage(paper: Paper) -> Sheet:
    """Return coverage per interval and world, and mean over empirical standard error without an effect."""
    table = paper.simulation.performance
    rows = []
    for name, label in ESTIMATORS.items():
        last = _cell(table, name, "sharp null")
        shares = [_share(_cell(table, name, world), "coverage") for world in WORLDS]
        rows.append([label, *shares, number(float(last["mean_se"] / last["empirical_se"]), 2)])
    columns = ["Coverage, %", *WORLDS.values(), "Mean SE over empirical SE"]
    return Sheet(pd.DataFrame(rows, columns=columns), "synthetic", "p{5.2cm}rrrrr")


def power(paper: Paper) -> Sheet:
    """Return how often each interval excludes zero: power, and type-I error without an effect."""
    table = paper.simulation.performance
    worlds = ("harm", "benefit", "sharp null")
    rows = [
        [label, *(_share(_cell(table, name, world), "rejects") for world in worlds)]
        for name, label in ESTIMATORS.items()
    ]
    truth = [_cell(table, "ow_bootstrap", world)["truth"] for world in worlds[:2]]
    columns = [
        "Intervals without zero, %",
        f"Power, harm ({points(truth[0])} points)",
        f"Power, benefit ({points(truth[1])} points)",
        "Type-I error",
    ]
    return Sheet(pd.DataFrame(rows, columns=columns), "synthetic", "p{5.6cm}p{2.6cm}p{2.6cm}r")


def departures(paper: Paper) -> Sheet:
    """Return bias under each departure, and the coverage and failures of overlap weights there."""
    table = paper.simulation.performance
    names = [name for name in table["scenario"].unique() if name not in WORLDS or name == "sharp null"]
    rows = []
    for scenario in names:
        last = _cell(table, "ow_sandwich", scenario)
        biases = [_points(_cell(table, name, scenario), "bias") for name in POINTS]
        label = "As specified" if scenario == "sharp null" else scenario.capitalize()
        rows.append([label, *biases, _share(last, "coverage")])
    columns = [
        "Bias, points",
        *(label.removesuffix(" (primary)") for label in POINTS.values()),
        "Coverage, overlap weights, %",
    ]
    return Sheet(
        pd.DataFrame(rows, columns=columns),
        "synthetic",
        "p{3.2cm}p{1.5cm}p{1.5cm}p{1.5cm}p{1.5cm}p{1.5cm}p{1.5cm}p{1.6cm}",
    )


def mistakes(paper: Paper) -> Sheet:
    """Return the bias of each labelled mistake in each world."""
    table = paper.simulation.mistakes.set_index(["mistake", "scenario"])
    rows = []
    for name, label in MISTAKES.items():
        cells = [
            _points(table.loc[(name, world)], "bias") if (name, world) in table.index else "–"
            for world in WORLDS
        ]
        rows.append([label, *cells])
    columns = ["Bias, points", *WORLDS.values()]
    return Sheet(pd.DataFrame(rows, columns=columns), "synthetic", "p{5.6cm}rrrr")


def _cell(table: pd.DataFrame, estimator: str, scenario: str) -> pd.Series:
    mine = table[(table["estimator"] == estimator) & (table["scenario"] == scenario)]
    return mine.iloc[0]


def _points(row: pd.Series, name: str) -> str:
    return f"{points(float(row[name]))} ({number(100 * float(row[f'{name}_mc']), 1)})"


def _share(row: pd.Series, name: str) -> str:
    value, error = (percent(float(row[column])).removesuffix("%") for column in (name, f"{name}_mc"))
    return f"{value} ({error})"
