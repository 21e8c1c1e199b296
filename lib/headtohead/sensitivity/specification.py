"""Every estimator of the specification curve on one sample, sharing one score."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from headtohead.kernels.logistic import NoMaximumError, full_rank, logistic, maximum, with_intercept
from headtohead.kernels.pairs import CaliperScale, Order, caliper_width, greedy_pairs, optimal_pairs
from headtohead.kernels.weights import Estimand
from headtohead.sensitivity import effects
from headtohead.sensitivity.effects import Effects, OutcomeModel

AXES = ("estimator", "caliper", "covariates", "form", "missing", "outcome", "population")
WEIGHTS: dict[str, Estimand] = {
    "inverse probability weights": "ATE", "overlap weights": "ATO", "matching weights": "ATM",
}  # fmt: skip
OUTCOME_RIDGE = 0.1  # normal prior of SD 3 per SD of a covariate: decides only whether a maximum exists
DIGITS = 10  # of a score: patients who are alike have equal ones, and pairs are the same on every processor
FEWEST = 10  # patients per arm below which no model is fitted
Result = tuple[Effects, int] | str  # effects and number of patients, or why there are none


@dataclass(frozen=True)
class Sample:
    """Patients of one specification: standardised design, intercept first, arm, outcomes (n, k), coefficients of the score."""

    X: np.ndarray
    arm: np.ndarray
    Y: np.ndarray
    score: np.ndarray

    @cached_property
    def linear_predictor(self) -> np.ndarray:
        """Logit of the score, shape (n,)."""
        return np.round(self.X @ self.score, DIGITS)

    @cached_property
    def outcome_model(self) -> OutcomeModel:
        """Logistic outcome regressions, shared by standardisation and the augmented estimator."""
        return effects.regression_effects(self.Y, self.arm, self.X, ridge=OUTCOME_RIDGE)


def subset(
    design: np.ndarray, arm: np.ndarray, Y: np.ndarray, stratum: np.ndarray,
    *, population: str, min_share: float, trim: float,
) -> Sample | str:  # fmt: skip
    """Return the score of an "all", "concurrent" or "trimmed" population, or why there is none; rows with NaN are left out."""
    rows = np.isfinite(design).all(axis=1)
    if population == "concurrent":
        codes = np.unique(stratum, return_inverse=True)[1]
        share = np.bincount(codes, weights=arm) / np.bincount(codes)
        rows &= ((share >= min_share) & (share <= 1 - min_share))[codes]  # each drug has at least this share
    found = _fitted(design, arm, Y, rows)
    if population != "trimmed" or isinstance(found, str):
        return found
    inside = np.zeros(len(arm), bool)
    ps = logistic(found.linear_predictor)
    inside[rows] = (ps >= trim) & (ps <= 1 - trim)
    return _fitted(design, arm, Y, inside)


def _fitted(design: np.ndarray, arm: np.ndarray, Y: np.ndarray, rows: np.ndarray) -> Sample | str:
    mine = arm[rows]
    fewest = min(mine.sum(), (~mine).sum()) if len(mine) else 0
    if fewest < FEWEST:
        return f"an arm must have {FEWEST} patients, the smaller has {fewest}"
    X = full_rank(with_intercept(design[rows]))
    try:
        return Sample(X, mine, Y[rows], maximum(X, mine))
    except NoMaximumError as error:
        return str(error)


def estimate_sample(
    sample: Sample | str, ways: set[tuple[str, str]], *, caliper_scale: CaliperScale, order: Order
) -> dict[tuple[str, str], Result]:
    """Return effects and number of patients for each (estimator, caliper) asked for, or why there are none."""
    if isinstance(sample, str):
        return dict.fromkeys(ways, sample)
    return {way: _attempt(sample, *way, caliper_scale, order) for way in sorted(ways)}


def _attempt(sample: Sample, estimator: str, caliper: str, scale: CaliperScale, order: Order) -> Result:
    X, arm, Y, n, lp = sample.X, sample.arm, sample.Y, len(sample.arm), sample.linear_predictor
    simple: dict[str, Callable[[], Effects]] = {
        "crude": lambda: effects.crude_effects(Y, arm),
        "outcome regression": lambda: sample.outcome_model.effects,
        "entropy balancing": lambda: effects.balanced_effects(Y, arm, X),
        "augmented weights": lambda: effects.doubly_robust_effects(
            Y, arm, logistic(lp), sample.outcome_model
        ),
    }
    try:
        if estimator in simple:
            return simple[estimator](), n
        if estimator in WEIGHTS:
            return effects.weighted_effects(Y, arm, X, sample.score, estimand=WEIGHTS[estimator]), n
    except NoMaximumError as error:
        return str(error)
    width = np.inf if caliper == "none" else caliper_width(lp, arm, caliper_sd=float(caliper), scale=scale)
    if estimator == "optimal pairs":
        t, c = optimal_pairs(lp, arm, caliper=width)
    else:
        t, c = greedy_pairs(lp, arm, caliper=width, order=order)
    if len(t) < FEWEST:
        return f"{FEWEST} pairs are needed, found {len(t)}"
    return effects.paired_effects(Y, t, c), 2 * len(t)
