"""The specification curve: one estimate for every defensible combination of analytic choices.

Combinations that mean nothing are listed with the reason: nothing is dropped in silence. The specifications do not all
ask the same question: each carries its estimand, and curves are read within an estimand.

Simonsohn, Simmons & Nelson (2020) Nat Hum Behav 4:1208-1214. doi:10.1038/s41562-020-0912-z
Del Giudice & Gangestad (2021) Adv Methods Pract Psychol Sci 4(1). doi:10.1177/2515245920954925
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from headtohead import door
from headtohead.errors import cannot
from headtohead.kernels.pairs import CaliperScale, Order
from headtohead.sensitivity.specification import AXES, estimate_sample, subset

ESTIMANDS = {
    "crude": "crude", "outcome regression": "ATE", "greedy pairs": "matched", "optimal pairs": "matched",
    "inverse probability weights": "ATE", "overlap weights": "ATO", "matching weights": "ATM",
    "entropy balancing": "ATT", "augmented weights": "ATE",
}  # fmt: skip
PAIRED = ("greedy pairs", "optimal pairs")
NOT_USED = "not used"


class EmptyGridError(ValueError):
    """No combination of the choices is a valid analysis."""


@dataclass(frozen=True, slots=True)
class Material:
    """What every specification draws on, one row per patient.

    ``designs``: for (covariates, form, missing) the columns of the score without intercept, shape (n, p); a row
    with NaN is a patient that design cannot use. ``outcomes``: float, shape (n, outcomes). ``stratum``: period,
    for the restriction to patients treated while both drugs were in use.
    """

    designs: Mapping[tuple[str, str, str], np.ndarray]
    arm: np.ndarray
    outcomes: pd.DataFrame
    stratum: np.ndarray

    def take(self, rows: np.ndarray, arm: np.ndarray, outcomes: pd.DataFrame) -> Material:
        """Return the material of resampled patients with other drugs and outcomes."""
        designs = {key: X[rows] for key, X in self.designs.items()}
        return Material(designs, arm, outcomes, self.stratum[rows])


def grid(levels: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return every combination of the levels, one row each, with why it is excluded.

    DataFrame with the columns of ``AXES``, ``estimand`` and ``excluded`` (empty text: valid). ``levels`` gives those of
    each of ``AXES``; calipers are texts, a number of standard deviations or ``none``, to which "not used" is added for
    estimators without pairs. Raises EmptyGridError if no combination is valid.
    """
    if set(levels) != set(AXES):
        raise EmptyGridError(f"a grid needs levels for {AXES}, found {sorted(levels)}; name them all")
    full = {**levels, "caliper": (*levels["caliper"], NOT_USED)}
    table = pd.DataFrame(list(product(*(full[axis] for axis in AXES))), columns=list(AXES))
    unknown = sorted(set(table["estimator"]) - set(ESTIMANDS))
    if unknown:
        raise EmptyGridError(f"estimators must be among {sorted(ESTIMANDS)}, found {unknown}; correct them")
    table["estimand"] = table["estimator"].map(ESTIMANDS)
    table["excluded"] = ""
    for reason, rows in _excluded(table, levels).items():
        table.loc[rows & (table["excluded"] == ""), "excluded"] = reason
    if not (table["excluded"] == "").any():
        must = f"at least one of the {len(table)} combinations must be a valid analysis, none is"
        raise EmptyGridError(f"{must}: {'; '.join(table['excluded'].unique())}; add levels to the grid")
    return table


def _excluded(table: pd.DataFrame, levels: Mapping[str, Sequence[str]]) -> dict[str, pd.Series]:
    """Return for each reason which rows of the full product it excludes."""
    crude, paired = table["estimator"] == "crude", table["estimator"].isin(PAIRED)
    firsts = {axis: levels[axis][0] for axis in ("covariates", "form", "missing")}
    repeated = (table[list(firsts)] != pd.Series(firsts)).any(axis=1)
    return {
        "only pairs have a caliper": ~paired & (table["caliper"] != NOT_USED),
        "pairs need a caliper or the choice of none": paired & (table["caliper"] == NOT_USED),
        "the crude difference uses no covariates, so these choices would repeat one analysis": crude
        & repeated,
        "trimming needs a score, which the crude difference has not": crude
        & (table["population"] == "trimmed"),
    }


def curve(
    valid: pd.DataFrame, material: Material,
    *, min_share: float, trim: float, caliper_scale: CaliperScale, order: Order,
) -> pd.DataFrame:  # fmt: skip
    """Return the estimate of every valid specification.

    ``valid`` with ``estimate`` and ``std_error`` (risk difference, proportions), ``p_value`` (normal), ``n``
    and ``method`` (why it cannot be estimated, otherwise empty); ``valid`` are the rows of ``grid`` that are not excluded.

    A period is concurrent if each drug has at least ``min_share`` of it. Patients of the trimmed population have a
    score between ``trim`` and one minus that, fitted again among them. ``caliper_scale``, ``order``: ``match_nearest``.
    """
    place = {name: j for j, name in enumerate(material.outcomes)}
    chosen = valid[["estimator", "caliper", *AXES[2:5], "population", "outcome"]]
    keys = [
        ((tuple(row[2:5]), row[5]), (row[0], row[1]), place[row[6]])
        for row in chosen.itertuples(index=False, name=None)
    ]
    wanted: dict[tuple[Any, str], set[tuple[str, str]]] = {}
    for part, way, _ in keys:
        wanted.setdefault(part, set()).add(way)
    found, Y = {}, material.outcomes.to_numpy()
    for (design, population), ways in wanted.items():
        sample = subset(
            material.designs[design], material.arm, Y, material.stratum,
            population=population, min_share=min_share, trim=trim,
        )  # fmt: skip
        found[design, population] = estimate_sample(sample, ways, caliper_scale=caliper_scale, order=order)
    picked = []
    for part, way, outcome in keys:
        result = found[part][way]
        if isinstance(result, str):
            picked.append((np.nan, np.nan, np.nan, cannot(result)))
        else:
            effects, n = result
            picked.append((effects.estimate[outcome], effects.std_error[outcome], float(n), ""))
    names = ["estimate", "std_error", "n", "method"]
    out = valid.reset_index(drop=True).join(pd.DataFrame(picked, columns=names))
    z = (out["estimate"] / out["std_error"].where(out["std_error"] > 0)).abs()
    return out.assign(p_value=2 * stats.norm.sf(z))


def summary_by(curve_: pd.DataFrame, axis: str, *, margin: float) -> pd.DataFrame:
    """Return for each level of a column how the estimates of its specifications are spread.

    DataFrame with ``level``, ``n``, quantiles ``low`` (5%), ``q1``, ``median``, ``q3``, ``high`` (95%),
    ``positive`` (share above 0) and ``beyond`` (share further from 0 than ``margin``).
    """
    door.margin(margin)
    done, rows = curve_.dropna(subset="estimate"), []
    for level, part in done.groupby(axis, sort=False, observed=True):
        values = part["estimate"]
        low, q1, median, q3, high = values.quantile([0.05, 0.25, 0.5, 0.75, 0.95])
        rows.append(
            {"level": level, "n": len(part), "low": low, "q1": q1, "median": median, "q3": q3, "high": high,
             "positive": float((values > 0).mean()), "beyond": float((values.abs() > margin).mean())}
        )  # fmt: skip
    return pd.DataFrame(rows)


def variance_shares(curve_: pd.DataFrame) -> pd.Series:
    """Return each axis's share of the variance of the estimates between its levels: main effects, one at a time."""
    # the grid is nearly balanced, so the shares nearly add up to that of an additive model
    done = curve_.dropna(subset="estimate")
    gap = done["estimate"] - done["estimate"].mean()
    total = float((gap**2).sum())
    between = {axis: float((gap.groupby(done[axis]).transform("mean") ** 2).sum()) for axis in AXES}
    return pd.Series(between) / total if total > 0 else pd.Series(0.0, index=list(AXES))
