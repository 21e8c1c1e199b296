"""Log-rank tests: crude, stratified, weighted and matched.

Each is the score test of the hazard ratio at 1: events observed in the treated arm against those expected if the
hazards were equal. Crude and stratified tests have the hypergeometric variance; under weights or in matched sets
it would be wrong, and the variance is the sandwich over patients or sets.

Mantel (1966) Cancer Chemother Rep 50:163-170.
Lin & Wei (1989) JASA 84:1074-1078. doi:10.1080/01621459.1989.10478874
Xie & Liu (2005) Stat Med 24:3089-3110. doi:10.1002/sim.2174 (weights)
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import chi2

from headtohead import door
from headtohead.errors import CannotEstimateError, cannot
from headtohead.matching.adjustment import Adjustment, Adjustments
from headtohead.outcomes import partial_likelihood as pl
from headtohead.outcomes.cox import of_all
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

    Patients are compared within ``strata`` only; ``score`` is that of ``hazard_ratios``.

    Checked: R survival 3.5.3 ``survdiff`` and the robust score test of ``coxph``; by hand (test_log_rank.py).
    """
    door.choice("score", score, ScoreIs)
    endpoints, adjustments, (by,) = together(endpoints, adjustments, by)
    if strata is not None:
        strata = door.aligned(strata, adjustments[0].treated.index, "strata")
        door.complete(strata.to_frame(), "strata")
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
    within = np.zeros(len(time), int) if strata is None else pd.factorize(strata[used])[0]
    try:
        if not died.any():
            raise CannotEstimateError(f"a log-rank test needs events, found none in {len(time)} patients")
        sets = pl.risk_sets(
            time, died, z[:, None].astype(float), weights=w, strata=within, entry=None, ties="breslow"
        )
        observed = float(w @ (died & z))
        at = pl.moments(sets, np.zeros(1))
        gap = float(at.score[0])
        if adjustment.kind == "crude":
            variance, method = _hypergeometric(sets, at), "log-rank"
        else:
            variance, method = _sandwich(sets, at, adjustment, used, score)
        if variance <= TINY * (w[died] ** 2).sum():
            raise CannotEstimateError(
                "no event happened while both arms were at risk, or the members of every matched set agree"
            )
    except CannotEstimateError as error:
        return {"method": cannot(error)}
    statistic = gap**2 / variance
    apart = "" if strata is None else f", stratified by {strata.name}"
    return {
        "observed": observed, "expected": observed - gap, "chi_square": statistic,
        "p_value": float(chi2.sf(statistic, 1)), "method": f"{method}{apart}",
    }  # fmt: skip


def _hypergeometric(sets: pl.RiskSets, at: pl.Moments) -> float:
    """Return the sum over event times of d (n1 / n) (n0 / n) (n - d) / (n - 1)."""
    n, n1 = at.total.T  # at risk in both arms and in the first
    d = sets.size
    return float((d * (n1 / n) * (1 - n1 / n) * (n - d) / np.maximum(n - 1, 1)).sum())


def _sandwich(
    sets: pl.RiskSets, at: pl.Moments, adjustment: Adjustment, used: np.ndarray, score: ScoreIs
) -> tuple[float, str]:
    """Return the variance of the score over patients or sets, and what it is called."""
    sandwich = of_all(covariance_of(adjustment, score), used)
    variance = float(sandwich(pl.score_residuals(sets, at) / sets.weights[:, None])[0, 0])
    return variance, f"weighted log-rank, variance {error_of(adjustment, score)}"
