"""Fine and Gray's subdistribution hazard ratio, with case weights and clustered errors.

Whoever had a competing event stays in the risk set, with a weight that falls as censoring would have removed them. With
the lingering rows of ``partial_likelihood.py`` every sum stays a running sum: a million patients need seconds.

Fine & Gray (1999) JASA 94:496-509. doi:10.1080/01621459.1999.10474144
Austin & Fine (2019) Stat Med 38:751-777. doi:10.1002/sim.8008
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment, Adjustments
from headtohead.outcomes import cox
from headtohead.outcomes.endpoint import Endpoint, Endpoints
from headtohead.outcomes.hazard import ScoreIs, of_drug, ratios_of_causes
from headtohead.outcomes.partial_likelihood import Lingering, risk_sets

Rule = Literal["crr", "finegray"]
Censoring = Literal["together", "by arm"]
TIES: dict[Rule, Literal["breslow", "efron"]] = {"crr": "breslow", "finegray": "efron"}


@door.guarded
def fit_fine_gray(
    time: pd.Series, cause: pd.Series, covariates: pd.DataFrame,
    *, cause_number: int, rule: Rule = "crr", weights: pd.Series | None = None,
    clusters: pd.Series | None = None, censoring: pd.Series | None = None, sandwich: cox.Sandwich | None = None,
) -> cox.CoxFit:  # fmt: skip
    """Return the fit of the subdistribution hazard of one cause.

    CoxFit with a robust covariance (clusters, else patients), because a lingering patient counts more than once. It is
    Lin and Wei's, which takes the censoring distribution as known. A patient with a competing event at T is at risk at
    t > T with weight G(t-) / G(T-), G the Kaplan-Meier estimate of staying uncensored (weighted as the patients are).
    Raises what ``door.py`` refuses, and CannotEstimateError if the cause does not occur or there is no maximum.

    ``cause``, shape (n,), is 0 for the censored, ``cause_number`` for the cause of interest, any other number for a
    competing event; ``censoring`` are groups that are censored differently, each with a G of its own (``cengroup`` of
    ``crr``), one for all if none; the others are as in ``fit_cox``. The ``rule`` is that of tied days. ``crr`` (R's
    cmprsk): Breslow, and an event on a day of censorings counts as at risk of them. ``finegray`` (R's survival):
    Efron, and it does not. Without censoring and without ties they agree. Checked: cmprsk 2.2-11 ``crr`` and survival
    3.5.3 ``finegray`` with ``coxph``; comprisk (test_fine_gray.py).
    """
    door.choice("rule", rule, Rule)
    door.at_least("cause_number", cause_number, 1)
    given = {"cause": cause, "clusters": clusters, "censoring": censoring}
    rows = cox.at_the_door(time, covariates, weights=weights, sandwich=sandwich, **given)
    rows["cause"] = door.causes(rows["cause"])
    return fit_checked(**rows, cause_number=cause_number, rule=rule)


def fit_checked(*, cause_number: int, rule: Rule = "crr", **given: Any) -> cox.CoxFit:
    """Return ``fit_fine_gray`` of inputs in one order that were checked."""
    rows = cox.weighty(given)
    t, c, w = np.asarray(rows["time"], float), np.asarray(rows["cause"], int), cox.weights_of(rows)
    cox.need_events(c == cause_number, "a subdistribution hazard ratio", f" of cause {cause_number}")
    Z, spread = cox.standardised(rows["covariates"], w)
    groups = cox.codes(rows["censoring"], len(t))
    sets = risk_sets(
        t, c == cause_number, Z, weights=w, strata=np.zeros(len(t), int), entry=None, ties=TIES[rule],
        lingering=lambda event_times: [
            _lingering(np.flatnonzero(groups == one), t, c, w, event_times, cause_number, rule)
            for one in range(groups.max() + 1)
        ],
    )  # fmt: skip
    return cox.fit_risk_sets(sets, spread, rows, cox.clusters_of(rows))


def _lingering(
    group: np.ndarray, t: np.ndarray, c: np.ndarray, w: np.ndarray, event_times: np.ndarray, cause_number: int,
    rule: Rule,
) -> Lingering:  # fmt: skip
    """Return who of a group (row numbers) stays after a competing event, and the weights G(t-) and 1 / G(T-)."""
    t, c, w = t[group], c[group], w[group]
    times, place = np.unique(t, return_inverse=True)
    at_risk = np.cumsum(np.bincount(place, w)[::-1])[::-1]
    censored = np.bincount(place, w * (c == 0))
    if rule == "finegray":
        at_risk = at_risk - np.bincount(place, w * (c != 0))
    share = np.divide(censored, at_risk, out=np.zeros(len(times)), where=at_risk > 0)
    before = np.concatenate([[1.0], np.cumprod(1 - share)[:-1], [0.0]])  # as crr: 0 after a group's last day
    rows = np.flatnonzero((c != 0) & (c != cause_number))
    return Lingering(group[rows], 1 / before[place[rows]], before[np.searchsorted(times, event_times)])


def subdistribution_hazard_ratios(
    endpoints: Endpoints, adjustments: Adjustments, *, by: int, censoring: Censoring = "together",
    score: ScoreIs = "known", inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return the subdistribution hazard ratio of the treated arm for every cause of every endpoint.

    Above 1 the treated arm has the higher cumulative incidence. It orders incidences; it is not the ratio of any rate
    among patients at risk, nor of the risks themselves. ``censoring`` "by arm" is for follow-up that ended for other
    reasons in one; ``score`` is that of ``hazard_ratios``. DataFrame of ``ESTIMATE_COLUMNS``, ``cause`` and
    ``adjustment``.
    """
    door.choice("censoring", censoring, Censoring)
    door.choice("score", score, ScoreIs)
    scale, fit = "subdistribution hazard ratio", partial(_subdistribution, censoring=censoring, score=score)
    return ratios_of_causes(endpoints, adjustments, fit, scale, by, inference)


def _subdistribution(
    endpoint: Endpoint, adjustment: Adjustment, number: int, by: int, *, censoring: Censoring, score: ScoreIs
) -> tuple[cox.CoxFit, str]:
    seen = endpoint.cut(by)
    given = of_drug(adjustment, score) | {"time": seen.time_days, "cause": seen.cause}
    groups = adjustment.treated if censoring == "by arm" else None
    fit = fit_checked(cause_number=number, censoring=groups, **given)
    clusters = "matched sets" if adjustment.kind == "pairs" else "patients"
    known = ", score estimated" if adjustment.kind == "weights" and score == "estimated" else ""
    apart = ", censoring by arm" if censoring == "by arm" else ""
    return fit, f"Fine-Gray, Breslow ties as crr{apart}, standard error clustered on {clusters}{known}"
