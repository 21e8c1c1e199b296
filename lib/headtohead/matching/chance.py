"""How far chance alone would put the arms apart in a randomised trial of the same size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import ndtr

from headtohead.matching.balance import Denominator, balance_table, crude_spread

if TYPE_CHECKING:  # results are read in every chapter, which needs no model
    from headtohead.matching.adjustment import Adjustment

BLOCK = 500  # trials at a time: bounds the memory
ROUNDING = 1e-9  # the same division of few patients, summed in another order


@dataclass(frozen=True, slots=True)
class ChanceBalance:
    """Imbalance of the matched sample beside that of randomised trials of the same patients.

    Attributes
    ----------
    n_treated, n_control, n_covariates : int
    smd_sd : float
        Standard deviation of one standardised difference under randomisation, sqrt(1 / n1 + 1 / n0).
    prob_one : float
        Probability that one covariate stays within the threshold: 2 Phi(threshold / smd_sd) - 1.
    prob_all : float
        Share of simulated trials in which every covariate does.
    expected_above : float
        Mean number of covariates above the threshold in a simulated trial.
    expected_largest, largest_low, largest_high : float
        Mean and central 95% of the largest absolute difference in a simulated trial.
    observed_above : int
    observed_largest : float
    prob_as_large : float
        Share of simulated trials whose largest difference is at least the observed one.
    replicates : int
    """

    n_treated: int
    n_control: int
    n_covariates: int
    smd_sd: float
    prob_one: float
    prob_all: float
    expected_above: float
    expected_largest: float
    largest_low: float
    largest_high: float
    observed_above: int
    observed_largest: float
    prob_as_large: float
    replicates: int


def chance_balance(
    covariates: pd.DataFrame,
    treated: pd.Series,
    pairs: Adjustment,
    *,
    threshold: float,
    denominator: Denominator,
    replicates: int,
    rng: np.random.Generator,
) -> ChanceBalance:
    """Return what randomising the matched patients would leave, beside what matching left.

    The matched patients are divided at random into arms of the same sizes, ``replicates`` times; the
    covariates keep their correlations, and the standard deviation is that of the unadjusted sample, as
    in the balance table.

    Parameters
    ----------
    covariates : DataFrame of float, shape (n, p)
        Complete.
    treated : Series of bool, shape (n,)
    pairs : Adjustment
        Its patients of positive weight are the matched sample.
    threshold : float
        Flag for an absolute standardised difference, usually 0.1.

    Raises
    ------
    ValueError
        If a value is missing or no patient is matched.

    Checked: closed forms for one and for independent covariates (tests/matching/test_chance.py).
    """
    if covariates.isna().any(axis=None):
        raise ValueError(
            "covariates must be complete to be dealt out anew, "
            f"{list(covariates.columns[covariates.isna().any()])} have missing values; impute them"
        )
    used = (pairs.weights > 0).to_numpy()
    n1, n0 = int((used & treated).sum()), int((used & ~treated).sum())
    if min(n1, n0) == 0:
        raise ValueError(f"both arms of the matched sample need patients, found {n1} and {n0}")
    scaled = covariates[used].to_numpy(float) / crude_spread(covariates, treated, denominator)
    trials = _randomised(scaled, n1, replicates, rng)
    found = balance_table(covariates, treated, pairs.weights, denominator=denominator)["smd"].abs()
    largest, sd = trials.max(axis=1), float(np.sqrt(1 / n1 + 1 / n0))
    low, high = np.quantile(largest, [0.025, 0.975])
    return ChanceBalance(
        n_treated=n1,
        n_control=n0,
        n_covariates=covariates.shape[1],
        smd_sd=sd,
        prob_one=float(2 * ndtr(threshold / sd) - 1),
        prob_all=float((largest <= threshold).mean()),
        expected_above=float((trials > threshold).sum(axis=1).mean()),
        expected_largest=float(largest.mean()),
        largest_low=float(low),
        largest_high=float(high),
        observed_above=int((found > threshold).sum()),
        observed_largest=float(found.max()),
        prob_as_large=float((largest >= found.max() - ROUNDING).mean()),
        replicates=replicates,
    )


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
