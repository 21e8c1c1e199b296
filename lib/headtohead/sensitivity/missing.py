"""Multiple imputation by chained equations with predictive mean matching, and Rubin's rules.

statsmodels' ``MICEData`` draws from numpy's global generator, so its results depend on what ran before;
this one takes its generator as an argument.

van Buuren & Groothuis-Oudshoorn (2011) J Stat Softw 45(3). doi:10.18637/jss.v045.i03
White & Royston (2009) Stat Med 28:1982-1998. doi:10.1002/sim.3618
Leyrat et al. (2019) Stat Methods Med Res 28:3-19. doi:10.1177/0962280217713032
Rubin (1987) Multiple Imputation for Nonresponse in Surveys. doi:10.1002/9780470316696
Barnard & Rubin (1999) Biometrika 86:948-955. doi:10.1093/biomet/86.4.948
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from headtohead import door
from headtohead.errors import AlignmentError, MissingError, NumberError
from headtohead.kernels import Array

RIDGE = 1e-5  # share of each diagonal element added to the normal equations, as in mice


def impute(
    values: pd.DataFrame, predictors: pd.DataFrame,
    *, imputations: int, iterations: int, donors: int, rng: np.random.Generator,
) -> list[pd.DataFrame]:  # fmt: skip
    """Return ``imputations`` completed copies of ``values``.

    Raises MissingError if predictors are incomplete, or a column has too few observed values.

    ``values``, shape (n, k), are covariates, NaN where missing, on the scale on which they are to be modelled;
    ``predictors``, shape (n, p), complete columns that must hold arm and outcome, or the imputed values would carry
    no association with them (White & Royston: event and cumulative hazard, see ``cumulative_hazard``). ``iterations``
    are rounds through the incomplete columns before a copy is taken. One of as many ``donors``, the observed values
    with the nearest prediction, is drawn, so that values stay in range and keep the shape of the distribution.
    Checked: known truth where complete cases are biased (test_missing.py).
    """
    values = door.numbers(values, "values to be imputed", missing=True)
    predictors = door.numbers(door.aligned(predictors, values.index, "predictors"), "columns to impute from")
    for name, number in (("imputations", imputations), ("iterations", iterations), ("donors", donors)):
        door.at_least(name, number, 1)
    needed = max(donors, predictors.shape[1] + values.shape[1] + 1)
    few = values.notna().sum()
    few = few[(few < needed) & (few < len(values))]
    if len(few):
        must = f"a column can be imputed from at least {needed} observed values"
        raise MissingError(f"{must}, {few.to_dict()} have fewer; leave these columns out of the model")
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


def _matched_draws(others: Array, y: Array, hole: Array, donors: int, rng: np.random.Generator) -> Array:
    """Return one draw for each hole: a Bayesian linear regression, then the nearest observed values."""
    # predictions of the observed use the estimate, those of the missing a draw (type 1): so the model's uncertainty is in it
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


@door.guarded
def cumulative_hazard(time_days: pd.Series, event: pd.Series) -> pd.Series:
    """Return the Nelson-Aalen cumulative hazard at each patient's own time, shape (n,)."""
    door.patients(time_days, "times")
    time = door.times(time_days)
    happened = door.events(door.aligned(event, time_days.index, "events"))
    times, place, leaving = np.unique(time, return_inverse=True, return_counts=True)
    at_risk = np.cumsum(leaving[::-1])[::-1]
    hazard = np.cumsum(np.bincount(place, happened, len(times)) / at_risk)
    return pd.Series(hazard[place], time_days.index, name="cumulative hazard")


class Pooled(NamedTuple):
    """An estimate pooled over completed data sets.

    Limits are from Student's t with ``df`` degrees of freedom, Barnard and Rubin's, never more than those of the
    complete data. ``fmi``: fraction of missing information, 0 if the data sets agree. ``between``, ``within``:
    variance between the data sets, and the mean variance within them. ``mc_error``: standard error of ``estimate``
    that comes from the finite number of data sets, sqrt(between / m).
    """

    estimate: float
    std_error: float
    low: float
    high: float
    df: float
    fmi: float
    between: float
    within: float
    mc_error: float


def pool(
    estimates: Sequence[float], variances: Sequence[float], *, conf_level: float, df_complete: float
) -> Pooled:
    """Return the estimate pooled by Rubin's rules, T = W + (1 + 1/m) B.

    Matching and weighting belong inside the estimate of each data set: averaging the scores over the data
    sets first leaves bias where the missingness depends on the covariates (Leyrat et al. 2019). Raises
    ValueError if there are fewer than two data sets, lengths differ, or a value is missing, or a variance not above 0.

    ``variances`` are squared standard errors, one per completed data set. ``df_complete`` are the degrees of freedom
    if nothing were missing, ``numpy.inf`` for an estimator judged by the normal distribution; Barnard and Rubin's are
    used because the original ones can exceed those of the complete data. Checked: R mice, by hand, theorems
    (test_pooling.py).
    """
    if isinstance(estimates, pd.Series) and isinstance(variances, pd.Series):
        variances = door.aligned(variances, estimates.index, "variances")
    q, u = door.read(estimates, "estimates"), door.read(variances, "variances")
    if q.shape != u.shape or q.ndim != 1 or len(q) < 2:
        must = "pooling needs an estimate and a variance from each of at least 2 data sets"
        raise AlignmentError(f"{must}, found {q.size} and {u.size}; impute more often")
    bad = ~np.isfinite(q) | ~np.isfinite(u) | (u <= 0)
    if bad.any():
        found = f"{int(bad.sum())} of {len(q)} are not, first number {int(np.flatnonzero(bad)[0])}"
        must = "estimates must be finite and variances above 0"
        raise NumberError(f"{must}, {found}; pool only data sets in which the estimate exists")
    door.level(conf_level)
    door.positive("df_complete", df_complete)
    m, estimate, within, between = len(q), float(q.mean()), float(u.mean()), float(q.var(ddof=1))
    if np.ptp(q) == 0:
        estimate, between = float(q[0]), 0.0  # no rounding error where nothing differs
    extra, total = (1 + 1 / m) * between, within + (1 + 1 / m) * between
    df, ratio = _degrees_of_freedom(m, extra / total, df_complete), extra / within
    fmi = 0.0 if extra == 0 else (ratio + 2 / (df + 3)) / (ratio + 1)
    error, mc_error = float(np.sqrt(total)), float(np.sqrt(between / m))
    half = float(stats.t.ppf(0.5 + conf_level / 2, df)) * error
    low, high = estimate - half, estimate + half
    return Pooled(estimate, error, low, high, df, float(fmi), between, within, mc_error)


def _degrees_of_freedom(m: int, share: float, df_complete: float) -> float:
    """Return 1 / (1/old + 1/observed); ``share`` is the share of the variance due to the missing values."""
    observed = np.inf
    if not np.isinf(df_complete):
        observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    old = np.inf if share**2 == 0 else (m - 1) / share**2  # the square of a tiny share is 0
    if np.isinf(old):
        return float(observed)
    return float(1 / (1 / old + 1 / observed)) if observed > 0 else float(min(old, df_complete))
