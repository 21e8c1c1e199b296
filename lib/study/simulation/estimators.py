"""Every estimator of the paper on one replicate.

The primary analysis is repeated as the paper runs it: the same design, the same score, pairs by the same
rule, overlap weights with percentile limits from a bootstrap that fits the score again in each resample.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np
from headtohead.errors import NoMatchError
from headtohead.kernels.logistic import full_rank, logistic, maximum, with_intercept
from headtohead.kernels.pairs import CaliperScale, Order, caliper_width, greedy_pairs
from headtohead.kernels.weights import balancing_weights, bootstrap_counts, refit_scores, weighted_risks
from headtohead.outcomes.estimate import bootstrap_interval, wald_interval
from headtohead.outcomes.paired import count_pairs, paired_risk_difference
from headtohead.proportions.two_by_two import newcombe
from headtohead.sensitivity.effects import (
    Effects,
    crude_effects,
    doubly_robust_effects,
    regression_effects,
    weighted_effects,
)
from headtohead.sensitivity.specification import OUTCOME_RIDGE

# Each estimator with the estimand against whose truth it is judged.
ESTIMATORS = {
    "crude": "ATO",
    "pairs": "ATT",
    "iptw_sandwich": "ATE",
    "iptw_bootstrap": "ATE",
    "ow_sandwich": "ATO",
    "ow_bootstrap": "ATO",
    "gcomp_sandwich": "ATE",
    "aipw_influence": "ATE",
}
WEIGHTS: dict[str, Literal["ATE", "ATO"]] = {"iptw": "ATE", "ow": "ATO"}
COLUMNS = ("estimate", "std_error", "conf_low", "conf_high")
Row = tuple[float, float, float, float]


def estimate_replicate(
    event: np.ndarray,
    treated: np.ndarray,
    design: np.ndarray,
    exact: Sequence[np.ndarray],
    *,
    caliper_sd: float,
    caliper_scale: CaliperScale,
    order: Order,
    conf_level: float,
    bootstrap_replicates: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return every estimate of one replicate; the interval of the pairs is Tango's, that of the arms Newcombe's.

    Parameters
    ----------
    event : array of float, shape (n,)
    treated : array of bool, shape (n,)
    design : array, shape (n, p)
        Columns of the score without intercept, complete.
    exact : sequence of arrays
        Pairs agree on each.
    bootstrap_replicates : int
        0 leaves the rows of the bootstrap NaN.

    Returns
    -------
    Array of shape (estimators, 4), rows in the order of ``ESTIMATORS``, columns in that of ``COLUMNS``.
    """
    X, Y = full_rank(with_intercept(design)), event[:, None]
    score = maximum(X, treated)
    model = regression_effects(Y, treated, X, ridge=OUTCOME_RIDGE)
    caliper = caliper_width(X @ score, treated, caliper_sd=caliper_sd, scale=caliper_scale)
    pairs = greedy_pairs(X @ score, treated, exact, caliper=caliper, order=order)
    if not len(pairs[0]):
        raise NoMatchError("at least one pair must lie within the caliper, found none; widen it")
    rows = {
        "crude": _crude(event, treated, conf_level),
        "pairs": paired_risk_difference(count_pairs(event[pairs[0]], event[pairs[1]]), conf_level=conf_level),
        "gcomp_sandwich": _wald(model.effects, conf_level),
        "aipw_influence": _wald(doubly_robust_effects(Y, treated, logistic(X @ score), model), conf_level),
    }
    for key, estimand in WEIGHTS.items():
        rows[f"{key}_sandwich"] = _wald(weighted_effects(Y, treated, X, score, estimand=estimand), conf_level)
    if bootstrap_replicates:
        counts = bootstrap_counts(rng, bootstrap_replicates, len(event))
        for key, drawn in _draws(event, treated, X, counts):
            rows[f"{key}_bootstrap"] = bootstrap_interval(rows[f"{key}_sandwich"][0], drawn, conf_level)
    return np.array([rows.get(name, (np.nan,) * len(COLUMNS)) for name in ESTIMATORS])


def _crude(event: np.ndarray, treated: np.ndarray, level: float) -> Row:
    effect = crude_effects(event[:, None], treated)
    counts = (part for arm in (treated, ~treated) for part in (int(event[arm].sum()), int(arm.sum())))
    low, high = newcombe(*counts, conf_level=level)
    return float(effect.estimate[0]), float(effect.std_error[0]), low, high


def _wald(effects: Effects, level: float) -> Row:
    return wald_interval(effects.estimate[0], effects.std_error[0], level)


def _draws(
    event: np.ndarray, treated: np.ndarray, X: np.ndarray, counts: np.ndarray
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield each kind of weights with its estimate in every resample, the score fitted in each."""
    ps, kept = refit_scores(X, treated, counts)
    for key, estimand in WEIGHTS.items():
        risk1, risk0 = weighted_risks(event, treated, kept * balancing_weights(ps, treated, estimand))
        yield key, risk1 - risk0
