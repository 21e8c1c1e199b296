"""What the matched samples hold: recorded balance, chance, strata, and regression within them."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
from headtohead.matching.chance import chance_balance
from headtohead.matching.report import balance_report
from headtohead.matching.summary import matched_designs, pairs_by_stratum
from headtohead.outcomes.matched_regression import matched_regressions

from study.matching.sample import Sample, endpoints, keyed
from study.protocol.protocol import Protocol

RANDOMISATIONS = 5000


def recorded_balance(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the balance of the covariates as recorded, not as the score uses them."""
    columns = list(dict.fromkeys(term.column for term in protocol.propensity.terms))
    shown = [sample.adjustments[key] for key in ("crude", "pairs", protocol.estimand.primary.lower())]
    return keyed(balance_report(sample.frame[columns], shown, denominator=protocol.balance.smd_denominator))


def chance(sample: Sample, protocol: Protocol) -> SimpleNamespace:
    """Return what randomising the matched patients would leave."""
    rows = chance_balance(
        sample.adjustments["pairs"],
        threshold=protocol.balance.smd_threshold,
        denominator=protocol.balance.smd_denominator,
        replicates=RANDOMISATIONS,
        seed=protocol.inference.seed,
    )
    return SimpleNamespace(**by_name(rows))


def by_name(rows: pd.DataFrame) -> dict[str, float]:
    """Return the estimates of rows by their ``name``, counts as whole numbers."""
    return {
        row.name: int(row.estimate) if row.scale == "count" else row.estimate
        for row in rows.itertuples(index=False)
    }


def compare_designs(sample: Sample) -> pd.DataFrame:
    """Return ``key``, ``n_pairs``, ``unmatched``, and the total and largest distance of each matching."""
    return keyed(matched_designs(sample.every))


def strata_of_designs(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return the pairs of each matching by the finer strata, column ``key``."""
    return keyed(
        pairs_by_stratum(sample.every, by=[sample.frame[name] for name in protocol.matching.exact_finer])
    )


def regress_in_pairs(sample: Sample, protocol: Protocol) -> pd.DataFrame:
    """Return risk differences in each matched sample, plain and with the score's covariates.

    Columns ``key`` and ``covariates`` ("none" or "all") are added to ``ESTIMATE_COLUMNS``.
    """
    rows = matched_regressions(
        endpoints(sample.frame, protocol),
        [sample.adjustments[key] for key in sample.designs],
        by=protocol.outcome.horizon_days,
        inference=protocol.inference,
    )
    return keyed(rows.replace({"covariates": {"plain": "none", "adjusted": "all"}}))
