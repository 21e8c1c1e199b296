"""Parts that several tables share."""

import pandas as pd
from livingpaper import Ledger
from livingpaper.chapters.recording import key
from livingpaper.ledger.format import FORMATS


def number(value: float, decimals: int) -> str:
    """Return a number of given decimals with a true minus sign; a dash if missing."""
    return "–" if pd.isna(value) else FORMATS[f"decimal{decimals}" if decimals else "count"](value)


def whole(value: float) -> str:
    """Return a number of patients, nothing if there is none."""
    return "" if pd.isna(value) else f"{value:.0f}"


def significant(value: float) -> str:
    """Return a laboratory value with about three significant digits."""
    size = abs(value)
    return number(value, 0 if size >= 100 else 1 if size >= 3 else 2)


def compared(
    ledger: Ledger, pattern: str, reference: pd.DataFrame, **named: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the printed cells, one line per number of ``reference``, and the rows they rest on.

    ``pattern`` has the holes ``{number}`` and ``{part}``; ``named`` are further columns by the head they get.
    """
    rows, reference = ledger.select(pattern), reference.set_index(reference["id"].map(key))
    said = rows.pivot(index="number", columns="part", values=["text", "method"]).loc[reference.index]
    cells = {"Number": reference["label"]}
    cells |= {part.capitalize(): said["text", part] for part in ("published", "ours", "difference")}
    cells |= {"Verdict": said["method", "ours"]} | {head: reference[of] for head, of in named.items()}
    return pd.DataFrame(cells).reset_index(drop=True), rows
