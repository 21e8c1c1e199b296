"""Odds ratios within pairs and McNemar's tests, for pairs of one treated patient and one control."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from headtohead.errors import cannot
from headtohead.inference import DEFAULT, InferenceChoices
from headtohead.matching.adjustment import Adjustment, Adjustments
from headtohead.outcomes.endpoint import Endpoints
from headtohead.outcomes.estimate import Row, over, result, together
from headtohead.outcomes.paired import conditional_odds_ratio, mcnemar
from headtohead.outcomes.risk import discordant_pairs, need_known

ONE_SIDED = cannot("only one kind of discordant pairs was seen")


def paired_odds_ratios(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int | Iterable[int], inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return the conditional odds ratio with exact limits, and McNemar's tests, under each adjustment by pairs.

    DataFrame of ``ESTIMATE_COLUMNS``, ``treated_only`` and ``control_only`` (discordant pairs in which that member
    had the event), ``p_exact``, ``p_mid``, ``chi_square`` and ``adjustment``. It is the odds ratio for one pair, not that
    of the arms, which is nearer to 1; differences of risks are those of ``risks``. Raises ValueError if an adjustment
    has no pairs or an outcome of theirs is unknown.

    Checked: by hand, McNemar and conditional logistic regression of statsmodels (test_paired.py).
    """
    endpoints, adjustments, horizons = together(endpoints, adjustments, by, plain=True)
    found = [(each, days) for days in horizons for each in endpoints]

    def one(event: pd.Series, adjustment: Adjustment) -> Row:
        need_known(event[adjustment.used].to_frame())
        counts = discordant_pairs(event, adjustment)
        interval = conditional_odds_ratio(counts, conf_level=inference.conf_level)
        row = {"n": 2 * counts.n, "events": 2 * counts.both + counts.treated_only + counts.control_only}
        row |= {"treated_only": counts.treated_only, "control_only": counts.control_only}
        method = f"{counts.n} matched pairs; Clopper-Pearson limits, McNemar's tests"
        return row | mcnemar(counts)._asdict() | result(interval, method, ONE_SIDED)

    cases = [
        {"outcome": each.name, "horizon_days": days, "scale": "conditional odds ratio"}
        for each, days in found
    ]
    return over(
        adjustments, cases, lambda made: [one(each.by(days), made) for each, days in found], inference
    )
