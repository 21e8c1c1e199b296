"""Propensity-score weights, their truncation, and what they cost in sample size.

References
----------
Li, Morgan & Zaslavsky (2018) JASA 113:390-400. doi:10.1080/01621459.2016.1260466
Austin (2011) Multivar Behav Res 46:399-424. doi:10.1080/00273171.2011.568786
Robins, Hernan & Brumback (2000) Epidemiology 11:550-560. doi:10.1097/00001648-200009000-00011 (stabilised)
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import SeparationError
from headtohead.kernels.logistic import NoMaximumError
from headtohead.kernels.weights import (
    Estimand,
    balancing_weights,
    bootstrap_counts,
    refit_scores,
    spillover,
    weight_slopes,
)
from headtohead.matching.adjustment import Adjustment

Quantiles = tuple[float, float]
NAMES, POPULATIONS = (
    {"ATE": "Inverse probability weights", "ATT": "Weights for the treated", "ATC": "Weights for the controls",
     "ATO": "Overlap weights", "ATM": "Matching weights"},
    {"ATE": "all patients", "ATT": "patients like the treated", "ATC": "patients like the controls",
     "ATO": "patients in clinical equipoise (overlap)", "ATM": "patients who could be matched"},
)  # fmt: skip


@door.guarded
def weights_from_ps(ps: pd.Series, treated: pd.Series, *, estimand: Estimand) -> pd.Series:
    """Return the weights that make each arm stand for the estimand's population, shape (n,).

    The tilting function over the probability of the own arm; not stabilised. Raises SeparationError if a score is not
    inside (0, 1).

    Parameters
    ----------
    ps, treated : Series of float and of bool, shape (n,)
        P(treated | covariates), strictly between 0 and 1, and the arms.
    estimand : {"ATE", "ATT", "ATC", "ATO", "ATM"}
        Whose effect is wanted: everyone, the treated, the controls, the overlap, or the matchable.

    Checked: by hand; R survey and cobalt (test_weights.py).
    """
    door.choice("estimand", estimand, Estimand)
    treated = door.scored(ps, treated)
    weights = balancing_weights(ps.to_numpy(), treated.to_numpy(), estimand)
    return pd.Series(weights, index=ps.index, name="weight")


@door.guarded
def stabilised_weights(ps: pd.Series, treated: pd.Series) -> pd.Series:
    """Return the share of the own arm over its probability: the unstabilised weights of an arm times a constant."""
    arm = door.scored(ps, treated)
    share = arm.mean()
    return weights_from_ps(ps, arm, estimand="ATE") * np.where(arm, share, 1 - share)


def effective_sample_size(weights: pd.Series | np.ndarray) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2, in patients; 0 if all weights are 0."""
    total = float(np.sum(door.weights(weights)))
    return total**2 / float(np.sum(np.square(weights))) if total else 0.0


def draw_refitted(
    adjustment: Adjustment, rng: np.random.Generator, b: int, *, estimand: Estimand
) -> np.ndarray:
    """Return the weights of bootstrap samples of patients, the score refitted to each."""
    ps, counts = _refitted(adjustment, rng, b)
    return counts * balancing_weights(ps, adjustment.arm, estimand)


def draw_truncated(
    adjustment: Adjustment, rng: np.random.Generator, b: int, *, quantiles: Quantiles
) -> np.ndarray:
    """Return stabilised weights of bootstrap samples, refitted and truncated at the quantiles of each."""
    ps, counts = _refitted(adjustment, rng, b)
    arm = adjustment.arm
    share = (counts @ arm / len(arm))[:, None]
    raw = np.where(arm, share / ps, (1 - share) / (1 - ps))
    limits = repeated_quantiles(raw, counts, quantiles)
    return counts * np.clip(raw, limits[:, [0]], limits[:, [1]])


def score_estimation(
    adjustment: Adjustment, gradient: np.ndarray, *, ps: pd.Series, estimand: Estimand
) -> np.ndarray:
    """Return what the estimation of the score adds to the influence of each patient; see ``spillover``.

    Lunceford & Davidian (2004) Stat Med 23:2937-2960. doi:10.1002/sim.1903
    """
    score, arm = ps.reindex(adjustment.treated.index).to_numpy(), adjustment.arm
    slope = weight_slopes(score, arm, estimand)
    return spillover(adjustment.regressors, gradient, slope, score * (1 - score), arm - score)


def _refitted(adjustment: Adjustment, rng: np.random.Generator, b: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores refitted to each bootstrap sample, and the samples that have one, both (B', n)."""
    X, arm = adjustment.regressors, adjustment.arm
    try:
        return refit_scores(X, arm, bootstrap_counts(rng, b, len(arm)))
    except NoMaximumError as error:
        raise SeparationError(str(error)) from None


def repeated_quantiles(values: np.ndarray, counts: np.ndarray, quantiles: Quantiles) -> np.ndarray:
    """Return quantiles of values that are repeated, as ``numpy.quantile`` if they were written out, shape (B, 2).

    ``values`` and ``counts`` (how often each occurs, zero included; every row sums to n) have the shape (B, n).
    """
    order = np.argsort(values, axis=1)
    value = np.take_along_axis(values, order, axis=1)
    upto = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)

    def statistic(rank: int) -> np.ndarray:
        return value[np.arange(len(value)), np.argmax(upto > rank, axis=1)]

    last = values.shape[1] - 1
    columns = []
    for q in quantiles:
        below = int(np.floor(q * last))
        share = q * last - below
        columns.append((1 - share) * statistic(below) + share * statistic(min(below + 1, last)))
    return np.column_stack(columns)
