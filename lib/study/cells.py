"""Numbers of tables that are no rows of the ledger."""

from __future__ import annotations

import pandas as pd
from livingpaper.ledger.format import MINUS


def number(value: float, decimals: int) -> str:
    """Return a number of given decimals with a true minus sign; a dash if missing."""
    if pd.isna(value):
        return "–"
    text = f"{value:,.{decimals}f}"
    return (text.lstrip("-") if float(text.replace(",", "")) == 0 else text).replace("-", MINUS)


def whole(value: float) -> str:
    """Return a number of patients, nothing if there is none."""
    return "" if pd.isna(value) else f"{value:.0f}"


def significant(value: float) -> str:
    """Return a laboratory value with about three significant digits."""
    size = abs(value)
    return number(value, 0 if size >= 100 else 1 if size >= 10 else 2 if size < 3 else 1)
