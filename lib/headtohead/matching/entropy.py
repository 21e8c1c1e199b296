"""Entropy balancing: the weights nearest to equal ones that make the covariate means agree exactly.

All bootstrap samples are balanced together (``kernels/entropy.py``, which has the references).
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import EntropyError
from headtohead.kernels.entropy import tilt_to_means
from headtohead.kernels.logistic import MAX_FAILED_SHARE, with_intercept
from headtohead.kernels.weights import bootstrap_counts, spillover
from headtohead.matching.adjustment import Adjustment, check_design
from headtohead.matching.weights import POPULATIONS

EntropyEstimand = Literal["ATT", "ATE"]


@door.guarded
def entropy_weights(design: pd.DataFrame, treated: pd.Series, *, estimand: EntropyEstimand) -> Adjustment:
    """Return the adjustment by entropy balancing of the means of every column of the design.

    Raises EntropyError if no positive weights reach the means, in the data or in one bootstrap sample of twenty.

    Parameters
    ----------
    design : DataFrame of float, shape (n, p)
        Complete covariates, no intercept; squares and products among them balance spread and interplay.
    treated : Series of bool, shape (n,)
    estimand : {"ATT", "ATE"}
        Whose means the arms get: controls those of the treated, who keep weight 1; or both arms those
        of everyone. The bootstrap balances each sample anew, to the means of that sample.

    Checked: R's entbal as published, by hand, SciPy's solution of the primal problem (test_entropy.py).
    """
    door.choice("estimand", estimand, EntropyEstimand)
    design, treated = check_design(design, treated)
    X, arm = with_intercept(design.to_numpy(float))[:, 1:], treated.to_numpy(bool)
    point, converged = _balanced(X, arm, np.ones((1, len(arm))), estimand)
    if not converged[0]:
        raise _unreachable(design, treated, estimand)
    weights = pd.Series(point[0], index=treated.index, name="weight")
    name = "Entropy balancing" if estimand == "ATT" else "Entropy balancing, all patients"
    return Adjustment(
        "entropy", name, "weights", estimand, POPULATIONS[estimand], treated, weights,
        partial(_draw, estimand=estimand), design, estimation=partial(_estimation, estimand=estimand),
    )  # fmt: skip


def _estimation(adjustment: Adjustment, gradient: np.ndarray, *, estimand: EntropyEstimand) -> np.ndarray:
    """Return what the balancing adds to the influence of each patient: each arm's means have to meet a target."""
    X, arm = adjustment.regressors, adjustment.arm
    w, for_whom = adjustment.weights.to_numpy(float), arm if estimand == "ATT" else np.ones(len(arm))
    mine = [~arm] if estimand == "ATT" else [arm, ~arm]
    return np.asarray(sum(spillover(X, gradient, w * one, w * one, for_whom - w * one) for one in mine))


def _draw(
    adjustment: Adjustment, rng: np.random.Generator, b: int, *, estimand: EntropyEstimand
) -> np.ndarray:
    """Return the balancing weights of the bootstrap samples of patients that have some."""
    X, arm = adjustment.regressors[:, 1:], adjustment.arm
    weights, reached = _balanced(X, arm, bootstrap_counts(rng, b, len(arm)), estimand)
    failed = float((~reached).mean())
    if failed > MAX_FAILED_SHARE:
        raise EntropyError(
            f"the means must be reachable in resamples, {failed:.0%} of {b} had no positive weights; "
            "balance fewer covariates or look at the overlap of the arms"
        )
    return weights[reached]


def _balanced(
    X: np.ndarray, arm: np.ndarray, counts: np.ndarray, estimand: EntropyEstimand
) -> tuple[np.ndarray, np.ndarray]:
    """Return weights of both arms for each sample, each arm summing to those it stands for."""
    for_whom = counts * arm if estimand == "ATT" else counts
    number = for_whom.sum(axis=1, keepdims=True)
    weights, converged = np.zeros_like(counts), (counts @ arm > 0) & (counts @ ~arm > 0)
    targets = for_whom @ X / np.maximum(number, 1)
    for mine in (arm, ~arm):
        if estimand == "ATT" and mine is arm:
            weights[:, mine] = counts[:, mine]
            continue
        rows = np.flatnonzero(converged)
        tilts = tilt_to_means(X[mine], counts[np.ix_(rows, mine)], targets[rows])
        weights[np.ix_(rows, mine)] = tilts.weights * number[rows]
        converged[rows] &= tilts.converged
    return weights, converged


def _unreachable(design: pd.DataFrame, treated: pd.Series, estimand: str) -> EntropyError:
    """Return the error that names the columns whose wanted mean lies outside an arm's range."""
    target = (design[treated] if estimand == "ATT" else design).mean()
    arms = [design[~treated]] if estimand == "ATT" else [design[treated], design[~treated]]
    outside = [
        str(name) for name in design
        if any(not mine[name].min() < target[name] < mine[name].max() for mine in arms)
    ]  # fmt: skip
    return EntropyError(
        f"positive weights must be able to give the arms the same means, no such weights exist for "
        f"{outside or 'a combination of covariates'} in {len(design)} patients; balance fewer covariates "
        "or restrict the cohort to where the arms overlap"
    )
