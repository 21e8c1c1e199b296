"""Tables of the simulation appendix; Monte Carlo errors stand in brackets."""

from collections.abc import Mapping

import pandas as pd
from livingpaper import Ledger, Sheet, crosstable
from livingpaper.chapters.recording import NOT_ESTIMATED
from livingpaper.ledger.format import value_text

from study.labels import ESTIMATORS, INTERVALS, NAIVE_SIMULATED, SCENARIOS, SIMULATED

Labels = Mapping[str, str]
ERRORS = {"risk difference": "absolute difference", "risk": "risk"}  # the scale of the Monte Carlo error


def bias(ledger: Ledger) -> Sheet:
    """Return bias per estimator and world, and the empirical standard error without an effect."""
    columns = _by_world("bias") | {"Empirical SE, points": "simulation.sharp_null.{line}.empirical_se"}
    return _sheet(ledger, "Bias, points", ESTIMATORS, columns, "p{4.6cm}rrrrr")


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
    return _sheet(
        ledger, "Intervals without zero, %", INTERVALS, columns, "p{5.6cm}p{2.6cm}p{2.6cm}r", *truths
    )


def departures(ledger: Ledger) -> Sheet:
    """Return bias under each departure, and the coverage of overlap weights there."""
    columns = {label: f"simulation.{{line}}.{name}.bias" for name, label in ESTIMATORS.items()}
    columns["Coverage, overlap weights, %"] = "simulation.{line}.ow_sandwich.coverage"
    return _sheet(ledger, "Bias, points", SCENARIOS, columns, "p{3.2cm}" + 6 * "p{1.5cm}" + "p{1.6cm}")


def naive(ledger: Ledger) -> Sheet:
    """Return the bias of each naive analysis in each world."""
    columns = _by_world("bias", "mistake.")
    return _sheet(ledger, "Bias, points", NAIVE_SIMULATED, columns, "p{5.6cm}rrrr")


def _by_world(measure: str, of: str = "") -> dict[str, str]:
    return {label: f"simulation.{world}.{of}{{line}}.{measure}" for world, label in SIMULATED.items()}


def _sheet(
    ledger: Ledger, corner: str, lines: Labels, columns: Labels, widths: str, *others: pd.Series
) -> Sheet:
    """Return a table from the pattern of each column; a dash where a combination does not exist."""
    rows = pd.concat([ledger.select(pattern).assign(column=label) for label, pattern in columns.items()])
    cells = crosstable(rows, ("line", lines), "column", cell=_with_error, corner=corner)
    return Sheet(cells.replace(NOT_ESTIMATED, "–"), sources=(rows, *others), widths=widths)


def _with_error(row: pd.Series) -> str:
    """Return a number, and the Monte Carlo error of a bias or a share; in per cent or percentage points."""
    value = value_text(row["estimate"], row["scale"])
    if row["scale"] not in ERRORS:
        return value
    return f"{value} ({value_text(row['std_error'], ERRORS[row['scale']])})".replace("%", "")
