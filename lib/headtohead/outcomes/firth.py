"""Where events are few: Firth's penalised likelihood beside maximum likelihood.

With few events per variable the maximum is biased away from no effect, or does not exist. Firth's
penalty, half the log determinant of the information, removes the leading bias and always has a maximum.

Firth (1993) Biometrika 80:27-38. doi:10.1093/biomet/80.1.27
Heinze & Schemper (2002) Stat Med 21:2409-2419. doi:10.1002/sim.1047
Heinze & Schemper (2001) Biometrics 57:114-119. doi:10.1111/j.0006-341X.2001.00114.x
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead import door
from headtohead.errors import CannotEstimateError, NumberError, cannot
from headtohead.kernels.logistic import fit_logistic, information
from headtohead.outcomes.cox import at_the_door, fit_checked
from headtohead.outcomes.estimate import Row

STOP, PROFILE_STOP, MAX_STEPS, LARGEST_LOG = 1e-8, 1e-6, 200, 700.0
FIT: dict[str, Any] = {"backend": "numpy", "gtol": STOP, "xtol": STOP, "max_iter": MAX_STEPS}
Limits = tuple[np.ndarray, np.ndarray, np.ndarray]  # with their limits, per standard deviation


def logistic_few_events(event: pd.Series, covariates: pd.DataFrame, *, conf_level: float) -> pd.DataFrame:
    """Return odds ratios by maximum likelihood and by Firth's likelihood.

    DataFrame with ``term``, ``approach`` ("maximum likelihood", Wald limits; "Firth", profile limits), ``estimate``,
    ``conf_low``, ``conf_high`` (ratios), ``n``, ``events``, ``events_per_variable`` and ``method``. Where the maximum
    does not exist its cells are NaN and ``method`` says so. Raises CannotEstimateError if everyone or nobody has the
    event, and what ``door.py`` refuses. ``event``: 0/1, shape (n,); ``covariates``: shape (n, p), without intercept.
    Checked: cells plus one half, penalised likelihood maximised directly (test_firth.py).
    """
    door.level(conf_level)
    door.patients(event, "events")
    covariates = door.covariates(door.aligned(covariates, event.index, "covariates"), "covariates")
    y, X = door.events(event), covariates.to_numpy(float)
    _check(int(y.sum()), len(covariates), "odds ratio")
    spread, plain = X.std(axis=0), None
    Z = (X - X.mean(axis=0)) / spread
    design = np.column_stack([np.ones(len(Z)), Z])
    fit = fit_logistic(design, y)
    if fit.converged[0]:
        errors = np.sqrt(np.diag(np.linalg.inv(information(design, fit.coefficients[0]))))
        plain = _limits(fit.coefficients[0][1:], errors[1:], conf_level)
    from firthmodels import FirthLogisticRegression  # heavy: it brings scikit-learn

    firth = _profile(FirthLogisticRegression(**FIT).fit(Z, y.astype(int)), len(spread), conf_level)
    return _table(covariates, plain, firth, int(y.sum()), conf_level)


def cox_few_events(
    time: pd.Series, event: pd.Series, covariates: pd.DataFrame, *, conf_level: float
) -> pd.DataFrame:
    """Return hazard ratios by maximum and by Firth's likelihood, both with Breslow's ties.

    Columns as ``logistic_few_events``. Events are those of the cause of interest, others are censored.
    """
    door.level(conf_level)
    found = at_the_door(time, covariates, event=event, weights=None)
    found["covariates"] = door.covariates(found["covariates"], "covariates")
    time, covariates, event = (found[name] for name in ("time", "covariates", "event"))
    y, X = door.events(event).astype(bool), covariates.to_numpy(float)
    _check(int(y.sum()), len(covariates), "hazard ratio")
    spread, plain = X.std(axis=0), None
    try:
        fit = fit_checked(**found, clusters=None, ties="breslow")
        plain = _limits(fit.coefficients.to_numpy() * spread, fit.std_errors.to_numpy() * spread, conf_level)
    except CannotEstimateError:
        pass  # the table says so
    from firthmodels import FirthCoxPH  # heavy, too

    firth = _profile(FirthCoxPH(**FIT).fit((X - X.mean(axis=0)) / spread, (y, time)), len(spread), conf_level)
    return _table(covariates, plain, firth, int(y.sum()), conf_level)


def _check(events: int, n: int, what: str) -> None:
    if not 0 < events < n:
        must = f"an {what} needs patients with and without the event"
        raise CannotEstimateError(f"{must}, found {events} events in {n} patients; report the counts")


def _limits(coefficients: np.ndarray, errors: np.ndarray, level: float) -> Limits:
    z = float(norm.ppf(0.5 + level / 2))
    return coefficients, coefficients - z * errors, coefficients + z * errors


def _profile(fit: Any, terms: int, level: float) -> Limits:
    limits = fit.conf_int(alpha=1 - level, method="pl", max_iter=MAX_STEPS, tol=PROFILE_STOP)[:terms]
    return fit.coef_, limits[:, 0], limits[:, 1]


def _table(X: pd.DataFrame, plain: Limits | None, firth: Limits, events: int, level: float) -> pd.DataFrame:
    """Return both sets of ratios per unit of each covariate."""
    spread, rows = X.to_numpy(float).std(axis=0), []
    words = "maximum likelihood, Wald limits" if plain else cannot("the likelihood has no maximum")
    penalised = "Firth's penalised likelihood, profile limits"
    for j, term in enumerate(X):
        if not np.isfinite([part[j] for part in firth]).all():
            found = f"the profile limits of {term!r} were not found with {events} events"
            raise CannotEstimateError(f"{found}; use fewer covariates")
        for approach, fit, method in (("maximum likelihood", plain, words), ("Firth", firth, penalised)):
            values = np.full(3, np.nan) if fit is None else np.array([part[j] for part in fit])
            if (np.abs(logs := values / spread[j]) > LARGEST_LOG).any():
                must = f"a ratio per unit of {term!r} must be a number, its logarithm is {logs[0]:.3g}"
                raise NumberError(f"{must}, from {logs[1]:.3g} to {logs[2]:.3g}; give it in a larger unit")
            ratios = dict(zip(("estimate", "conf_low", "conf_high"), np.exp(logs), strict=True))
            row: Row = {"term": term, "n": len(X), "events": events} | ratios
            row |= {"events_per_variable": events / len(spread), "conf_level": level}
            rows.append(row | {"approach": approach, "method": method})
    return pd.DataFrame(rows)
