"""What an adjustment did: the shape of the score, the sample it leaves, and whom it lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from headtohead.matching.adjustment import Adjustment
from headtohead.matching.balance import Denominator, balance_table
from headtohead.matching.pairs import Matches
from headtohead.matching.propensity import Propensity
from headtohead.matching.weights import effective_sample_size

BIN_WIDTH = 0.05


def score_histogram(ps: pd.Series, treated: pd.Series) -> pd.DataFrame:
    """Return counts per bin of the score: ``low``, ``high``, ``treated`` and ``control``."""
    edges = np.linspace(0, 1, round(1 / BIN_WIDTH) + 1)
    counts = {
        arm: np.histogram(ps[mask], edges)[0] for arm, mask in (("treated", treated), ("control", ~treated))
    }
    return pd.DataFrame({"low": edges[:-1].round(4), "high": edges[1:].round(4), **counts})


def overlap_summary(propensity: Propensity, treated: pd.Series, *, n_terms: int) -> dict[str, float]:
    """Return how far the scores of the two arms overlap, and patients per model term."""
    ps = propensity.ps
    low = max(ps[treated].min(), ps[~treated].min())
    high = min(ps[treated].max(), ps[~treated].max())
    return {
        "c_statistic": propensity.c_statistic,
        "terms": n_terms,
        "treated_per_term": float(treated.sum() / n_terms),
        "common_low": float(low),
        "common_high": float(high),
        "outside": int(((ps < low) | (ps > high)).sum()),
        "below_5_percent": int((ps < 0.05).sum()),
        "above_95_percent": int((ps > 0.95).sum()),
    }


def balance_by_adjustment(
    covariates: pd.DataFrame,
    treated: pd.Series,
    adjustments: Mapping[str, Adjustment],
    *,
    denominator: Denominator,
) -> pd.DataFrame:
    """Return the balance table under each adjustment, columns ``key`` and ``adjustment`` added."""
    tables = [
        balance_table(covariates, treated, way.weights, denominator=denominator).assign(
            key=key, adjustment=way.name
        )
        for key, way in adjustments.items()
    ]
    return pd.concat(tables, ignore_index=True)


def sample_sizes(treated: pd.Series, adjustments: Mapping[str, Adjustment]) -> pd.DataFrame:
    """Return per adjustment and arm the patients used, their effective number and the largest weight.

    ``max_relative_weight`` is the largest weight over the mean weight of the arm.
    """
    rows = []
    for key, way in adjustments.items():
        for arm, mask in (("treated", treated), ("control", ~treated)):
            w = way.weights[mask & (way.weights > 0)]
            rows.append(
                {
                    "key": key,
                    "adjustment": way.name,
                    "estimand": way.estimand,
                    "arm": arm,
                    "n": len(w),
                    "ess": effective_sample_size(w),
                    "max_relative_weight": float(w.max() / w.mean()),
                }
            )
    return pd.DataFrame(rows)


def lost_to_matching(covariates: pd.DataFrame, treated: pd.Series, pairs: Adjustment) -> pd.DataFrame:
    """Return how the treated patients without a pair differ from those with one.

    Returns
    -------
    DataFrame with ``covariate``, ``mean_matched``, ``mean_lost`` and ``smd`` (lost minus matched, over
    the standard deviation of all treated patients); empty if nobody was lost.
    """
    mine = covariates[treated]
    lost = (pairs.weights == 0)[treated]
    if not lost.any():
        return pd.DataFrame(columns=["covariate", "mean_matched", "mean_lost", "smd"])
    spread = mine.std().where(lambda s: s > 0, 1.0)
    matched_mean, lost_mean = mine[~lost].mean(), mine[lost].mean()
    table = pd.DataFrame(
        {
            "mean_matched": matched_mean,
            "mean_lost": lost_mean,
            "smd": (lost_mean - matched_mean) / spread,
        }
    )
    return table.rename_axis("covariate").reset_index()


def pairs_by_stratum(matches: Matches, treated: pd.Series, *, by: Sequence[pd.Series]) -> pd.DataFrame:
    """Return per stratum the patients of each arm and how many of them have a partner.

    Parameters
    ----------
    matches : Matches
    treated : Series of bool, shape (n,)
    by : sequence of Series
        Columns whose combinations are the strata; one that holds nobody has no row.

    Returns
    -------
    DataFrame with the columns of ``by``, ``treated``, ``control``, ``matched_treated``,
    ``matched_control`` and ``within`` (treated patients whose every partner is of their own stratum).
    """
    stratum = pd.Series(list(zip(*by, strict=True)), index=treated.index)
    pairs = matches.pairs
    same = stratum[pairs["treated_id"]].to_numpy() == stratum[pairs["control_id"]].to_numpy()
    within = pd.Series(same, index=pairs["treated_id"]).groupby(level=0).all()
    counts = pd.DataFrame(
        {
            "treated": treated,
            "control": ~treated,
            "matched_treated": treated.index.isin(pairs["treated_id"]),
            "matched_control": treated.index.isin(pairs["control_id"]),
            "within": within.reindex(treated.index, fill_value=False),
        }
    ).astype(int)
    keys = [series.rename(str(series.name)) for series in by]
    return counts.groupby(keys, observed=True).sum().reset_index()
