"""Naive analyses: four mistakes, each made on data whose truth is known, to show the size of its error.

References
----------
Suissa (2008) Am J Epidemiol 167:492-499. doi:10.1093/aje/kwm324 (immortal time)
Wolkewitz et al. (2020) Clin Infect Dis 71:2267-2269. doi:10.1093/cid/ciaa549 (discharge is not censoring)
"""

import numpy as np
from headtohead.kernels.logistic import NoMaximumError, full_rank, logistic, maximum, with_intercept
from headtohead.kernels.weights import balancing_weights

NAIVE = (
    "none",
    "one minus Kaplan-Meier",
    "one minus Kaplan-Meier, risk treated",
    "one minus Kaplan-Meier, risk control",
    "adjusted for ventilation",
    "completers only",
    "from admission",
    "from admission, one drug later",
)
COMPLETED = ("completed", "discharge")  # why those stopped who took the planned course or went home before


def overlap_weights(design: np.ndarray, treated: np.ndarray) -> np.ndarray:
    """Return overlap weights from a score fitted to these patients, shape (n,)."""
    X = full_rank(with_intercept(design))
    return balancing_weights(logistic(X @ maximum(X, treated)), treated, "ATO")


def naive_estimates(
    design: np.ndarray,
    treated: np.ndarray,
    *,
    death_day: np.ndarray,
    discharge_day: np.ndarray,
    ventilated: np.ndarray,
    completed: np.ndarray,
    wait_days: np.ndarray,
    longer_wait_days: np.ndarray,
    horizon_days: int,
) -> np.ndarray:
    """Return the overlap-weighted risk difference of each naive analysis, order of ``NAIVE``.

    Parameters
    ----------
    design : array, shape (n, p)
        Columns of the score without intercept.
    treated : array of bool, shape (n,)
    death_day, discharge_day : array of float, shape (n,)
        Days from the first dose, infinite if it did not happen.
    ventilated, completed : array of bool, shape (n,)
        Ventilated by the horizon; not stopped early by intensive care, toxicity or death.
    wait_days : array, shape (n,)
        Days from admission to the first dose.
    longer_wait_days : array, shape (n,)
        Days from the start of the course to the first dose where one drug starts late; whoever dies or
        leaves before is never seen to receive a drug. Valid only where the drugs have no effect.

    Returns
    -------
    Array of shape (8,): six differences and, for Kaplan-Meier, the two risks (proportions).
    """
    dead = (death_day <= horizon_days).astype(float)
    w = overlap_weights(design, treated)
    arms = (treated, ~treated)
    km = [one_minus_kaplan_meier(death_day[arm], discharge_day[arm], w[arm], horizon_days) for arm in arms]
    X = np.column_stack([np.ones(len(dead)), treated, ventilated]) * np.sqrt(w)[:, None]
    ventilation = np.linalg.lstsq(X, dead * np.sqrt(w), rcond=None)[0][1]
    seen = np.minimum(death_day, discharge_day) > longer_wait_days
    return np.array(
        [
            _difference(dead, treated, w),
            km[0] - km[1],
            *km,
            ventilation,
            _refitted(dead, treated, design, completed),
            _difference((death_day + wait_days <= horizon_days).astype(float), treated, w),
            _refitted(dead, treated, design, seen),
        ]
    )


def _difference(event: np.ndarray, treated: np.ndarray, w: np.ndarray) -> float:
    risk1, risk0 = (np.average(event[arm], weights=w[arm]) for arm in (treated, ~treated))
    return float(risk1 - risk0)


def _refitted(event: np.ndarray, treated: np.ndarray, design: np.ndarray, rows: np.ndarray) -> float:
    """Return the difference among some patients, the score fitted to them; NaN if there is no score."""
    try:
        return _difference(event[rows], treated[rows], overlap_weights(design[rows], treated[rows]))
    except NoMaximumError:
        return float("nan")  # counted as failed by the summary


def one_minus_kaplan_meier(
    death_day: np.ndarray, discharge_day: np.ndarray, w: np.ndarray, horizon_days: int
) -> float:
    """Return the complement of the weighted Kaplan-Meier estimate, discharge taken for censoring.

    Deaths precede discharges on the same day.
    """
    end = np.minimum(death_day, discharge_day)
    survival = 1.0
    for day in np.unique(death_day[death_day <= horizon_days]):
        survival *= 1 - w[death_day == day].sum() / w[end >= day].sum()
    return 1 - survival
