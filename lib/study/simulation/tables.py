"""Tables of the simulation appendix; Monte Carlo errors stand in brackets."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from livingpaper import Sheet, crosstable
from livingpaper.chapters.selection import NOT_ESTIMATED
from livingpaper.chapters.session import Ledger
from livingpaper.ledger.format import value_text

Labels = Mapping[str, str]
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
    columns = _by_world("bias") | {"Empirical SE, points": "simulation.sharp_null.{line}.empirical_se"}
    return _sheet(ledger, "Bias, points", ESTIMATES, columns, "p{4.6cm}rrrrr")


def coverage(ledger: Ledger) -> Sheet:
    """Return coverage per interval and world, and mean over empirical standard error without an effect."""
    columns = _by_world("coverage") | {"Mean SE over empirical SE": "simulation.sharp_null.{line}.se_ratio"}
    return _sheet(ledger, "Coverage, %", INTERVALS, columns, "p{5.2cm}rrrrr")


def power(ledger: Ledger) -> Sheet:
    """Return how often each interval excludes zero: power, and type-I error without an effect."""
    truths = [ledger[f"simulation.{world}.ow_bootstrap.truth"] for world in ("harm", "benefit")]
    harm, benefit = (value_text(row["estimate"], row["scale"]) for row in truths)
    columns = {
        f"Power, harm ({harm} points)": "simulation.harm.{line}.rejects",
        f"Power, benefit ({benefit} points)": "simulation.benefit.{line}.rejects",
        "Type-I error": "simulation.sharp_null.{line}.rejects",
    }
    widths = "p{5.6cm}p{2.6cm}p{2.6cm}r"
    return _sheet(ledger, "Intervals without zero, %", INTERVALS, columns, widths, *truths)


def departures(ledger: Ledger) -> Sheet:
    """Return bias under each departure, and the coverage of overlap weights there."""
    names = {label.removesuffix(" (primary)"): name for name, label in ESTIMATES.items()}
    columns = {label: f"simulation.{{line}}.{name}.bias" for label, name in names.items()}
    columns["Coverage, overlap weights, %"] = "simulation.{line}.ow_sandwich.coverage"
    return _sheet(ledger, "Bias, points", SCENARIOS, columns, "p{3.2cm}" + 6 * "p{1.5cm}" + "p{1.6cm}")


def naive(ledger: Ledger) -> Sheet:
    """Return the bias of each naive analysis in each world."""
    columns = {label: f"simulation.{world}.mistake.{{line}}.bias" for world, label in WORLDS.items()}
    return _sheet(ledger, "Bias, points", NAIVE, columns, "p{5.6cm}rrrr")


def _by_world(measure: str) -> dict[str, str]:
    return {label: f"simulation.{world}.{{line}}.{measure}" for world, label in WORLDS.items()}


def _sheet(
    ledger: Ledger, corner: str, lines: Labels, columns: Labels, widths: str, *others: pd.Series
) -> Sheet:
    """Return a table from the pattern of each column; a dash where a combination does not exist."""
    rows = pd.concat([ledger.select(pattern).assign(column=label) for label, pattern in columns.items()])
    across = ("column", {label: label for label in columns})
    cells = crosstable(rows, ("line", lines), across, cell=_with_error, corner=corner)
    return Sheet(cells.replace(NOT_ESTIMATED, "–"), sources=(rows, *others), widths=widths)


def _with_error(row: pd.Series) -> str:
    """Return a number, and the Monte Carlo error of a bias or a share; in per cent or percentage points."""
    value = value_text(row["estimate"], row["scale"])
    if row["scale"] not in ("risk difference", "risk"):
        return value
    error = value_text(
        row["std_error"], "absolute difference" if row["scale"] == "risk difference" else "risk"
    )
    return f"{value} ({error})".replace("%", "")
