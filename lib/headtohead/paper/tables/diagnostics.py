"""The table of the diagnostics."""

from __future__ import annotations

from typing import Any

import pandas as pd

from headtohead.paper.figures.cohort import origin
from headtohead.paper.format import interval_text, value_text
from headtohead.paper.show import Sheet
from headtohead.study.results import Paper

RULES = {"at most": "≤ {}", "at least": "≥ {}", "within": "interval within ± {}"}


def panel(paper: Paper) -> Sheet:
    """Return each check with its threshold, its value and whether it holds."""
    rows = [
        [row.diagnostic, _threshold(row), _value(row), "pass" if row.passed else "fail"]
        for row in paper.study.diagnostics.itertuples()
    ]
    columns = ["Diagnostic", "Threshold", "Found", "Verdict"]
    return Sheet(pd.DataFrame(rows, columns=columns), origin(paper), "p{6.6cm}rrr")


def _threshold(row: Any) -> str:
    scale = "absolute difference" if row.rule == "within" else row.scale
    return RULES[row.rule].format(value_text(float(row.threshold), scale))


def _value(row: Any) -> str:
    if pd.isna(row.value):
        return "not estimable"
    text = value_text(float(row.value), row.scale)
    return text if pd.isna(row.low) else f"{text} ({interval_text(row.low, row.high, row.scale)})"
