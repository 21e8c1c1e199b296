"""Absolute risks by a horizon, and their difference and ratio.

The uncertainty follows the design: score intervals for the crude table, paired intervals for pairs, and
a bootstrap that refits the propensity score for weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead.inference import DEFAULT, InferenceChoices, stream_of
from headtohead.kernels.weights import weighted_risks
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.weights import effective_sample_size
from headtohead.outcomes.endpoint import Endpoint, endpoints_of, horizons_of
from headtohead.outcomes.estimate import Interval, bootstrap_contrasts, estimate_row
from headtohead.outcomes.paired import PairCounts, count_pairs, paired_risk_difference, paired_risk_ratio
from headtohead.outcomes.rows import Row, over, shared
from headtohead.proportions.counts import TwoByTwo
from headtohead.proportions.two_by_two import intervals, newcombe, risk_difference_se, wilson

SCALES = ("risk, treated", "risk, control", "risk difference", "risk ratio")
NO_EVENT = "an arm has no event: Wilson and Newcombe intervals for the effective numbers of patients"
NO_RATIO = "cannot be estimated, because an arm has no event"


def risks(
    endpoints: Endpoint | Iterable[Endpoint],
    adjustments: Adjustment | Iterable[Adjustment],
    *,
    by: int | Iterable[int],
    inference: InferenceChoices = DEFAULT,
    stream: str | Sequence[str] = "risks",
) -> pd.DataFrame:
    """Return four rows per adjustment, outcome and horizon: risk in each arm, risk difference and ratio.

    Parameters
    ----------
    endpoints : Endpoint or several
        Nobody may be censored before a horizon. All outcomes and horizons of one adjustment share the
        bootstrap samples.
    adjustments : Adjustment or several
        How the arms are made comparable.
    by : int or several
        Horizons in days.
    inference : InferenceChoices
        The bootstrap is used for weights, and for matched sets of more than two.
    stream : str or sequence of str
        Name of the random numbers.

    Returns
    -------
    DataFrame of ``ESTIMATE_COLUMNS`` and ``adjustment``. Risks and differences are proportions; the
    standard error of a ratio is that of its logarithm. ``n`` counts patients of positive weight, in a
    weighted arm their effective number. Where an arm has no event the ratio is NaN and ``method`` says why.

    Raises
    ------
    ValueError
        If an outcome is unknown at a horizon.
    """
    found, horizons = endpoints_of(endpoints), horizons_of(by)
    events = {(each.name, days): each.by(days) for days in horizons for each in found}
    unknown = pd.DataFrame(events).isna().any(axis=1)
    if unknown.any():
        raise ValueError(
            f"the outcome must be known for everyone, {int(unknown.sum())} of "
            f"{len(unknown)} patients have none; estimate the risk by Aalen-Johansen instead"
        )

    def rows(adjustment: Adjustment) -> list[Row]:
        draws = None
        if not (adjustment.kind == "crude" or _only_pairs(adjustment)):
            rng = stream_of(inference, stream, adjustment.key)
            draws = adjustment.resample(rng, inference.bootstrap_replicates)
        return [
            row
            for (name, days), event in events.items()
            for row in _rows(event, adjustment, draws, name, days, inference.conf_level)
        ]

    blank = [
        {"outcome": name, "horizon_days": days, "scale": scale} for name, days in events for scale in SCALES
    ]
    return over(adjustments, rows, lambda _: blank)


def _rows(
    event: pd.Series,
    adjustment: Adjustment,
    draws: np.ndarray | None,
    outcome: str,
    horizon_days: int,
    conf_level: float,
) -> list[Row]:
    y, arm, used = event.to_numpy(float), adjustment.arm, adjustment.used.to_numpy()
    if draws is not None:
        results, method = _bootstrapped(y, arm, adjustment, draws, conf_level)
    elif adjustment.kind == "crude":
        results, method = _crude(y, arm, conf_level)
    else:
        results, method = _paired(event, adjustment, conf_level)
    members = {"risk, treated": arm & used, "risk, control": ~arm & used}
    return [
        estimate_row(
            **shared(adjustment, outcome, horizon_days, scale, conf_level),
            n=_size(adjustment, members.get(scale, used), arm),
            events=int(y[members.get(scale, used)].sum()),
            method=method if result else NO_RATIO,
            **(result._asdict() if result else {}),
        )
        for scale, result in results.items()
    ]


Results = dict[str, Interval | None]


def _size(adjustment: Adjustment, mask: np.ndarray, arm: np.ndarray) -> int:
    """Return the number of patients; under weights the sum of the arms' effective numbers, rounded."""
    if adjustment.kind != "weights":
        return int(mask.sum())
    weights = adjustment.weights.to_numpy()
    arms = [weights[mask & side] for side in (arm, ~arm)]
    return round(sum(effective_sample_size(w) for w in arms if w.size))


def _only_pairs(adjustment: Adjustment) -> bool:
    sets = adjustment.matched_set
    return sets is not None and bool((sets.value_counts() == 2).all())


def _crude(y: np.ndarray, arm: np.ndarray, level: float) -> tuple[Results, str]:
    table = TwoByTwo(int(y[arm].sum()), int(arm.sum()), int(y[~arm].sum()), int((~arm).sum()))
    limits = intervals(table, conf_level=level).set_index("method")
    rd = Interval(
        limits.at["Newcombe", "estimate"],
        risk_difference_se(table),
        limits.at["Newcombe", "conf_low"],
        limits.at["Newcombe", "conf_high"],
    )
    rr = None
    if min(table.events_treated, table.events_control) > 0:
        katz = limits.loc["Katz log"]
        log_se = np.sqrt(
            1 / table.events_treated - 1 / table.n_treated + 1 / table.events_control - 1 / table.n_control
        )
        rr = Interval(katz["estimate"], float(log_se), katz["conf_low"], katz["conf_high"])
    results: Results = {
        "risk, treated": _one_risk(table.events_treated, table.n_treated, level),
        "risk, control": _one_risk(table.events_control, table.n_control, level),
        "risk difference": rd,
        "risk ratio": rr,
    }
    return results, "crude; Wilson, Newcombe and Katz intervals"


def _one_risk(events: int, n: int, level: float) -> Interval:
    risk = events / n
    return Interval(risk, float(np.sqrt(risk * (1 - risk) / n)), *wilson(events, n, conf_level=level))


def discordant_pairs(event: pd.Series, adjustment: Adjustment) -> PairCounts:
    """Return the pairs by the outcome (0 or 1) of their two members.

    Raises
    ------
    ValueError
        If the matched sets are not pairs.
    """
    sets = adjustment.matched_set
    if sets is None or not _only_pairs(adjustment):
        raise ValueError(
            f"counting pairs needs one control per treated patient, {adjustment.name.lower()} differ"
        )
    matched = event[sets.notna()]
    by_set = matched.groupby([adjustment.treated[matched.index], sets[matched.index]]).first()
    return count_pairs(by_set[True].to_numpy(), by_set[False].to_numpy())


def _paired(event: pd.Series, adjustment: Adjustment, level: float) -> tuple[Results, str]:
    counts = discordant_pairs(event, adjustment)
    in_treated, in_control = counts.both + counts.treated_only, counts.both + counts.control_only
    results: Results = {
        "risk, treated": _one_risk(in_treated, counts.n, level),
        "risk, control": _one_risk(in_control, counts.n, level),
        "risk difference": paired_risk_difference(counts, conf_level=level),
        "risk ratio": paired_risk_ratio(counts, conf_level=level) if min(in_treated, in_control) else None,
    }
    return results, f"{counts.n} matched pairs; Wilson, Tango and paired log intervals"


def _bootstrapped(
    y: np.ndarray, arm: np.ndarray, adjustment: Adjustment, draws: np.ndarray, level: float
) -> tuple[Results, str]:
    weights = adjustment.weights.to_numpy()
    point1, point0 = (float(r[0]) for r in weighted_risks(y, arm, weights[None, :]))
    if min(point1, point0) == 0:
        n1, n0 = (effective_sample_size(weights[side & (weights > 0)]) for side in (arm, ~arm))
        return _score(point1, point0, n1, n0, level), f"{adjustment.name.lower()}; {NO_EVENT}"
    risk1, risk0 = weighted_risks(y, arm, draws)
    results = bootstrap_contrasts((point1, point0), (risk1, risk0), level)
    repeated = "matched sets redrawn" if adjustment.kind == "pairs" else "weights estimated anew"
    method = f"{adjustment.name.lower()}; percentile interval of {len(draws)} bootstraps, {repeated}"
    return dict(zip(SCALES, results, strict=True)), method


def _score(risk1: float, risk0: float, n1: float, n0: float, level: float) -> Results:
    """Return Wilson intervals of two risks and Newcombe's of their difference, for effective numbers of patients.

    Where an arm has no event, every bootstrap sample has none either: its interval would be a point.
    """
    risks, z = {"risk, treated": (risk1, n1), "risk, control": (risk0, n0)}, float(norm.ppf(0.5 + level / 2))
    found = {scale: (risk, *wilson(risk * n, n, conf_level=level)) for scale, (risk, n) in risks.items()}
    difference = newcombe(risk1 * n1, n1, risk0 * n0, n0, conf_level=level)
    found["risk difference"] = (risk1 - risk0, *difference)
    intervals = {
        scale: Interval(at, (high - low) / (2 * z), low, high) for scale, (at, low, high) in found.items()
    }
    return {**intervals, "risk ratio": None}
