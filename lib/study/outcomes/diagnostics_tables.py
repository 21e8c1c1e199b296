"""The table of the diagnostics."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
from livingpaper.book.show import Sheet
from livingpaper.ledger.format import interval_text, value_text

from study.cohort.figures import origin
from study.matching.figures import term_labels
from study.results import Paper

RULES = {"at most": "≤ {}", "at least": "≥ {}", "within": "interval within ± {}"}
UNITS = {"absolute difference": " points", "risk difference": " points"}


def panel(paper: Paper) -> Sheet:
    """Return each check with its threshold, its value and whether it holds."""
    labels = paper.dictionary.set_index("name")["label"].to_dict() | term_labels(paper)
    rows = [
        [_named(row.diagnostic, labels), _threshold(row), _value(row), "pass" if row.passed else "fail"]
        for row in paper.study.diagnostics.itertuples()
    ]
    columns = ["Diagnostic", "Threshold", "Found", "Verdict"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{6.6cm}rrr")


def _threshold(row: Any) -> str:
    scale = "absolute difference" if row.rule == "within" else row.scale
    return RULES[row.rule].format(value_text(float(row.threshold), scale)) + UNITS.get(scale, "")


def _value(row: Any) -> str:
    if pd.isna(row.value):
        return "not estimable"
    text = value_text(float(row.value), row.scale)
    limits = "" if pd.isna(row.low) else f" ({interval_text(row.low, row.high, row.scale)})"
    return f"{text}{limits}{UNITS.get(row.scale, '')}"


def _named(diagnostic: str, labels: Mapping[str, str]) -> str:
    """Return the words of a check with the label of the column that they name in brackets."""
    return re.sub(r"\(([^()]+)\)$", lambda found: f"({labels.get(found[1], found[1])})", diagnostic)
