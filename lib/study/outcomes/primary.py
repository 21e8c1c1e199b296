"""The primary result, and the margins it is held against."""

from __future__ import annotations

import pandas as pd

from study.protocol.protocol import Protocol


def primary_row(found: pd.DataFrame, plan: Protocol) -> pd.Series:
    """Return the risk difference of the primary outcome at the horizon under the primary estimand."""
    chosen = {
        "adjustment": plan.estimand.primary.lower(),
        "outcome": plan.outcome.primary,
        "horizon_days": plan.outcome.horizon_days,
        "scale": "risk difference",
    }
    mine = (found[list(chosen)] == pd.Series(chosen)).all(axis=1)
    return found[mine].iloc[0]


def margins(plan: Protocol) -> dict[str, float]:
    """Return the margins of equivalence by name, as proportions."""
    return {"margin": plan.equivalence.margin_pp / 100, "wide": plan.equivalence.wide_margin_pp / 100}
