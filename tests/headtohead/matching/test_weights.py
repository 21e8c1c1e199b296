from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.errors import SeparationError
from headtohead.matching.adjustment import matched_pairs, unadjusted
from headtohead.matching.balance import balance_table
from headtohead.matching.pairs import Matches, match_nearest
from headtohead.matching.propensity import propensity
from headtohead.matching.weights import effective_sample_size, weights_from_ps
from hypothesis import given
from hypothesis import strategies as st
from reference import Reference

R_RTOL = 1e-7  # the scores differ in the 8th digit


@pytest.mark.parametrize(
    ("estimand", "by_hand"),
    [
        ("ATE", [2, 5, 2, 5]),  # 1/e ; 1/(1-e)   e = .5 .2 | .5 .8
        ("ATT", [1, 1, 1, 4]),  # 1 ; e/(1-e)
        ("ATC", [1, 4, 1, 1]),  # (1-e)/e ; 1
        ("ATO", [0.5, 0.8, 0.5, 0.8]),  # 1-e ; e
        ("ATM", [1, 1, 1, 1]),  # min(e,1-e)/e ; min(e,1-e)/(1-e)
    ],
)
def test_weights_by_hand(estimand: str, by_hand: list[float]) -> None:
    ps, treated = pd.Series([0.5, 0.2, 0.5, 0.8]), pd.Series([True, True, False, False])
    np.testing.assert_allclose(weights_from_ps(ps, treated, estimand=estimand), by_hand)


@pytest.mark.parametrize("estimand", ["ATE", "ATT", "ATC", "ATO", "ATM"])
def test_sizes_and_risks_equal_r(reference: Reference, estimand: str) -> None:
    treated, theirs = reference.treated, reference.answers["weights"][estimand]
    w = weights_from_ps(reference.propensity.ps, treated, estimand=estimand)
    y = reference.frame["death28"]
    ours = [
        effective_sample_size(w[treated]), effective_sample_size(w[~treated]), w.max(),
        np.average(y[treated], weights=w[treated]), np.average(y[~treated], weights=w[~treated]),
    ]  # fmt: skip
    names = ["ess_treated", "ess_control", "max_weight", "risk_treated", "risk_control"]
    np.testing.assert_allclose(ours, [theirs[name] for name in names], rtol=R_RTOL)


def test_overlap_weights_balance_every_covariate_of_the_score_exactly(reference: Reference) -> None:
    # Li, Morgan & Zaslavsky (2018): a property of the maximum-likelihood logistic score
    way = reference.propensity.weight("ATO")
    table = balance_table(reference.design, reference.treated, way.weights, denominator="pooled")
    np.testing.assert_allclose(table["smd"], 0, atol=1e-8)


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=50), st.floats(1e-3, 1e3))
def test_effective_sample_size_is_at_most_n_and_ignores_scale(w: list[float], k: float) -> None:
    weights = np.array(w)
    ess = effective_sample_size(weights)
    assert 1 - 1e-9 <= ess <= len(w) + 1e-9
    assert effective_sample_size(k * weights) == pytest.approx(ess)
    assert effective_sample_size(np.ones(len(w))) == pytest.approx(len(w))


def test_a_score_of_one_names_the_patient() -> None:
    ps, treated = pd.Series({"a": 0.5, "b": 1.0}), pd.Series({"a": True, "b": False})
    with pytest.raises(ValueError, match=r"1 of 2 are not, first b"):
        weights_from_ps(ps, treated, estimand="ATT")
    with pytest.raises(ValueError, match="found 'LATE'"):
        weights_from_ps(ps, treated, estimand="LATE")


def test_matched_weights_by_hand() -> None:
    treated = pd.Series(
        {"t1": True, "t2": True, "t3": True, "c1": False, "c2": False, "c3": False, "c4": False}
    )
    pairs = pd.DataFrame(
        {"treated_id": ["t1", "t2", "t1"], "control_id": ["c1", "c2", "c3"], "distance": 0.0}
    )
    way = matched_pairs(Matches(pairs, pd.Index(["t3"]), 1.0), treated)
    assert way.weights.to_dict() == {"t1": 1, "t2": 1, "t3": 0, "c1": 0.5, "c2": 1, "c3": 0.5, "c4": 0}
    assert way.matched_set.dropna().to_dict() == {"t1": 0, "t2": 1, "c1": 0, "c2": 1, "c3": 0}
    assert "1 without are left out" in way.population


def test_resampling_matched_sets_keeps_sets_together(reference: Reference) -> None:
    found = match_nearest(
        reference.propensity.linear_predictor, reference.treated, ratio=1, caliper=0.2, order="largest"
    )
    way = matched_pairs(found, reference.treated)
    draws = pd.DataFrame(way.resample(np.random.default_rng(3), 50).T, index=reference.treated.index)
    by_set = draws[way.matched_set.notna()].groupby(way.matched_set)
    assert (by_set.max() == by_set.min()).all(axis=None)
    np.testing.assert_allclose(draws.sum(), 2 * found.n_pairs)


def test_resampling_weights_refits_the_score(reference: Reference) -> None:
    way = reference.propensity.weight("ATO")
    draws = way.resample(np.random.default_rng(4), 30)
    for w in draws:  # exact balance in each resample shows that the score was fitted to it
        table = balance_table(
            reference.design, reference.treated, pd.Series(w, reference.treated.index), denominator="pooled"
        )
        np.testing.assert_allclose(table["smd"], 0, atol=1e-6)
    again = way.resample(np.random.default_rng(4), 30)
    np.testing.assert_array_equal(draws, again)


def test_unadjusted_bootstrap_has_n_patients() -> None:
    way = unadjusted(pd.Series([True, False, True]))
    np.testing.assert_allclose(way.resample(np.random.default_rng(0), 10).sum(axis=1), 3)
    with pytest.raises(ValueError, match="at least 2 samples, found 1"):
        way.resample(np.random.default_rng(0), 1)


def test_resamples_without_a_score_are_counted() -> None:
    rng = np.random.default_rng(1)
    treated = pd.Series(np.r_[[True] * 3, [False] * 27])
    design = pd.DataFrame({"x": np.r_[[3.0, 3.1, 0.1], rng.normal(size=27)]})
    way = propensity(design, treated).weight("ATO")
    with pytest.raises(SeparationError, match="of 200 had no solution"):
        way.resample(rng, 200)
