"""Somebody who has read all that is shown of guarded patients and works out what is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linprog

ARMS = ("risk, treated", "risk, control")
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


def solutions(ledger: pd.DataFrame, arm: pd.DataFrame) -> int:
    """Return how many pairs of events fit what is shown of a crude comparison: risks, difference, ratio, totals."""
    shown = ledger.set_index("id")
    stem = str(arm["id"].iloc[0]).rpartition(".")[0]
    n = arm.set_index("scale")["n"]
    pairs = (
        np.array(np.meshgrid(range(int(n[ARMS[0]]) + 1), range(int(n[ARMS[1]]) + 1)))
        .reshape(2, -1)
        .astype(float)
    )
    risks = pairs / n[list(ARMS)].to_numpy()[:, None]
    fits = np.ones(pairs.shape[1], bool)
    for name, value, places in (
        ("rd", risks[0] - risks[1], 0.0005),
        ("rr", risks[0] / np.maximum(risks[1], 1e-9), None),
    ):
        if f"{stem}.{name}" in shown.index and pd.notna(said := shown.at[f"{stem}.{name}", "estimate"]):
            within = places or 0.5 * 10 ** (np.floor(np.log10(abs(said))) - 1)
            fits &= np.abs(value - said) <= within + 1e-9
            if pd.notna(total := shown.at[f"{stem}.{name}", "events"]):
                fits &= np.abs(pairs.sum(0) - total) <= 2.5
    for place, scale in enumerate(ARMS):
        row = ledger[ledger["id"] == arm.set_index("scale")["id"][scale]].iloc[0]
        if pd.notna(row["events"]):
            fits &= np.abs(pairs[place] - row["events"]) <= 2.5
    return int(fits.sum())
