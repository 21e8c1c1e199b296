"""The hazard ratio before and after a day: what a single ratio averages over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import pandas as pd

from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint, endpoints_of
from headtohead.outcomes.rows import Row, over, ratio_row, shared


def piecewise_hazard_ratios(
    endpoints: Endpoint | Iterable[Endpoint],
    adjustments: Adjustment | Iterable[Adjustment],
    *,
    cuts: Sequence[int],
    inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:
    """Return one cause-specific hazard ratio of cause 1 per interval of follow-up.

    Parameters
    ----------
    cuts : sequence of int
        Days that bound the intervals, for example (0, 7, 28): up to day 7, then up to day 28. An
        interval counts the events after its first day up to and including its last.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS`` (``horizon_days`` the end of the interval), ``interval`` and
    ``adjustment``. Later intervals compare those still at risk: arms no longer balanced by the baseline
    adjustment.
    """
    found = [(each, first, last) for each in endpoints_of(endpoints) for first, last in pairwise(cuts)]

    def missing(_: Adjustment) -> list[Row]:
        return [
            {
                "outcome": each.name,
                "horizon_days": last,
                "scale": "hazard ratio",
                "interval": _label(first, last),
            }
            for each, first, last in found
        ]

    return over(
        adjustments,
        lambda adjustment: [
            _piece(each, adjustment, first, last, inference.conf_level) for each, first, last in found
        ],
        missing,
    )


def _label(first: int, last: int) -> str:
    return f"days {first + 1 if first else 0} to {last}"


def _piece(endpoint: Endpoint, adjustment: Adjustment, first: int, last: int, conf_level: float) -> Row:
    at_risk = (endpoint.time_days > first) & adjustment.used
    event = (endpoint.cause == 1) & (endpoint.time_days <= last)
    sets = adjustment.matched_set
    row = ratio_row(
        lambda: fit_cox(
            endpoint.time_days[at_risk].clip(upper=last),
            event[at_risk],
            adjustment.treated[at_risk].astype(float).rename("treated").to_frame(),
            weights=None if adjustment.kind == "crude" else adjustment.weights[at_risk],
            clusters=None if sets is None else sets[at_risk],
        ),
        "cause-specific Cox among those at risk, Efron ties",
        shared(adjustment, endpoint.name, last, "hazard ratio", conf_level)
        | {"n": int(at_risk.sum()), "events": int((event & at_risk).sum())},
    )
    return row | {"interval": _label(first, last)}
