"""Where patients are on each day: the probability of every state of a course in hospital.

References
----------
Andersen & Keiding (2002) Stat Methods Med Res 11:91-115. doi:10.1191/0962280202SM276ra
Datta & Satten (2001) Stat Probab Lett 55:403-411. doi:10.1016/S0167-7152(01)00155-9
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import AlignmentError, EventError
from headtohead.matching.adjustment import Adjustments, made


def state_occupation(
    states: np.ndarray | pd.DataFrame, adjustments: Adjustments, *, names: Sequence[str]
) -> pd.DataFrame:
    """Return the probability of being in each state at the end of each day, by arm and adjustment.

    DataFrame with ``arm``, ``day``, ``state``, ``probability`` and ``adjustment``; the states of a day add up to 1.
    ``states`` holds the state at the end of days 0, 1, ..., numbered as in ``names``, -1 from the day of censoring, shape
    (n, days + 1): a DataFrame in any order of the patients, an array in that of the arms. Raises EventError if a patient
    has no state on day 0, returns after censoring, or has a state without name.

    Aalen-Johansen: P(t) = P(t-1) (I + dA(t)), with the weighted share of those in state h the day before who are in j
    now. Without censoring this is the weighted share in each state.
    """
    found, days = made(adjustments), _numbered(states, names)
    index = found[0].treated.index if found else days.index
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
            probability = _aalen_johansen(states[mask], w[mask], len(names))
            named = {"arm": label, "adjustment": adjustment.key, "day": when}
            parts += [
                pd.DataFrame(named | {"state": name, "probability": probability[:, j]})
                for j, name in enumerate(names)
            ]
    return pd.concat(parts, ignore_index=True)


def _numbered(states: np.ndarray | pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the states, after they are whole numbers that have a name."""
    door.unique(pd.Index(list(names)), "states")
    if np.ndim(states) != 2:
        raise AlignmentError(
            f"states must be a table of patients by days, found the shape {np.shape(states)}; give one row per patient"
        )
    frame = door.numbers(pd.DataFrame(states), "states")
    x = frame.to_numpy(float)
    right = (x == np.round(x)) & (x < len(names))
    if not right.all():
        wrong = ~right.all(axis=1)
        raise EventError(
            f"states must be whole numbers below {len(names)}, {door.wrong_rows(wrong, frame.index)}; number them as "
            f"in {list(names)}, and -1 once censored"
        )
    return frame.astype(int)


def _aalen_johansen(states: np.ndarray, w: np.ndarray, k: int) -> np.ndarray:
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
