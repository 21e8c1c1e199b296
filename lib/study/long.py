"""Several numbers of a table as rows of their own."""

from collections.abc import Mapping

import pandas as pd


def long(table: pd.DataFrame, scales: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per number of the columns that have ``scales``: ``name``, ``scale``, ``estimate`` and the rest."""
    rest = [column for column in table if column not in scales]
    rows = table.melt(rest, list(scales), "name", "estimate")
    return rows.assign(scale=rows["name"].map(dict(scales)))
