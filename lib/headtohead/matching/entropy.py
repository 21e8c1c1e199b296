"""Entropy balancing: the weights nearest to equal ones that make the covariate means agree exactly.

All bootstrap samples are balanced together (``kernels/entropy.py``).

References
----------
Hainmueller (2012) Polit Anal 20:25-46. doi:10.1093/pan/mpr025
Zhao & Percival (2017) J Causal Inference 5:20160010. doi:10.1515/jci-2016-0010
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from headtohead.kernels.entropy import tilt_to_means
from headtohead.kernels.logistic import MAX_FAILED_SHARE, with_intercept
from headtohead.kernels.weights import bootstrap_counts
from headtohead.matching.adjustment import POPULATIONS, Adjustment
from headtohead.matching.errors import CannotAdjustError

EntropyEstimand = Literal["ATT", "ATE"]


class EntropyError(CannotAdjustError):
    """No positive weights give the arms the wanted means."""


@dataclass(frozen=True, slots=True)
class Rebalanced:
    """The bootstrap draws patients and balances each sample anew, to the means of that sample."""

    estimand: EntropyEstimand

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the balancing weights of the samples that have some."""
        if adjustment.design is None:
            raise ValueError("balancing anew needs the design, the adjustment has none")
        X, arm = with_intercept(adjustment.design.to_numpy(float))[:, 1:], adjustment.arm
        weights, reached = _balanced(X, arm, bootstrap_counts(rng, b, len(arm)), self.estimand)
        failed = float((~reached).mean())
        if failed > MAX_FAILED_SHARE:
            raise EntropyError(
                f"the means must be reachable in resamples, {failed:.0%} of {b} had no positive weights; "
                "balance fewer covariates or look at the overlap of the arms"
            )
        return weights[reached]


def entropy_weights(design: pd.DataFrame, treated: pd.Series, *, estimand: EntropyEstimand) -> Adjustment:
    """Return the adjustment by entropy balancing of the means of every column of the design.

    Parameters
    ----------
    design : DataFrame of float, shape (n, p)
        Complete covariates, no intercept; squares and products among them balance spread and interplay.
    treated : Series of bool, shape (n,)
        Same index.
    estimand : {"ATT", "ATE"}
        Whose means the arms get: controls those of the treated, who keep weight 1; or both arms those
        of everyone. The bootstrap balances each sample anew, to the means of that sample.

    Raises
    ------
    EntropyError
        If no positive weights reach the means, in the data or, when resampling, in more than one sample
        of twenty.
    ValueError
        If the indexes differ, a value is missing, an arm is empty or the estimand is another one.

    Checked: R's entbal as published, by hand, SciPy's solution of the primal problem
    (tests/matching/test_entropy.py).
    """
    _check(design, treated, estimand)
    X, arm = with_intercept(design.to_numpy(float))[:, 1:], treated.to_numpy(bool)
    point, converged = _balanced(X, arm, np.ones((1, len(arm))), estimand)
    if not converged[0]:
        raise _unreachable(design, treated, estimand)
    weights = pd.Series(point[0], index=treated.index, name="weight")
    name = "Entropy balancing" if estimand == "ATT" else "Entropy balancing, all patients"
    return Adjustment(
        "entropy", name, "weights", estimand, POPULATIONS[estimand], treated, weights,
        Rebalanced(estimand), design,
    )  # fmt: skip


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


def _check(design: pd.DataFrame, treated: pd.Series, estimand: str) -> None:
    if estimand not in get_args(EntropyEstimand):
        raise ValueError(f"estimand must be one of {get_args(EntropyEstimand)}, found {estimand!r}")
    if not design.index.equals(treated.index):
        raise ValueError("design and treated must have the same index; build both from one frame")
    if design.isna().any(axis=None):
        incomplete = list(design.columns[design.isna().any()])
        raise ValueError(f"the design must be complete, {incomplete} have missing values")
    if treated.nunique() < 2:
        raise ValueError(f"both arms must have patients, all {len(treated)} are in one; check the arms")


def _unreachable(design: pd.DataFrame, treated: pd.Series, estimand: str) -> EntropyError:
    """Return the error that names the columns whose wanted mean lies outside an arm's range."""
    target = (design[treated] if estimand == "ATT" else design).mean()
    arms = [design[~treated]] if estimand == "ATT" else [design[treated], design[~treated]]
    outside = [
        str(name)
        for name in design
        if any(not mine[name].min() < target[name] < mine[name].max() for mine in arms)
    ]
    return EntropyError(
        f"positive weights must be able to give the arms the same means, no such weights exist for "
        f"{outside or 'a combination of covariates'} in {len(design)} patients; balance fewer covariates "
        "or restrict the cohort to where the arms overlap"
    )
