"""Whether the design holds, asked before its estimates are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import headtohead as hh
import numpy as np
import pandas as pd
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.score import Score
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

from study.data.endpoints import endpoint
from study.protocol.protocol import Protocol

Check = dict[str, Any]


def diagnose(
    patients: pd.DataFrame, score: Score, pairs: Adjustment, primary: Adjustment, plan: Protocol
) -> pd.DataFrame:
    """Return the panel of diagnostics; see ``headtohead.sensitivity.diagnostics.check`` for its columns."""
    checks = [*_score(patients, score, plan), *_balance(patients, primary, pairs, plan)]
    checks += [_precision(patients, primary, plan), _negative_control(patients, primary, plan)]
    return panel(checks)


def _score(patients: pd.DataFrame, score: Score, plan: Protocol) -> Iterator[Check]:
    """Return what the score rests on and how far it overlaps."""
    chosen, (low, high) = plan.diagnostics, plan.diagnostics.equipoise
    yield check(
        "equipoise", "Smaller share of an arm in equipoise", "risk",
        share_in_equipoise(score.ps, score.treated, low=low, high=high),
        rule="at least", threshold=chosen.min_equipoise_share,
    )  # fmt: skip
    yield check(
        "score_edge", "Most extreme score: distance from 0 or 1", "score", distance_from_certainty(score.ps),
        rule="at least", threshold=chosen.min_score,
    )  # fmt: skip
    term, size = largest_standardised_coefficient(score.design, score.coefficients)
    yield check(
        "coefficient", f"Largest coefficient of the score, per SD ({term})", "score", size,
        rule="at most", threshold=chosen.max_coefficient,
    )  # fmt: skip
    yield check(
        "per_term", "Treated patients per term of the score", "per term",
        float(score.treated.sum() / score.design.shape[1]),
        rule="at least", threshold=plan.propensity.min_treated_per_term,
    )  # fmt: skip
    column, share = largest_missing_share(patients[_columns(plan)])
    yield check(
        "missing", f"Largest share missing of a covariate ({column})", "risk", share,
        rule="at most", threshold=chosen.max_missing_share,
    )  # fmt: skip


def _columns(plan: Protocol) -> list[str]:
    return list(dict.fromkeys(term.column for term in plan.propensity.terms))


def _balance(
    patients: pd.DataFrame, primary: Adjustment, pairs: Adjustment, plan: Protocol
) -> Iterator[Check]:
    """Return the worst imbalance of the recorded covariates, weighted and in pairs."""
    table = hh.balance_report(
        patients[_columns(plan)], [primary, pairs], denominator=plan.balance.smd_denominator
    )
    worst = table["smd"].abs().groupby(table["adjustment"]).max()
    for each in (primary, pairs):
        yield check(
            f"smd_{each.key}", f"Largest imbalance, {each.name.lower()} (SMD)", "smd", worst[each.key],
            rule="at most", threshold=plan.balance.smd_threshold,
        )  # fmt: skip


def _precision(patients: pd.DataFrame, primary: Adjustment, plan: Protocol) -> Check:
    """Return the detectable difference, from the risk of both arms together and the effective numbers."""
    event = endpoint(patients, plan.outcome.primary).by(plan.outcome.horizon_days)
    arms = (primary.treated, ~primary.treated)
    value, reason = detectable(
        float(event.mean()), *(effective_sample_size(primary.weights[arm]) for arm in arms),
        power=plan.precision.power, alpha=1 - plan.inference.conf_level,
    )  # fmt: skip
    return check(
        "detectable", f"Detectable rise of the risk, power {plan.precision.power:.0%}",
        "absolute difference", value, rule="at most",
        threshold=plan.diagnostics.max_detectable_pp / 100, method=reason,
    )  # fmt: skip


def _negative_control(patients: pd.DataFrame, primary: Adjustment, plan: Protocol) -> Check:
    """Return the adjusted difference in an outcome that neither drug can change; it must be shown to be small."""
    column, days = plan.diagnostics.negative_control, plan.outcome.whole_stay_days
    named: Check = {"rule": "within", "threshold": plan.equivalence.margin_pp / 100}
    words = ("negative_control", "Negative control: risk difference", "risk difference")
    if column not in patients or patients[column].isna().any():
        reason = f"cannot be estimated, because {column!r} is not recorded for every patient"
        return check(*words, np.nan, **named, method=reason)
    rows = hh.risks(
        hh.Endpoint.recorded(column, patients[column], by=days), primary, by=days,
        inference=plan.inference, stream="negative control of the design",
    ).set_index("scale")  # fmt: skip
    found = rows.loc["risk difference"]
    return check(*words, found["estimate"], **named, low=found["conf_low"], high=found["conf_high"])
