"""Several numbers of a table as rows of their own."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def long(table: pd.DataFrame, scales: Mapping[str, str]) -> pd.DataFrame:
    """Return one row per number: ``name``, ``scale``, ``estimate``, beside what else the table holds.

    Parameters
    ----------
    table : DataFrame
    scales : mapping of column to scale
        The columns that are numbers to be recorded.
    """
    rest = table.drop(columns=list(scales))
    parts = [rest.assign(name=name, scale=scale, estimate=table[name]) for name, scale in scales.items()]
    return pd.concat(parts, ignore_index=True)
