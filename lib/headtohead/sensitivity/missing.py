"""Multiple imputation by chained equations with predictive mean matching.

statsmodels' ``MICEData`` draws from numpy's global generator, so its results depend on what ran before;
this one takes its generator as an argument.

References
----------
van Buuren & Groothuis-Oudshoorn (2011) J Stat Softw 45(3). doi:10.18637/jss.v045.i03
White & Royston (2009) Stat Med 28:1982-1998. doi:10.1002/sim.3618
"""

from __future__ import annotations

import numpy as np
import pandas as pd

RIDGE = 1e-5  # share of each diagonal element added to the normal equations, as in mice


def impute(
    values: pd.DataFrame,
    predictors: pd.DataFrame,
    *,
    imputations: int,
    iterations: int,
    donors: int,
    rng: np.random.Generator,
) -> list[pd.DataFrame]:
    """Return ``imputations`` completed copies of ``values``.

    Parameters
    ----------
    values : DataFrame of float, shape (n, k)
        Covariates, NaN where missing, on the scale on which they are to be modelled.
    predictors : DataFrame of float, shape (n, p)
        Complete columns; must hold arm and outcome, or the imputed values would carry no association
        with them (White & Royston: event and cumulative hazard, see ``cumulative_hazard``).
    iterations : int
        Rounds through the incomplete columns before a copy is taken.
    donors : int
        Among how many observed values with the nearest prediction one is drawn. Drawn values are
        observed ones, so they stay in range and keep the shape of the distribution.

    Raises
    ------
    ValueError
        If predictors are incomplete, or a column has too few observed values.

    Checked: known truth where complete cases are biased (tests/sensitivity/test_missing.py).
    """
    _check(values, predictors, donors)
    X, Y = predictors.to_numpy(float), values.to_numpy(float)
    holes = np.isnan(Y)
    order = [j for j in np.argsort(holes.sum(axis=0), kind="stable") if holes[:, j].any()]
    copies = []
    for _ in range(imputations):
        done = Y.copy()
        for j in order:
            done[holes[:, j], j] = rng.choice(Y[~holes[:, j], j], int(holes[:, j].sum()))
        for _ in range(iterations if order else 0):
            for j in order:
                others = np.column_stack([X, np.delete(done, j, axis=1)])
                done[holes[:, j], j] = _matched_draws(others, Y[:, j], holes[:, j], donors, rng)
        copies.append(pd.DataFrame(done, index=values.index, columns=values.columns))
    return copies


def _check(values: pd.DataFrame, predictors: pd.DataFrame, donors: int) -> None:
    if predictors.isna().any(axis=None):
        raise ValueError(
            f"columns to impute from must be complete, {list(predictors.columns[predictors.isna().any()])} "
            "have missing values; put them among the values to be imputed"
        )
    needed = max(donors, predictors.shape[1] + values.shape[1] + 1)
    few = values.notna().sum()
    few = few[(few < needed) & (few < len(values))]
    if len(few):
        raise ValueError(
            f"a column can be imputed from at least {needed} observed values, {few.to_dict()} have fewer; "
            "leave these columns out of the model"
        )


def _matched_draws(
    others: np.ndarray, y: np.ndarray, hole: np.ndarray, donors: int, rng: np.random.Generator
) -> np.ndarray:
    """Return one draw for each hole: a Bayesian linear regression, then the nearest observed values.

    Predictions of the observed use the estimated coefficients, those of the missing drawn ones (type 1
    matching), so that the uncertainty of the model is in the draw.
    """
    spread = others.std(axis=0)
    keep = spread > 0
    X = np.column_stack([np.ones(len(y)), (others[:, keep] - others[:, keep].mean(axis=0)) / spread[keep]])
    known = ~hole
    gram = X[known].T @ X[known]
    inverse = np.linalg.inv(gram + RIDGE * np.diag(np.diag(gram)))
    beta = inverse @ X[known].T @ y[known]
    residual = y[known] - X[known] @ beta
    df = max(int(known.sum()) - X.shape[1], 1)
    sigma = np.sqrt(residual @ residual / rng.chisquare(df))
    drawn = beta + sigma * (np.linalg.cholesky(inverse) @ rng.standard_normal(len(beta)))
    distance = np.abs((X[known] @ beta)[None, :] - (X[hole] @ drawn)[:, None])
    nearest = np.argpartition(distance, donors - 1, axis=1)[:, :donors]
    chosen = nearest[np.arange(len(nearest)), rng.integers(donors, size=len(nearest))]
    return np.asarray(y[known][chosen])


def cumulative_hazard(time_days: pd.Series, event: pd.Series) -> pd.Series:
    """Return the Nelson-Aalen cumulative hazard at each patient's own time, shape (n,)."""
    time, happened = time_days.to_numpy(float), event.to_numpy(bool)
    times = np.unique(time)
    at_risk = np.array([(time >= t).sum() for t in times])
    events = np.array([(happened & (time == t)).sum() for t in times])
    hazard = np.cumsum(events / at_risk)
    return pd.Series(hazard[np.searchsorted(times, time)], time_days.index, name="cumulative hazard")
