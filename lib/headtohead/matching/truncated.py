"""Stabilised inverse probability weights with their extremes drawn in.

Truncation trades bias for variance: patients whose drug was least expected stand for fewer others than
they should. What it estimates is therefore close to, but no longer exactly, the effect in all patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from headtohead.matching.adjustment import Adjustment, refitted_scores
from headtohead.matching.propensity import Propensity
from headtohead.matching.weights import weights_from_ps

Quantiles = tuple[float, float]


def stabilised_weights(ps: pd.Series, treated: pd.Series) -> pd.Series:
    """Return the share of the own arm over the probability of the own arm; their mean is near 1.

    Within an arm they are the unstabilised weights times a constant, so nothing changes but the scale
    on which weights of the two arms are compared and truncated.

    References
    ----------
    Robins, Hernan & Brumback (2000) Epidemiology 11:550-560. doi:10.1097/00001648-200009000-00011
    """
    share = treated.mean()
    return weights_from_ps(ps, treated, estimand="ATE") * np.where(treated, share, 1 - share)


@dataclass(frozen=True, slots=True)
class RefittedTruncated:
    """The bootstrap refits the score to each sample and truncates at the quantiles of that sample."""

    quantiles: Quantiles

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the truncated weights under the refitted scores."""
        arm = adjustment.arm
        ps, counts = refitted_scores(adjustment, rng, b)
        share = (counts @ arm / len(arm))[:, None]
        raw = np.where(arm, share / ps, (1 - share) / (1 - ps))
        limits = repeated_quantiles(raw, counts, self.quantiles)
        return counts * np.clip(raw, limits[:, [0]], limits[:, [1]])


def truncated_weights(score: Propensity, *, quantiles: Quantiles) -> Adjustment:
    """Return stabilised weights truncated at two of their quantiles.

    Parameters
    ----------
    score : Propensity
        Refitted in each bootstrap sample.
    quantiles : (float, float)
        Weights below the first quantile of all patients are raised to it, weights above the second are
        lowered; (0, 1) truncates nothing. Each bootstrap sample has its own.

    Raises
    ------
    ValueError
        If the quantiles do not ascend within 0 and 1.
    SeparationError
        When resampling, if more than one in twenty refits has no solution.

    References
    ----------
    Cole & Hernan (2008) Am J Epidemiol 168:656-664. doi:10.1093/aje/kwn164

    Checked: by hand, and numpy.quantile of the repeated patients (tests/matching/test_truncated.py).
    """
    low, high = quantiles
    if not 0 <= low < high <= 1:
        raise ValueError(f"quantiles must ascend between 0 and 1, found {low:g} and {high:g}")
    raw = stabilised_weights(score.ps, score.treated)
    weights = raw.clip(*np.quantile(raw, quantiles)).rename("weight")
    return Adjustment(
        "truncated", "Truncated inverse probability weights", "weights", "ATE",
        f"all patients, weights truncated at {100 * low:g}% and {100 * high:g}%",
        score.treated, weights, RefittedTruncated(quantiles), score.design,
    )  # fmt: skip


def repeated_quantiles(values: np.ndarray, counts: np.ndarray, quantiles: Quantiles) -> np.ndarray:
    """Return quantiles of values that are repeated, as if they were written out.

    Parameters
    ----------
    values, counts : array, shape (B, n)
        How often each value occurs, zero included; every row sums to n.

    Returns
    -------
    array, shape (B, 2)
        Linear interpolation between order statistics, as in ``numpy.quantile``.
    """
    order = np.argsort(values, axis=1)
    value = np.take_along_axis(values, order, axis=1)
    upto = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)

    def statistic(rank: int) -> np.ndarray:
        at = np.argmax(upto > rank, axis=1)
        return value[np.arange(len(value)), at]

    last = values.shape[1] - 1
    columns = []
    for q in quantiles:
        below = int(np.floor(q * last))
        share = q * last - below
        columns.append((1 - share) * statistic(below) + share * statistic(min(below + 1, last)))
    return np.column_stack(columns)
