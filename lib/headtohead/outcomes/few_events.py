"""Where events are few: Firth's penalised likelihood beside maximum likelihood.

With few events per variable the maximum is biased away from no effect, or does not exist. Firth's
penalty, half the log determinant of the information, removes the leading bias and always has a maximum.

References
----------
Firth (1993) Biometrika 80:27-38. doi:10.1093/biomet/80.1.27
Heinze & Schemper (2002) Stat Med 21:2409-2419. doi:10.1002/sim.1047
Heinze & Schemper (2001) Biometrics 57:114-119. doi:10.1111/j.0006-341X.2001.00114.x
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from firthmodels import FirthCoxPH, FirthLogisticRegression
from scipy.stats import norm

from headtohead.kernels.logistic import fit_logistic, information
from headtohead.outcomes.cox import CannotEstimateError, fit_cox

STOP, PROFILE_STOP, MAX_STEPS = 1e-8, 1e-6, 200
NO_MAXIMUM = "the likelihood has no maximum"


def logistic_few_events(event: pd.Series, covariates: pd.DataFrame, *, conf_level: float) -> pd.DataFrame:
    """Return odds ratios by maximum likelihood and by Firth's likelihood.

    Parameters
    ----------
    event : Series of 0/1, shape (n,)
    covariates : DataFrame of float, shape (n, p)
        Without intercept, complete.

    Returns
    -------
    DataFrame with ``term``, ``approach`` ("maximum likelihood", Wald limits; "Firth", profile limits),
    ``estimate``, ``conf_low``, ``conf_high`` (ratios), ``n``, ``events``, ``events_per_variable`` and
    ``method``. Where the maximum does not exist its cells are NaN and ``method`` says so.

    Raises
    ------
    CannotEstimateError
        If everyone or nobody has the event, or a covariate has one value.

    Checked: cells plus one half, penalised likelihood maximised directly (tests/outcomes/test_few_events.py).
    """
    y, X = event.to_numpy(float), covariates.to_numpy(float)
    _need_events(int(y.sum()), len(y), "odds ratio")
    _need_spread(covariates)
    centre, spread = X.mean(axis=0), X.std(axis=0)
    Z = (X - centre) / spread
    design = np.column_stack([np.ones(len(Z)), Z])
    fit = fit_logistic(design, y)
    plain = None
    if fit.converged[0]:
        covariance = np.linalg.inv(information(design, fit.coefficients[0]))
        plain = fit.coefficients[0][1:], np.sqrt(np.diag(covariance))[1:]
    firth = FirthLogisticRegression(backend="numpy", gtol=STOP, xtol=STOP, max_iter=MAX_STEPS).fit(
        Z, y.astype(int)
    )
    limits = firth.conf_int(alpha=1 - conf_level, method="pl", max_iter=MAX_STEPS, tol=PROFILE_STOP)[
        : Z.shape[1]
    ]
    return _table(covariates, plain, (firth.coef_, limits), spread, len(y), int(y.sum()), conf_level)


def cox_few_events(
    time: pd.Series, event: pd.Series, covariates: pd.DataFrame, *, conf_level: float
) -> pd.DataFrame:
    """Return hazard ratios by maximum and by Firth's likelihood, both with Breslow's ties.

    Columns as ``logistic_few_events``. Events are those of the cause of interest, others are censored.
    """
    y, X = event.to_numpy(bool), covariates.to_numpy(float)
    _need_events(int(y.sum()), len(y), "hazard ratio")
    _need_spread(covariates)
    spread = X.std(axis=0)
    plain = None
    try:
        fit = fit_cox(time, event, covariates, ties="breslow")
        plain = fit.coefficients.to_numpy() * spread, fit.std_errors.to_numpy() * spread
    except CannotEstimateError:
        plain = None
    firth = FirthCoxPH(backend="numpy", gtol=STOP, xtol=STOP, max_iter=MAX_STEPS).fit(
        X / spread, (y, time.to_numpy(float))
    )
    limits = firth.conf_int(alpha=1 - conf_level, method="pl", max_iter=MAX_STEPS, tol=PROFILE_STOP)
    return _table(covariates, plain, (firth.coef_, limits), spread, len(y), int(y.sum()), conf_level)


def _need_events(events: int, n: int, what: str) -> None:
    if not 0 < events < n:
        raise CannotEstimateError(
            f"an {what} needs patients with and without the event, found {events} events in {n} patients; "
            "report the counts"
        )


def _need_spread(covariates: pd.DataFrame) -> None:
    constant = [str(name) for name in covariates if covariates[name].nunique() < 2]
    if constant:
        raise CannotEstimateError(
            f"every covariate must vary, {constant} have one value in all {len(covariates)} patients; leave them out"
        )


def _table(
    covariates: pd.DataFrame,
    plain: tuple[np.ndarray, np.ndarray] | None,
    firth: tuple[np.ndarray, np.ndarray],
    spread: np.ndarray,
    n: int,
    events: int,
    level: float,
) -> pd.DataFrame:
    """Return both sets of ratios per unit of each covariate."""
    z = float(norm.ppf(0.5 + level / 2))
    rows: list[dict[str, Any]] = []
    for j, term in enumerate(covariates):
        shared = {"term": term, "n": n, "events": events, "events_per_variable": events / len(spread)}
        none = (np.nan, np.nan, np.nan)
        maximum = none if plain is None else (
            plain[0][j], plain[0][j] - z * plain[1][j], plain[0][j] + z * plain[1][j]
        )  # fmt: skip
        penalised = (firth[0][j], *firth[1][j])
        if not np.isfinite(penalised).all():
            raise CannotEstimateError(
                f"the profile limits of {term!r} were not found with {events} events; use fewer covariates"
            )
        words = "maximum likelihood, Wald limits" if plain else f"cannot be estimated, because {NO_MAXIMUM}"
        for approach, values, method in (
            ("maximum likelihood", maximum, words),
            ("Firth", penalised, "Firth's penalised likelihood, profile limits"),
        ):
            ratios = np.exp(np.array(values) / spread[j])
            named = dict(zip(("estimate", "conf_low", "conf_high"), ratios.tolist(), strict=True))
            rows.append(shared | {"approach": approach, "method": method, "conf_level": level} | named)
    return pd.DataFrame(rows)
