"""Hazard ratios of one cause, whole and by interval, and the methods of the published era: Kaplan-Meier, log-rank."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pandas as pd
from lifelines.statistics import logrank_test

from headtohead import door
from headtohead.errors import CannotEstimateError, HorizonError, cannot
from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment, Adjustments, need_crude
from headtohead.outcomes.competing import curve_of_checked
from headtohead.outcomes.cox import CoxFit, Sandwich, chosen, fit_checked, need_events
from headtohead.outcomes.endpoint import Endpoint, Endpoints
from headtohead.outcomes.estimate import Row, need_followed_arms, over, result, together, wald_interval

ERRORS = {
    "crude": "model-based", "pairs": "matched sets as clusters", "weights": "robust, score taken as known",
}  # fmt: skip
FLAT = 1e-7  # an error of a log ratio below it is what rounding left of 0
ScoreIs = Literal["known", "estimated"]
Fitted = tuple[CoxFit, str]  # and how, in words


def hazard_ratios(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int, score: ScoreIs = "known", inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return the cause-specific hazard ratio of the treated arm for every cause of every endpoint.

    Other causes are censored at their time, so this is the ratio of rates among patients still event-free, not a ratio
    of risks: that is why all causes are returned together. Tied days follow Efron. Errors are clustered on matched
    sets, or on patients when weighted. DataFrame of ``ESTIMATE_COLUMNS``, ``cause`` and ``adjustment``.

    The error of weights takes the ``score`` as "known", as R's ``coxph`` does and which is most often too wide, or
    as "estimated": the equations of the score and of the weighted Cox model are stacked.

    Shu, Young, Toh & Wang (2021) Biometrics 77:1016-1027. doi:10.1111/biom.13332

    Checked: R survival 3.5.3; the stacked equations by numerical derivatives, and a bootstrap (test_estimated.py).
    """
    door.choice("score", score, ScoreIs)
    fit = partial(_hazard_ratio, score=score)
    return ratios_of_causes(endpoints, adjustments, fit, "hazard ratio", by, inference)


def _hazard_ratio(endpoint: Endpoint, adjustment: Adjustment, number: int, by: int, score: ScoreIs) -> Fitted:
    event = ((endpoint.cause == number) & (endpoint.time_days <= by)).astype(int)
    fit = fit_checked(time=endpoint.time_days.clip(upper=by), event=event, **of_drug(adjustment, score))
    return fit, f"cause-specific Cox, Efron ties, standard error {error_of(adjustment, score)}"


def error_of(adjustment: Adjustment, score: ScoreIs) -> str:
    """Return how an error was made, in words."""
    stacked = adjustment.kind == "weights" and score == "estimated"
    return "robust, score estimated" if stacked else ERRORS[adjustment.kind]


def covariance_of(adjustment: Adjustment, score: ScoreIs) -> Sandwich:
    """Return the sandwich over patients or sets, the score of weights taken as known or as estimated."""
    return partial(adjustment.covariance, known=score == "known")


def drug(adjustment: Adjustment) -> pd.DataFrame:
    """Return the covariate of a model of the drug alone, shape (n, 1)."""
    return adjustment.treated.astype(float).rename("treated").to_frame()


def of_drug(adjustment: Adjustment, score: ScoreIs) -> dict[str, Any]:
    """Return covariate, weights, clusters and sandwich of a model of the drug alone, None where there are none."""
    weights = None if adjustment.kind == "crude" else adjustment.weights
    stacked = adjustment.kind == "weights" and score == "estimated"
    return {"covariates": drug(adjustment), "weights": weights, "clusters": adjustment.matched_set,
            "sandwich": adjustment.covariance if stacked else None}  # fmt: skip


def ratios_of_causes(
    endpoints: Endpoints, adjustments: Adjustments, fit: Callable[[Endpoint, Adjustment, int, int], Fitted],
    scale: str, by: int, inference: InferenceChoices,
) -> pd.DataFrame:  # fmt: skip
    """Return one row per adjustment, endpoint and cause; ``fit`` takes both, number of the cause and horizon."""
    found, adjustments, (by,) = together(endpoints, adjustments, by)
    causes = [(each, number) for each in found for number in range(1, len(each.causes) + 1)]

    def one(endpoint: Endpoint, adjustment: Adjustment, number: int) -> Row:
        event = (endpoint.cause == number) & (endpoint.time_days <= by) & adjustment.used
        counts = {"n": int(adjustment.used.sum()), "events": int(event.sum())}
        return counts | ratio(lambda: fit(endpoint, adjustment, number, by), inference.conf_level)

    shared = {"horizon_days": by, "scale": scale}
    cases = [{"outcome": e.name} | shared | {"cause": e.causes[number - 1]} for e, number in causes]
    return over(adjustments, cases, lambda adjustment: [one(e, adjustment, k) for e, k in causes], inference)


def ratio(fit: Callable[[], Fitted], conf_level: float) -> Row:
    """Return the ratio of the treated arm with Wald limits on the log scale, or why there is none."""
    try:
        found, method = fit()
    except CannotEstimateError as error:
        return {"method": cannot(error)}
    logs = wald_interval(found.coefficients["treated"], found.std_errors["treated"], conf_level)
    if logs.std_error <= FLAT:
        return {"method": cannot("no patient or matched set moves it, so that its error would be 0")}
    return result(logs.exponential, method)


def piecewise_hazard_ratios(
    endpoints: Endpoints, adjustments: Adjustments,
    *, cuts: Sequence[int], score: ScoreIs = "known", inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return one cause-specific hazard ratio of cause 1 per interval of follow-up: what a single ratio averages over.

    DataFrame of ``ESTIMATE_COLUMNS`` (``horizon_days`` the end of the interval), ``interval`` and ``adjustment``.
    ``cuts`` are the days that bound the intervals, (0, 7, 28): up to day 7, then up to day 28; an interval counts the
    events after its first day up to and including its last. Later ones compare those still at risk: arms no longer
    balanced by the baseline adjustment. ``score`` is that of ``hazard_ratios``. Checked: ``hazard_ratios`` over one
    interval, and derivatives by every patient's weight (test_piecewise_hazard.py).
    """
    door.choice("score", score, ScoreIs)
    bounds = list(cuts)
    if len(bounds) < 2 or not bounds[0] >= 0 or any(not low < high for low, high in pairwise(bounds)):
        raise HorizonError(f"days must ascend from 0, found the cuts {bounds}; give (0, 7, 28), say")
    found, adjustments, _ = together(endpoints, adjustments, bounds[-1])
    pieces = [(each, *days) for each in found for days in pairwise(bounds)]
    cases = [
        {"outcome": each.name, "horizon_days": last, "scale": "hazard ratio",
         "interval": f"days {first + 1 if first else 0} to {last}"}
        for each, first, last in pieces
    ]  # fmt: skip

    def estimate(adjustment: Adjustment) -> list[Row]:
        return [_piece(*piece, adjustment, score, inference.conf_level) for piece in pieces]

    return over(adjustments, cases, estimate, inference)


def _piece(
    endpoint: Endpoint, first: int, last: int, adjustment: Adjustment, score: ScoreIs, conf_level: float
) -> Row:
    at_risk = (endpoint.time_days > first) & adjustment.used
    event = (endpoint.cause == 1) & (endpoint.time_days <= last)
    given = of_drug(adjustment, score) | {"time": endpoint.time_days.clip(upper=last), "event": event}
    words = "cause-specific Cox among those at risk, Efron ties"
    if given["sandwich"] is not None:
        words += f", standard error {error_of(adjustment, score)}"

    def fit() -> Fitted:
        return fit_checked(**chosen(given, at_risk.to_numpy())), words

    return {"n": int(at_risk.sum()), "events": int((event & at_risk).sum())} | ratio(fit, conf_level)


def log_rank(time: pd.Series, event: pd.Series, treated: pd.Series) -> tuple[float, float]:
    """Return chi-square and p-value of the unweighted two-sample log-rank test.

    Times are finite and not negative, events 0 or 1, arms bool or 0 and 1, of the same patients in any order.
    """
    door.patients(time, "times")
    arm = door.arms(door.aligned(treated, time.index, "times")).to_numpy()
    t, died = door.times(time), door.events(door.aligned(event, time.index, "events"))
    need_events(died, "a log-rank test")
    test = logrank_test(t[arm], t[~arm], died[arm], died[~arm])
    return float(test.test_statistic), float(test.p_value)


def kaplan_meier_error(endpoint: Endpoint, crude: Adjustment, *, by: int) -> pd.DataFrame:
    """Return per arm and day the incidence of cause 1 and the 1 - KM curve that censors the other causes.

    DataFrame with ``arm``, ``day``, ``aalen_johansen`` and ``one_minus_km``; the latter is never lower.
    """
    (endpoint,), (crude,), (by,) = together(endpoint, crude, by)
    need_crude(crude, "the comparison with Kaplan-Meier")
    need_followed_arms(endpoint, crude, by)
    days, parts = np.arange(by + 1), []
    for arm, mask in crude.arms:
        t, c = (of.to_numpy()[mask] for of in (endpoint.time_days, endpoint.cause))
        codes, one = (c, c * (c == 1)), np.ones(len(t))  # the other causes as they are, and censored
        right, wrong = (curve_of_checked(t, code, one, len(endpoint.causes)).at(days)[:, 0] for code in codes)
        parts.append(pd.DataFrame({"arm": arm, "day": days, "aalen_johansen": right, "one_minus_km": wrong}))
    return pd.concat(parts, ignore_index=True)
