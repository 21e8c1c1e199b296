from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from study.simulation.estimators import ESTIMATORS
from study.simulation.naive_analyses import NAIVE
from study.simulation.performance import MEASURES, by_measure, naive_bias, performance

NAMES = list(ESTIMATORS)


def test_performance_by_hand() -> None:
    # estimates 1, 3 around a truth of 1.5: bias 0.5, SD sqrt(2), error of the bias sqrt(2) / sqrt(2) = 1;
    # intervals (0, 2) and (2, 4): the first covers, the second excludes zero
    results = np.full((2, len(NAMES), 4), np.nan)
    results[:, 0] = [[1, 0.5, 0, 2], [3, 0.5, 2, 4]]
    found = performance(results, np.full(len(NAMES), 1.5))
    row = found.iloc[0]
    assert len(found) == 1
    assert row["bias"] == pytest.approx(0.5)
    assert row["bias_mc"] == pytest.approx(1.0)
    assert row["empirical_se"] == pytest.approx(np.sqrt(2))
    assert row["empirical_se_mc"] == pytest.approx(np.sqrt(2) / np.sqrt(2))
    assert row["mean_se"] == pytest.approx(0.5)
    assert row["coverage"] == row["rejects"] == 0.5
    assert row["coverage_mc"] == pytest.approx(np.sqrt(0.125))


def test_replicates_without_an_estimate_are_counted() -> None:
    results = np.ones((3, len(NAMES), 4))
    results[1] = np.nan
    results[2] += 1
    found = performance(results, np.zeros(len(NAMES)))
    assert (found["failed"] == 1).all()
    assert (found["replicates"] == 2).all()


def test_naive_bias_by_hand() -> None:
    results = np.full((2, len(NAIVE)), np.nan)
    results[:, 0] = [0.1, 0.3]
    found = naive_bias(results, np.full(len(NAIVE), 0.1))
    assert len(found) == 1
    assert found["bias"].item() == pytest.approx(0.1)
    assert found["bias_mc"].item() == pytest.approx(np.std([0.1, 0.3], ddof=1) / np.sqrt(2))


def test_every_measure_becomes_a_row_with_its_error() -> None:
    values = {name: [i + 0.5] for i, name in enumerate(MEASURES)}
    errors = {f"{name}_mc": [i / 10] for i, name in enumerate(MEASURES)}
    table = pd.DataFrame(
        {"scenario": ["null"], "estimator": ["crude"], "replicates": [7], **values, **errors}
    )
    rows = by_measure(table).set_index("measure")
    assert rows["estimate"].to_dict() == {name: value[0] for name, value in values.items()}
    assert rows["std_error"].to_dict() == {name: errors[f"{name}_mc"][0] for name in MEASURES}
    assert rows["scale"].to_dict() == MEASURES
    assert (rows["n"] == 7).all()
