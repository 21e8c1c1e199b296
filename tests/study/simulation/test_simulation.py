from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.inference import Inference, stream
from headtohead.outcomes.risk import risks
from reference import Reference
from study.simulation.simulation import COLUMNS, ESTIMATORS, estimate_replicate, performance

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


def test_a_replicate_is_analysed_as_the_paper_analyses_its_cohort(reference: Reference) -> None:
    treated, score = reference.treated, reference.propensity
    event = reference.frame["death28"].astype(float)
    rows = estimate_replicate(
        event.to_numpy(), treated.to_numpy(bool), reference.design.to_numpy(float), [],
        caliper_sd=0.2, caliper_scale="pooled", order="largest", conf_level=0.95, bootstrap_replicates=200,
        rng=stream(4, "risks", "ato"),
    )  # fmt: skip
    found = pd.DataFrame(rows, index=NAMES, columns=list(COLUMNS))
    ways = {"ow_bootstrap": score.weight("ATO"), "pairs": score.match(caliper_sd=0.2)}
    for name, way in ways.items():
        theirs = risks(reference.death28, way, by=28, inference=Inference(0.95, 200, 4))
        theirs = theirs.set_index("scale").loc["risk difference"]
        # same resamples, two Newton fits
        np.testing.assert_allclose(
            found.loc[name].to_numpy(), theirs[list(COLUMNS)].to_numpy(float), atol=1e-8
        )
