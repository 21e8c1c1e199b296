"""Tests of equal hazards (log-rank: crude, stratified, weighted, matched) and of equal cumulative incidence (Gray).

A log-rank test is the score test of the hazard ratio at 1: events observed in the treated arm against those expected
if the hazards were equal. Crude and stratified tests have the hypergeometric variance; under weights or in matched
sets it would be wrong, and the variance is the sandwich over patients or sets. Gray's is valid for independent,
unweighted patients only: after matching or weighting, the clustered Fine-Gray ratio answers its question.

Mantel (1966) Cancer Chemother Rep 50:163-170.
Lin & Wei (1989) JASA 84:1074-1078. doi:10.1080/01621459.1989.10478874
Xie & Liu (2005) Stat Med 24:3089-3110. doi:10.1002/sim.2174 (weights)
Gray (1988) Ann Stat 16:1141-1154. doi:10.1214/aos/1176350951
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import chi2

from headtohead import door
from headtohead.errors import CannotEstimateError, cannot
from headtohead.matching.adjustment import Adjustment, Adjustments, need_crude
from headtohead.outcomes import partial_likelihood as pl
from headtohead.outcomes.cox import codes, need_events, of_all
from headtohead.outcomes.endpoint import Endpoint, Endpoints
from headtohead.outcomes.estimate import TINY, together, too_few
from headtohead.outcomes.hazard import ScoreIs, covariance_of, error_of

COLUMNS = (
    "outcome", "horizon_days", "cause", "observed", "expected", "chi_square", "p_value", "method", "adjustment",
)  # fmt: skip


def log_rank_tests(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int, strata: pd.Series | None = None, score: ScoreIs = "known",
) -> pd.DataFrame:  # fmt: skip
    """Return the log-rank test of every cause of every endpoint, other causes censored, follow-up cut at the horizon.

    DataFrame with ``outcome``, ``horizon_days``, ``cause``, ``observed`` and ``expected`` (weighted events of the
    treated arm), ``chi_square``, ``p_value`` (one degree of freedom), ``method`` (or why there is no test) and
    ``adjustment``.

    Patients are compared within ``strata`` only; ``score`` is that of ``hazard_ratios``. Checked: R survival 3.5.3
    ``survdiff`` and the robust score test of ``coxph(ties = "breslow")``; by hand (test_log_rank.py).
    """
    door.choice("score", score, ScoreIs)
    endpoints, adjustments, (by,) = together(endpoints, adjustments, by)
    if strata is not None:
        strata = door.aligned(strata, adjustments[0].treated.index, "strata")
        door.complete(strata, "strata")
    rows = []
    for adjustment in adjustments:
        reason = adjustment.reason or too_few(adjustment)
        for endpoint in endpoints:
            for number, cause in enumerate(endpoint.causes, start=1):
                named = {"outcome": endpoint.name, "horizon_days": by, "cause": cause}
                found: dict[str, object] = {"method": reason}
                if reason is None:
                    found = _one(endpoint, adjustment, number, by, strata, score)
                rows.append(named | found | {"adjustment": adjustment.key})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _one(
    endpoint: Endpoint, adjustment: Adjustment, number: int, by: int, strata: pd.Series | None, score: ScoreIs
) -> dict[str, object]:
    used = adjustment.used.to_numpy()
    time = endpoint.time_days.clip(upper=by).to_numpy(float)[used]
    died = ((endpoint.cause == number) & (endpoint.time_days <= by)).to_numpy()[used]
    w, z = adjustment.weights.to_numpy(float)[used], adjustment.arm[used]
    within = codes(None if strata is None else strata[used], len(time))
    try:
        need_events(died, "a log-rank test")
        Z = z[:, None].astype(float)
        sets = pl.risk_sets(time, died, Z, weights=w, strata=within, entry=None, ties="breslow")
        observed = float(w @ (died & z))
        at = pl.moments(sets, np.zeros(1))
        gap = float(at.score[0])
        if adjustment.kind == "crude":  # hypergeometric: at risk are n, of whom n1 in the treated arm
            (n, n1), d, method = at.total.T, sets.size, "log-rank"
            variance = float((d * (n1 / n) * (1 - n1 / n) * (n - d) / np.maximum(n - 1, 1)).sum())
        else:
            sandwich = of_all(covariance_of(adjustment, score), used)
            variance = float(sandwich(pl.score_residuals(sets, at) / sets.weights[:, None])[0, 0])
            method = f"weighted log-rank, variance {error_of(adjustment, score)}"
        if variance <= TINY * (w[died] ** 2).sum():
            must = "no event happened while both arms were at risk"
            raise CannotEstimateError(f"{must}, or the members of every matched set agree")
    except CannotEstimateError as error:
        return {"method": cannot(error)}
    statistic = gap**2 / variance
    apart = "" if strata is None else f", stratified by {strata.name or 'strata'}"
    return {
        "observed": observed, "expected": observed - gap, "chi_square": statistic,
        "p_value": float(chi2.sf(statistic, 1)), "method": f"{method}{apart}",
    }  # fmt: skip


class GrayTest(NamedTuple):
    """Chi-square on one degree of freedom, and its p-value."""

    chi_square: float
    p_value: float


def gray_tests(endpoints: Endpoints, crude: Adjustment, *, by: int) -> pd.DataFrame:
    """Return Gray's test of every cause of every endpoint in the crude comparison, follow-up cut at the horizon.

    DataFrame with ``outcome``, ``horizon_days``, ``cause``, ``chi_square``, ``p_value``, ``method`` (or why there is no
    test) and ``adjustment``.
    """
    found, (crude,), (by,) = together(endpoints, crude, by)
    need_crude(crude, "Gray's test")
    rows = []
    for endpoint in found:
        seen = endpoint.cut(by)
        for number, cause in enumerate(endpoint.causes, start=1):
            test, method = GrayTest(np.nan, np.nan), "Gray, unweighted and unmatched"
            try:
                test = _gray(seen.time_days.to_numpy(), seen.cause.to_numpy(), crude.arm, number)
            except CannotEstimateError as error:
                method = cannot(error)
            rows.append((endpoint.name, by, cause, *test, method, crude.key))
    names = ["outcome", "horizon_days", "cause", "chi_square", "p_value", "method", "adjustment"]
    return pd.DataFrame(rows, columns=names)


@door.guarded
def gray_test(time: pd.Series, cause: pd.Series, treated: pd.Series, *, cause_number: int) -> GrayTest:
    """Return Gray's two-sample test (rho = 0).

    ``cause`` is 0 for the censored; events precede censorings of the same time. Raises CannotEstimateError if the
    cause does not occur or the arms share no time at risk, and what ``door.py`` refuses.

    A log-rank test of the subdistribution: arm k counts R_k = r_k (1 - F_k(t-)) / S_k(t-) at risk, and the score is
    the sum of d_1(t) - R_1 d(t) / R. The variance is Gray's, with the correction for ties of R's cmprsk. Checked:
    cmprsk 2.2-11 ``cuminc`` on five data sets; comprisk (test_gray.py).
    """
    door.at_least("cause_number", cause_number, 1)
    door.patients(time, "times")
    arm = door.arms(door.aligned(treated, time.index, "times")).to_numpy()
    c, t = door.causes(door.aligned(cause, time.index, "causes")), door.times(time)
    return _gray(t, c, arm, cause_number)


def _gray(t: np.ndarray, c: np.ndarray, arm: np.ndarray, cause_number: int) -> GrayTest:
    """Return ``gray_test`` of times, causes and arms in one order that were checked."""
    if not (c == cause_number).any():
        raise CannotEstimateError(
            f"Gray's test needs an event of cause {cause_number}, found {int(arm.sum())} and "
            f"{int((~arm).sum())} patients with 0 events; report the counts"
        )
    times, place = np.unique(t, return_inverse=True)
    kinds = (c == cause_number, (c != cause_number) & (c != 0), np.ones(len(t), bool))
    n = len(times)
    counts = ([np.bincount(place[side & kind], minlength=n) for side in (arm, ~arm)] for kind in kinds)
    d1, d2, leaving = (np.column_stack(pair).astype(float) for pair in counts)
    at_risk = np.cumsum(leaving[::-1], axis=0)[::-1]
    both = (at_risk > 0).all(axis=1)
    score, variance = _score_and_variance(d1[both], d2[both], at_risk[both])
    if variance <= 0:
        raise CannotEstimateError("the arms share no time at risk with an event; report the counts")
    statistic = score**2 / variance
    return GrayTest(statistic, float(chi2.sf(statistic, 1)))


def _score_and_variance(d1: np.ndarray, d2: np.ndarray, n: np.ndarray) -> tuple[float, float]:
    """Return the score of the first arm and its variance; arrays of shape (times, 2)."""
    survival = np.cumprod(1 - (d1 + d2) / n, axis=0)
    before = np.vstack([np.ones(2), survival[:-1]])
    incidence = np.cumsum(before * d1 / n, axis=0)
    incidence_before = np.vstack([np.zeros(2), incidence[:-1]])
    events, exposure = d1.sum(axis=1), n / before
    total = exposure.sum(axis=1)
    pooled = np.cumsum(events / total)
    pooled_before = np.append(0.0, pooled[:-1])
    risk = exposure * (1 - incidence_before)
    score = float((d1[:, 0] - events * risk[:, 0] / risk.sum(axis=1)).sum())
    # influence of arm k's increments: a from the score's own term, c from the incidence that follows
    product = exposure[:, 0] * exposure[:, 1] / total
    a = np.column_stack([product, -product])
    c = np.cumsum(a * (events / (total * (1 - pooled_before)))[:, None], axis=0)
    gone = np.divide((1 - pooled)[:, None], survival, out=np.zeros_like(survival), where=survival > 0)
    own = np.where(survival > 0, 1 - gone, 1.0)
    ties1 = 1 - np.divide(events[:, None] - 1, total[:, None] * before - 1,
                          out=np.zeros_like(n), where=events[:, None] > 1)  # fmt: skip
    jump1 = ties1 * before * events[:, None] / (total[:, None] * n)
    ties2 = 1 - np.divide(d2 - 1, n - 1, out=np.zeros_like(n), where=d2 > 1)
    jump2 = np.where((survival > 0) & (d2 > 0), ties2 * before**2 * d2 / n**2, 0.0)
    part1 = (a - own * c) + own * c[-1]
    part2 = gone * (c[-1] - c)
    return score, float((part1**2 * jump1).sum() + (part2**2 * jump2).sum())
