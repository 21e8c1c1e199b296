"""Win ratio: every treated patient against every control, the gravest outcome first.

Two patients are compared on the first outcome; only if they tie, on the next. Wins over losses is the
win ratio, wins minus losses per comparison the net benefit.

Pocock, Ariti, Collier & Wang (2012) Eur Heart J 33:176-182. doi:10.1093/eurheartj/ehr352
Bebu & Lachin (2016) Biostatistics 17:178-187. doi:10.1093/biostatistics/kxv032
Dong, Qiu, Wang & Vandemeulebroecke (2018) J Biopharm Stat 28:778-796. doi:10.1080/10543406.2017.1397007
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.inference import DEFAULT, InferenceChoices, Stream
from headtohead.matching.adjustment import Adjustment, Adjustments, listed
from headtohead.matching.weights import effective_number
from headtohead.outcomes import estimate as est

SCALES = ("win ratio", "net benefit")
COMPONENTS = ["level", "wins", "losses", "ties"]
NO_RATIO = "cannot be estimated, because an arm never wins"


class WinRatios(NamedTuple):
    """Win ratio and net benefit, and where the comparisons were decided.

    ``estimates``: two rows per ``adjustment``, scales "win ratio" and "net benefit". ``components``: ``level``
    (last row "tied"), ``wins``, ``losses``, ``ties``, shares of all comparisons; and ``adjustment``.
    """

    estimates: pd.DataFrame
    components: pd.DataFrame


def win_ratios(
    levels: pd.DataFrame, adjustments: Adjustments,
    *, outcome: str, by: int, inference: InferenceChoices = DEFAULT, stream: Stream = "wins",
) -> WinRatios:  # fmt: skip
    """Return the win ratio of the treated arm under each adjustment.

    Crude and weights compare everyone with everyone, pairs only within the set. Raises MissingError if a level
    is unknown for a patient.

    A comparison weighs the product of both weights. The crude standard errors are those of a
    two-sample U-statistic (Bebu and Lachin), the others come from the bootstrap.

    ``levels`` has one column per outcome, gravest first, shape (n, K); higher is better, equal is a tie. ``outcome``
    names the hierarchy in the rows, ``by`` is the day up to which the levels are known. Checked: all comparisons one
    by one (test_win_ratio.py).
    """
    door.horizon(by)
    adjustments = listed(adjustments)
    levels = door.aligned(levels, adjustments[0].treated.index, "levels")
    what = "levels, of which those without the event have the best value,"
    levels = door.numbers(levels.to_frame() if isinstance(levels, pd.Series) else levels, what, infinite=True)
    door.some_columns(levels, "levels")
    ranks, parts = cumulative_ranks(levels), [pd.DataFrame(columns=COMPONENTS)]

    def estimate(adjustment: Adjustment) -> list[est.Row]:
        weights, sets = adjustment.weights.to_numpy()[None], adjustment.matched_set
        if adjustment.kind != "crude":
            weights = np.vstack([weights, est.resamples(adjustment, inference, stream)])
        count = _everyone if sets is None else partial(_within_sets, sets=sets)
        shares = np.stack([count(rank, adjustment.arm, weights) for rank in ranks])
        parts.append(_components(list(levels), shares[:, :, 0]).assign(adjustment=adjustment.key))
        return _rows(ranks[-1], shares[-1], adjustment, inference.conf_level)

    cases = [{"outcome": outcome, "horizon_days": by, "scale": scale} for scale in SCALES]
    estimates = est.over(adjustments, cases, estimate, inference)
    return WinRatios(estimates, pd.concat(parts[1:] or parts, ignore_index=True))


def _rows(rank: np.ndarray, shares: np.ndarray, adjustment: Adjustment, conf_level: float) -> list[est.Row]:
    wins, losses = shares
    if adjustment.kind == "crude":
        intervals = _u_statistic(rank, adjustment.arm, wins[0], losses[0], conf_level)
        method = "all comparisons; U-statistic standard error"
    else:
        ratio = est.bootstrap_ratio((wins[0], losses[0]), (wins[1:], losses[1:]), conf_level)
        gain = est.bootstrap_interval(float(wins[0] - losses[0]), wins[1:] - losses[1:], conf_level)
        intervals = [ratio, gain]
        method = f"{adjustment.name.lower()}; percentile interval of {len(wins) - 1} bootstraps"
    net = intervals[1]
    if net is not None and net.conf_high - net.conf_low <= est.TINY:
        w, arms = adjustment.weights.to_numpy(), adjustment.arms
        n = min(effective_number(w[mask & (w > 0)]) for _, mask in arms)
        method = "all comparisons end alike: Wilson's limit of 0 in the smaller arm differs"
        intervals = [None, est.bounded_interval(net.estimate, n, -1.0, 1.0, conf_level)]
    return [{"n": int(adjustment.used.sum())} | est.result(one, method, NO_RATIO) for one in intervals]


def cumulative_ranks(levels: pd.DataFrame) -> list[np.ndarray]:
    """Return dense ranks by the first level, the first two, and so on; higher is better."""
    ranks, sofar = [], np.zeros(len(levels), int)
    for name in levels:
        value = np.unique(levels[name], return_inverse=True)[1]
        sofar = np.unique(sofar * (value.max() + 1) + value, return_inverse=True)[1]
        ranks.append(sofar)
    return ranks


def _everyone(rank: np.ndarray, arm: np.ndarray, weights: np.ndarray) -> np.ndarray:
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
    # where treated patients share controls, a control's weight is divided among those of its set
    members = pd.DataFrame({"set": sets.to_numpy(), "row": np.arange(len(rank))})[sets.notna().to_numpy()]
    mine = members[arm[members["row"]]]
    couples = members[~arm[members["row"]]].merge(mine, on="set", suffixes=("", "_treated"))
    controls = couples["row"].to_numpy()
    gap = rank[couples["row_treated"].to_numpy()] - rank[controls]
    mass = weights[:, controls] / couples["set"].map(mine["set"].value_counts()).to_numpy()
    return np.array([(mass * (gap > 0)).sum(axis=1), (mass * (gap < 0)).sum(axis=1)]) / mass.sum(axis=1)


def _u_statistic(
    rank: np.ndarray, arm: np.ndarray, wins: float, losses: float, level: float
) -> list[est.Interval | None]:
    """Return the intervals from the variance of each patient's own share of wins and losses."""
    sorted1, sorted0 = np.sort(rank[arm]), np.sort(rank[~arm])
    n1, n0 = len(sorted1), len(sorted0)
    win1 = np.searchsorted(sorted0, rank[arm], "left") / n0
    loss1 = 1 - np.searchsorted(sorted0, rank[arm], "right") / n0
    win0 = 1 - np.searchsorted(sorted1, rank[~arm], "right") / n1
    loss0 = np.searchsorted(sorted1, rank[~arm], "left") / n1
    covariance = np.cov(win1, loss1) / n1 + np.cov(win0, loss0) / n0

    def interval(estimate: float, gradient: tuple[float, float]) -> est.Interval:
        g = np.array(gradient)
        return est.wald_interval(estimate, np.sqrt(g @ covariance @ g), level)

    net = interval(wins - losses, (1.0, -1.0))
    if min(wins, losses) <= 0:
        return [None, net]
    return [interval(np.log(wins / losses), (1 / wins, -1 / losses)).exponential, net]


def _components(names: list[str], shares: np.ndarray) -> pd.DataFrame:
    """Return the share of comparisons won and lost at each level, and the share never decided."""
    steps = np.diff(shares, axis=0, prepend=0.0)
    rows = [(name, *step, np.nan) for name, step in zip(names, steps.tolist(), strict=True)]
    rows.append(("tied", np.nan, np.nan, 1 - float(shares[-1].sum())))
    return pd.DataFrame(rows, columns=COMPONENTS)
