"""How results are named in the ledger."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS, Equivalence
from livingpaper.ledger.ledger import entry

from study.results import Study

Row = dict[str, Any]
SCALE_KEYS = {
    "risk, treated": "risk_treated",
    "risk, control": "risk_control",
    "risk difference": "rd",
    "risk ratio": "rr",
    "odds ratio": "or",
    "hazard ratio": "hr",
}


def key(text: str) -> str:
    """Return text as one part of an id: lower case, underscores."""
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def origin_of(study: Study) -> str:
    """Return whether a study's numbers are synthetic or real."""
    return "synthetic" if study.cohort.synthetic else "real"


def columns_of(row: pd.Series) -> dict[str, Any]:
    """Return the estimate columns of a result row that ``entry`` does not take by name."""
    return {name: row[name] for name in ESTIMATE_COLUMNS if name in row and name not in ("scale", "estimate")}


def estimate_id(row: pd.Series, horizon_days: int) -> str:
    """Return ``death28.ato.rd``, or ``death_stay.ato.rd`` for the whole stay."""
    when = str(horizon_days) if row["horizon_days"] == horizon_days else "_stay"
    return f"{row['outcome']}{when}.{row['key']}.{SCALE_KEYS[row['scale']]}"


def equivalence_rows(id_: str, origin: str, result: Equivalence, method: str) -> Iterator[Row]:
    """Return p-value, interval and smallest passing margin of one equivalence test."""
    code = "outcomes/equivalence.py"
    shared = {"code": code, "method": f"two one-sided tests, {method}"}
    yield entry(f"{id_}.p", origin, "p value", result.p_value, **shared)
    yield entry(f"{id_}.smallest", origin, "absolute difference", result.smallest_margin, **shared)
    yield entry(
        f"{id_}.interval",
        origin,
        "risk difference",
        result.estimate,
        conf_low=result.conf_low,
        conf_high=result.conf_high,
        conf_level=1 - 2 * result.alpha,
        **shared,
    )
