"""What an adjustment did: the shape of the score, the sample it leaves, whom it lost, and what chance alone would leave."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import ndtr

from headtohead import door
from headtohead.errors import InputError
from headtohead.inference import stream
from headtohead.matching.adjustment import Adjustment, Adjustments, made
from headtohead.matching.balance import Denominator, balance_table, covariates_of, crude_spread
from headtohead.matching.pairs import Matches
from headtohead.matching.propensity import Score
from headtohead.matching.weights import effective_number

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
    rows: list[tuple[object, ...]] = []
    for each in made(adjustments):
        w = each.weights.to_numpy(float)
        treated, control = (_size(w[mask & (w > 0)]) for _, mask in each.arms)
        both = treated[0] + control[0], treated[1] + control[1], max(treated[2], control[2])
        sizes = {"treated": treated, "control": control, "both": both}
        rows += [(each.key, each.name, each.estimand, arm, *size) for arm, size in sizes.items()]
    columns = ["adjustment", "label", "estimand", "arm", "n", "ess", "max_relative_weight"]
    return pd.DataFrame(rows, columns=columns)


def _size(w: np.ndarray) -> tuple[int, float, float]:
    return len(w), effective_number(w), float(w.max() / w.mean())


def lost_to_matching(pairs: Adjustment, covariates: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return how the treated patients without a pair differ from those with one.

    DataFrame with ``covariate``, ``mean_matched``, ``mean_lost`` and ``smd`` (lost minus matched, over the
    standard deviation of all treated patients); empty if nobody was lost.
    """
    mine = covariates_of(pairs, covariates)[pairs.treated]
    if pairs.matched_set is None:
        raise InputError(f"pairs are needed, found {pairs.name.lower()}; give score.match(...)")
    lost = ~pairs.used[pairs.treated]
    if not lost.any():
        return pd.DataFrame(columns=["covariate", "mean_matched", "mean_lost", "smd"])
    table = pd.DataFrame({"mean_matched": mine[~lost].mean(), "mean_lost": mine[lost].mean()})
    spread = mine.std().where(lambda s: s > 0, 1.0)
    table["smd"] = (table["mean_lost"] - table["mean_matched"]) / spread
    return table.set_axis(list(table.index)).rename_axis("covariate").reset_index()


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
        _by_stratum(matches, each.treated, by).assign(adjustment=each.key)
        for each, matches in _matches(adjustments)
    ]
    if not parts:
        raise InputError("a table of pairs needs pairs that could be made, found none; give score.match(...)")
    return pd.concat(parts, ignore_index=True)


def _by_stratum(matches: Matches, treated: pd.Series, by: Sequence[pd.Series]) -> pd.DataFrame:
    by = door.groupings(by, treated.index, "strata")
    if not by:
        raise InputError("strata need a column or more, found none; give by=[frame['ward']], say")
    door.distinct([str(one.name) for one in by], "strata")
    stratum = pd.Series(list(zip(*by, strict=True)), index=treated.index)
    pairs = matches.pairs
    same = stratum[pairs["treated_id"]].to_numpy() == stratum[pairs["control_id"]].to_numpy()
    within = pairs.assign(within=same).groupby("treated_id", observed=True)["within"].all()
    counts = pd.DataFrame({"treated": treated, "control": ~treated})
    counts["matched_treated"] = treated.index.isin(pairs["treated_id"])
    counts["matched_control"] = treated.index.isin(pairs["control_id"])
    counts["within"] = within.reindex(treated.index, fill_value=False)
    keys = [series.rename(str(series.name)) for series in by]
    return counts.astype(int).groupby(keys, observed=True).sum().reset_index()


BLOCK = 500  # trials at a time: bounds the memory
ROUNDING = 1e-9  # the same division of few patients, summed in another order


def chance_balance(
    pairs: Adjustment, covariates: pd.DataFrame | None = None, *, threshold: float,
    denominator: Denominator = "pooled", replicates: int = 5000, seed: int = 1,
) -> pd.DataFrame:  # fmt: skip
    """Return what randomising the matched patients would leave, beside what matching left.

    The patients of positive weight are divided at random into arms of the same sizes, ``replicates`` times; complete
    covariates (shape (n, p), the design if omitted) keep their correlations, and the standard deviation is that of the
    unadjusted sample. Raises MissingError if a value is missing, EmptyArmError if no patient is matched.

    DataFrame with ``adjustment``, ``name``, ``scale`` and ``estimate``: ``n_treated``, ``n_control`` and
    ``n_covariates``; ``smd_sd``, the standard deviation of one standardised difference, sqrt(1 / n1 + 1 / n0);
    ``prob_one``, the probability that one covariate stays within the ``threshold``, 2 Phi(threshold / smd_sd) - 1;
    over the simulated trials ``prob_all`` (share in which every covariate does), ``expected_above`` (mean number
    above it), ``expected_largest``, ``largest_low`` and ``largest_high`` (mean and central 95% of the largest
    difference); of the matched sample ``observed_above``, ``observed_largest``, and ``prob_as_large``, the share of
    trials whose largest difference is at least that; ``replicates``. Checked: closed forms for one and for
    independent covariates (test_randomisation.py).
    """
    door.choice("denominator", denominator, Denominator)
    X, treated = covariates_of(pairs, covariates), pairs.treated
    door.complete(X, "covariates that are dealt out anew")
    door.positive("threshold", threshold)
    door.some_columns(X, "covariates")
    door.at_least("replicates", replicates, 2)
    door.at_least("seed", seed, 0, below=np.inf)
    used = pairs.used.to_numpy()
    door.need_both(treated.to_numpy(), used, "matched patients")
    n1, n0 = int((used & treated).sum()), int((used & ~treated).sum())
    scaled = X[used].to_numpy(float) / crude_spread(X, treated, denominator)
    trials = _randomised(scaled, n1, replicates, stream(seed, "chance", pairs.key))
    found = balance_table(X, treated, pairs.weights, denominator=denominator)["smd"].abs()
    largest, sd = trials.max(axis=1), float(np.sqrt(1 / n1 + 1 / n0))
    low, high = np.quantile(largest, [0.025, 0.975])
    rows = [
        ("n_treated", "count", n1),
        ("n_control", "count", n0),
        ("n_covariates", "count", X.shape[1]),
        ("smd_sd", "smd", sd),
        ("prob_one", "probability", 2 * ndtr(threshold / sd) - 1),
        ("prob_all", "probability", (largest <= threshold).mean()),
        ("expected_above", "per term", (trials > threshold).sum(axis=1).mean()),
        ("expected_largest", "smd", largest.mean()),
        ("largest_low", "smd", low),
        ("largest_high", "smd", high),
        ("observed_above", "count", (found > threshold).sum()),
        ("observed_largest", "smd", found.max()),
        ("prob_as_large", "probability", (largest >= found.max() - ROUNDING).mean()),
        ("replicates", "count", replicates),
    ]
    table = pd.DataFrame(rows, columns=["name", "scale", "estimate"]).astype({"estimate": float})
    return table.assign(adjustment=pairs.key)


def _randomised(scaled: np.ndarray, n1: int, replicates: int, rng: np.random.Generator) -> np.ndarray:
    """Return absolute standardised differences of simulated trials, shape (replicates, p)."""
    n = len(scaled)
    total, parts = scaled.sum(axis=0), []
    for start in range(0, replicates, BLOCK):
        size = min(BLOCK, replicates - start)
        first = np.zeros((size, n))
        chosen = rng.permuted(np.tile(np.arange(n), (size, 1)), axis=1)[:, :n1]
        np.put_along_axis(first, chosen, 1.0, axis=1)
        sum1 = first @ scaled
        parts.append(np.abs(sum1 / n1 - (total - sum1) / (n - n1)))
    return np.concatenate(parts)
