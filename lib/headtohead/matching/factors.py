"""One standardised difference for a category of several levels, instead of one per level.

Yang & Dalton (2012) SAS Global Forum, paper 335. https://support.sas.com/resources/papers/proceedings12/335-2012.pdf
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.cohort.describe import distance_of_shares
from headtohead.matching.adjustment import Adjustments, made
from headtohead.matching.balance import need_known


def factor_balance(frame: pd.DataFrame, adjustments: Adjustments) -> pd.DataFrame:
    """Return how far apart the arms are in each unordered category, under each adjustment that was made.

    DataFrame with ``covariate``, ``levels`` (their number), ``smd`` (never negative), ``adjustment`` (key) and
    ``label`` (name).

    The Mahalanobis distance of the arms' shares, sqrt((p1 - p0)' S^-1 (p1 - p0)), S the mean of both multinomial
    covariances diag(p) - pp'. Like other standardised differences S is that of the unadjusted sample. For two levels
    it is the size of the usual one. ``frame`` (shape (n, p)) holds categories, or any values that are equal or not;
    missing ones are left out column by column. Raises EmptyArmError if an arm has no known value.

    Checked: by hand, the usual difference of two levels, a level left out (test_factors.py).
    """
    rows, found = [], made(adjustments)
    if found:
        frame = door.aligned(frame, found[0].treated.index, "the frame")
        door.unique(frame.columns, "columns of the frame")
    for each in found:
        for name in frame:
            code, levels = pd.factorize(frame[name])
            w = each.weights.to_numpy(float) * (code >= 0)
            need_known(each.arm, w > 0, f"{name!r} under {each.name.lower()}")
            crude, weighted = (
                [_shares(code, u * side, len(levels)) for _, side in each.arms] for u in (code >= 0, w)
            )
            rows.append((name, len(levels), distance_of_shares(weighted, crude), each.key, each.name))
    return pd.DataFrame(rows, columns=["covariate", "levels", "smd", "adjustment", "label"])


def _shares(code: np.ndarray, w: np.ndarray, levels: int) -> np.ndarray:
    """Return the weighted share of each level but the first."""
    mass = np.bincount(np.maximum(code, 0), w, levels)
    return np.asarray(mass[1:] / mass.sum())
