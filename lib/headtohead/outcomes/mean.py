"""Difference of means of a continuous outcome, crude, matched or weighted."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.estimate import estimate_frame, estimate_row


def mean_difference(
    values: pd.Series,
    treated: pd.Series,
    adjustment: Adjustment,
    *,
    outcome: str,
    conf_level: float,
) -> pd.DataFrame:
    """Return the weighted mean difference, treated minus control, as one row.

    Parameters
    ----------
    values : Series of float, shape (n,)
        Continuous outcome, complete.
    treated : Series of bool, shape (n,)
    adjustment : Adjustment

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS``. The standard error is the sandwich of a weighted regression on
    treatment (matched sets are clusters); with weights it takes the score as known, which is
    conservative for the ATE.

    Raises
    ------
    ValueError
        If a value is missing.

    Checked: NHEFS, Hernan & Robins, What If, chapter 12 (tests/validation/test_nhefs.py).
    """
    if values.isna().any():
        raise ValueError(
            f"the outcome must be known, {int(values.isna().sum())} of {len(values)} are missing; "
            "restrict the cohort or impute"
        )
    y, arm, w = values.to_numpy(float), treated.to_numpy(bool), adjustment.weights.to_numpy()
    mean1, mean0 = np.average(y[arm], weights=w[arm]), np.average(y[~arm], weights=w[~arm])
    influence = np.where(arm, w * (y - mean1) / w[arm].sum(), -w * (y - mean0) / w[~arm].sum())
    if adjustment.sets is not None:
        influence = pd.Series(influence).groupby(adjustment.sets.to_numpy()).sum().to_numpy()
    se = float(np.sqrt((influence**2).sum()))
    half = norm.ppf(0.5 + conf_level / 2) * se
    estimate = float(mean1 - mean0)
    return estimate_frame(
        [
            estimate_row(
                estimand=adjustment.estimand,
                population=adjustment.population,
                outcome=outcome,
                scale="mean difference",
                estimate=estimate,
                std_error=se,
                conf_low=estimate - half,
                conf_high=estimate + half,
                conf_level=conf_level,
                n=int((w > 0).sum()),
                method=f"{adjustment.name.lower()}, robust standard error",
            )
        ]
    )
