"""Whether the design holds, asked before its estimates are made."""

from functools import partial
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.propensity import Score
from headtohead.matching.weights import effective_sample_size
from headtohead.sensitivity.diagnostics import (
    check,
    detectable,
    distance_from_certainty,
    largest_missing_share,
    largest_standardised_coefficient,
    panel,
    share_in_equipoise,
)
from livingpaper import remember

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol

Check = dict[str, Any]


def diagnose(
    patients: pd.DataFrame, score: Score, pairs: Adjustment, primary: Adjustment, plan: Protocol
) -> pd.DataFrame:
    """Return the panel of diagnostics; see ``headtohead.sensitivity.diagnostics.check`` for its columns."""
    before = [*_score(patients, score, plan), *_balance(patients, primary, pairs, plan)]
    return panel([*before, _precision(patients, primary, plan), _negative_control(patients, primary, plan)])


def _score(patients: pd.DataFrame, score: Score, plan: Protocol) -> list[Check]:
    """Return what the score rests on and how far it overlaps."""
    chosen, (low, high) = plan.diagnostics, plan.diagnostics.equipoise
    shared = share_in_equipoise(score.ps, score.treated, low=low, high=high)
    term, size = largest_standardised_coefficient(score.design, score.coefficients)
    column, missing = largest_missing_share(patients[plan.propensity.columns])
    per_term = float(score.treated.sum() / score.design.shape[1])
    edge, fewest = distance_from_certainty(score.ps), plan.propensity.min_treated_per_term
    least, most = partial(check, rule="at least"), partial(check, rule="at most")
    largest, lacking = (
        f"Largest coefficient of the score, per SD ({term})",
        f"Largest share missing of a covariate ({column})",
    )
    return [
        least("equipoise", "Smaller share of an arm in equipoise", "risk", shared, threshold=chosen.min_equipoise_share),
        least("score_edge", "Most extreme score: distance from 0 or 1", "score", edge, threshold=chosen.min_score),
        most("coefficient", largest, "score", size, threshold=chosen.max_coefficient),
        least("per_term", "Treated patients per term of the score", "per term", per_term, threshold=fewest),
        most("missing", lacking, "risk", missing, threshold=chosen.max_missing_share),
    ]  # fmt: skip


def _balance(patients: pd.DataFrame, primary: Adjustment, pairs: Adjustment, plan: Protocol) -> list[Check]:
    """Return the worst imbalance of the recorded covariates, weighted and in pairs."""
    columns, chosen = patients[plan.propensity.columns], plan.balance
    table = hh.balance_report(columns, [primary, pairs], denominator=chosen.smd_denominator)
    worst, limit = table["smd"].abs().groupby(table["adjustment"]).max(), chosen.smd_threshold
    words = {each.key: f"Largest imbalance, {each.name.lower()} (SMD)" for each in (primary, pairs)}
    return [
        check(f"smd_{each}", said, "smd", worst[each], rule="at most", threshold=limit)
        for each, said in words.items()
    ]


def _precision(patients: pd.DataFrame, primary: Adjustment, plan: Protocol) -> Check:
    """Return the detectable difference, from the risk of both arms together and the effective numbers."""
    risk = float(endpoint(patients, plan.outcome.primary).by(plan.outcome.horizon_days).mean())
    sizes = (effective_sample_size(primary.weights[arm]) for arm in (primary.treated, ~primary.treated))
    power, limit = plan.precision.power, plan.diagnostics.max_detectable_pp / 100
    value, reason = detectable(risk, *sizes, power=power, alpha=1 - plan.inference.conf_level)
    words = ("detectable", f"Detectable rise of the risk, power {power:.0%}", "absolute difference")
    return check(*words, value, rule="at most", threshold=limit, method=reason)


def _negative_control(patients: pd.DataFrame, primary: Adjustment, plan: Protocol) -> Check:
    """Return the adjusted difference in an outcome that neither drug can change; it must be shown to be small."""
    column, days = plan.diagnostics.negative_control, plan.outcome.whole_stay_days
    named: Check = {"rule": "within", "threshold": plan.equivalence.margin_pp / 100}
    words = ("negative_control", "Negative control: risk difference", "risk difference")
    if column not in patients or patients[column].isna().any():
        reason = f"cannot be estimated, because {column!r} is not recorded for every patient"
        return check(*words, np.nan, **named, method=reason)
    control = hh.Endpoint.recorded(column, patients[column], by=days)
    stream = "negative control of the design"
    rows = remember(hh.risks)(control, primary, by=days, inference=plan.inference, stream=stream)
    found = rows.set_index("scale").loc["risk difference"]
    named |= {"low": found["conf_low"], "high": found["conf_high"]}
    named |= {} if pd.notna(found["estimate"]) else {"method": found["method"]}
    return check(*words, found["estimate"], **named)
