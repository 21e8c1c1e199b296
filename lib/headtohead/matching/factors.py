"""One standardised difference for a category of several levels, instead of one per level.

References
----------
Yang & Dalton (2012) SAS Global Forum, paper 335. https://support.sas.com/resources/papers/proceedings12/335-2012.pdf
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import EmptyArmError
from headtohead.matching.adjustment import Adjustments, made


def factor_balance(frame: pd.DataFrame, adjustments: Adjustments) -> pd.DataFrame:
    """Return how far apart the arms are in each unordered category, under each adjustment that was made.

    DataFrame with ``covariate``, ``levels`` (their number), ``smd`` (never negative), ``adjustment`` (key) and
    ``label`` (name).

    The Mahalanobis distance of the arms' shares, sqrt((p1 - p0)' S^-1 (p1 - p0)), S the mean of both multinomial
    covariances diag(p) - pp'. Like other standardised differences S is that of the unadjusted sample. For two levels
    it is the size of the usual one. Raises EmptyArmError if an arm has no known value.

    Parameters
    ----------
    frame : DataFrame, shape (n, p)
        Categories (or any values that are equal or not); missing values are left out column by column.
    adjustments : Adjustment or several

    Checked: by hand, the usual difference of two levels, a level left out (test_factors.py).
    """
    rows, found = [], made(adjustments)
    if found:
        frame = door.aligned(frame, found[0].treated.index, "the frame")
        door.unique(frame.columns, "columns of the frame")
    for each in found:
        for name in frame:
            code, levels = pd.factorize(frame[name])
            known = code >= 0
            ones, w = known.astype(float), each.weights.to_numpy(float) * known
            crude, weighted = (
                [_shares(code, u * side, len(levels)) for _, side in each.arms] for u in (ones, w)
            )
            if np.isnan([*crude, *weighted]).any():
                raise EmptyArmError(
                    f"both arms need a known value of {name!r} under {each.name.lower()}; leave it out"
                )
            rows.append((name, len(levels), _distance(weighted, crude), each.key, each.name))
    return pd.DataFrame(rows, columns=["covariate", "levels", "smd", "adjustment", "label"])


def _shares(code: np.ndarray, w: np.ndarray, levels: int) -> np.ndarray:
    """Return the weighted share of each level, NaN if nobody has a weight."""
    mass = np.bincount(np.maximum(code, 0), w, levels)
    return mass / mass.sum() if mass.sum() > 0 else np.full(levels, np.nan)


def _distance(shares: list[np.ndarray], crude: list[np.ndarray]) -> float:
    """Return the Mahalanobis distance of two vectors of shares; no level has to be left out for the inverse."""
    spread = sum((np.diag(p) - np.outer(p, p) for p in crude), np.zeros((len(crude[0]),) * 2)) / 2
    gap = shares[0] - shares[1]
    return float(np.sqrt(max(gap @ np.linalg.pinv(spread, hermitian=True) @ gap, 0.0)))
