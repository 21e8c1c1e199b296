"""Is the hazard ratio constant? R's present score test of proportional hazards.

lifelines' test correlates residuals with time, as R did before 2019; on the same fit it can say the opposite.
This is the score test of adding covariate x g(time) to the model (``cox.zph`` of R's survival 3.x).

Grambsch & Therneau (1994) Biometrika 81:515-526. doi:10.1093/biomet/81.3.515
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.linalg import block_diag
from scipy.stats import chi2

from headtohead import door
from headtohead.errors import AlignmentError, CannotEstimateError, cannot
from headtohead.matching.adjustment import Adjustment, Adjustments
from headtohead.outcomes import partial_likelihood as pl
from headtohead.outcomes.cox import CoxFit, Sandwich, at_the_door, codes, fit_checked, of_all, weights_of
from headtohead.outcomes.endpoint import Endpoint, Endpoints
from headtohead.outcomes.estimate import together
from headtohead.outcomes.hazard import ScoreIs, covariance_of, drug
from headtohead.outcomes.partial_likelihood import Ties

Transform = Literal["km", "identity", "log", "rank"]


def proportional_hazards_tests(
    endpoints: Endpoints, adjustments: Adjustments, *, by: int, score: ScoreIs = "known"
) -> pd.DataFrame:
    """Return the test of a constant hazard ratio of cause 1, in the patients each adjustment uses.

    Where all of them weigh the same, the variance is that of the model. Under weights it is robust: R's ``cox.zph``
    counts a weight of 2 as two patients, so that its test rejects more often the larger the unit of the weights.
    ``score`` is that of ``hazard_ratios``. DataFrame with ``outcome``, ``horizon_days``, ``term``, ``chi_square``,
    ``df``, ``p_value``, ``method`` (why there is no test, NaN where there is one) and ``adjustment``.
    """
    door.choice("score", score, ScoreIs)
    found, adjustments, (by,) = together(endpoints, adjustments, by)
    parts = []
    for adjustment in adjustments:
        for endpoint in found:
            reason = adjustment.reason
            try:
                test = None if reason else _one_test(endpoint, adjustment, by, score).assign(method=np.nan)
            except CannotEstimateError as error:  # an arm without events has risks, but no ratio to test
                test, reason = None, cannot(error)
            if test is None:
                test = pd.DataFrame({"term": ["treated"], "p_value": np.nan, "method": reason})
            parts.append(test.assign(outcome=endpoint.name, horizon_days=by, adjustment=adjustment.key))
    names = ["outcome", "horizon_days", "term", "chi_square", "df", "p_value", "method", "adjustment"]
    return pd.concat(parts, ignore_index=True).reindex(columns=names)


def _one_test(endpoint: Endpoint, adjustment: Adjustment, by: int, score: ScoreIs) -> pd.DataFrame:
    used = adjustment.used
    time = endpoint.time_days[used].clip(upper=by)
    event = (endpoint.cause[used] == 1) & (endpoint.time_days[used] <= by)
    X, weights = drug(adjustment)[used], adjustment.weights[used]
    if time[event].nunique() == 1:
        raise CannotEstimateError("a hazard ratio that changes needs events on two days, all fall on one")
    same = np.ptp(weights) < 1e-9 * weights.max()  # but for rounding
    robust = None if same else of_all(covariance_of(adjustment, score), used.to_numpy())
    rows = {"time": time, "event": event, "covariates": X, "weights": weights / weights if same else weights}
    fit = fit_checked(**rows, clusters=None, sandwich=None)
    return _test_of_checked(fit, **rows, sandwich=robust).iloc[[0]]


@door.guarded
def proportional_hazards_test(
    time: pd.Series, event: pd.Series, covariates: pd.DataFrame, fit: CoxFit, *, transform: Transform = "km",
    ties: Ties = "efron", strata: pd.Series | None = None, terms: Mapping[str, Sequence[str]] | None = None,
    weights: pd.Series | None = None, sandwich: Sandwich | None = None,
) -> pd.DataFrame:  # fmt: skip
    """Return the score test of constant hazard ratios, per term and for all together.

    DataFrame with ``term`` (last row "GLOBAL"), ``chi_square``, ``df`` and ``p_value``. ``fit`` is of the same model as
    the other inputs, which are those of ``fit_cox``; weights without a ``sandwich`` (the robust covariance of statistics
    from their derivatives by each row's weight, shape (n, p)) count as numbers of patients, as in ``cox.zph``.
    ``transform`` is g(time): one minus the Kaplan-Meier estimate just before, the time, its logarithm or its rank.
    ``terms`` are columns tested together, the dummies of a category, say; each column alone if omitted.
    Checked: R survival 3.5.3 ``cox.zph``; under weights numerical derivatives and a known truth (test_proportional.py).
    """
    door.choice("transform", transform, Transform)
    door.choice("ties", ties, Ties)
    rows = at_the_door(time, covariates, event=event, weights=weights, sandwich=sandwich, strata=strata)
    rows["event"] = door.events(rows["event"])
    rows["covariates"] = door.covariates(rows["covariates"], "covariates")
    if list(fit.coefficients.index) != list(covariates.columns):
        raise AlignmentError(
            f"the fit must be of these covariates, {list(fit.coefficients.index)[:3]} are not "
            f"{list(covariates.columns)[:3]}; fit the same model"
        )
    if terms is not None:
        words = door.words(terms, "names of terms")
        terms = {each: door.named(covariates, terms[each], "terms") for each in words}
    return _test_of_checked(fit, transform=transform, ties=ties, terms=terms, **rows)


def _test_of_checked(
    fit: CoxFit, *, transform: Transform = "km", ties: Ties = "efron",
    terms: Mapping[str, Sequence[str]] | None = None, **rows: Any,
) -> pd.DataFrame:  # fmt: skip
    t, died, sandwich = np.asarray(rows["time"], float), np.asarray(rows["event"], bool), rows["sandwich"]
    if len(np.unique(t[died])) < 2:
        must = "a hazard ratio changes between event times"
        raise CannotEstimateError(f"{must}, found none or one; report the counts")
    X, names = rows["covariates"].to_numpy(float), list(rows["covariates"].columns)
    p, w, within = len(names), weights_of(rows), codes(rows.get("strata"), len(X))
    Z = X - X.mean(axis=0)
    sets = pl.risk_sets(t, died, Z, weights=w, entry=None, ties=ties, strata=within)
    at = pl.moments(sets, fit.coefficients.to_numpy())
    g = _transformed(sets.times, t, died, transform)
    g = g - np.average(g, weights=sets.size)
    score = g @ pl.score_of_groups(sets, at)
    blocks = [pl.weighted_information(sets, at, factor) for factor in (np.ones_like(g), g, g * g)]
    information = np.block([[blocks[0], blocks[1]], [blocks[1], blocks[2]]])
    if sandwich is not None:
        shared = pl.score_residuals(sets, at) @ np.linalg.solve(blocks[0], blocks[1])
        own = pl.score_residuals(sets, at, g) - shared
        information = block_diag(np.eye(p), sandwich(own / w[:, None]))
    tested = {name: [name] for name in names} if terms is None else terms
    found = []
    for term, columns in [*tested.items(), ("GLOBAL", names)]:
        j = [names.index(column) for column in columns]
        keep = [*range(p), *(p + i for i in j)]
        u = np.concatenate([np.zeros(p), score[j]])
        statistic = float(u @ np.linalg.solve(information[np.ix_(keep, keep)], u))
        found.append((term, statistic, len(j), float(chi2.sf(statistic, len(j)))))
    return pd.DataFrame(found, columns=["term", "chi_square", "df", "p_value"])


def _transformed(at: np.ndarray, time: np.ndarray, event: np.ndarray, transform: Transform) -> np.ndarray:
    """Return g at the event times ``at``."""
    if transform == "identity":
        return at
    if transform == "log":
        return np.log(at)
    times, place, size = np.unique(time, return_inverse=True, return_counts=True)
    if transform == "rank":  # of all times, ties at their mean rank
        mean_rank = np.cumsum(size) - (size - 1) / 2
        return mean_rank[np.searchsorted(times, at)]
    d = np.bincount(place, event, len(times))
    at_risk = np.cumsum(size[::-1])[::-1]
    survival = np.concatenate([[1.0], np.cumprod(1 - d / at_risk)])
    return 1 - survival[np.searchsorted(times, at, side="left")]
