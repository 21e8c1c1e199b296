"""Absolute risks by a horizon, their difference and ratio, and odds ratios within pairs.

The uncertainty follows the design: score intervals for the crude table, paired intervals for pairs, and
a bootstrap that refits the propensity score for weights.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import InputError, MissingError, cannot
from headtohead.inference import DEFAULT, InferenceChoices, Stream, is_large
from headtohead.kernels import Array
from headtohead.kernels.weights import weighted_risks
from headtohead.matching.adjustment import Adjustment, Adjustments, need_adjustment
from headtohead.matching.weights import effective_number
from headtohead.outcomes import estimate as est
from headtohead.outcomes import paired
from headtohead.outcomes.censored import censored_contrasts
from headtohead.outcomes.endpoint import Endpoint, Endpoints, happened_by
from headtohead.outcomes.estimate import Row, over, result, together
from headtohead.outcomes.paired import PairCounts
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.score import score_interval
from headtohead.proportions.two_by_two import log_risk_ratio_se, risk_difference_se, wilson

SCALES = ("risk, treated", "risk, control", "risk difference", "risk ratio")
NO_RATIO = cannot("an arm has no event")
NO_DISCORDANT = cannot("no pair is discordant")
Results = list[est.Interval | None]  # in the order of SCALES


def risks(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int | Iterable[int], inference: InferenceChoices = DEFAULT, stream: Stream = "risks",
) -> pd.DataFrame:  # fmt: skip
    """Return four rows per adjustment, outcome and horizon: risk in each arm, risk difference and ratio.

    Where somebody is censored before a horizon (one or several), risks are Aalen-Johansen's with errors by influence
    functions (``censored.py``). All outcomes and horizons of one adjustment share the bootstrap samples, which
    weights need otherwise, and matched sets of more than two; from ``inference.large_sample`` patients on, if there is
    such a choice, smooth weights need none either. With one horizon an endpoint can be a Series of 0 and
    1. DataFrame of ``ESTIMATE_COLUMNS`` and ``adjustment``. Risks and differences are proportions; ``n`` of a
    weighted arm is its effective number. Raises MissingError if an outcome is unknown at a horizon and nobody was
    followed up for a part of the time, HorizonError if an arm was not followed up to it. Checked: R, Tango
    (test_risk.py); R's survfit, cuminc, numerical derivatives, bootstrap (test_censored.py).
    """
    found, adjustments, horizons = est.together(endpoints, adjustments, by, plain=True)
    events = [(each, days, each.by(days)) for days in horizons for each in found]
    unseen = {  # nobody whose outcome is unknown was followed up for a while
        (each.name, days): event
        for each, days, event in events
        if event.isna().any() and not (each.time_days[event.isna()] > 0).any()
    }
    need_known(pd.DataFrame(unseen))

    def estimate(adjustment: Adjustment) -> list[est.Row]:
        used = adjustment.used
        known = [event.where(used, 0.0) for _, _, event in events]
        direct = adjustment.kind == "crude" or _only_pairs(adjustment)
        smooth = adjustment.kind != "weights" or adjustment.estimation is not None
        large = smooth and not direct and is_large(inference, len(used))
        censored = [large or bool(event.isna().any()) for event in known]
        repeated = not all(direct or one for one in censored) or (any(censored) and not smooth)
        draws = est.resamples(adjustment, inference, stream) if repeated else None
        rows, level = [], inference.conf_level
        for open_, event, (each, days, _) in zip(censored, known, events, strict=True):
            if open_:
                many = None if smooth else draws
                found = censored_contrasts(each, adjustment, by=days, draws=many, conf_level=level)
            elif draws is not None and not direct:
                found = _bootstrapped(event.to_numpy(float), adjustment, draws, level)
            else:
                found = (_crude if adjustment.kind == "crude" else _paired)(event, adjustment, level)
            rows += _cells(event.fillna(0.0).to_numpy(float), adjustment, *found)
        return rows

    named = [{"outcome": each.name, "horizon_days": days} for each, days, _ in events]
    cases = [case | {"scale": scale} for case in named for scale in SCALES]
    return est.over(adjustments, cases, estimate, inference)


def need_known(events: pd.DataFrame) -> None:
    """Raise MissingError unless every outcome (columns) is known for everyone."""
    unknown = events.isna().to_numpy().any(axis=1)
    if unknown.any():
        raise MissingError(
            f"the outcome must be known for everyone, {int(unknown.sum())} of {len(unknown)} patients have none, "
            f"first {door.some(events.index[unknown][:3])}; estimate the risk by Aalen-Johansen instead"
        )


def _cells(y: Array, adjustment: Adjustment, results: Results, method: str, reason: str) -> list[est.Row]:
    used, w, rows = adjustment.used.to_numpy(), adjustment.weights.to_numpy(), []
    sides = adjustment.arm & used, ~adjustment.arm & used
    n = [
        effective_number(w[side]) if adjustment.kind == "weights" else np.count_nonzero(side)
        for side in sides
    ]
    events = [round(y @ side) for side in sides]
    for arms, found in zip((slice(1), slice(1, 2), slice(2), slice(2)), results, strict=True):
        row = est.result(found, method, reason)
        rows.append({"n": round(sum(n[arms])), "events": sum(events[arms])} | row)
    return rows


def _only_pairs(adjustment: Adjustment) -> bool:
    sets = adjustment.matched_set
    return sets is not None and bool((sets.value_counts() == 2).all())


def _crude(event: pd.Series, adjustment: Adjustment, level: float) -> tuple[Results, str, str]:
    y, arm = event.to_numpy(float), adjustment.arm
    treated, n1 = round(y @ arm), int(np.count_nonzero(arm))
    table = TwoByTwo(treated, n1, round(y.sum()) - treated, len(y) - n1)
    point, sizes = (table.risk_treated, table.risk_control), (table.n_treated, table.n_control)
    difference = est.effective_intervals(point, sizes, level)[2]
    method = "crude; Wilson, Newcombe and Katz intervals"
    both = [_one_risk(risk, n, level) for risk, n in zip(point, sizes, strict=True)]
    if min(point) == 0:
        return [*both, difference, None], method, NO_RATIO
    log_ratio = float(np.log(point[0] / point[1]))
    if max(point) == 1:
        limits = np.log(score_interval(table, "risk ratio", level)).tolist()
        as_ever = "as everyone in an arm has the event"
        method = f"crude; Wilson, Newcombe and, {as_ever}, Miettinen-Nurminen intervals"
        return [*both, difference, est.of_limits(log_ratio, limits, level).exponential], method, ""
    difference = difference._replace(std_error=risk_difference_se(table))
    ratio = est.wald_interval(log_ratio, log_risk_ratio_se(table), level).exponential
    return [*both, difference, ratio], method, ""


def _one_risk(risk: float, n: int, level: float) -> est.Interval:
    """Return a risk with Wilson's limits; the error of a risk of 0 or 1 is that of the limits."""
    found = est.of_limits(risk, wilson(risk * n, n, conf_level=level), level)
    return found._replace(std_error=float(np.sqrt(risk * (1 - risk) / n))) if 0 < risk < 1 else found


def discordant_pairs(
    event: pd.Series | Endpoint, adjustment: Adjustment, *, by: int | None = None
) -> PairCounts:
    """Return the pairs by the outcomes (0, 1 or by a horizon) of both members; InputError if the sets are no pairs."""
    need_adjustment(adjustment)
    sets = adjustment.matched_set
    if sets is None or not _only_pairs(adjustment):
        name = adjustment.name.lower()
        raise InputError(f"counting pairs needs one control per treated patient, {name} differ; give ratio=1")
    matched = happened_by(event, by, adjustment.treated.index)[sets.notna()]
    door.events(matched)
    by_set = matched.groupby([adjustment.treated[matched.index], sets[matched.index]]).first()
    return paired.count_pairs(by_set[True].to_numpy(), by_set[False].to_numpy())


def _paired(event: pd.Series, adjustment: Adjustment, level: float) -> tuple[Results, str, str]:
    counts = discordant_pairs(event, adjustment)
    point = (counts.both + counts.treated_only) / counts.n, (counts.both + counts.control_only) / counts.n
    ratio, reason = None, NO_DISCORDANT if min(point) else NO_RATIO
    if min(point) and counts.discordant:
        ratio = paired.paired_risk_ratio(counts, conf_level=level)
    difference = paired.paired_risk_difference(counts, conf_level=level)
    results = [*(_one_risk(risk, counts.n, level) for risk in point), difference, ratio]
    return results, f"{counts.n} matched pairs; Wilson, Tango and paired log intervals", reason


def _bootstrapped(y: Array, adjustment: Adjustment, draws: Array, level: float) -> tuple[Results, str, str]:
    weights, arm, name = adjustment.weights.to_numpy(), adjustment.arm, adjustment.name.lower()
    point = tuple(float(risk[0]) for risk in weighted_risks(y, arm, weights[None, :]))
    found = est.bootstrap_contrasts(point, weighted_risks(y, arm, draws), level)
    if why := est.nothing_seen(point, found):
        sizes = [effective_number(weights[side & (weights > 0)]) for side in (arm, ~arm)]
        limits = [*est.effective_intervals(point, sizes, level), None]
        return limits, f"{name}; {why}: {est.EFFECTIVE}", cannot(why)
    repeated = "matched sets redrawn" if adjustment.kind == "pairs" else "weights estimated anew"
    return found, f"{name}; percentile interval of {len(draws)} bootstraps, {repeated}", NO_RATIO


ONE_SIDED = cannot("only one kind of discordant pairs was seen")


def paired_odds_ratios(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int | Iterable[int], inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return the conditional odds ratio with exact limits, and McNemar's tests, under each adjustment by pairs.

    DataFrame of ``ESTIMATE_COLUMNS``, ``treated_only`` and ``control_only`` (discordant pairs in which that member
    had the event), ``p_exact``, ``p_mid``, ``chi_square`` and ``adjustment``. It is the odds ratio for one pair, not
    that of the arms, which is nearer to 1; differences of risks are those of ``risks``. Raises ValueError if an
    adjustment has no pairs or an outcome of theirs is unknown. Checked: by hand, McNemar and conditional logistic
    regression of statsmodels (test_paired.py).
    """
    endpoints, adjustments, horizons = together(endpoints, adjustments, by, plain=True)
    found = [(each, days) for days in horizons for each in endpoints]

    def one(event: pd.Series, adjustment: Adjustment) -> Row:
        need_known(event[adjustment.used].to_frame())
        counts = discordant_pairs(event, adjustment)
        interval = paired.conditional_odds_ratio(counts, conf_level=inference.conf_level)
        row = {"n": 2 * counts.n, "events": 2 * counts.both + counts.treated_only + counts.control_only}
        row |= {"treated_only": counts.treated_only, "control_only": counts.control_only}
        method = f"{counts.n} matched pairs; Clopper-Pearson limits, McNemar's tests"
        return row | paired.mcnemar(counts)._asdict() | result(interval, method, ONE_SIDED)

    scale = "conditional odds ratio"
    cases = [{"outcome": each.name, "horizon_days": days, "scale": scale} for each, days in found]
    return over(adjustments, cases, lambda a: [one(each.by(days), a) for each, days in found], inference)
