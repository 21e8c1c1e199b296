"""What an adjustment did: the shape of the score, the sample it leaves, and whom it lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.matching.adjustment import Adjustment, Adjustments, made
from headtohead.matching.balance import covariates_of
from headtohead.matching.pairs import Matches
from headtohead.matching.propensity import Score
from headtohead.matching.weights import effective_sample_size

BIN_WIDTH = 0.05


def score_histogram(score: Score) -> pd.DataFrame:
    """Return counts per bin of the score: ``low``, ``high``, ``treated`` and ``control``."""
    door.instance(score, Score, "a score", "give propensity(...)")
    edges = np.linspace(0, 1, round(1 / BIN_WIDTH) + 1)
    arms = (("treated", score.treated), ("control", ~score.treated))
    counts = {arm: np.histogram(score.ps[mask], edges)[0] for arm, mask in arms}
    return pd.DataFrame({"low": edges[:-1].round(4), "high": edges[1:].round(4), **counts})


def overlap(score: Score) -> pd.DataFrame:
    """Return how far the scores of the two arms overlap, and patients per model term.

    DataFrame with ``name``, ``scale`` and ``estimate``: ``c_statistic``, ``terms``, ``treated_per_term``,
    ``common_low`` and ``common_high`` (range in which both arms have scores), ``outside`` (patients outside
    it), ``below_5_percent`` and ``above_95_percent`` (patients).
    """
    door.instance(score, Score, "a score", "give propensity(...)")
    ps, treated, terms = score.ps, score.treated, score.design.shape[1]
    low = max(ps[treated].min(), ps[~treated].min())
    high = min(ps[treated].max(), ps[~treated].max())
    rows = [
        ("c_statistic", "c-statistic", score.c_statistic),
        ("terms", "count", terms),
        ("treated_per_term", "per term", treated.sum() / terms),
        ("common_low", "score", low),
        ("common_high", "score", high),
        ("outside", "count", ((ps < low) | (ps > high)).sum()),
        ("below_5_percent", "count", (ps < 0.05).sum()),
        ("above_95_percent", "count", (ps > 0.95).sum()),
    ]
    return pd.DataFrame(rows, columns=["name", "scale", "estimate"]).astype({"estimate": float})


def sample_sizes(adjustments: Adjustments) -> pd.DataFrame:
    """Return per adjustment and arm the patients used, their effective number and the largest weight.

    DataFrame with ``adjustment`` (key), ``label``, ``estimand``, ``arm`` ("treated", "control", and "both":
    sums, and the larger of the largest weights), ``n``, ``ess`` and ``max_relative_weight`` (the largest
    weight over the mean weight of the arm).
    """
    rows = []
    for each in made(adjustments):
        named = {"adjustment": each.key, "label": each.name, "estimand": each.estimand}
        arms = [{"arm": arm} | _size(each.weights[mask & each.used]) for arm, mask in each.arms]
        both = {name: arms[0][name] + arms[1][name] for name in ("n", "ess")} | {"arm": "both"}
        both["max_relative_weight"] = max(arm["max_relative_weight"] for arm in arms)
        rows += [named | row for row in (*arms, both)]
    columns = ["adjustment", "label", "estimand", "arm", "n", "ess", "max_relative_weight"]
    return pd.DataFrame(rows, columns=columns)


def _size(w: pd.Series) -> dict[str, Any]:
    return {"n": len(w), "ess": effective_sample_size(w), "max_relative_weight": float(w.max() / w.mean())}


def lost_to_matching(pairs: Adjustment, covariates: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return how the treated patients without a pair differ from those with one.

    DataFrame with ``covariate``, ``mean_matched``, ``mean_lost`` and ``smd`` (lost minus matched, over the
    standard deviation of all treated patients); empty if nobody was lost.
    """
    mine = covariates_of(pairs, covariates)[pairs.treated]
    lost = ~pairs.used[pairs.treated]
    if not lost.any():
        return pd.DataFrame(columns=["covariate", "mean_matched", "mean_lost", "smd"])
    table = pd.DataFrame({"mean_matched": mine[~lost].mean(), "mean_lost": mine[lost].mean()})
    spread = mine.std().where(lambda s: s > 0, 1.0)
    table["smd"] = (table["mean_lost"] - table["mean_matched"]) / spread
    return table.rename_axis("covariate").reset_index()


def matched_designs(adjustments: Adjustments) -> pd.DataFrame:
    """Return the size and the distances of each adjustment by matching; others are left out.

    DataFrame with ``adjustment``, ``n_pairs``, ``unmatched``, ``caliper`` (on the logit), ``total_distance``
    and ``largest_distance``.
    """
    rows = []
    for each, found in _matches(adjustments):
        distance = found.pairs["distance"]
        sizes = (each.key, found.n_pairs, len(found.unmatched), found.caliper)
        rows.append((*sizes, float(distance.sum()), float(distance.max())))
    columns = ["adjustment", "n_pairs", "unmatched", "caliper", "total_distance", "largest_distance"]
    return pd.DataFrame(rows, columns=columns)


def _matches(adjustments: Adjustments) -> list[tuple[Adjustment, Matches]]:
    return [(each, each.matches) for each in made(adjustments) if each.matches is not None]


def pairs_by_stratum(adjustments: Adjustments, *, by: Sequence[pd.Series]) -> pd.DataFrame:
    """Return per adjustment by matching and stratum the patients of each arm and how many have a partner.

    DataFrame with the columns of ``by``, ``treated``, ``control``, ``matched_treated``, ``matched_control``,
    ``within`` (treated patients whose every partner is of their own stratum) and ``adjustment``.

    Combinations of the columns ``by`` are the strata; one that holds nobody has no row.
    """
    parts = [
        _by_stratum(matches, each.treated, door.groupings(by, each.treated.index, "strata")).assign(
            adjustment=each.key
        )
        for each, matches in _matches(adjustments)
    ]
    return pd.concat(parts, ignore_index=True)


def _by_stratum(matches: Matches, treated: pd.Series, by: Sequence[pd.Series]) -> pd.DataFrame:
    stratum = pd.Series(list(zip(*by, strict=True)), index=treated.index)
    pairs = matches.pairs
    same = stratum[pairs["treated_id"]].to_numpy() == stratum[pairs["control_id"]].to_numpy()
    within = pd.Series(same, index=pairs["treated_id"]).groupby(level=0).all()
    counts = pd.DataFrame({"treated": treated, "control": ~treated}).assign(
        matched_treated=treated.index.isin(pairs["treated_id"]),
        matched_control=treated.index.isin(pairs["control_id"]),
        within=within.reindex(treated.index, fill_value=False),
    )
    keys = [series.rename(str(series.name)) for series in by]
    return counts.astype(int).groupby(keys, observed=True).sum().reset_index()
