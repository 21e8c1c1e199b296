"""What the matched samples hold: recorded balance, chance, strata, and regression within them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from headtohead.matching.chance import ChanceBalance, chance_balance
from headtohead.matching.report import balance_report
from headtohead.matching.summary import pairs_by_stratum
from headtohead.outcomes.estimate import estimate_frame, estimate_row
from headtohead.outcomes.matched_regression import matched_regression

from study.matching.sample import Sample, outcome_columns
from study.protocol.protocol import Protocol

RANDOMISATIONS = 5000
SCALES = ("risk, treated", "risk, control", "risk difference", "risk ratio")


def recorded_balance(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the balance of the covariates as recorded, not as the score uses them."""
    columns = list(dict.fromkeys(term.column for term in protocol.propensity.terms))
    shown = {key: sample.adjustments[key] for key in ("crude", "pairs", protocol.estimand.primary.lower())}
    return balance_report(
        sample.frame[columns], sample.treated, shown, denominator=protocol.balance.smd_denominator
    )


def chance(sample: Sample, protocol: Protocol) -> ChanceBalance:
    """Return what randomising the matched patients would leave."""
    return chance_balance(
        sample.design,
        sample.treated,
        sample.adjustments["pairs"],
        threshold=protocol.balance.smd_threshold,
        denominator=protocol.balance.smd_denominator,
        replicates=RANDOMISATIONS,
        rng=np.random.default_rng([protocol.inference.seed, 70]),
    )


def compare_designs(sample: Sample) -> pd.DataFrame:
    """Return ``key``, ``n_pairs``, ``unmatched``, and the total and largest distance of each matching."""
    rows = [
        {
            "key": key,
            "n_pairs": matches.n_pairs,
            "unmatched": len(matches.unmatched),
            "total_distance": float(matches.pairs["distance"].sum()),
            "largest_distance": float(matches.pairs["distance"].max()),
        }
        for key, matches in sample.designs.items()
    ]
    return pd.DataFrame(rows)


def strata_of_designs(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the pairs of each matching by the finer strata, column ``key``."""
    by = [sample.frame[name] for name in protocol.matching.exact_finer]
    parts = [
        pairs_by_stratum(matches, sample.treated, by=by).assign(key=key)
        for key, matches in sample.designs.items()
    ]
    return pd.concat(parts, ignore_index=True)


def regress_in_pairs(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return risk differences in each matched sample, plain and with the score's covariates.

    Columns ``key`` and ``covariates`` ("none" or "all") are added to ``ESTIMATE_COLUMNS``.
    """
    events = outcome_columns(sample.frame, protocol)
    events = events[[name for name in events if name[1] == protocol.outcome.horizon_days]]
    sets = {"none": sample.design.iloc[:, :0], "all": sample.design}
    parts = [
        matched_regression(
            events,
            sample.treated,
            sample.adjustments[key],
            covariates=covariates,
            conf_level=protocol.inference.conf_level,
        ).assign(key=key, covariates=which)
        for key in sample.designs
        for which, covariates in sets.items()
    ]
    return pd.concat(parts, ignore_index=True)


def without_estimate(events: pd.DataFrame, estimand: str, reason: str) -> pd.DataFrame:
    """Return the rows of ``risk_contrast`` for an adjustment that gives none, with the reason."""
    rows = [
        estimate_row(
            estimand=estimand,
            outcome=str(outcome),
            horizon_days=int(horizon),
            scale=scale,
            n=0,
            events=0,
            method=reason,
        )
        for outcome, horizon in events
        for scale in SCALES
    ]
    return estimate_frame(rows)
