"""Parts that several tables share."""

import pandas as pd
from livingpaper import Ledger
from livingpaper.chapters.recording import key
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


def compared(
    ledger: Ledger, pattern: str, reference: pd.DataFrame, **named: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the printed cells, one line per number of ``reference``, and the rows they rest on.

    ``pattern`` has the holes ``{number}`` and ``{part}``; ``named`` are further columns by the head they get.
    """
    rows = ledger.select(pattern)
    at, cells = rows.set_index(["number", "part"])["text"], []  # the ledger's numbers are rounded already
    verdicts = rows[rows["part"] == "ours"].set_index("number")["method"]
    for row in reference.to_dict("records"):
        id_ = key(row["id"])
        line = {"Number": row["label"]}
        for head, part in (("Published", "published"), ("Ours", "ours"), ("Difference", "difference")):
            line[head] = at[id_, part]
        line["Verdict"] = verdicts[id_]
        cells.append(line | {head: row[column] for head, column in named.items()})
    return pd.DataFrame(cells), rows
