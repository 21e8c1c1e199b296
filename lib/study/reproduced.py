"""The table that sets published numbers beside ours."""

from __future__ import annotations

import pandas as pd
from headtohead.evidence.reproduction import decimals
from livingpaper.chapters.recording import key
from livingpaper.chapters.session import Ledger

from study.cells import number


def compared(
    ledger: Ledger, pattern: str, reference: pd.DataFrame, **named: str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the printed cells, one line per number of ``reference``, and the rows they rest on.

    Parameters
    ----------
    ledger : Ledger
    pattern : str
        Of what ``reproduction`` gave, with the holes ``{number}`` and ``{part}``.
    reference : DataFrame
        ``id``, ``label`` and ``printed``.
    **named : str
        Further columns of ``reference`` by the head they get.
    """
    rows = ledger.select(pattern)
    by = rows.set_index(["number", "part"])
    cells = []
    for row in reference.to_dict("records"):
        parts, places = by.loc[key(row["id"])], decimals(row["printed"])
        value = parts["estimate"]
        cells.append(
            {
                "Number": row["label"],
                "Published": number(value["published"], places),
                "Ours": number(value["ours"], places),
                "Difference": number(value["difference"], places + 1),
                "Verdict": parts.at["ours", "method"],
                **{head: row[column] for head, column in named.items()},
            }
        )
    return pd.DataFrame(cells), rows
