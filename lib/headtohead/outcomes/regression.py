"""Regression on treatment: means of a continuous outcome, and risks in the matched sample given covariates.

The risk difference is the coefficient of treatment in a linear model of the 0/1 outcome, right if either the matching
balanced the covariates or the model is right. Errors are clustered by matched set: they know how the sample was made.

Abadie & Spiess (2022) JASA 117:983-995. doi:10.1080/01621459.2020.1840383
Ho, Imai, King & Stuart (2007) Polit Anal 15:199-236. doi:10.1093/pan/mpl013
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from scipy.stats import t as student
from statsmodels.regression.linear_model import WLS

from headtohead import door
from headtohead.errors import CannotEstimateError, DependentError, InputError, cannot
from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment, Adjustments, listed
from headtohead.matching.balance import covariates_of
from headtohead.outcomes.endpoint import Endpoint, Endpoints
from headtohead.outcomes.estimate import Interval, Row, over, result, together, wald_interval

FLAT = 1e-9  # an error below it, in units of a risk, is what rounding left of 0
SETS_PER_TERM = 3  # fewer matched sets per covariate leave the clustered error without meaning


def mean_differences(
    values: pd.Series, adjustments: Adjustments, *, outcome: str, inference: InferenceChoices = DEFAULT
) -> pd.DataFrame:
    """Return the weighted mean difference, treated minus control, one row per adjustment.

    ``values`` is a continuous outcome, shape (n,), MissingError if one is missing; ``outcome`` its name in the rows.
    DataFrame of ``ESTIMATE_COLUMNS`` and ``adjustment``. The standard error is the sandwich of a weighted regression
    on treatment (matched sets are clusters); with weights it takes the score as known, conservative for the ATE.
    Checked: NHEFS, Hernan & Robins, What If, chapter 12 (tests/study/test_nhefs.py).
    """
    adjustments = listed(adjustments)
    values = door.aligned(values, adjustments[0].treated.index, "the outcome")
    values = door.numbers(values, f"the outcome {outcome!r}")
    y, case = values.to_numpy(float), {"outcome": outcome, "scale": "mean difference"}
    return over(adjustments, [case], lambda each: [_difference(y, each, inference.conf_level)], inference)


def _difference(y: np.ndarray, adjustment: Adjustment, conf_level: float) -> Row:
    arm, w = adjustment.arm, adjustment.weights.to_numpy()
    arms = [y[side & (w > 0)] for side in (arm, ~arm)]
    spreads = [float(np.ptp(each)) for each in arms]
    if not 1 / door.LARGEST < max(spreads) < door.LARGEST:
        door.sized(**{"the spread of an outcome": max(spreads)})
    if min(spreads) == 0:
        raise CannotEstimateError(
            f"an arm of one patient, or of patients who are all alike, does not show how they differ, found "
            f"{len(arms[0])} and {len(arms[1])} patients; report the values"
        )
    mean1, mean0 = np.average(y[arm], weights=w[arm]), np.average(y[~arm], weights=w[~arm])
    influence = np.where(arm, w * (y - mean1) / w[arm].sum(), -w * (y - mean0) / w[~arm].sum())
    if adjustment.matched_set is not None:
        influence = pd.Series(influence).groupby(adjustment.matched_set.to_numpy()).sum().to_numpy()
    found = wald_interval(mean1 - mean0, np.sqrt((influence**2).sum()), conf_level)
    return {"n": int((w > 0).sum())} | result(found, f"{adjustment.name.lower()}, robust standard error")


def matched_regressions(
    endpoints: Endpoints, adjustments: Adjustments, *, by: int | Iterable[int], inference: InferenceChoices = DEFAULT
) -> pd.DataFrame:  # fmt: skip
    """Return the risk difference in each matched sample, plain and adjusted for the covariates of its design.

    Weights are 1 / k for k controls. A covariate that does not vary in the matched sample carries nothing and leaves
    the model. DataFrame of ``ESTIMATE_COLUMNS``, ``covariates`` ("plain" or "adjusted") and ``adjustment``. Standard
    errors are clustered by matched set with the factor G / (G - 1) x (n - 1) / (n - p), limits from Student's t with
    G - 1 degrees of freedom. Where the model cannot be fitted, or an outcome is unknown, the row says why and is
    otherwise missing. Raises InputError if an adjustment has no matched sets or a covariate is missing. Checked:
    paired difference by hand, R's discordant pairs, an exactly linear outcome (test_regression.py).
    """
    endpoints, adjustments, horizons = together(endpoints, adjustments, by, plain=True)
    found = [(each, days) for days in horizons for each in endpoints]
    cases = [
        {"outcome": each.name, "horizon_days": days, "scale": "risk difference", "covariates": which}
        for which in ("plain", "adjusted") for each, days in found
    ]  # fmt: skip
    return over(adjustments, cases, lambda each: _rows(found, each, inference.conf_level), inference)


def _rows(found: list[tuple[Endpoint, int]], adjustment: Adjustment, conf_level: float) -> list[Row]:
    used, sets = adjustment.used, adjustment.matched_set
    x, treated = covariates_of(adjustment, None)[used], adjustment.treated[used]
    door.complete(x, "covariates of the matched sample")
    if sets is None:
        name = adjustment.name.lower()
        raise InputError(f"a matched regression needs matched sets, {name} have none; give score.match(...)")
    sets, weights = sets[used].astype(int), adjustment.weights[used]
    rows = []
    for X in (_design(treated, x.iloc[:, :0]), _design(treated, x.loc[:, x.nunique() > 1])):
        refusal = _refusal(X, sets)
        for endpoint, days in found:
            y = endpoint.by(days)[used]
            why = refusal or _no_outcome(y)
            row: Row = {"method": cannot(why)} if why else _fit(y, X, weights, sets, conf_level)
            if row.get("std_error", 1.0) <= FLAT:
                row = {"method": cannot("no matched set is discordant")}
            rows.append({"n": int(used.sum()), "events": int(y.sum())} | row)
    return rows


def _design(treated: pd.Series, x: pd.DataFrame) -> pd.DataFrame:
    """Return intercept, treatment and standardised covariates."""
    scaled = (x - x.mean()) / x.std()
    return pd.concat([treated.astype(float).rename("treated").to_frame().assign(one=1.0), scaled], axis=1)


def _refusal(X: pd.DataFrame, sets: pd.Series) -> str:
    """Return why the model cannot be fitted, empty if it can."""
    terms, n_sets = X.shape[1] - 2, sets.nunique()
    needed = max(2, SETS_PER_TERM * terms)
    if n_sets < needed:
        return f"{terms} covariates need at least {needed} matched sets and there are {n_sets}"
    try:
        door.covariates(X.drop(columns="one"), "covariates")
    except DependentError as error:
        return f"covariates repeat each other in the matched sample: {error}"
    return ""


def _no_outcome(y: pd.Series) -> str:
    """Return why an outcome cannot be modelled, empty if it can."""
    if y.isna().any():
        return f"the outcome of {int(y.isna().sum())} of {len(y)} patients is unknown"
    return f"the outcome is {y.iloc[0]:g} in all {len(y)} patients" if y.nunique() < 2 else ""


def _fit(y: pd.Series, X: pd.DataFrame, weights: pd.Series, sets: pd.Series, conf_level: float) -> Row:
    fit = WLS(y, X, weights=weights).fit(cov_type="cluster", cov_kwds={"groups": sets.to_numpy()})
    estimate, variance = float(fit.params["treated"]), float(fit.cov_params().at["treated", "treated"])
    se, n_sets = float(np.sqrt(max(variance, 0.0))), sets.nunique()  # 0 may be rounded to below 0
    half = student.ppf(0.5 + conf_level / 2, n_sets - 1) * se
    model = f"linear regression on {X.shape[1] - 2} covariates in {n_sets} matched sets"
    words = f"{model}, errors clustered by set"
    return result(Interval(estimate, se, estimate - half, estimate + half), words)
