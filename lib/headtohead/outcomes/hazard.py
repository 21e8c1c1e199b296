"""Hazard ratios of one cause, and the two methods of the published era: Kaplan-Meier and log-rank."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test

from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment, need_crude
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.rows import Row, ratio_row, ratios_of_causes

ERRORS = {
    "crude": "model-based",
    "pairs": "matched sets as clusters",
    "weights": "robust, score taken as known",
}


def hazard_ratios(
    endpoints: Endpoint | Iterable[Endpoint],
    adjustments: Adjustment | Iterable[Adjustment],
    *,
    by: int,
    inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:
    """Return the cause-specific hazard ratio of the treated arm for every cause of every endpoint.

    Other causes are censored at their time, so this is the ratio of rates among patients still
    event-free, not a ratio of risks: that is why all causes are returned together. Tied days follow
    Efron. Errors are clustered on matched sets, or on patients when weighted (the score then counts as
    known).

    Parameters
    ----------
    endpoints : Endpoint or several
    adjustments : Adjustment or several
    by : int
        Day at which follow-up ends.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS``, ``cause`` and ``adjustment``; ``std_error`` is that of the log
    ratio. If a ratio cannot be estimated, its cells are NaN and ``method`` says why.
    """
    return ratios_of_causes(endpoints, adjustments, _hazard_ratio, "hazard ratio", by, inference)


def _hazard_ratio(endpoint: Endpoint, adjustment: Adjustment, number: int, by: int, named: Row) -> Row:
    event = ((endpoint.cause == number) & (endpoint.time_days <= by)).astype(int)
    return ratio_row(
        lambda: fit_cox(
            endpoint.time_days.clip(upper=by),
            event,
            adjustment.treated.astype(float).rename("treated").to_frame(),
            weights=None if adjustment.kind == "crude" else adjustment.weights,
            clusters=adjustment.matched_set,
        ),
        f"cause-specific Cox, Efron ties, standard error {ERRORS[adjustment.kind]}",
        named,
    )


def one_minus_kaplan_meier(time: pd.Series, event: pd.Series, days: np.ndarray) -> np.ndarray:
    """Return 1 - KM at the given days, competing events treated as censored (a mistake shown once)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # pandas deprecations inside lifelines 0.30
        fit = KaplanMeierFitter().fit(time, event)
    return 1 - fit.survival_function_at_times(days).to_numpy()


def log_rank(time: pd.Series, event: pd.Series, treated: pd.Series) -> tuple[float, float]:
    """Return chi-square and p-value of the unweighted two-sample log-rank test."""
    result = logrank_test(time[treated], time[~treated], event[treated], event[~treated])
    return float(result.test_statistic), float(result.p_value)


def kaplan_meier_error(endpoint: Endpoint, crude: Adjustment, *, by: int) -> pd.DataFrame:
    """Return per arm and day the incidence of cause 1 and the 1 - KM curve that censors the other causes.

    Returns
    -------
    DataFrame with ``arm``, ``day``, ``aalen_johansen`` and ``one_minus_km``; the latter is never lower.
    """
    need_crude(crude, "the comparison with Kaplan-Meier")
    days = np.arange(by + 1)
    parts = []
    for arm, mask in (("treated", crude.treated), ("control", ~crude.treated)):
        t, c = endpoint.time_days[mask], endpoint.cause[mask]
        correct = aalen_johansen(t.to_numpy(float), c.to_numpy(int)).at(days)[:, 0]
        wrong = one_minus_kaplan_meier(t, c == 1, days)
        parts.append(
            pd.DataFrame({"arm": arm, "day": days, "aalen_johansen": correct, "one_minus_km": wrong})
        )
    return pd.concat(parts, ignore_index=True)
