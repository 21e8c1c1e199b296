"""Are published numbers reproduced, to the digit that is printed?"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def reproduction(reference: pd.DataFrame, ours: Mapping[str, float]) -> pd.DataFrame:
    """Return each printed number, ours, and their difference.

    Parameters
    ----------
    reference : DataFrame
        ``id`` and ``printed``, the number as text with its decimals; one row per number.
    ours : mapping of str to float
        By ``id``; may hold more.

    Returns
    -------
    DataFrame with ``number`` (the id), ``part`` ("published", "ours", "difference": ours minus published),
    ``scale``, ``estimate`` and ``method``: "reproduced" if ours rounds to the printed number, else "differs".

    Raises
    ------
    ValueError
        If a reference value has no counterpart.
    """
    unknown = [name for name in reference["id"] if name not in ours]
    if unknown:
        raise ValueError(
            f"each reference value needs one of ours, {len(unknown)} have none, first {unknown[:3]}; correct the id"
        )
    rows = []
    for name, printed in zip(reference["id"], reference["printed"], strict=True):
        published, new = float(printed), float(ours[name])
        verdict = "reproduced" if round(new, decimals(printed)) == published else "differs"
        rows += [
            (name, "published", "reference value", published, verdict),
            (name, "ours", "reference value", new, verdict),
            (name, "difference", "deviation", new - published, verdict),
        ]
    return pd.DataFrame(rows, columns=["number", "part", "scale", "estimate", "method"])


def decimals(printed: str) -> int:
    """Return how many decimals a printed number has."""
    return len(printed.partition(".")[2])
