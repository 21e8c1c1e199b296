"""Difference of means of a continuous outcome, crude, matched or weighted."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.estimate import estimate_row, wald_interval
from headtohead.outcomes.rows import Row, over


def mean_differences(
    values: pd.Series,
    adjustments: Adjustment | Iterable[Adjustment],
    *,
    outcome: str,
    inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:
    """Return the weighted mean difference, treated minus control, one row per adjustment.

    Parameters
    ----------
    values : Series of float, shape (n,)
        Continuous outcome, complete.
    adjustments : Adjustment or several
    outcome : str
        Its name in the rows.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS`` and ``adjustment``. The standard error is the sandwich of a weighted
    regression on treatment (matched sets are clusters); with weights it takes the score as known, which
    is conservative for the ATE.

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
    return over(
        adjustments,
        lambda adjustment: [_row(values.to_numpy(float), adjustment, outcome, inference.conf_level)],
        lambda _: [{"outcome": outcome, "scale": "mean difference"}],
    )


def _row(y: np.ndarray, adjustment: Adjustment, outcome: str, conf_level: float) -> Row:
    arm, w = adjustment.arm, adjustment.weights.to_numpy()
    mean1, mean0 = np.average(y[arm], weights=w[arm]), np.average(y[~arm], weights=w[~arm])
    influence = np.where(arm, w * (y - mean1) / w[arm].sum(), -w * (y - mean0) / w[~arm].sum())
    if adjustment.matched_set is not None:
        influence = pd.Series(influence).groupby(adjustment.matched_set.to_numpy()).sum().to_numpy()
    se = float(np.sqrt((influence**2).sum()))
    return estimate_row(
        estimand=adjustment.estimand, population=adjustment.population, outcome=outcome,
        scale="mean difference", **wald_interval(mean1 - mean0, se, conf_level)._asdict(),
        conf_level=conf_level, n=int((w > 0).sum()),
        method=f"{adjustment.name.lower()}, robust standard error",
    )  # fmt: skip
