"""Whether the design holds, asked before its estimates are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from headtohead.matching.report import balance_report
from headtohead.matching.weights import effective_sample_size
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.risk import risks
from headtohead.sensitivity.diagnostics import (
    check,
    detectable,
    distance_from_certainty,
    largest_missing_share,
    largest_standardised_coefficient,
    panel,
    share_in_equipoise,
)

from study.matching.sample import Sample, outcome_columns
from study.protocol.protocol import Protocol


def diagnose(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the panel of diagnostics; see ``sensitivity/diagnostics.py::check`` for its columns."""
    return panel(
        [*_score(sample, protocol), *_balance(sample, protocol), _precision(sample, protocol),
         _negative_control(sample, protocol)]
    )  # fmt: skip


def _score(sample: Sample, protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Return what the score rests on and how far it overlaps."""
    chosen, ps = protocol.diagnostics, sample.propensity.ps
    low, high = chosen.equipoise
    yield check(
        "equipoise", "Smaller share of an arm in equipoise", "risk",
        share_in_equipoise(ps, sample.treated, low=low, high=high),
        rule="at least", threshold=chosen.min_equipoise_share,
    )  # fmt: skip
    yield check(
        "score_edge", "Most extreme score: distance from 0 or 1", "score", distance_from_certainty(ps),
        rule="at least", threshold=chosen.min_score,
    )  # fmt: skip
    term, size = largest_standardised_coefficient(sample.design, sample.propensity.coefficients)
    yield check(
        "coefficient", f"Largest coefficient of the score, per SD ({term})", "score", size,
        rule="at most", threshold=chosen.max_coefficient,
    )  # fmt: skip
    yield check(
        "per_term", "Treated patients per term of the score", "per term",
        float(sample.treated.sum() / sample.design.shape[1]),
        rule="at least", threshold=protocol.propensity.min_treated_per_term,
    )  # fmt: skip
    column, share = largest_missing_share(sample.frame[_columns(protocol)])
    yield check(
        "missing", f"Largest share missing of a covariate ({column})", "risk", share,
        rule="at most", threshold=chosen.max_missing_share,
    )  # fmt: skip


def _columns(protocol: Protocol) -> list[str]:
    return list(dict.fromkeys(term.column for term in protocol.propensity.terms))


def _balance(sample: Sample, protocol: Protocol) -> Iterator[dict[str, Any]]:
    """Return the worst imbalance of the recorded covariates, weighted and in pairs."""
    primary = protocol.estimand.primary.lower()
    shown = [sample.adjustments[key] for key in (primary, "pairs")]
    table = balance_report(
        sample.frame[_columns(protocol)], shown, denominator=protocol.balance.smd_denominator
    )
    worst = table["smd"].abs().groupby(table["adjustment"]).max()
    for key in (primary, "pairs"):
        yield check(
            f"smd_{key}", f"Largest imbalance, {sample.adjustments[key].name.lower()} (SMD)", "smd",
            worst[key], rule="at most", threshold=protocol.balance.smd_threshold,
        )  # fmt: skip


def _precision(sample: Sample, protocol: Protocol) -> dict[str, Any]:
    """Return the detectable difference, from the risk of both arms together and the effective numbers."""
    outcome = protocol.outcome
    event = outcome_columns(sample.frame, protocol)[(outcome.primary, outcome.horizon_days)]
    weights = sample.adjustments[protocol.estimand.primary.lower()].weights
    value, reason = detectable(
        float(event.mean()),
        effective_sample_size(weights[sample.treated]),
        effective_sample_size(weights[~sample.treated]),
        power=protocol.precision.power,
        alpha=1 - protocol.inference.conf_level,
    )
    return check(
        "detectable", f"Detectable rise of the risk, power {protocol.precision.power:.0%}",
        "absolute difference", value,
        rule="at most", threshold=protocol.diagnostics.max_detectable_pp / 100, method=reason,
    )  # fmt: skip


def _negative_control(sample: Sample, protocol: Protocol) -> dict[str, Any]:
    """Return the adjusted difference in an outcome that neither drug can change; it must be shown to be small."""
    margin = protocol.equivalence.margin_pp / 100
    column, words = protocol.diagnostics.negative_control, "Negative control: risk difference"
    known = column in sample.frame and sample.frame[column].notna().all()
    if not known:
        reason = f"cannot be estimated, because {column!r} is not recorded for every patient"
        return check(
            "negative_control",
            words,
            "risk difference",
            np.nan,
            rule="within",
            threshold=margin,
            method=reason,
        )
    stay = protocol.outcome.whole_stay_days
    rows = risks(
        Endpoint.recorded(column, sample.frame[column], by=stay),
        sample.adjustments[protocol.estimand.primary.lower()],
        by=stay,
        inference=protocol.inference,
        stream="negative control of the design",
    ).set_index("scale")
    found = rows.loc["risk difference"]
    return check(
        "negative_control", words, "risk difference", found["estimate"], rule="within", threshold=margin,
        low=found["conf_low"], high=found["conf_high"],
    )  # fmt: skip
