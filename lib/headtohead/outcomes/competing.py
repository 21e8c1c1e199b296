"""Cumulative incidence with competing events, and the probability of every state of a course: Aalen-Johansen.

lifelines' version is not used: it shifts tied times at random, so on day data its curves change from call to call.

Aalen & Johansen (1978) Scand J Stat 5:141-150.
Andersen, Geskus, de Witte & Putter (2012) Int J Epidemiol 41:861-870. doi:10.1093/ije/dyr213
Andersen, Klein & Rosthoj (2003) Biometrika 90:15-27. doi:10.1093/biomet/90.1.15 (their pseudo-values are the influence)
Andersen & Keiding (2002) Stat Methods Med Res 11:91-115. doi:10.1191/0962280202SM276ra
Datta & Satten (2001) Stat Probab Lett 55:403-411. doi:10.1016/S0167-7152(01)00155-9
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import AlignmentError, EventError
from headtohead.inference import DEFAULT, InferenceChoices, Stream, checked, stream_of
from headtohead.kernels import Array
from headtohead.matching.adjustment import Adjustment, Adjustments, made
from headtohead.outcomes.endpoint import Endpoint, Endpoints
from headtohead.outcomes.estimate import need_followed_arms, together


@dataclass(frozen=True, slots=True)
class CumulativeIncidence:
    """State probabilities of one group at its T distinct event times.

    ``at_risk``: weighted number still event-free just before each. ``incidence``, shape (T, K): probability that cause
    k has happened by each time; ``event_free``: that nothing has, which adds up to 1 with it. ``patients``: their times,
    causes and weights.
    """

    times: Array
    at_risk: Array
    incidence: Array
    event_free: Array
    patients: tuple[Array, Array, Array]

    @property
    def std_error(self) -> Array:
        """Infinitesimal jackknife, as R's ``survfit``, shape (T, K); for weights that are no frequencies use a bootstrap."""
        time, cause, w = self.patients

        def error(k: int, by: float) -> float:
            one = np.where(cause == k, 1, 2 * (cause > 0))
            return float(np.linalg.norm(w * risk_and_gradient(time, one, w, by=by)[1]))

        return np.array([[error(k + 1, by) for k in range(self.incidence.shape[1])] for by in self.times])

    def at(self, days: Sequence[float] | Array) -> Array:
        """Return the incidence at given days, shape (len(days), K); 0 before the first event."""
        index = np.searchsorted(self.times, np.asarray(days, float), side="right")
        return np.vstack([np.zeros(self.incidence.shape[1]), self.incidence])[index]


@door.guarded
def aalen_johansen(
    time: Array, cause: Array, weights: Array | None = None, *, n_causes: int | None = None
) -> CumulativeIncidence:
    """Return the Aalen-Johansen estimate, F_k(t) = sum over s <= t of S(s-) d_k(s) / n(s).

    ``time`` and ``weights`` have shape (n,); ``cause`` is 0 for the censored, 1 to K for competing causes, and events
    at a time precede censorings at it; ``n_causes`` is K if the last may be absent. Raises what ``door.py`` refuses.
    Checked: R survival 3.5.3 and cmprsk 2.2-11, statsmodels, scikit-survival (test_competing.py).
    """
    door.same_length(time=time, cause=cause, weights=weights)
    time, cause = door.times(np.asarray(time)), door.causes(np.asarray(cause), n_causes)
    k = int(cause.max(initial=0)) if n_causes is None else n_causes
    w = np.ones(len(time)) if weights is None else door.weights(np.asarray(weights))
    return curve_of_checked(time, cause, w, k)


def curve_of_checked(time: Array, cause: Array, w: Array, k: int) -> CumulativeIncidence:
    """Return ``aalen_johansen`` of arrays that were checked."""
    times, place = np.unique(time, return_inverse=True)
    size = len(times)
    gone = np.bincount(place, w, size)
    at_risk = np.cumsum(gone[::-1])[::-1]
    d = np.column_stack([np.bincount(place[cause == j], w[cause == j], size) for j in range(1, k + 1)])
    safe = np.where(at_risk > 0, at_risk, 1.0)
    event_free = np.cumprod(1 - d.sum(axis=1) / safe)
    before = np.concatenate([[1.0], event_free[:-1]])
    incidence = np.cumsum(before[:, None] * d / safe[:, None], axis=0)
    keep = d.sum(axis=1) > 0
    patients = (time, cause, w)
    return CumulativeIncidence(times[keep], at_risk[keep], incidence[keep], event_free[keep], patients)


def risk_and_gradient(time: Array, cause: Array, weights: Array, *, by: float) -> tuple[float, Array]:
    """Return the Aalen-Johansen risk of cause 1 by a horizon and its derivative by each weight, shape (n,).

    With S the event-free probability, F the risk, n at risk and A the hazard of any cause, patient i moves F(tau) by
    the sum over s <= tau of S(s-) / n(s) (dN_i1 - Y_i dA_1) - (F(tau) - F(s)) / (n(s) (1 - dA)) (dN_i - Y_i dA).
    Checked: numerical derivative, R's survfit (test_censored.py).
    """
    times, place = np.unique(time, return_inverse=True)
    seen = times <= by
    at_risk = np.cumsum(np.bincount(place, weights)[::-1])[::-1]
    share = np.divide(seen, at_risk, out=np.zeros(len(times)), where=at_risk > 0)
    own = share * np.bincount(place, weights * (cause == 1))
    every = share * np.bincount(place, weights * (cause > 0))
    before = np.concatenate([[1.0], np.cumprod(1 - every)[:-1]])
    risk = np.cumsum(before * own)
    alive = every < 1 - 1e-12
    first = before * share
    later = np.where(alive, (risk[-1] - risk) * share / np.where(alive, 1 - every, 1.0), 0.0)
    expected = np.cumsum(first * own - later * every)
    gradient = first[place] * (cause == 1) - later[place] * (cause > 0) - expected[place]
    return float(risk[-1]), gradient


def incidence_curves(
    endpoints: Endpoints, adjustments: Adjustments,
    *, by: int, inference: InferenceChoices = DEFAULT, stream: Stream = "curves",
) -> pd.DataFrame:  # fmt: skip
    """Return the curves of both arms day by day with pointwise bands, under each adjustment that was made.

    DataFrame with ``arm`` ("treated" or "control"), ``cause``, ``day`` (0 to the horizon), ``incidence``,
    ``conf_low``, ``conf_high``, ``at_risk`` (weighted number event-free at the start of the day), ``outcome``
    and ``adjustment``. Bands are percentile limits of bootstraps. Raises HorizonError unless ``by`` is a whole
    number of days: of times in years one curve would have a handful of steps.
    """
    found, adjustments, (by,) = together(endpoints, adjustments, by)
    checked(inference)
    door.whole_days(by)
    parts = []
    for adjustment in made(adjustments, "a curve"):
        rng = stream_of(inference, stream, adjustment.key)
        for endpoint in found:
            need_followed_arms(endpoint, adjustment, by)
            draws = adjustment.resample(rng, inference.bootstrap_replicates)
            curves = _curves(endpoint, adjustment, draws, by, inference.conf_level)
            parts.append(curves.assign(outcome=endpoint.name, adjustment=adjustment.key))
    return pd.concat(parts, ignore_index=True)


def _curves(endpoint: Endpoint, adjustment: Adjustment, draws: Array, by: int, level: float) -> pd.DataFrame:
    days, frames, tail = np.arange(by + 1), [], (1 - level) / 2
    for arm, mask in adjustment.arms:
        t, c = endpoint.time_days.to_numpy(float)[mask], endpoint.cause.to_numpy(int)[mask]
        weights, size = adjustment.weights.to_numpy()[mask], len(endpoint.causes)
        point = curve_of_checked(t, c, weights, size).at(days)
        spread = by_day(*incidences(t, c, draws[:, mask], size, by), by)
        risk = [float(weights[t >= day].sum()) for day in days]
        for k, name in enumerate(endpoint.causes):
            low, high = np.quantile(spread[:, :, k], [tail, 1 - tail], axis=0)
            columns = {"arm": arm, "cause": name, "day": days, "incidence": point[:, k]}
            frames.append(pd.DataFrame(columns | {"conf_low": low, "conf_high": high, "at_risk": risk}))
    return pd.concat(frames, ignore_index=True)


def by_day(times: Array, incidence: Array, horizon_days: int) -> Array:
    """Return curves of ``incidences`` at the end of days 0, 1, ..., shape (B, horizon_days + 1, n_causes)."""
    index = np.searchsorted(times, np.arange(horizon_days + 1), side="right")
    return np.pad(incidence, ((0, 0), (1, 0), (0, 0)))[:, index]


def incidences(time: Array, cause: Array, weights: Array, causes: int, by: float) -> tuple[Array, Array]:
    """Return event times up to the horizon and the incidence at them, shapes (T,) and (B, T, K), of weights (B, n).

    Arrays are those of an Endpoint and of resamples, which were checked; for others there is ``aalen_johansen``.
    """
    times = np.unique(time[(cause > 0) & (time <= by)])
    at_risk = weights @ (time[:, None] >= times)
    now = time[:, None] == times
    d = np.stack([weights @ (now & (cause[:, None] == k)) for k in range(1, causes + 1)], -1)
    hazard = d / np.where(at_risk > 0, at_risk, 1.0)[..., None]
    event_free = np.cumprod(1 - hazard.sum(axis=-1), axis=1)
    before = np.concatenate([np.ones((len(weights), 1)), event_free[:, :-1]], axis=1)
    return times, np.cumsum(before[..., None] * hazard, axis=1)


def state_occupation(
    states: Array | pd.DataFrame, adjustments: Adjustments, *, names: Sequence[str]
) -> pd.DataFrame:
    """Return the probability of being in each state at the end of each day, by arm and adjustment.

    DataFrame with ``arm``, ``day``, ``state``, ``probability`` and ``adjustment``; the states of a day add up to 1.
    ``states`` holds the state at the end of days 0, 1, ..., numbered as in ``names``, -1 from the day of censoring, shape
    (n, days + 1): a DataFrame in any order of the patients, an array in that of the arms. Raises EventError if a patient
    has no state on day 0, returns after censoring, or has a state without name.

    Aalen-Johansen: P(t) = P(t-1) (I + dA(t)), with the weighted share of those in state h the day before who are in j
    now. Without censoring this is the weighted share in each state.
    """
    found, days = made(adjustments, "a course"), _numbered(states, names)
    index = found[0].treated.index
    if not isinstance(states, pd.DataFrame) and len(days) == len(index):
        days = days.set_axis(index)
    states = door.aligned(days, index, "states").to_numpy()
    gone = states < 0
    wrong = gone[:, 0] | (gone[:, :-1] & ~gone[:, 1:]).any(axis=1)
    if wrong.any():
        raise EventError(
            f"a course starts on day 0 and ends for good when censored, {int(wrong.sum())} of {len(states)} "
            f"patients differ, for example row {int(np.flatnonzero(wrong)[0])}; correct the days"
        )
    when, parts = np.arange(states.shape[1]), []
    for adjustment in found:
        w = adjustment.weights.to_numpy(float)
        for label, mask in adjustment.arms:
            probability = _occupation(states[mask], w[mask], len(names))
            named = {"arm": label, "adjustment": adjustment.key, "day": when}
            parts += [
                pd.DataFrame(named | {"state": name, "probability": probability[:, j]})
                for j, name in enumerate(names)
            ]
    return pd.concat(parts, ignore_index=True)


def _numbered(states: Array | pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the states, after they are whole numbers that have a name."""
    names = door.words(names, "names of states")
    if np.ndim(states) != 2:
        found = f"found the shape {np.shape(states)}"
        raise AlignmentError(f"states must be a table of patients by days, {found}; give one row per patient")
    frame = door.numbers(pd.DataFrame(states), "states")
    x = frame.to_numpy(float)
    right = (x == np.round(x)) & (x < len(names))
    if not right.all():
        wrong = ~right.all(axis=1)
        must = f"states must be whole numbers below {len(names)}, {door.wrong_rows(wrong, frame.index)}"
        raise EventError(f"{must}; number them as in {list(names)}, and -1 once censored")
    return frame.astype(int)


def _occupation(states: Array, w: Array, k: int) -> Array:
    """Return state probabilities of one arm, shape (days + 1, k)."""
    p = np.bincount(states[:, 0], w, k) / w.sum()
    rows = [p]
    for before, now in zip(states.T[:-1], states.T[1:], strict=True):
        seen = now >= 0
        moves = np.zeros((k, k))
        np.add.at(moves, (before[seen], now[seen]), w[seen])
        total = moves.sum(axis=1)
        p = p @ np.where(total[:, None] > 0, moves / np.where(total > 0, total, 1.0)[:, None], np.eye(k))
        rows.append(p)
    return np.array(rows)
