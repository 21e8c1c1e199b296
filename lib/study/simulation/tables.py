"""Tables of the simulation appendix; Monte Carlo errors stand in brackets."""

from __future__ import annotations

import pandas as pd
from livingpaper import Sheet, crosstable
from livingpaper.chapters.selection import NOT_ESTIMATED, Axis
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import value_text

WORLDS = {"null": "Null", "harm": "Harm", "benefit": "Benefit", "sharp_null": "Sharp null"}
SCENARIOS = {
    "sharp_null": "As specified",
    "hospital_and_period_left_out": "Hospital and period left out",
    "unmeasured_treatment_limitation": "Unmeasured treatment limitation",
    "poor_overlap": "Poor overlap",
    "laboratory_values_missing_by_their_value": "Laboratory values missing by their value",
    "plasmode": "Plasmode",
}
INTERVALS = {
    "crude": "Crude, Newcombe",
    "pairs": "Matched pairs, Tango",
    "iptw_sandwich": "Inverse probability weights, sandwich",
    "iptw_bootstrap": "Inverse probability weights, bootstrap",
    "ow_sandwich": "Overlap weights, sandwich",
    "ow_bootstrap": "Overlap weights, bootstrap (primary)",
    "gcomp_sandwich": "Outcome regression, sandwich",
    "aipw_influence": "Augmented weights, influence function",
}
ESTIMATES = {  # the same whatever their limits
    "crude": "Crude",
    "pairs": "Matched pairs",
    "iptw_sandwich": "Inverse probability weights",
    "ow_sandwich": "Overlap weights (primary)",
    "gcomp_sandwich": "Outcome regression",
    "aipw_influence": "Augmented weights",
}
NAIVE = {
    "none": "As specified: overlap weights",
    "one_minus_kaplan_meier": "Discharge taken for censoring: difference",
    "one_minus_kaplan_meier_risk_treated": "Discharge taken for censoring: risk, first drug",
    "one_minus_kaplan_meier_risk_control": "Discharge taken for censoring: risk, second drug",
    "adjusted_for_ventilation": "Adjusted for ventilation",
    "completers_only": "Completers only",
    "from_admission": "Followed from admission",
    "from_admission_one_drug_later": "Followed from admission, first drug started later",
}


def bias(ledger: Ledger) -> Sheet:
    """Return bias per estimator and world, and the empirical standard error without an effect."""
    rows, spread = _measure(ledger, "bias"), _measure(ledger, "empirical_se")
    cells = _cells(rows, "Bias, points", ("estimator", ESTIMATES), ("scenario", WORLDS))
    last = crosstable(spread, ("estimator", ESTIMATES), ("scenario", {"sharp_null": "Empirical SE, points"}))
    return Sheet(cells.join(last.iloc[:, 1:]), sources=(rows, spread), widths="p{4.6cm}rrrrr")


def coverage(ledger: Ledger) -> Sheet:
    """Return coverage per interval and world, and mean over empirical standard error without an effect."""
    rows, ratio = _measure(ledger, "coverage"), _measure(ledger, "se_ratio")
    cells = _cells(rows, "Coverage, %", ("estimator", INTERVALS), ("scenario", WORLDS))
    last = {"sharp_null": "Mean SE over empirical SE"}
    ratios = crosstable(ratio, ("estimator", INTERVALS), ("scenario", last))
    return Sheet(cells.join(ratios.iloc[:, 1:]), sources=(rows, ratio), widths="p{5.2cm}rrrrr")


def power(ledger: Ledger) -> Sheet:
    """Return how often each interval excludes zero: power, and type-I error without an effect."""
    rows = _measure(ledger, "rejects")
    truth = {name: ledger[f"simulation.{name}.ow_bootstrap.truth"] for name in ("harm", "benefit")}
    columns = {
        name: f"Power, {name} ({value_text(row['estimate'], row['scale'])} points)"
        for name, row in truth.items()
    } | {"sharp_null": "Type-I error"}
    cells = _cells(rows, "Intervals without zero, %", ("estimator", INTERVALS), ("scenario", columns))
    return Sheet(cells, sources=(rows, *truth.values()), widths="p{5.6cm}p{2.6cm}p{2.6cm}r")


def departures(ledger: Ledger) -> Sheet:
    """Return bias under each departure, and the coverage of overlap weights there."""
    rows, covered = _measure(ledger, "bias"), _measure(ledger, "coverage")
    names = {name: label.removesuffix(" (primary)") for name, label in ESTIMATES.items()}
    cells = _cells(rows, "Bias, points", ("scenario", SCENARIOS), ("estimator", names))
    last = {"ow_sandwich": "Coverage, overlap weights, %"}
    shares = _cells(covered, "", ("scenario", SCENARIOS), ("estimator", last))
    widths = "p{3.2cm}" + 6 * "p{1.5cm}" + "p{1.6cm}"
    return Sheet(cells.join(shares.iloc[:, 1:]), sources=(rows, covered), widths=widths)


def naive(ledger: Ledger) -> Sheet:
    """Return the bias of each naive analysis in each world."""
    rows = ledger.select("simulation.{scenario}.mistake.{mistake}.bias")
    cells = _cells(rows, "Bias, points", ("mistake", NAIVE), ("scenario", WORLDS))
    return Sheet(cells.replace(NOT_ESTIMATED, "–"), sources=(rows,), widths="p{5.6cm}rrrr")


def _measure(ledger: Ledger, name: str) -> pd.DataFrame:
    return ledger.select(f"simulation.{{scenario}}.{{estimator}}.{name}")


def _cells(rows: pd.DataFrame, corner: str, down: Axis, across: Axis) -> pd.DataFrame:
    """Return values and, in brackets, their Monte Carlo errors; both in per cent or percentage points."""

    def cell(row: pd.Series) -> str:
        unsigned = "absolute difference" if row["scale"] == "risk difference" else row["scale"]
        value, error = value_text(row["estimate"], row["scale"]), value_text(row["std_error"], unsigned)
        return f"{value} ({error})".replace("%", "")

    return crosstable(rows, down, across, cell=cell, corner=corner)
