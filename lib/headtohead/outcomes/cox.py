"""Cox regression: Newton's method with ties, weights, strata, late entry and clustered errors.

Own code for one reason: with tied days every mainstream Python package gets the clustered standard error of
the Efron fit wrong (they combine Breslow's score residuals with Efron's fit). Here both follow R's ``coxph``.

Lin & Wei (1989) JASA 84:1074-1078. doi:10.1080/01621459.1989.10478874
Therneau & Grambsch (2000) Modeling Survival Data. doi:10.1007/978-1-4757-3294-8
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import CannotEstimateError, EmptyArmError, TimeError
from headtohead.kernels import Array
from headtohead.outcomes import partial_likelihood as pl
from headtohead.outcomes.partial_likelihood import Moments, RiskSets, Ties

MAX_STEPS, MAX_HALVINGS, STOP = 30, 40, 1e-7  # what is left after a step is about its square
MAX_LOG_HR_PER_SD = 12.0
ROUNDING = 1e-5  # of the mean: a smaller spread may be none
Sandwich = Callable[[Array], Array]
Rows = dict[str, Any]  # of a fit: time, covariates, event, weights, ..., sandwich; None for what is not given


@dataclass(frozen=True, slots=True)
class CoxFit:
    """A fitted Cox model.

    ``coefficients``: log hazard ratios. ``covariance``: inverse observed information; ``robust_covariance``: sandwich
    over clusters, None without them. ``log_likelihood``: partial, at zero and at the estimate. ``n``, ``events``: rows
    used (positive weight) and events among them.
    """

    coefficients: pd.Series
    covariance: Array
    robust_covariance: Array | None
    log_likelihood: tuple[float, float]
    n: int
    events: int

    @property
    def std_errors(self) -> pd.Series:
        """Robust standard errors if there are clusters, else model-based."""
        matrix = self.covariance if self.robust_covariance is None else self.robust_covariance
        return pd.Series(np.sqrt(np.diag(matrix)), index=self.coefficients.index)


@door.guarded
def fit_cox(
    time: pd.Series, event: pd.Series, covariates: pd.DataFrame,
    *, ties: Ties = "efron", weights: pd.Series | None = None, strata: pd.Series | None = None,
    clusters: pd.Series | None = None, entry: pd.Series | None = None, sandwich: Sandwich | None = None,
) -> CoxFit:  # fmt: skip
    """Return the maximum of the partial likelihood.

    All inputs are of the same patients, in any order; only rows of positive weight must be known. Raises what
    ``door.py`` refuses, and CannotEstimateError if there are no events or the likelihood has no maximum.

    ``time`` (any unit) is that of event or censoring, ``event`` 1 or True for an event of interest, 0 also for
    competing ones, both of shape (n,); ``covariates``, shape (n, p), are numbers. ``ties`` are handled as Efron does,
    the default of R and lifelines, or Breslow. ``weights`` are not negative; rows of weight 0 are dropped. ``strata``
    have baseline hazards of their own; ``clusters`` are groups within which errors may be correlated, and they (or
    weights, each patient then being a cluster) give the sandwich covariance, unless ``sandwich`` returns it from the
    derivatives of the coefficients by each row's weight, shape (n, p) (``Adjustment.covariance``). A row is at risk
    after its ``entry``. Checked: R survival 3.5.3 ``coxph``; PyPI ``survival``; lifelines without ties (test_cox.py).
    """
    door.choice("ties", ties, Ties)
    given = {"event": event, "strata": strata, "clusters": clusters, "entry": entry}
    rows = at_the_door(time, covariates, weights=weights, sandwich=sandwich, **given)
    rows["event"] = door.events(rows["event"])
    if entry is not None:
        wrong = ~(door.times(rows["entry"], "entries") < rows["time"])
        if wrong.any():
            found = door.wrong_rows(wrong, rows["entry"])
            raise TimeError(f"patients must enter before they leave, {found}; correct or drop them")
    return fit_checked(**rows, ties=ties)


def at_the_door(
    time: pd.Series, covariates: pd.DataFrame, *, weights: pd.Series | None, sandwich: Sandwich | None = None,
    **others: pd.Series | None,
) -> Rows:  # fmt: skip
    """Return the rows of positive weight by name, in the order of ``time``, an array; the fit checks the covariates."""
    door.patients(time, "times")
    index = time.index
    if weights is not None:
        weights = door.aligned(weights, index, "weights")
        if not (door.weights(weights) > 0).any():
            must = f"a fit needs patients of positive weight, none of {len(time)} has one"
            raise EmptyArmError(f"{must}; check the weights")
    rows: Rows = {"time": time}
    for name, one in ({"covariates": covariates, "weights": weights} | others).items():
        rows[name] = one if one is None or one.index is index else door.aligned(one, index, name)
    rows = weighty(rows | {"sandwich": sandwich})
    rows["time"] = door.times(rows["time"])
    for name in ("strata", "clusters", "censoring"):
        if rows.get(name) is not None:
            door.complete(rows[name], name)
    return rows


def weighty(rows: Rows) -> Rows:
    """Return the rows of positive weight."""
    w = rows["weights"]
    return rows if w is None or (use := (w > 0).to_numpy()).all() else chosen(rows, use)


def chosen(rows: Rows, use: Array) -> Rows:
    """Return some rows, and the sandwich of all."""
    sandwich = rows["sandwich"] and of_all(rows["sandwich"], use)
    columns = {name: one for name, one in rows.items() if name != "sandwich"}
    return {name: one if one is None else one[use] for name, one in columns.items()} | {"sandwich": sandwich}


def fit_checked(*, ties: Ties = "efron", **given: Any) -> CoxFit:
    """Return ``fit_cox`` of inputs in one order that were checked: of an Endpoint and an Adjustment, say."""
    rows = weighty(given)
    died, entry = np.asarray(rows["event"], bool), rows.get("entry")
    need_events(died, "a hazard ratio")
    w, strata = weights_of(rows), codes(rows.get("strata"), len(died))
    Z, spread = standardised(rows["covariates"], w)
    sets = pl.risk_sets(
        np.asarray(rows["time"], float), died, Z, weights=w, ties=ties, strata=strata,
        entry=None if entry is None else entry.to_numpy(float),
    )  # fmt: skip
    robust = rows["clusters"] is not None or rows["weights"] is not None
    return fit_risk_sets(sets, spread, rows, clusters_of(rows) if robust else None)


def need_events(happened: Array, what: str, which: str = "") -> None:
    """Raise CannotEstimateError if nobody has the event."""
    if not happened.any():
        found = f"found none{which} in {len(happened)} patients"
        raise CannotEstimateError(f"{what} needs events, {found}; report the counts")


def weights_of(rows: Rows) -> Array:
    """Return the weights, 1 where there are none."""
    w = rows["weights"]
    return np.ones(len(rows["time"])) if w is None else w.to_numpy(float)


def codes(groups: pd.Series | None, n: int) -> Array:
    """Return the number of each row's group, 0 where there are none."""
    return np.zeros(n, int) if groups is None else pd.factorize(groups)[0]


def clusters_of(rows: Rows) -> Array:
    """Return the number of each row's cluster, of its own where there are none."""
    n, clusters = len(rows["time"]), rows["clusters"]
    return np.arange(n) if clusters is None else codes(clusters, n)


def standardised(covariates: pd.DataFrame, weights: Array) -> tuple[Array, Array]:
    """Return the covariates centred and scaled, and their standard deviations.

    A spread is a positive number only if its column is finite and varies: else the door says what is wrong.
    """
    X = door.floating(covariates, "covariates").to_numpy(float)
    with np.errstate(invalid="ignore", over="ignore"):
        mean, spread = weights @ X / weights.sum(), X.std(axis=0)
    if not ((spread > ROUNDING * np.abs(mean)).all() and len(spread) and spread.max() < door.LARGEST):
        door.covariates(covariates, "covariates")
    if (spread == 0).any():
        flat = f"{list(covariates.columns[spread == 0])} have one value in all {len(X)} patients"
        raise CannotEstimateError(f"a covariate must vary, {flat}; remove them")
    return (X - mean) / spread, spread


def of_all(sandwich: Sandwich, use: Array) -> Sandwich:
    """Return the sandwich that takes derivatives of the rows used; those of the others are 0."""

    def padded(gradient: Array) -> Array:
        everyone = np.zeros((len(use), gradient.shape[1]))
        everyone[use] = gradient
        return sandwich(everyone)

    return padded


def fit_risk_sets(sets: RiskSets, spread: Array, rows: Rows, who: Array | None) -> CoxFit:
    """Return the fit of a partial likelihood; ``who`` numbers the clusters of the robust covariance.

    Covariates that are combinations of others leave no maximum, or one at which a coefficient says hardly anything
    beside the others: the door looks for them only then.
    """
    # a score residual over its weight is the derivative of the score by that weight, also with Efron's ties
    covariates, sandwich = rows["covariates"], rows["sandwich"]
    names = list(covariates.columns)
    try:
        beta, at, null = _newton(sets, names)
        inverse, scale = np.linalg.inv(at.information), np.outer(spread, spread)
        alone = (inverse.diagonal() * at.information.diagonal()).max() < door.INFLATED
    except (CannotEstimateError, np.linalg.LinAlgError):
        door.covariates(covariates, "covariates")
        raise
    if not alone:
        door.covariates(covariates, "covariates")
    robust = None
    if sandwich is not None:
        robust = sandwich(pl.score_residuals(sets, at) / sets.weights[:, None] @ inverse) / scale
    elif who is not None:
        dfbeta = pl.score_residuals(sets, at) @ inverse
        summed = np.column_stack([np.bincount(who, column) for column in dfbeta.T])
        robust = summed.T @ summed / scale
    coefficients, likelihood = pd.Series(beta / spread, index=names), (null, at.log_likelihood)
    return CoxFit(coefficients, inverse / scale, robust, likelihood, len(sets.Z), len(sets.deaths))


def _newton(sets: RiskSets, names: list[str]) -> tuple[Array, Moments, float]:
    """Return coefficients, moments there and the log likelihood at zero; steps are halved if it drops."""
    beta = np.zeros(sets.Z.shape[1])
    at = pl.moments(sets, beta)
    null = at.log_likelihood
    for _ in range(MAX_STEPS):
        try:
            step = np.linalg.solve(at.information, at.score)
        except np.linalg.LinAlgError:
            raise _no_maximum(names, "the covariates are collinear or an arm has no information") from None
        new = pl.moments(sets, beta + step)
        for _ in range(MAX_HALVINGS):
            if new.log_likelihood >= at.log_likelihood - 1e-9 * abs(at.log_likelihood):
                break
            step = step / 2
            new = pl.moments(sets, beta + step)
        else:
            raise _no_maximum(names, f"no step raised the likelihood, halved {MAX_HALVINGS} times")
        beta, at = beta + step, new
        if np.abs(beta).max() > MAX_LOG_HR_PER_SD:
            break
        if np.abs(step).max() < STOP * (1 + np.abs(beta).max()):
            return beta, at, null
    worst = names[int(np.abs(beta).argmax())]
    raise _no_maximum([worst], "the likelihood keeps rising, as it does when a group has no events")


def _no_maximum(names: list[str], why: str) -> CannotEstimateError:
    must = f"the hazard ratio of {names} has no finite estimate: {why}; report the absolute risks"
    return CannotEstimateError(f"{must}, or use Firth's penalised likelihood")
