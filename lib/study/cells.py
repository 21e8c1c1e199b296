"""Parts that several tables share."""

from __future__ import annotations

import pandas as pd
from livingpaper.ledger.format import MINUS, interval_text, value_text

NOT_ESTIMATED = "not estimable"


def with_interval(row: pd.Series, scale: str | None = None) -> str:
    """Return "estimate (low to high)" of a result row, or that it cannot be estimated."""
    scale = scale or str(row["scale"])
    if pd.isna(row["estimate"]):
        return NOT_ESTIMATED
    text = value_text(float(row["estimate"]), scale)
    if pd.isna(row["conf_low"]):
        return text
    return f"{text} ({interval_text(float(row['conf_low']), float(row['conf_high']), scale)})"


def number(value: float, decimals: int) -> str:
    """Return a number of given decimals with a true minus sign; a dash if missing."""
    if pd.isna(value):
        return "–"
    text = f"{value:,.{decimals}f}"
    return (text.lstrip("-") if float(text.replace(",", "")) == 0 else text).replace("-", MINUS)


def significant(value: float) -> str:
    """Return a laboratory value with about three significant digits."""
    size = abs(value)
    return number(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size < 3 else 1)
