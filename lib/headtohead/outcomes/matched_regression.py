"""Regression in the matched sample: covariates remove what matching left unbalanced.

The risk difference is the coefficient of treatment in a linear model of the 0/1 outcome with the
covariates. It is right if either the matching balanced the covariates or the model is right; the errors
are clustered by matched set, without which they would ignore how the sample was made.

References
----------
Abadie & Spiess (2022) JASA 117:983-995. doi:10.1080/01621459.2020.1840383
Ho, Imai, King & Stuart (2007) Polit Anal 15:199-236. doi:10.1093/pan/mpl013
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t as student
from statsmodels.regression.linear_model import WLS

from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.balance import covariates_of
from headtohead.outcomes.endpoint import Endpoint, endpoints_of, horizons_of
from headtohead.outcomes.estimate import estimate_row
from headtohead.outcomes.rows import Row, over, shared

SETS_PER_TERM = 3  # fewer matched sets per covariate leave the clustered error without meaning


def matched_regressions(
    endpoints: Endpoint | Iterable[Endpoint],
    adjustments: Adjustment | Iterable[Adjustment],
    *,
    by: int | Iterable[int],
    inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:
    """Return the risk difference in each matched sample, plain and adjusted for the covariates of its design.

    Parameters
    ----------
    endpoints : Endpoint or several
    adjustments : Adjustment or several
        Matched sets; weights 1 / k for k controls. A covariate that does not vary in the matched sample
        carries nothing and leaves the model.
    by : int or several
        Horizons in days.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS``, ``covariates`` ("plain" or "adjusted") and ``adjustment``. Standard
    errors are clustered by matched set with the factor G / (G - 1) x (n - 1) / (n - p), limits from
    Student's t with G - 1 degrees of freedom. Where the model cannot be fitted, or an outcome is unknown,
    the row says why and is otherwise missing.

    Raises
    ------
    ValueError
        If an adjustment has no matched sets or a covariate is missing.

    Checked: paired difference by hand, R's discordant pairs, an exactly linear outcome
    (tests/outcomes/test_matched_regression.py).
    """
    found = [(each, days) for days in horizons_of(by) for each in endpoints_of(endpoints)]

    def rows(adjustment: Adjustment) -> list[Row]:
        return [
            row
            for which, X in _designs(adjustment)
            for row in _rows(found, adjustment, which, X, inference.conf_level)
        ]

    def missing(_: Adjustment) -> list[Row]:
        return [
            {"outcome": each.name, "horizon_days": days, "scale": "risk difference", "covariates": which}
            for which in ("plain", "adjusted") for each, days in found
        ]  # fmt: skip

    return over(adjustments, rows, missing)


def _designs(adjustment: Adjustment) -> list[tuple[str, pd.DataFrame]]:
    """Return the covariates of both models in the matched sample, none and all, with treatment."""
    used = adjustment.used
    x, treated = covariates_of(adjustment, None)[used], adjustment.treated[used]
    if x.isna().any(axis=None):
        raise ValueError(
            "covariates must be complete in the matched sample, "
            f"{list(x.columns[x.isna().any()])} have missing values; impute them"
        )
    return [
        ("plain", _design(treated, x.iloc[:, :0])),
        ("adjusted", _design(treated, x.loc[:, x.nunique() > 1])),
    ]


def _rows(
    found: list[tuple[Endpoint, int]], adjustment: Adjustment, which: str, X: pd.DataFrame, conf_level: float
) -> list[Row]:
    used = adjustment.used
    sets = adjustment.matched_set
    if sets is None:
        raise ValueError(f"a matched regression needs matched sets, {adjustment.name.lower()} have none")
    sets, weights = sets[used].astype(int), adjustment.weights[used]
    refusal, rows = _refusal(X, sets), []
    for endpoint, days in found:
        mine = endpoint.by(days)[used]
        why = refusal or _no_outcome(mine)
        row = {"method": why} if why else _fit(mine, X, weights, sets, conf_level)
        named = shared(adjustment, endpoint.name, days, "risk difference", conf_level)
        counts = {"n": int(used.sum()), "events": int(mine.sum())}
        rows.append(estimate_row(**named, **counts, **row) | {"covariates": which})
    return rows


def _design(treated: pd.Series, x: pd.DataFrame) -> pd.DataFrame:
    """Return intercept, treatment and standardised covariates."""
    scaled = (x - x.mean()) / x.std()
    return pd.concat([treated.astype(float).rename("treated").to_frame().assign(one=1.0), scaled], axis=1)


def _refusal(X: pd.DataFrame, sets: pd.Series) -> str:
    """Return why the model cannot be fitted, empty if it can."""
    terms, n_sets = X.shape[1] - 2, sets.nunique()
    if n_sets < max(2, SETS_PER_TERM * terms):
        return (
            f"cannot be estimated, because {terms} covariates need at least "
            f"{max(2, SETS_PER_TERM * terms)} matched sets and there are {n_sets}"
        )
    if np.linalg.matrix_rank(X.to_numpy()) < X.shape[1]:
        return "cannot be estimated, because covariates repeat each other in the matched sample"
    return ""


def _no_outcome(y: pd.Series) -> str:
    """Return why an outcome cannot be modelled, empty if it can."""
    if y.isna().any():
        return f"cannot be estimated, because the outcome of {int(y.isna().sum())} of {len(y)} patients is unknown"
    if y.nunique() < 2:
        return f"cannot be estimated, because the outcome is {y.iloc[0]:g} in all {len(y)} patients"
    return ""


def _fit(
    y: pd.Series, X: pd.DataFrame, weights: pd.Series, sets: pd.Series, conf_level: float
) -> dict[str, Any]:
    fit = WLS(y, X, weights=weights).fit(cov_type="cluster", cov_kwds={"groups": sets.to_numpy()})
    estimate, se, n_sets = float(fit.params["treated"]), float(fit.bse["treated"]), sets.nunique()
    half = student.ppf(0.5 + conf_level / 2, n_sets - 1) * se
    return {
        "estimate": estimate,
        "std_error": se,
        "conf_low": estimate - half,
        "conf_high": estimate + half,
        "method": (
            f"linear regression on {X.shape[1] - 2} covariates in {n_sets} matched sets, "
            "errors clustered by set"
        ),
    }
