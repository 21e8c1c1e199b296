"""How far chance alone would put the arms apart in a randomised trial of the same size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtr

from headtohead import door
from headtohead.inference import stream
from headtohead.matching.adjustment import Adjustment
from headtohead.matching.balance import Denominator, balance_table, covariates_of, crude_spread

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
    ``prob_one``, the probability that one covariate stays within the ``threshold``, 2 Phi(threshold / smd_sd) - 1; over
    the simulated trials ``prob_all`` (share in which every covariate does), ``expected_above`` (mean number above it),
    ``expected_largest``, ``largest_low`` and ``largest_high`` (mean and central 95% of the largest difference); of the
    matched sample ``observed_above``, ``observed_largest``, and ``prob_as_large``, the share of trials whose largest
    difference is at least that; ``replicates``.

    Checked: closed forms for one and for independent covariates (test_randomisation.py).
    """
    door.choice("denominator", denominator, Denominator)
    X, treated = covariates_of(pairs, covariates), pairs.treated
    door.complete(X, "covariates that are dealt out anew")
    door.positive("threshold", threshold)
    door.at_least("replicates", replicates, 2)
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
