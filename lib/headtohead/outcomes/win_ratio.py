"""Win ratio: every treated patient against every control, the gravest outcome first.

Two patients are compared on the first outcome; only if they tie, on the next. Wins over losses is the
win ratio, wins minus losses per comparison the net benefit.

References
----------
Pocock, Ariti, Collier & Wang (2012) Eur Heart J 33:176-182. doi:10.1093/eurheartj/ehr352
Bebu & Lachin (2016) Biostatistics 17:178-187. doi:10.1093/biostatistics/kxv032
Dong, Qiu, Wang & Vandemeulebroecke (2018) J Biopharm Stat 28:778-796. doi:10.1080/10543406.2017.1397007
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead.matching.adjustment import Adjustment
from headtohead.outcomes.estimate import Interval, bootstrap_interval, estimate_frame, estimate_row

NO_RATIO = "cannot be estimated, because an arm never wins"


@dataclass(frozen=True, slots=True)
class WinResult:
    """Win ratio and net benefit, and where the comparisons were decided.

    Attributes
    ----------
    estimates : DataFrame
        Two rows of ``ESTIMATE_COLUMNS``, scales "win ratio" and "net benefit".
    components : DataFrame
        ``level`` (last row "tied"), ``wins``, ``losses``, ``ties``: shares of all comparisons.
    """

    estimates: pd.DataFrame
    components: pd.DataFrame


def win_ratio(
    levels: pd.DataFrame,
    treated: pd.Series,
    adjustment: Adjustment,
    *,
    outcome: str,
    horizon_days: int,
    conf_level: float,
    bootstrap_replicates: int,
    rng: np.random.Generator,
) -> WinResult:
    """Return the win ratio of the treated arm.

    Parameters
    ----------
    levels : DataFrame of float, shape (n, K)
        One column per outcome, gravest first; higher is better, equal is a tie. Complete.
    treated : Series of bool, shape (n,)
    adjustment : Adjustment
        Crude and weights compare everyone with everyone; pairs compare only within the set.

    Raises
    ------
    ValueError
        If a level is unknown for a patient.

    Notes
    -----
    A comparison weighs the product of both weights. The crude standard errors are those of a
    two-sample U-statistic (Bebu and Lachin), the others come from the bootstrap.

    Checked: all comparisons one by one (tests/outcomes/test_win_ratio.py).
    """
    if levels.isna().any(axis=None):
        raise ValueError(
            f"every level must be known, {int(levels.isna().any(axis=1).sum())} of {len(levels)} patients "
            "lack one; give those without the event the best value"
        )
    arm = treated.to_numpy(bool)
    draws = np.empty((0, len(arm)))
    if adjustment.kind != "crude":
        draws = adjustment.resample(rng, bootstrap_replicates)
    weights = np.vstack([adjustment.weights.to_numpy(), draws])
    count = _within_sets if adjustment.kind == "pairs" else _everyone
    shares = np.stack(
        [count(rank, arm, weights, adjustment.sets) for rank in cumulative_ranks(levels)]
    )  # (levels, 2, B)
    wins, losses = shares[-1]
    if len(draws):
        intervals = _bootstrapped(wins, losses, conf_level)
        method = f"{adjustment.name.lower()}; percentile interval of {len(draws)} bootstraps"
    else:
        intervals = _u_statistic(cumulative_ranks(levels)[-1], arm, wins[0], losses[0], conf_level)
        method = "all comparisons; U-statistic standard error"
    rows = [
        estimate_row(
            estimand=adjustment.estimand, population=adjustment.population, outcome=outcome,
            horizon_days=horizon_days, scale=scale, conf_level=conf_level,
            n=int((adjustment.weights > 0).sum()), method=method if result else NO_RATIO,
            **(result._asdict() if result else {}),
        )
        for scale, result in zip(("win ratio", "net benefit"), intervals, strict=True)
    ]  # fmt: skip
    return WinResult(estimate_frame(rows), _components(list(levels), shares[:, :, 0]))


def cumulative_ranks(levels: pd.DataFrame) -> list[np.ndarray]:
    """Return dense ranks by the first level, the first two, and so on; higher is better."""
    ranks, sofar = [], np.zeros(len(levels), int)
    for name in levels:
        value = np.unique(levels[name], return_inverse=True)[1]
        sofar = np.unique(sofar * (value.max() + 1) + value, return_inverse=True)[1]
        ranks.append(sofar)
    return ranks


def _everyone(rank: np.ndarray, arm: np.ndarray, weights: np.ndarray, sets: object) -> np.ndarray:  # noqa: ARG001
    """Return the weighted shares of wins and losses over all couples, shape (2, B)."""
    size = int(rank.max()) + 1
    scored = rank[:, None] == np.arange(size)
    one, other = weights[:, arm] @ scored[arm], weights[:, ~arm] @ scored[~arm]
    below = np.cumsum(other, axis=1) - other
    total = one.sum(axis=1) * other.sum(axis=1)
    wins = (one * below).sum(axis=1)
    ties = (one * other).sum(axis=1)
    return np.array([wins, total - wins - ties]) / total


def _within_sets(rank: np.ndarray, arm: np.ndarray, weights: np.ndarray, sets: pd.Series) -> np.ndarray:
    """Return the shares of wins and losses of the treated over the controls of their set, shape (2, B)."""
    used = sets.notna().to_numpy()
    number = sets.to_numpy()
    own = pd.Series(rank[arm & used], index=number[arm & used])
    controls = np.flatnonzero(~arm & used)
    gap = own.loc[number[controls]].to_numpy() - rank[controls]
    mass = weights[:, controls]
    return np.array([(mass * (gap > 0)).sum(axis=1), (mass * (gap < 0)).sum(axis=1)]) / mass.sum(axis=1)


def _bootstrapped(wins: np.ndarray, losses: np.ndarray, level: float) -> list[Interval | None]:
    net = bootstrap_interval(float(wins[0] - losses[0]), wins[1:] - losses[1:], level)
    if min(wins.min(), losses.min()) <= 0:
        return [None, net]
    logs = bootstrap_interval(float(np.log(wins[0] / losses[0])), np.log(wins[1:] / losses[1:]), level)
    return [_exponent(logs), net]


def _exponent(logs: Interval) -> Interval:
    return Interval(
        float(np.exp(logs.estimate)),
        logs.std_error,
        float(np.exp(logs.conf_low)),
        float(np.exp(logs.conf_high)),
    )


def _u_statistic(
    rank: np.ndarray, arm: np.ndarray, wins: float, losses: float, level: float
) -> list[Interval | None]:
    """Return the intervals from the variance of each patient's own share of wins and losses."""
    sorted1, sorted0 = np.sort(rank[arm]), np.sort(rank[~arm])
    n1, n0, z = len(sorted1), len(sorted0), float(norm.ppf(0.5 + level / 2))
    win1 = np.searchsorted(sorted0, rank[arm], "left") / n0
    loss1 = 1 - np.searchsorted(sorted0, rank[arm], "right") / n0
    win0 = 1 - np.searchsorted(sorted1, rank[~arm], "right") / n1
    loss0 = np.searchsorted(sorted1, rank[~arm], "left") / n1
    covariance = np.cov(win1, loss1) / n1 + np.cov(win0, loss0) / n0

    def interval(estimate: float, gradient: tuple[float, float]) -> Interval:
        g = np.array(gradient)
        se = float(np.sqrt(g @ covariance @ g))
        return Interval(float(estimate), se, float(estimate - z * se), float(estimate + z * se))

    net = interval(wins - losses, (1.0, -1.0))
    if min(wins, losses) <= 0:
        return [None, net]
    return [_exponent(interval(np.log(wins / losses), (1 / wins, -1 / losses))), net]


def _components(names: list[str], shares: np.ndarray) -> pd.DataFrame:
    """Return the share of comparisons won and lost at each level, and the share never decided."""
    steps = np.diff(shares, axis=0, prepend=0.0)
    rows = [(name, *step, np.nan) for name, step in zip(names, steps.tolist(), strict=True)]
    rows.append(("tied", np.nan, np.nan, 1 - float(shares[-1].sum())))
    return pd.DataFrame(rows, columns=["level", "wins", "losses", "ties"])
