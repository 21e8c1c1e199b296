"""Tables of the appendix on cohorts of real people."""

from __future__ import annotations

import pandas as pd
from livingpaper.book.show import Sheet

from study.cells import number
from study.results import Paper


def nhefs(paper: Paper) -> Sheet:
    """Return each published NHEFS number beside ours."""
    rows = []
    for row in paper.nhefs.comparison.itertuples():
        places = len(row.printed.split(".")[1])
        rows.append(
            [
                row.label,
                row.printed,
                number(row.ours, places),
                number(row.difference, places + 1),
                row.verdict,
                row.place,
            ]
        )
    columns = ["Number", "Published", "Ours", "Difference", "Verdict", "Source"]
    return Sheet(pd.DataFrame(rows, columns=columns), "real", "p{5.6cm}rrrll")
