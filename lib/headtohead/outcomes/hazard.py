"""Hazard ratios of one cause, and the two methods of the published era: Kaplan-Meier and log-rank."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from lifelines import KaplanMeierFitter
from lifelines.statistics import logrank_test
from scipy.stats import norm

from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import CannotEstimateError, fit_cox
from headtohead.outcomes.estimate import estimate_frame, estimate_row


def hazard_ratio(
    time: pd.Series,
    cause: pd.Series,
    treated: pd.Series,
    adjustment: Adjustment,
    *,
    cause_number: int,
    outcome: str,
    horizon_days: int,
    conf_level: float,
) -> pd.DataFrame:
    """Return the cause-specific hazard ratio of the treated arm as one row.

    Competing events are censored at their time, so this is the ratio of rates among patients still
    event-free, not a ratio of risks: report it with the cause-specific ratios of the competing events.
    Tied days follow Efron. Errors are clustered on matched sets, or on patients when weighted (the
    score then counts as known).

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS``; ``std_error`` is that of the log ratio. If the ratio cannot be
    estimated, its cells are NaN and ``method`` says why.
    """
    event = ((cause == cause_number) & (time <= horizon_days)).astype(int)
    used = adjustment.weights > 0
    common = {
        "estimand": adjustment.estimand,
        "population": adjustment.population,
        "outcome": outcome,
        "horizon_days": horizon_days,
        "scale": "hazard ratio",
        "conf_level": conf_level,
        "n": int(used.sum()),
        "events": int(event[used].sum()),
    }
    try:
        fit = fit_cox(
            time.clip(upper=horizon_days),
            event,
            treated.astype(float).rename("treated").to_frame(),
            weights=None if adjustment.kind == "crude" else adjustment.weights,
            clusters=adjustment.sets,
        )
    except CannotEstimateError as error:
        return estimate_frame([estimate_row(**common, method=f"cannot be estimated, because {error}")])
    log_hr, se = float(fit.coefficients["treated"]), float(fit.std_errors["treated"])
    half = norm.ppf(0.5 + conf_level / 2) * se
    errors = {
        "crude": "model-based",
        "pairs": "matched sets as clusters",
        "weights": "robust, score taken as known",
    }
    return estimate_frame(
        [
            estimate_row(
                **common,
                estimate=np.exp(log_hr),
                std_error=se,
                conf_low=np.exp(log_hr - half),
                conf_high=np.exp(log_hr + half),
                method=f"cause-specific Cox, Efron ties, standard error {errors[adjustment.kind]}",
            )
        ]
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


def kaplan_meier_error(
    time: pd.Series, cause: pd.Series, treated: pd.Series, *, horizon_days: int
) -> pd.DataFrame:
    """Return per arm and day the incidence of cause 1 and the 1 - KM curve that censors the other causes.

    Returns
    -------
    DataFrame with ``arm``, ``day``, ``aalen_johansen`` and ``one_minus_km``; the latter is never lower.
    """
    days = np.arange(horizon_days + 1)
    parts = []
    for arm, mask in (("treated", treated), ("control", ~treated)):
        t, c = time[mask], cause[mask]
        correct = aalen_johansen(t.to_numpy(float), c.to_numpy(int)).at(days)[:, 0]
        wrong = one_minus_kaplan_meier(t, c == 1, days)
        parts.append(
            pd.DataFrame({"arm": arm, "day": days, "aalen_johansen": correct, "one_minus_km": wrong})
        )
    return pd.concat(parts, ignore_index=True)
