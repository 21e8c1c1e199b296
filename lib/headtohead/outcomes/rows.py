"""What all estimators over adjustments share: rows named by the adjustment, and rows that say why not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pandas as pd

from headtohead.inference import InferenceChoices
from headtohead.matching.adjustment import Adjustment, listed
from headtohead.matching.errors import CannotAdjustError
from headtohead.outcomes.cox import CannotEstimateError, CoxFit
from headtohead.outcomes.endpoint import Endpoint, endpoints_of
from headtohead.outcomes.estimate import ESTIMATE_COLUMNS, estimate_row, wald_interval

Row = dict[str, Any]


def cannot(error: Exception | str) -> str:
    """Return the words of ``method`` where there is no estimate."""
    return f"cannot be estimated, because {error}"


def over(
    adjustments: Adjustment | Iterable[Adjustment],
    estimate: Callable[[Adjustment], list[Row]],
    missing: Callable[[Adjustment], list[Row]],
) -> pd.DataFrame:
    """Return the rows of each adjustment, column ``adjustment`` its key.

    One that could not be made, or cannot be repeated on bootstrap samples, has the rows of ``missing``
    with the reason; unless it is optional, the latter is an error.
    """
    parts = []
    for each in listed(adjustments):
        reason, rows = each.reason, []
        if reason is None:
            try:
                rows = estimate(each)
            except CannotAdjustError as error:
                if not each.optional:
                    raise
                reason = cannot(error)
        if reason is not None:
            nothing = {"estimand": each.estimand, "n": 0, "events": 0, "method": reason}
            rows = [estimate_row(**nothing) | row for row in missing(each)]
        parts += [row | {"adjustment": each.key} for row in rows]
    extra = [
        name for name in dict.fromkeys(name for row in parts for name in row) if name not in ESTIMATE_COLUMNS
    ]
    return pd.DataFrame(parts, columns=[*ESTIMATE_COLUMNS, *extra])


def shared(adjustment: Adjustment, outcome: str, horizon_days: int, scale: str, conf_level: float) -> Row:
    """Return the cells that name a result."""
    return {
        "estimand": adjustment.estimand,
        "population": adjustment.population,
        "outcome": outcome,
        "horizon_days": horizon_days,
        "scale": scale,
        "conf_level": conf_level,
    }


OfCause = Callable[[Endpoint, Adjustment, int, int, Row], Row]


def ratios_of_causes(
    endpoints: Endpoint | Iterable[Endpoint],
    adjustments: Adjustment | Iterable[Adjustment],
    estimate: OfCause,
    scale: str,
    by: int,
    inference: InferenceChoices,
) -> pd.DataFrame:
    """Return one row per adjustment, endpoint and cause, column ``cause``.

    ``estimate`` takes endpoint, adjustment, number of the cause, horizon and the cells that name the row.
    """
    causes = [
        (each, number, cause)
        for each in endpoints_of(endpoints)
        for number, cause in enumerate(each.causes, 1)
    ]

    def rows(adjustment: Adjustment) -> list[Row]:
        found = []
        for endpoint, number, cause in causes:
            event = (endpoint.cause == number) & (endpoint.time_days <= by) & adjustment.used
            named = shared(adjustment, endpoint.name, by, scale, inference.conf_level)
            named |= {"n": int(adjustment.used.sum()), "events": int(event.sum())}
            found.append(estimate(endpoint, adjustment, number, by, named) | {"cause": cause})
        return found

    def missing(_: Adjustment) -> list[Row]:
        return [
            {"outcome": endpoint.name, "horizon_days": by, "scale": scale, "cause": cause}
            for endpoint, _, cause in causes
        ]

    return over(adjustments, rows, missing)


def ratio_row(fit: Callable[[], CoxFit], method: str, named: Row) -> Row:
    """Return the ratio of the treated arm with Wald limits on the log scale, or why there is none."""
    try:
        found = fit()
    except CannotEstimateError as error:
        return estimate_row(**named, method=cannot(error))
    logs = wald_interval(found.coefficients["treated"], found.std_errors["treated"], named["conf_level"])
    return estimate_row(**named, **logs.exponential._asdict(), method=method)
