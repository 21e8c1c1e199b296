"""Every estimator of the paper on one replicate.

The primary analysis is repeated as the paper runs it: the same design, the same score, pairs by the same
rule, overlap weights with percentile limits from a bootstrap that fits the score again in each resample.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from headtohead.matching.logistic import with_intercept
from headtohead.matching.pairs import CaliperScale, Order, caliper_width, match_nearest
from headtohead.matching.weights import tilted_weights
from headtohead.outcomes.paired import count_pairs, paired_risk_difference
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import newcombe_interval
from headtohead.sensitivity.effects import (
    Effects,
    crude_effects,
    doubly_robust_effects,
    regression_effects,
    weighted_effects,
)
from headtohead.sensitivity.refits import resample_counts, ridge_logistic
from headtohead.sensitivity.specification import OUTCOME_RIDGE, full_rank
from scipy import stats
from scipy.special import expit

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
COLUMNS = ("estimate", "std_error", "conf_low", "conf_high")
EDGE = 1e-9


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
    """Return every estimate of one replicate.

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
    score = ridge_logistic(X, treated, ridge=0.0)[0]
    model = regression_effects(Y, treated, X, ridge=OUTCOME_RIDGE)
    rows = {
        "crude": _crude(event, treated, conf_level),
        "pairs": _pairs(event, treated, X @ score, exact, caliper_sd, caliper_scale, order, conf_level),
        "gcomp_sandwich": _wald(model.effects, conf_level),
        "aipw_influence": _wald(doubly_robust_effects(Y, treated, expit(X @ score), model), conf_level),
    }
    for key, estimand in (("iptw", "ATE"), ("ow", "ATO")):
        effect = weighted_effects(Y, treated, X, score, estimand=estimand)  # type: ignore[arg-type]
        rows[f"{key}_sandwich"] = _wald(effect, conf_level)
    if bootstrap_replicates:
        counts = resample_counts(rng, bootstrap_replicates, len(event))
        draws = _draws(event, treated, X, score, counts)
        for key, drawn in draws.items():
            rows[f"{key}_bootstrap"] = _percentile(rows[f"{key}_sandwich"][0], drawn, conf_level)
    return np.array([rows.get(name, (np.nan,) * len(COLUMNS)) for name in ESTIMATORS])


Row = tuple[float, float, float, float]


def _crude(event: np.ndarray, treated: np.ndarray, level: float) -> Row:
    effect = crude_effects(event[:, None], treated)
    table = TwoByTwo(
        int(event[treated].sum()), int(treated.sum()), int(event[~treated].sum()), int((~treated).sum())
    )
    low, high = newcombe_interval(table, conf_level=level)
    return float(effect.estimate[0]), float(effect.std_error[0]), low, high


def _pairs(
    event: np.ndarray,
    treated: np.ndarray,
    score: np.ndarray,
    exact: Sequence[np.ndarray],
    caliper_sd: float,
    scale: CaliperScale,
    order: Order,
    level: float,
) -> Row:
    """Return the matched analysis with Tango's interval."""
    lp, arm = pd.Series(score), pd.Series(treated)
    caliper = caliper_width(lp, arm, caliper_sd=caliper_sd, scale=scale)
    pairs = match_nearest(
        lp, arm, ratio=1, caliper=caliper, order=order, exact=[pd.Series(one) for one in exact]
    ).pairs
    counts = count_pairs(event[pairs["treated_id"]], event[pairs["control_id"]])
    found = paired_risk_difference(counts, conf_level=level)
    return found.estimate, found.std_error, found.conf_low, found.conf_high


def _wald(effects: Effects, level: float) -> Row:
    estimate, error = float(effects.estimate[0]), float(effects.std_error[0])
    half = float(stats.norm.ppf(0.5 + level / 2)) * error
    return estimate, error, estimate - half, estimate + half


def _percentile(estimate: float, draws: np.ndarray, level: float) -> Row:
    draws = draws[~np.isnan(draws)]  # resamples in which a model has no maximum, at most one in twenty
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return estimate, float(draws.std(ddof=1)), float(low), float(high)


def _draws(
    event: np.ndarray, treated: np.ndarray, X: np.ndarray, score: np.ndarray, counts: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the weighted estimates of every resample, the score fitted in each."""
    ps = np.clip(expit(ridge_logistic(X, treated, counts, ridge=0.0, start=score) @ X.T), EDGE, 1 - EDGE)
    out = {}
    for key, estimand in (("iptw", "ATE"), ("ow", "ATO")):
        weights = counts * tilted_weights(ps, treated, estimand)  # type: ignore[arg-type]
        w1, w0 = weights[:, treated], weights[:, ~treated]
        out[key] = w1 @ event[treated] / w1.sum(axis=1) - w0 @ event[~treated] / w0.sum(axis=1)
    return out
