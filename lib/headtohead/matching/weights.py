"""Weights that make the arms comparable: from the propensity score, truncated or not, or by entropy balancing.

Entropy balancing gives the weights nearest to equal ones that make the covariate means agree exactly; all bootstrap
samples are balanced together (``kernels/weights.py``, which has the references).

Li, Morgan & Zaslavsky (2018) JASA 113:390-400. doi:10.1080/01621459.2016.1260466
Austin (2011) Multivar Behav Res 46:399-424. doi:10.1080/00273171.2011.568786
Robins, Hernan & Brumback (2000) Epidemiology 11:550-560. doi:10.1097/00001648-200009000-00011 (stabilised)
"""

from __future__ import annotations

from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import EntropyError
from headtohead.kernels import Array
from headtohead.kernels import weights as kernel
from headtohead.kernels.logistic import MAX_FAILED_SHARE, with_intercept
from headtohead.kernels.weights import Estimand, balancing_weights, bootstrap_counts
from headtohead.matching.adjustment import Adjustment

Quantiles = tuple[float, float]
NEARLY = 1e-4  # of a standard deviation: what a column adds to others where no score or weights are found
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
    inside (0, 1). The effect wanted is that in everyone (ATE), the treated, the controls, the overlap or the
    matchable. Checked: by hand; R survey and cobalt (test_weights.py).
    """
    door.choice("estimand", estimand, Estimand)
    return of_checked(ps, door.scored(ps, treated), estimand)


def of_checked(ps: pd.Series, treated: pd.Series, estimand: Estimand) -> pd.Series:
    """Return ``weights_from_ps`` of scores and arms in one order that were checked."""
    weights = balancing_weights(ps.to_numpy(), treated.to_numpy(), estimand)
    return pd.Series(weights, index=ps.index, name="weight")


def effective_sample_size(weights: pd.Series | Array) -> float:
    """Return Kish's effective sample size, (sum w)^2 / sum w^2, in patients; 0 if all weights are 0."""
    return effective_number(door.weights(weights))


def effective_number(weights: Array) -> float:
    """Return ``effective_sample_size`` of weights that were checked, as an Adjustment's are."""
    total = float(weights.sum())
    return total**2 / float(np.square(weights).sum()) if total else 0.0


def draw_refitted(adjustment: Adjustment, rng: np.random.Generator, b: int, *, estimand: Estimand) -> Array:
    """Return the weights of bootstrap samples of patients, the score refitted to each."""
    ps, counts = _refitted(adjustment, rng, b)
    return counts * balancing_weights(ps, adjustment.arm, estimand)


def draw_truncated(adjustment: Adjustment, rng: np.random.Generator, b: int, quantiles: Quantiles) -> Array:
    """Return stabilised weights of bootstrap samples, refitted and truncated at the quantiles of each."""
    ps, counts = _refitted(adjustment, rng, b)
    arm = adjustment.arm
    share = (counts @ arm / len(arm))[:, None]
    raw = np.where(arm, share / ps, (1 - share) / (1 - ps))
    limits = repeated_quantiles(raw, counts, quantiles)
    return counts * np.clip(raw, limits[:, [0]], limits[:, [1]])


def score_estimation(adjustment: Adjustment, gradient: Array, *, ps: pd.Series, estimand: Estimand) -> Array:
    """Return what the estimation of the score adds to the influence of each patient; see ``spillover``.

    Lunceford & Davidian (2004) Stat Med 23:2937-2960. doi:10.1002/sim.1903
    """
    score, arm = ps.reindex(adjustment.treated.index).to_numpy(), adjustment.arm
    slope = kernel.weight_slopes(score, arm, estimand)
    return kernel.spillover(adjustment.regressors, gradient, slope, score * (1 - score), arm - score)


def _refitted(adjustment: Adjustment, rng: np.random.Generator, b: int) -> tuple[Array, Array]:
    """Return the scores refitted to each bootstrap sample, and the samples that have one, both (B', n)."""
    X, arm = adjustment.regressors, adjustment.arm
    return kernel.refit_scores(X, arm, bootstrap_counts(rng, b, len(arm)))


def repeated_quantiles(values: Array, counts: Array, quantiles: Quantiles) -> Array:
    """Return ``numpy.quantile`` of values repeated ``counts`` times (rows of both sum to n, shape (B, n)), shape (B, 2)."""
    order, last, columns = np.argsort(values, axis=1), values.shape[1] - 1, []
    value = np.take_along_axis(values, order, axis=1)
    upto = np.cumsum(np.take_along_axis(counts, order, axis=1), axis=1)
    for q in quantiles:
        below = int(np.floor(q * last))
        share = q * last - below
        at, after = (np.argmax(upto > rank, axis=1)[:, None] for rank in (below, min(below + 1, last)))
        low, high = (np.take_along_axis(value, place, axis=1)[:, 0] for place in (at, after))
        columns.append((1 - share) * low + share * high)
    return np.column_stack(columns)


EntropyEstimand = Literal["ATT", "ATE"]


@door.guarded
def entropy_weights(design: pd.DataFrame, treated: pd.Series, *, estimand: EntropyEstimand) -> Adjustment:
    """Return the adjustment by entropy balancing of the means of every column of the design.

    Raises EntropyError if no positive weights reach the means, in the data or in one bootstrap sample of twenty.

    ``design``, shape (n, p), has complete covariates, no intercept; squares and products among them balance spread
    and interplay. ``estimand`` says whose means the arms get: controls those of the treated, who keep weight 1
    ("ATT"), or both arms those of everyone ("ATE"). The bootstrap balances each sample anew, to the means of that
    sample. Checked: R's entbal as published, by hand, SciPy's solution of the primal problem (test_entropy.py).
    """
    door.choice("estimand", estimand, EntropyEstimand)
    design = door.covariates(design, "the design")
    return entropy_of_checked(design, door.arms(door.aligned(treated, design.index, "the design")), estimand)


def entropy_of_checked(design: pd.DataFrame, treated: pd.Series, estimand: EntropyEstimand) -> Adjustment:
    """Return ``entropy_weights`` of a design and arms in one order that were checked."""
    X, arm = with_intercept(design.to_numpy(float))[:, 1:], treated.to_numpy(bool)
    point, converged = _balanced(X, arm, np.ones((1, len(arm))), estimand)
    if not converged[0]:
        raise _unreachable(design, treated, estimand)
    weights = pd.Series(point[0], index=treated.index, name="weight")
    name = "Entropy balancing" if estimand == "ATT" else "Entropy balancing, all patients"
    return door.trusted(
        Adjustment, "entropy", name, "weights", estimand, POPULATIONS[estimand], treated, weights,
        partial(_draw_balanced, estimand=estimand), design, estimation=partial(_balancing, estimand=estimand),
    )  # fmt: skip


def _reweighted(arm: Array, estimand: EntropyEstimand) -> list[Array]:
    """Return the members of each arm whose means are moved."""
    return [~arm] if estimand == "ATT" else [arm, ~arm]


def _balancing(adjustment: Adjustment, gradient: Array, *, estimand: EntropyEstimand) -> Array:
    """Return what the balancing adds to the influence of each patient: each arm's means have to meet a target."""
    X, arm = adjustment.regressors, adjustment.arm
    w, for_whom = adjustment.weights.to_numpy(float), arm if estimand == "ATT" else np.ones(len(arm))
    moved = [w * mine for mine in _reweighted(arm, estimand)]
    return np.asarray(sum(kernel.spillover(X, gradient, one, one, for_whom - one) for one in moved))


def _draw_balanced(
    adjustment: Adjustment, rng: np.random.Generator, b: int, *, estimand: EntropyEstimand
) -> Array:
    """Return the balancing weights of the bootstrap samples of patients that have some."""
    X, arm = adjustment.regressors[:, 1:], adjustment.arm
    weights, reached = _balanced(X, arm, bootstrap_counts(rng, b, len(arm)), estimand)
    failed = float((~reached).mean())
    if failed > MAX_FAILED_SHARE:
        must = f"the means must be reachable in resamples, {failed:.0%} of {b} had no positive weights"
        raise EntropyError(f"{must}; balance fewer covariates or look at the overlap of the arms")
    return weights[reached]


def _balanced(X: Array, arm: Array, counts: Array, estimand: EntropyEstimand) -> tuple[Array, Array]:
    """Return weights of both arms for each sample, each arm summing to those it stands for."""
    for_whom = counts * arm if estimand == "ATT" else counts
    number = for_whom.sum(axis=1, keepdims=True)
    weights, converged = counts * arm, (counts @ arm > 0) & (counts @ ~arm > 0)
    targets = for_whom @ X / np.maximum(number, 1)
    for mine in _reweighted(arm, estimand):
        rows = np.flatnonzero(converged)
        tilts = kernel.tilts_of_checked(X[mine], counts[np.ix_(rows, mine)], targets[rows])
        weights[np.ix_(rows, mine)] = tilts.weights * number[rows]
        converged[rows] &= tilts.converged
    return weights, converged


def _unreachable(design: pd.DataFrame, treated: pd.Series, estimand: EntropyEstimand) -> EntropyError:
    """Return the error that names the columns whose wanted mean lies outside an arm's range, if none depends on others."""
    door.covariates(design, "the design", tolerance=NEARLY)
    target = (design[treated] if estimand == "ATT" else design).mean()
    arms = [design[mine] for mine in _reweighted(treated.to_numpy(bool), estimand)]
    inside = [(mine.min() < target) & (target < mine.max()) for mine in arms]
    outside = [str(name) for name in design.columns[~np.all(inside, axis=0)]]
    return EntropyError(
        f"positive weights must be able to give the arms the same means, no such weights exist for "
        f"{outside or 'a combination of covariates'} in {len(design)} patients; balance fewer covariates "
        "or restrict the cohort to where the arms overlap"
    )
