"""Would a whole specification curve look like this if the drug did nothing?

Its thousands of dependent estimates cannot be counted as if they were independent. The curve is recomputed on data
sets in which the drug has no effect and everything else is as observed (a plasmode): patients are resampled, **both**
the drug, from the fitted score, and the outcomes, from the outcome model without the drug's effect, are drawn anew.
Permuting the drug alone would destroy its dependence on the covariates: permuted crude and under-adjusted estimates
scatter around zero although confounding moves the observed ones away; the test would call confounding an effect.

Simonsohn, Simmons & Nelson (2020) Nat Hum Behav 4:1208-1214. doi:10.1038/s41562-020-0912-z
Franklin et al. (2014) Comput Stat Data Anal 72:219-226. doi:10.1016/j.csda.2013.10.018
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from headtohead.kernels.logistic import full_rank, logistic, maximum, with_intercept

LINK_RIDGE = 1.0  # later links of the chain rest on few events


class Link(NamedTuple):
    """An outcome in drawing order; it equals ``given``, an earlier one, where that does not have the value ``where``."""

    # who did not reach ventilation or death did not die, who died by day 28 died in hospital

    outcome: str
    given: str | None = None
    where: int = 1


@dataclass(frozen=True, slots=True)
class Plasmode:
    """What draws data without an effect: the score, shape (n,), and each link's risks under the control drug, (links, n)."""

    ps: np.ndarray
    links: tuple[Link, ...]
    risks: np.ndarray

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
        """Return row numbers of resampled patients, their new arm and their new outcomes."""
        n = len(self.ps)
        rows = rng.integers(0, n, n)
        arm = rng.random(n) < self.ps[rows]
        outcomes: dict[str, np.ndarray] = {}
        for link, risk in zip(self.links, self.risks[:, rows], strict=True):
            drawn = (rng.random(n) < risk).astype(float)
            if link.given is not None:
                earlier = outcomes[link.given]
                drawn = np.where(earlier == link.where, drawn, earlier)
            outcomes[link.outcome] = drawn
        return rows, arm, pd.DataFrame(outcomes)


def fit_plasmode(
    design: np.ndarray, arm: np.ndarray, outcomes: pd.DataFrame, links: Sequence[Link]
) -> Plasmode:
    """Return fitted score and outcome models, the drug's effect 0; ``design`` (n, p), no intercept, links in drawing order."""
    if sorted(link.outcome for link in links) != sorted(outcomes):
        found = [link.outcome for link in links]
        raise ValueError(f"each outcome needs one link, found {found} for {list(outcomes)}")
    X = full_rank(with_intercept(design))
    ps = logistic(X @ maximum(X, arm))
    risks = [_risks(X, arm, outcomes, link) for link in links]
    return Plasmode(ps, tuple(links), np.array(risks))


def _risks(X: np.ndarray, arm: np.ndarray, outcomes: pd.DataFrame, link: Link) -> np.ndarray:
    """Return each patient's risk under the control drug: 0 where nobody of the link had the outcome, 1 where all had."""
    y = outcomes[link.outcome].to_numpy()
    rows = np.ones(len(y), bool) if link.given is None else outcomes[link.given].to_numpy() == link.where
    if (y[rows] == y[rows][:1]).all():
        return np.full(len(y), y[rows].any(), float)
    beta = maximum(np.column_stack([X, arm])[rows], y[rows], ridge=LINK_RIDGE)
    return logistic(X @ beta[:-1])


def statistics(curve: pd.DataFrame, *, alpha: float) -> pd.DataFrame:
    """Return what a curve shows, for all specifications and for each outcome.

    DataFrame with ``facet``, ``n``, ``median`` (risk difference), ``small_p`` (share with p below ``alpha``)
    and ``one_sign`` (share of the sign that most estimates have).
    """
    done = curve.dropna(subset="estimate")
    facets = {"all": done} | {
        str(name): part for name, part in done.groupby("outcome", sort=False, observed=True)
    }
    return pd.DataFrame(
        {"facet": name, "n": len(part), "median": float(part["estimate"].median()),
         "small_p": float((part["p_value"] < alpha).mean()),
         "one_sign": float(max((part["estimate"] > 0).mean(), (part["estimate"] < 0).mean()))}
        for name, part in facets.items()
    )  # fmt: skip


def joint_p_values(observed: pd.DataFrame, nulls: pd.DataFrame) -> pd.DataFrame:
    """Return the observed statistics with their p-values under the null curves.

    ``observed`` is of ``statistics``, ``nulls`` the same for each null data set, one after the other.
    ``observed`` with ``null_median`` (centre of the null medians: what confounding alone leaves),
    ``p_median`` (two-sided), ``p_small_p``, ``p_one_sign`` (upper tail) and ``nulls`` (their number). Every
    p-value counts the observed curve among the nulls and so is never zero.
    """
    rows = []
    for _, row in observed.iterrows():
        mine = nulls[nulls["facet"] == row["facet"]]
        if mine.empty:
            raise ValueError(f"there must be null curves of {row['facet']!r}, found none; run: make simulate")
        low, high = _tail(mine["median"] <= row["median"]), _tail(mine["median"] >= row["median"])
        found = {"null_median": float(mine["median"].mean()), "p_median": min(1.0, 2 * min(low, high))}
        found |= {f"p_{name}": _tail(mine[name] >= row[name]) for name in ("small_p", "one_sign")}
        rows.append({**row, **found, "nulls": len(mine)})
    return pd.DataFrame(rows)


def _tail(as_extreme: pd.Series) -> float:
    return float((1 + as_extreme.sum()) / (1 + len(as_extreme)))
