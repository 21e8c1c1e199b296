"""The one form of every result, a row that names estimand, outcome, horizon, scale and method; one per adjustment.

Every estimator takes ``endpoints`` (an ``Endpoint`` or several), ``adjustments`` (an ``Adjustment`` or several),
``by`` (the horizon in days, several where it says so), ``inference`` (level of the intervals, number of bootstrap
samples, seed) and, if it draws, ``stream`` (the name of its random numbers). It returns a DataFrame of
``ESTIMATE_COLUMNS``, of what else names the row, and ``adjustment``, the key. ``n`` counts patients of positive
weight; the standard error of a ratio is that of its logarithm; bootstraps repeat the adjustment and give
percentile limits. What cannot be estimated has no numbers, and ``method`` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead.errors import CannotAdjustError, CannotEstimateError, cannot
from headtohead.inference import InferenceChoices, Stream, checked, stream_of
from headtohead.kernels.logistic import MAX_FAILED_SHARE
from headtohead.matching.adjustment import Adjustment, Adjustments, listed
from headtohead.matching.weights import effective_number
from headtohead.outcomes.endpoint import Endpoint, Endpoints, endpoints_of, horizons_of, untimed
from headtohead.proportions.two_by_two import newcombe, wilson

ESTIMATE_COLUMNS = (
    "estimand", "population", "outcome", "horizon_days", "scale", "estimate", "std_error", "conf_low",
    "conf_high", "conf_level", "n", "events", "method",
)  # fmt: skip
FEW = 1.5  # effective patients of an arm, below which its spread cannot be seen
TINY = 1e-12  # risks, widths and variances below this are rounding
EFFECTIVE = "Wilson and Newcombe intervals for the effective numbers of patients"
Row = dict[str, Any]
Two = Sequence[float] | np.ndarray  # treated, control
TwoDraws = tuple[np.ndarray, np.ndarray] | np.ndarray


class Interval(NamedTuple):
    """A point estimate with its uncertainty; for ratios ``std_error`` is that of the logarithm."""

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float

    @property
    def exponential(self) -> Interval:
        """The ratio whose logarithm this is."""
        ratio, low, high = np.exp([self.estimate, self.conf_low, self.conf_high]).tolist()
        return Interval(ratio, self.std_error, low, high)


def together(
    endpoints: Endpoints, adjustments: Adjustments, by: int | Iterable[int], *, plain: bool = False
) -> tuple[list[Endpoint], list[Adjustment], list[int]]:
    """Return endpoints, adjustments and horizons as lists, all patients in the order of the first adjustment.

    With ``plain`` a Series of 0 and 1 is an endpoint known by the one horizon. Raises what ``door.py`` refuses,
    and HorizonError if a horizon lies after the end of follow-up.
    """
    adjusted, horizons = listed(adjustments), horizons_of(by)
    at = horizons[0] if plain and len(horizons) == 1 else None
    found = endpoints_of(endpoints, adjusted[0].treated.index, recorded_by=at)
    for each in found:
        if each.recorded_by is not None and not plain:
            raise untimed(f"what {each.name!r} was by day {each.recorded_by:g}")
        each.need_follow_up(max(horizons))
    return found, adjusted, horizons


def need_followed_arms(endpoint: Endpoint, adjustment: Adjustment, by: int) -> None:
    """Raise HorizonError if an arm's curve ends before the horizon."""
    for arm, mask in adjustment.arms:
        endpoint.need_follow_up(by, mask & adjustment.used.to_numpy(), f"the {arm} arm")


def wald_interval(estimate: float, std_error: float, conf_level: float) -> Interval:
    """Return the estimate with normal limits."""
    half = float(norm.ppf(0.5 + conf_level / 2)) * std_error
    return Interval(float(estimate), float(std_error), float(estimate - half), float(estimate + half))


def bootstrap_interval(estimate: float, draws: np.ndarray, conf_level: float) -> Interval:
    """Return the estimate with the standard deviation and the percentile limits of its draws."""
    tail = (1 - conf_level) / 2
    low, high = np.quantile(draws, [tail, 1 - tail])
    return Interval(estimate, float(draws.std(ddof=1)), float(low), float(high))


def bootstrap_ratio(point: Two, draws: TwoDraws, conf_level: float) -> Interval | None:
    """Return the ratio of the first to the second with percentile limits of its logarithm.

    A sample in which one of them is 0 counts as the smallest or the largest ratio, one in which both are is left
    out: a few such samples move no limit, and leave no standard error. None if the estimate or a limit is no ratio.
    """
    if min(point) <= 0:
        return None
    above, below = (np.maximum(one, 0.0) for one in draws)
    tail, limits = (1 - conf_level) / 2, np.array([np.nan, np.nan])
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(above) - np.log(below)
        logs = logs[~np.isnan(logs)]
        if logs.size:
            limits = np.quantile(logs, [tail, 1 - tail])
    if not np.isfinite(limits).all():
        return None
    spread = float(logs.std(ddof=1)) if np.isfinite(logs).all() else float("nan")
    return Interval(float(np.log(point[0] / point[1])), spread, *limits.tolist()).exponential


def bootstrap_contrasts(point: Two, draws: TwoDraws, conf_level: float) -> list[Interval | None]:
    """Return two risks, their difference and their ratio, the arms of ``point`` and ``draws`` treated first."""
    arms = [bootstrap_interval(float(one), many, conf_level) for one, many in zip(point, draws, strict=True)]
    difference = bootstrap_interval(float(point[0] - point[1]), draws[0] - draws[1], conf_level)
    return [*arms, difference, bootstrap_ratio(point, draws, conf_level)]


def nothing_seen(point: Two, found: Sequence[Interval | None] = ()) -> str:
    """Return why data or resamples that never differ hide how uncertain two risks are, empty if they do not.

    Where an arm has no event, or only events, every resample has them too: its interval would be a point, and that of
    a difference or a ratio would take the arm's risk as known. So it is where the members of every matched set agree.
    """
    if min(point) <= TINY:
        return "an arm has no event"
    if max(point) >= 1 - TINY:
        return "everyone in an arm has the event"
    flat = any(one is not None and one.conf_high - one.conf_low <= TINY for one in found)
    return "no matched set is discordant" if flat else ""


def of_limits(estimate: float, limits: tuple[float, float], level: float) -> Interval:
    """Return the estimate with its limits, and the half width over z as its standard error."""
    half = (limits[1] - limits[0]) / 2
    return Interval(float(estimate), float(half / norm.ppf(0.5 + level / 2)), *limits)


def effective_intervals(point: Two, sizes: Two, level: float) -> list[Interval]:
    """Return Wilson intervals of two risks and Newcombe's of their difference, for effective numbers of patients."""
    (p1, p0), (n1, n0) = point, sizes
    arms = [of_limits(p, wilson(p * n, n, conf_level=level), level) for p, n in ((p1, n1), (p0, n0))]
    return [*arms, of_limits(p1 - p0, newcombe(p1 * n1, n1, p0 * n0, n0, conf_level=level), level)]


def bounded_interval(value: float, n: float, low: float, high: float, level: float) -> Interval:
    """Return the mean of ``n`` values, all the same, between two bounds; of 0 and 1 the limits are Wilson's."""
    # as many as Wilson's upper limit of 0 in n may differ, and lie at a bound
    share = wilson(0, n, conf_level=level)[1]
    return of_limits(value, (value - share * (value - low), value + share * (high - value)), level)


def difference_of(one: Interval, other: Interval, level: float) -> Interval:
    """Return the difference of two independent estimates from their limits, as Newcombe's of two risks.

    Zou & Donner (2008) Stat Med 27:1693-1702. doi:10.1002/sim.3095
    """
    gap = one.estimate - other.estimate
    below = np.hypot(one.estimate - one.conf_low, other.conf_high - other.estimate)
    above = np.hypot(one.conf_high - one.estimate, other.estimate - other.conf_low)
    return of_limits(gap, (float(gap - below), float(gap + above)), level)


def estimate_row(**values: Any) -> Row:
    """Return one result with every column, missing ones as NaN; KeyError if a name is none: it would be lost."""
    unknown = set(values) - set(ESTIMATE_COLUMNS)
    if unknown:
        raise KeyError(f"a result has the columns {ESTIMATE_COLUMNS}, found {sorted(unknown)} as well")
    return {name: values.get(name, np.nan) for name in ESTIMATE_COLUMNS}


def result(interval: Interval | None, method: str, reason: str = "") -> Row:
    """Return the cells of an interval and how it was made, or why there is none."""
    return {"method": reason} if interval is None else {"method": method, **interval._asdict()}


def resamples(adjustment: Adjustment, inference: InferenceChoices, stream: Stream) -> np.ndarray:
    """Return the weights of bootstrap samples, shape (B, n); CannotEstimateError if an arm is empty in over one in twenty."""
    rng = stream_of(inference, stream, adjustment.key)
    draws = adjustment.resample(rng, inference.bootstrap_replicates)
    arm = adjustment.arm
    empty = ((draws @ arm) == 0) | ((draws @ ~arm) == 0)
    if empty.mean() > MAX_FAILED_SHARE:
        used = adjustment.used.to_numpy()
        n1, n0 = int((arm & used).sum()), int((~arm & used).sum())
        raise CannotEstimateError(
            f"{int(empty.sum())} of {len(draws)} bootstrap samples have nobody in an arm of {n1} or {n0} patients; "
            "report the counts"
        )
    return draws[~empty] if empty.any() else draws


def over(
    adjustments: Adjustments, cases: Sequence[Row], estimate: Callable[[Adjustment], list[Row]],
    inference: InferenceChoices,
) -> pd.DataFrame:  # fmt: skip
    """Return a row for each adjustment and case; ``cases`` name them, ``estimate`` gives their cells in that order.

    An adjustment that could not be made, or cannot be repeated on bootstrap samples, has rows without numbers and
    the reason; unless it is optional, the latter is an error. So have one matched set, of which nothing can be
    said how it would vary, and data that do not determine the estimate.
    """
    checked(inference)
    parts: list[Row] = []
    for each in listed(adjustments):
        named = {"estimand": each.estimand, "population": each.population, "conf_level": inference.conf_level}
        reason, found = each.reason or (None if each.kind == "weights" else too_few(each)), []
        try:
            found = estimate(each) if reason is None else []
        except CannotEstimateError as error:
            reason = cannot(error)
        except CannotAdjustError as error:
            if not each.optional:
                raise
            reason = cannot(error)
        if (reason := reason or too_few(each)) is not None:
            named = {"estimand": each.estimand}
            size = int(each.used.sum())
            found = [{"n": size, "events": np.nan if size else 0, "method": reason} for _ in cases]
        rows = zip(cases, found, strict=True)
        parts += [named | case | cells | {"adjustment": each.key} for case, cells in rows]
    names = dict.fromkeys(name for row in parts for name in row if name not in ESTIMATE_COLUMNS)
    return pd.DataFrame(parts, columns=[*ESTIMATE_COLUMNS, *names])


def too_few(adjustment: Adjustment) -> str | None:
    """Return why one matched set, or one patient with all the weight of an arm, gives no interval, None if there are more."""
    sets, w = adjustment.matched_set, adjustment.weights.to_numpy(float)
    if sets is not None and sets.nunique() == 1:
        return cannot("one matched set does not show how sets differ; report it, or widen the caliper")
    sizes = (effective_number(w[mask & (w > 0)]) for _, mask in adjustment.arms)
    if adjustment.kind != "weights" or min(sizes) >= FEW:
        return None
    alone = "one patient has nearly all the weight of an arm"
    return cannot(f"{alone}: how patients differ is not seen; truncate")
