from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.sensitivity.missing import Pooled, cumulative_hazard, impute, pool


def mean_and_error(frame: pd.DataFrame) -> tuple[float, float]:
    return float(frame["x"].mean()), float(frame["x"].std() / np.sqrt(len(frame)))


def pooled_mean(copies: list[pd.DataFrame], df_complete: float) -> Pooled:
    each = [mean_and_error(copy) for copy in copies]
    values, errors = zip(*each, strict=True)
    return pool(values, [error**2 for error in errors], conf_level=0.95, df_complete=df_complete)


def test_cumulative_hazard_by_hand() -> None:
    # times 1, 2, 2, 3; events at 1, at 2 (one of two), at 3: 1/4; 1/4 + 1/3; 1/4 + 1/3 + 1/1
    found = cumulative_hazard(pd.Series([3.0, 1, 2, 2]), pd.Series([1, 1, 1, 0]))
    assert found.tolist() == pytest.approx([1 / 4 + 1 / 3 + 1, 1 / 4, 1 / 4 + 1 / 3, 1 / 4 + 1 / 3])


def test_nothing_missing_gives_the_complete_data() -> None:
    rng = np.random.default_rng(1)
    values = pd.DataFrame({"x": rng.normal(size=40)})
    z = pd.DataFrame({"z": rng.normal(size=40)})
    copies = impute(values, z, imputations=3, iterations=2, donors=5, rng=rng)
    assert all(copy.equals(values) for copy in copies)
    found = pooled_mean(copies, np.inf)
    assert (found.estimate, found.std_error) == pytest.approx(mean_and_error(values), rel=1e-12)
    assert found.fmi == 0


def test_draws_are_observed_values_and_the_observed_stay() -> None:
    rng = np.random.default_rng(2)
    values = pd.DataFrame({"x": rng.normal(size=60), "w": rng.exponential(size=60)})
    values.iloc[:15, 0] = np.nan
    values.iloc[10:30, 1] = np.nan
    z = pd.DataFrame({"z": rng.normal(size=60)})
    first, second = impute(values, z, imputations=2, iterations=3, donors=5, rng=np.random.default_rng(3))
    for name in values:
        known = values[name].notna()
        assert (first.loc[known, name] == values.loc[known, name]).all()
        assert set(first[name]) <= set(values[name].dropna())
    assert not first.equals(second)
    again = impute(values, z, imputations=2, iterations=3, donors=5, rng=np.random.default_rng(3))
    assert again[0].equals(first)
    assert again[1].equals(second)


def test_errors_name_the_column() -> None:
    values = pd.DataFrame({"x": [np.nan] * 20, "w": np.arange(20.0)})
    rng, z = np.random.default_rng(0), pd.DataFrame({"z": np.arange(20.0)})
    with pytest.raises(ValueError, match=r"\{'x': 0\} have fewer; leave these columns out"):
        impute(values, z, imputations=2, iterations=1, donors=5, rng=rng)
    with pytest.raises(ValueError, match="'x' have missing values in 20 of 20 patients"):
        impute(values[["w"]], values[["x"]], imputations=2, iterations=1, donors=5, rng=rng)


def test_known_truth_where_complete_cases_are_biased() -> None:
    """x ~ N(0, 1), z = x + noise is complete, and x is missing where z is high: E(x) = 0."""
    rng, errors, covered, complete = np.random.default_rng(4), [], 0, []
    for _ in range(60):
        x = rng.normal(size=300)
        z = x + 0.6 * rng.normal(size=300)
        values = pd.DataFrame({"x": np.where(rng.random(300) < 1 / (1 + np.exp(-z)), np.nan, x)})
        copies = impute(values, pd.DataFrame({"z": z}), imputations=10, iterations=1, donors=5, rng=rng)
        found = pooled_mean(copies, 299)
        errors.append(found.estimate)
        covered += found.low <= 0 <= found.high
        complete.append(values["x"].mean())
    assert np.mean(complete) < -0.3
    assert abs(np.mean(errors)) < 0.05  # three Monte Carlo errors and what matching loses in the tail
    assert covered >= 50  # 57 expected; 50 is below the 0.1% point of a binomial with 0.95
