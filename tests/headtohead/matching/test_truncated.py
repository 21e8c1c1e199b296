from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.propensity import propensity
from headtohead.matching.weights import effective_sample_size, repeated_quantiles
from reference import Reference


def test_stabilised_weights_by_hand() -> None:
    # a quarter is treated: .25 / .5, .75 / .5, .75 / .75, .75 / .9
    ps, treated = pd.Series([0.5, 0.5, 0.25, 0.1]), pd.Series([True, False, False, False])
    score = replace(propensity(pd.DataFrame({"x": [1.0, 2, 0, 3]}), treated), ps=ps)
    np.testing.assert_allclose(score.truncate((0.0, 1.0)).weights, [0.5, 1.5, 1.0, 0.75 / 0.9])


def test_without_truncation_the_risks_are_those_of_r(reference: Reference) -> None:
    treated, y = reference.treated, reference.frame["death28"]
    way = reference.propensity.truncate((0.0, 1.0))
    theirs = reference.answers["weights"]["ATE"]
    for arm, name in ((treated, "treated"), (~treated, "control")):
        assert np.average(y[arm], weights=way.weights[arm]) == pytest.approx(theirs[f"risk_{name}"], rel=1e-7)
        assert effective_sample_size(way.weights[arm]) == pytest.approx(theirs[f"ess_{name}"], rel=1e-7)


def test_truncation_draws_in_two_per_cent_and_buys_effective_patients(reference: Reference) -> None:
    raw = reference.propensity.truncate((0.0, 1.0)).weights
    way = reference.propensity.truncate((0.01, 0.99))
    assert 0.015 < (way.weights != raw).mean() < 0.03  # ties of the score and n not a multiple of 100
    assert way.weights.max() == pytest.approx(np.quantile(raw, 0.99))
    assert effective_sample_size(way.weights) > effective_sample_size(raw)
    assert raw.mean() == pytest.approx(1, abs=0.05)  # exact in expectation only
    assert "1% and 99%" in way.population


def test_repeated_quantiles_equal_numpy_on_the_written_out_sample() -> None:
    rng = np.random.default_rng(5)
    values, counts = rng.normal(size=(30, 50)), rng.multinomial(50, np.full(50, 0.02), size=30).astype(float)
    found = repeated_quantiles(values, counts, (0.03, 0.9))
    for row, value, count in zip(found, values, counts, strict=True):
        np.testing.assert_allclose(row, np.quantile(np.repeat(value, count.astype(int)), [0.03, 0.9]))


def test_each_resample_is_the_adjustment_of_the_written_out_sample(reference: Reference) -> None:
    design, treated = reference.design, reference.treated
    way = reference.propensity.truncate((0.01, 0.99))
    draws = way.resample(np.random.default_rng(3), 3)
    n = len(treated)
    counts = np.random.default_rng(3).multinomial(n, np.full(n, 1 / n), size=3)
    for draw, count in zip(draws, counts, strict=True):
        rows = np.repeat(np.arange(n), count)
        again, arm = (part.iloc[rows].reset_index(drop=True) for part in (design, treated))
        refit = propensity(again, arm).truncate((0.01, 0.99)).weights
        written_out = pd.Series(refit.to_numpy()).groupby(rows).sum()
        np.testing.assert_allclose(
            draw[written_out.index], written_out, rtol=1e-5
        )  # two solvers of the score


def test_untruncated_resamples_give_the_risks_of_the_plain_weights(reference: Reference) -> None:
    treated, y = reference.treated, reference.frame["death28"].to_numpy()
    stabilised = reference.propensity.truncate((0, 1))
    plain = reference.propensity.weight("ATE")
    one, two = (way.resample(np.random.default_rng(8), 20)[:, treated] for way in (stabilised, plain))
    np.testing.assert_allclose(one @ y[treated] / one.sum(axis=1), two @ y[treated] / two.sum(axis=1))


def test_descending_quantiles_are_refused(reference: Reference) -> None:
    with pytest.raises(ValueError, match=r"found 0.99 and 0.01"):
        reference.propensity.truncate((0.99, 0.01))
