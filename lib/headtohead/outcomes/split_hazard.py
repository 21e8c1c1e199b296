"""The hazard ratio before and after a day: what a single ratio averages over."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.cox import CannotEstimateError, fit_cox
from headtohead.outcomes.estimate import estimate_frame, estimate_row


def split_hazard_ratios(
    time: pd.Series,
    cause: pd.Series,
    treated: pd.Series,
    adjustment: Adjustment,
    *,
    cuts: Sequence[int],
    cause_number: int,
    outcome: str,
    conf_level: float,
) -> pd.DataFrame:
    """Return one cause-specific hazard ratio per interval of follow-up.

    Parameters
    ----------
    cuts : sequence of int
        Days that bound the intervals, for example (0, 7, 28): up to day 7, then up to day 28. An
        interval counts the events after its first day up to and including its last.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS`` (``horizon_days`` the end of the interval) plus ``interval``.
    Later intervals compare those still at risk: arms no longer balanced by the baseline adjustment.
    """
    rows, labels = [], []
    for first, last in pairwise(cuts):
        at_risk = (time > first) & (adjustment.weights > 0)
        event = (cause == cause_number) & (time <= last)
        row = {
            "estimand": adjustment.estimand, "population": adjustment.population, "outcome": outcome,
            "horizon_days": last, "scale": "hazard ratio", "conf_level": conf_level,
            "n": int(at_risk.sum()), "events": int((event & at_risk).sum()),
        }  # fmt: skip
        labels.append(f"days {first + 1 if first else 0} to {last}")
        try:
            fit = fit_cox(
                time[at_risk].clip(upper=last),
                event[at_risk],
                treated[at_risk].astype(float).rename("treated").to_frame(),
                weights=None if adjustment.kind == "crude" else adjustment.weights[at_risk],
                clusters=None if adjustment.sets is None else adjustment.sets[at_risk],
            )
        except CannotEstimateError as error:
            rows.append(estimate_row(**row, method=f"cannot be estimated, because {error}"))
            continue
        log_hr, se = float(fit.coefficients.iloc[0]), float(fit.std_errors.iloc[0])
        half = norm.ppf(0.5 + conf_level / 2) * se
        rows.append(
            estimate_row(
                **row, estimate=np.exp(log_hr), std_error=se, conf_low=np.exp(log_hr - half),
                conf_high=np.exp(log_hr + half), method="cause-specific Cox among those at risk, Efron ties",
            )
        )  # fmt: skip
    return estimate_frame(rows).assign(interval=labels)
