"""Somebody who has read all that is shown of guarded patients and works out what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import linprog

Equation = tuple[str, Sequence[str]]


def bounds_of(
    exact: Mapping[str, int], shown: Mapping[str, float], sums: Sequence[Equation], base: int
) -> dict[str, tuple[float, float]]:
    """Return between which counts each suppressed one lies, by linear programmes over all sums at once.

    ``sums`` are what the attacker knows of how the tables were made, each a total and its parts by name.
    """
    for total, parts in sums:
        assert exact[total] == sum(map(exact.__getitem__, parts)), (total, parts)
    order, half = {name: at for at, name in enumerate(exact)}, base / 2 if base > 1 else 0.0
    limits: list[tuple[float, float | None]] = []
    for name, n in exact.items():
        known = shown[name]
        limits.append(
            (0.0, None)
            if np.isnan(known)
            else (0.0, 0.0)
            if n == 0
            else (max(0.0, known - half), known + half)
        )
    matrix = np.zeros((len(sums), len(exact)))
    for line, (total, parts) in enumerate(sums):
        matrix[line, order[total]] -= 1
        for part in parts:
            matrix[line, order[part]] += 1
    found = {}
    for name in (each for each in exact if np.isnan(shown[each])):
        goal = np.zeros(len(exact))
        goal[order[name]] = 1
        ends = [
            linprog(sign * goal, A_eq=matrix, b_eq=np.zeros(len(sums)), bounds=limits) for sign in (1, -1)
        ]
        assert all(each.status in (0, 3) for each in ends)
        low, high = (
            sign * each.fun if each.status == 0 else np.inf for sign, each in zip((1, -1), ends, strict=True)
        )
        found[name] = low, high
    return found
