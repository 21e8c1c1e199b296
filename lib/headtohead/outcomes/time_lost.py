"""Days lost to each cause: the area under the cumulative incidence, and days free of hospital.

A restricted mean survival time from Kaplan-Meier is wrong where discharge competes with death; areas
under Aalen-Johansen curves are not. They add up: days lost to every cause and days event-free are the
horizon.

References
----------
Andersen (2013) Stat Med 32:5278-5285. doi:10.1002/sim.5903
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.competing import batch_incidence
from headtohead.outcomes.estimate import bootstrap_interval, estimate_frame, estimate_row

ARMS = ("mean days, treated", "mean days, control", "difference in days")


def time_lost(
    time: np.ndarray, cause: np.ndarray, weights: np.ndarray, *, n_causes: int, horizon_days: float
) -> np.ndarray:
    """Return the mean days lost to each cause by the horizon and, last, the mean days event-free.

    Parameters
    ----------
    time, cause : arrays, shape (n,)
        Cause 0 is censored, 1 to ``n_causes`` compete.
    weights : array, shape (B, n)

    Returns
    -------
    Array of shape (B, n_causes + 1); each row adds up to ``horizon_days``.

    Notes
    -----
    The area under F_k from 0 to tau is the sum of its jumps dF_k(t) x (tau - t).
    """
    times, incidence = batch_incidence(time, cause, weights, n_causes=n_causes, horizon_days=horizon_days)
    jumps = np.diff(incidence, axis=1, prepend=0.0)
    lost = np.einsum("btk,t->bk", jumps, horizon_days - times)
    event_free = 1 - np.concatenate([np.zeros((len(weights), 1)), incidence.sum(axis=2)], axis=1)
    steps = np.diff(np.concatenate([[0.0], times, [horizon_days]]))
    return np.column_stack([lost, event_free @ steps])


def days_lost(
    time: pd.Series,
    cause: pd.Series,
    treated: pd.Series,
    adjustment: Adjustment,
    *,
    causes: Sequence[str],
    event_free: str,
    outcome: str,
    horizon_days: int,
    conf_level: float,
    bootstrap_replicates: int,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return mean days in each state by arm and their differences, with bootstrap limits.

    Parameters
    ----------
    causes : sequence of str
        Names of the causes 1, 2, ...
    event_free : str
        Name of the state before any of them, for example "in hospital".

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS`` plus ``state``; scales "mean days, treated", "mean days, control"
    and "difference in days". The states of an arm add up to the horizon.

    Raises
    ------
    ValueError
        If a time is missing.

    Checked: sum to the horizon, lifelines' RMST for one cause (tests/outcomes/test_time_lost.py).
    """
    if time.isna().any():
        raise ValueError(f"times must be known, {int(time.isna().sum())} of {len(time)} are missing")
    draws = adjustment.resample(rng, bootstrap_replicates)
    weights = np.vstack([adjustment.weights.to_numpy(), draws])
    arm = treated.to_numpy(bool)
    t, c = time.to_numpy(float), cause.to_numpy(int)
    one, other = (
        time_lost(t[mask], c[mask], weights[:, mask], n_causes=len(causes), horizon_days=horizon_days)
        for mask in (arm, ~arm)
    )
    used = adjustment.weights.to_numpy() > 0
    rows = []
    for k, state in enumerate((*causes, event_free)):
        for scale, values in zip(ARMS, (one, other, one - other), strict=True):
            rows.append(
                estimate_row(
                    estimand=adjustment.estimand, population=adjustment.population, outcome=outcome,
                    horizon_days=horizon_days, scale=scale, conf_level=conf_level, n=int(used.sum()),
                    method=f"area under Aalen-Johansen, percentile interval of {len(draws)} bootstraps",
                    **bootstrap_interval(float(values[0, k]), values[1:, k], conf_level)._asdict(),
                )
                | {"state": state}
            )  # fmt: skip
    return estimate_frame(rows).assign(state=[row["state"] for row in rows])
