from __future__ import annotations

import itertools
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.adjustment import Adjustment, matched_pairs, unadjusted
from headtohead.matching.balance import balance_table
from headtohead.matching.pairs import match_nearest
from headtohead.matching.summary import chance_balance
from reference import Reference
from scipy.stats import norm

OPTIONS = {"threshold": 0.1, "denominator": "pooled"}


def chance(x: pd.DataFrame, way: Adjustment, replicates: int = 4000) -> SimpleNamespace:
    found = chance_balance(way, x, replicates=replicates, **OPTIONS)
    return SimpleNamespace(**dict(zip(found["name"], found["estimate"], strict=True)))


def test_by_hand_the_six_ways_to_deal_out_four_patients() -> None:
    # arms {0, 1} and {2, 5}; crude variances 0.5 and 4.5, pooled SD sqrt(2.5). Of six divisions into two and
    # two, the differences of means are +-3 (01|25), +-2 (02|15) and +-1 (05|12), each one time in three
    x, treated = pd.DataFrame({"x": [0.0, 1.0, 2.0, 5.0]}), pd.Series([True, True, False, False])
    found = chance(x, unadjusted(treated), 20_000)
    assert found.observed_largest == pytest.approx(3 / np.sqrt(2.5))
    assert found.prob_as_large == pytest.approx(1 / 3, abs=0.015)  # 4 Monte Carlo errors
    assert found.expected_largest == pytest.approx(2 / np.sqrt(2.5), abs=0.015)
    assert found.smd_sd == 1.0
    assert (found.n_treated, found.n_control, found.observed_above, found.prob_all) == (2, 2, 1, 0.0)


def test_the_exact_distribution_by_enumeration() -> None:
    rng = np.random.default_rng(2)
    x, treated = pd.DataFrame(rng.normal(size=(8, 2))), pd.Series([True] * 4 + [False] * 4)
    largest = []
    for chosen in itertools.combinations(range(8), 4):
        arm = pd.Series(np.isin(np.arange(8), chosen))
        gap = x[arm].mean() - x[~arm].mean()
        spread = np.sqrt((x[treated].var() + x[~treated].var()) / 2)
        largest.append((gap / spread).abs().max())
    found = chance(x, unadjusted(treated), 20_000)
    assert found.expected_largest == pytest.approx(np.mean(largest), abs=0.01)
    observed = np.mean(np.array(largest) >= found.observed_largest - 1e-12)
    assert found.prob_as_large == pytest.approx(observed, abs=0.015)


def test_closed_forms_for_independent_covariates() -> None:
    # the study's size: 106 pairs, SD sqrt(2 / 106) = 0.137, P(below 0.1) = 0.53, all of 14: 0.53^14
    rng = np.random.default_rng(3)
    n, p = 212, 14
    x, treated = pd.DataFrame(rng.normal(size=(n, p))), pd.Series(np.arange(n) < 106)
    found = chance(x, unadjusted(treated))
    assert found.smd_sd == pytest.approx(0.1374, abs=5e-5)
    assert found.prob_one == pytest.approx(0.533, abs=5e-4)
    assert found.expected_above == pytest.approx(p * (1 - found.prob_one), rel=0.05)
    assert found.prob_all == pytest.approx(found.prob_one**p, abs=0.003)
    grid = np.linspace(0, 1, 4001)
    largest = np.trapezoid(1 - (2 * norm.cdf(grid / found.smd_sd) - 1) ** p, grid)
    assert found.expected_largest == pytest.approx(largest, rel=0.04)


def test_the_observed_side_is_the_balance_table(reference: Reference) -> None:
    score, treated = reference.propensity.linear_predictor, reference.treated
    way = matched_pairs(match_nearest(score, treated, ratio=1, caliper=0.2, order="largest"), treated)
    found = chance(reference.design, way, 600)
    smd = balance_table(reference.design, treated, way.weights, denominator="pooled")["smd"].abs()
    assert found.observed_largest == pytest.approx(smd.max())
    assert found.observed_above == (smd > 0.1).sum()
    assert found.n_treated == found.n_control == way.weights[treated].sum()
    assert found.largest_low < found.expected_largest < found.largest_high
    assert found == chance(reference.design, way, 600)


def test_errors_say_what_to_do() -> None:
    treated = pd.Series([True, False, False])
    x = pd.DataFrame({"x": [1.0, np.nan, 2.0]})
    with pytest.raises(ValueError, match="'x' have missing values in 1 of 3 patients, first 1; impute them"):
        chance(x, unadjusted(treated))
    with pytest.raises(ValueError, match="all 3 are in one"):
        chance(x.fillna(0), unadjusted(treated & False))
