"""Risk differences with analytic standard errors, on plain arrays and for several outcomes at once.

The specification curve and the simulation repeat the same estimators hundreds of thousands of times. Every standard
error counts the estimation of the nuisance models through its influence function, or is paired.

Lunceford & Davidian (2004) Stat Med 23:2937-2960. doi:10.1002/sim.1903
Stefanski & Boos (2002) Am Stat 56:29-38. doi:10.1198/000313002753631330
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from headtohead.kernels import Array
from headtohead.kernels.logistic import NoMaximumError, information, logistic, maximum
from headtohead.kernels.weights import Estimand, balancing_weights, spillover, tilt_to_means, weight_slopes


class Effects(NamedTuple):
    """Risk differences and their standard errors (proportions), one per outcome, each of shape (k,)."""

    estimate: Array
    std_error: Array


class OutcomeModel(NamedTuple):
    """Fitted logistic outcome regressions: predicted risks under each drug, shape (n, k), and effects."""

    treated: Array
    control: Array
    effects: Effects


def crude_effects(Y: Array, arm: Array) -> Effects:
    """Return differences of proportions with the unpooled standard error; ``Y`` has shape (n, k)."""
    p1, p0 = Y[arm].mean(axis=0), Y[~arm].mean(axis=0)
    variance = p1 * (1 - p1) / arm.sum() + p0 * (1 - p0) / (~arm).sum()
    return Effects(p1 - p0, np.sqrt(variance))


def paired_effects(Y: Array, treated_rows: Array, control_rows: Array) -> Effects:
    """Return differences within pairs; their variance is [(b + c) - (b - c)^2 / m] / m^2."""
    gap = Y[treated_rows] - Y[control_rows]
    m = len(gap)
    return Effects(gap.mean(axis=0), np.sqrt(((gap**2).sum(axis=0) - gap.sum(axis=0) ** 2 / m) / m**2))


def weighted_effects(Y: Array, arm: Array, X: Array, coefficients: Array, *, estimand: Estimand) -> Effects:
    """Return propensity-weighted risk differences for outcomes ``Y``, shape (n, k), 0/1.

    ``X`` is the design of the score, shape (n, p), intercept first; ``coefficients`` its maximum likelihood. Sandwich
    variance of the stacked equations of score and weighted means; for matching weights the derivative of the weight
    is taken on each side of its kink. ATE, ATO and ATM. Checked: numerical derivative and bootstrap
    (test_effects.py).
    """
    e = logistic(X @ coefficients)
    w = balancing_weights(e, arm, estimand)
    slope = weight_slopes(e, arm, estimand)
    means, gradient = [], []
    for mine in (arm, ~arm):
        total = (w * mine).sum()
        means.append((w * mine) @ Y / total)
        gradient.append(mine[:, None] * (Y - means[-1]) / total)
    both = w[:, None] * (gradient[0] - gradient[1])
    both += spillover(X, gradient[0] - gradient[1], slope, e * (1 - e), arm - e)
    return Effects(means[0] - means[1], np.sqrt((both**2).sum(axis=0)))


def regression_effects(Y: Array, arm: Array, X: Array, *, ridge: float) -> OutcomeModel:
    """Return standardised risk differences from logistic regressions on the drug and ``X`` (g-computation)."""
    # the variance adds that of the coefficients to that of the patients
    with_arm, errors = np.column_stack([X, arm]), []
    beta = maximum(with_arm, Y.T, ridge=ridge)
    risk, derivative = [], []
    for value in (1.0, 0.0):
        design = np.column_stack([X, np.full(len(X), value)])
        fitted = logistic(design @ beta.T)
        risk.append(fitted)
        derivative.append((fitted * (1 - fitted)).T @ design / len(X))
    penalty = ridge * np.diag(np.r_[0.0, np.ones(len(beta[0]) - 1)])
    effect = (risk[0] - risk[1]).mean(axis=0)
    for j in range(Y.shape[1]):
        score = with_arm * (Y[:, j] - logistic(with_arm @ beta[j]))[:, None]
        curvature = information(with_arm, beta[j]) + penalty
        nuisance = score @ np.linalg.solve(curvature, derivative[0][j] - derivative[1][j])
        errors.append(((risk[0] - risk[1])[:, j] - effect[j]) / len(X) + nuisance)
    variance = np.array([(part**2).sum() for part in errors])
    return OutcomeModel(risk[0], risk[1], Effects(effect, np.sqrt(variance)))


def doubly_robust_effects(Y: Array, arm: Array, ps: Array, model: OutcomeModel) -> Effects:
    """Return augmented inverse-probability-weighted differences, standard error by influence function."""
    each = augmented(Y, arm[:, None], ps[:, None], model.treated, model.control)
    estimate = each.mean(axis=0)
    return Effects(estimate, np.sqrt(((each - estimate) ** 2).sum(axis=0)) / len(Y))


def augmented(Y: Array, arm: Array, ps: Array, treated: Array, control: Array) -> Array:
    """Return each patient's contribution to the augmented estimator; all arguments broadcast."""
    correction = np.where(arm, (Y - treated) / ps, -(Y - control) / (1 - ps))
    return treated - control + correction


def balanced_effects(Y: Array, arm: Array, X: Array) -> Effects:
    """Return differences for the treated with entropy-balanced controls.

    Control weights exp(X b) reproduce the treated patients' mean of every column exactly. The estimate equals that from
    any outcome model linear in ``X``, so the variance is that of the residuals of the weighted regression among
    controls (Zhao & Percival 2017, see ``kernels/weights.py``). Raises NoMaximumError if no positive weights do.
    """
    controls, target = X[~arm], X[arm].mean(axis=0)
    tilt = tilt_to_means(controls[:, 1:], np.ones((1, len(controls))), target[None, 1:])
    if not tilt.converged[0]:
        raise NoMaximumError(
            f"the {len(controls)} controls must surround the means of the treated in all {len(target) - 1} columns, "
            "no weights reach them; balance fewer covariates"
        )
    w = tilt.weights[0]
    root = np.sqrt(w)[:, None]
    beta, *_ = np.linalg.lstsq(controls * root, Y[~arm] * root, rcond=None)
    inside, outside = Y[arm] - X[arm] @ beta, Y[~arm] - controls @ beta
    effect = Y[arm].mean(axis=0) - w @ Y[~arm]
    variance = ((inside - inside.mean(axis=0)) ** 2).sum(axis=0) / arm.sum() ** 2
    return Effects(effect, np.sqrt(variance + (w**2) @ outside**2))
