from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.errors import DependentError
from headtohead.inference import Inference
from headtohead.kernels.mahalanobis import whitened
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.adjustment import matched_pairs
from headtohead.matching.pairs import match_nearest
from headtohead.matching.weights import effective_sample_size
from headtohead.outcomes.hazard import hazard_ratios
from headtohead.outcomes.risk import risks
from headtohead.outcomes.win_ratio import win_ratios
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import GOLDENS, Reference

FEW = Inference(bootstrap_replicates=50)
VARIANTS = {
    "replace_caliper": {"replace": True},
    "mahalanobis_caliper": {"mahalanobis": ["age", "ldh", "spo2_fio2"]},
    "mahalanobis": {"mahalanobis": ["age", "ldh", "spo2_fio2", "charlson"], "caliper": np.inf, "order": "data"},
}  # fmt: skip


def test_by_hand() -> None:
    # both treated are nearest to b: it is taken twice, and they are one set; e takes its own control f
    score = pd.Series({"a": 1.0, "b": 2.0, "c": 2.1, "d": 2.2, "e": 5.0, "f": 5.2})
    treated = pd.Series({"a": False, "b": False, "c": True, "d": True, "e": True, "f": False})
    found = match_nearest(score, treated, ratio=1, caliper=0.5, order="largest", replace=True)
    assert set(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True)) == {
        ("c", "b"), ("d", "b"), ("e", "f"),
    }  # fmt: skip
    way = matched_pairs(found, treated)
    assert way.weights.to_dict() == {"a": 0, "b": 2, "c": 1, "d": 1, "e": 1, "f": 1}
    assert way.matched_set["b"] == way.matched_set["c"] == way.matched_set["d"] != way.matched_set["e"]
    assert way.matched_set["f"] == way.matched_set["e"]
    assert np.isnan(way.matched_set["a"])


def test_two_controls_each_join_sets_through_a_shared_one() -> None:
    # t1 takes c1 and c2, t2 takes c2 and c3: c2 has half from each
    score = pd.Series({"t1": 1.0, "t2": 2.0, "c1": 0.6, "c2": 1.5, "c3": 2.4})
    treated = pd.Series([True, True, False, False, False], score.index)
    way = matched_pairs(
        match_nearest(score, treated, ratio=2, caliper=0.6, order="data", replace=True), treated
    )
    assert way.weights.to_dict() == {"t1": 1, "t2": 1, "c1": 0.5, "c2": 1, "c3": 0.5}
    assert way.matched_set.nunique() == 1


@pytest.mark.parametrize("variant", VARIANTS)
def test_pairs_weights_and_risks_are_those_of_matchit(reference: Reference, variant: str) -> None:
    score, treated, frame = reference.propensity.linear_predictor, reference.treated, reference.frame
    caliper = caliper_width(score, treated, caliper_sd=0.2, scale="all")
    choices = {"ratio": 1, "caliper": caliper, "order": "largest"} | VARIANTS[variant]
    if "mahalanobis" in choices:
        choices["mahalanobis"] = frame[choices["mahalanobis"]].astype(float)
    found = match_nearest(score, treated, **choices)
    theirs = pd.read_csv(GOLDENS / f"{reference.name}_{variant}_pairs.csv")
    ours = set(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True))
    assert ours == set(zip(theirs["treated_id"], theirs["control_id"], strict=True))
    assert (found.pairs["distance"] <= choices["caliper"]).all()
    way, answers = matched_pairs(found, treated), reference.further[variant]
    controls = way.weights[~treated]
    assert found.n_pairs == answers["n_pairs"] == controls.sum()
    assert int((controls > 0).sum()) == answers["n_controls_used"]
    scaled = controls * answers["n_controls_used"] / answers["n_pairs"]
    assert scaled.sum() == pytest.approx(answers["sum_weights_control"], rel=1e-12)
    assert scaled.max() == pytest.approx(answers["max_weight_control"], rel=1e-12)
    assert effective_sample_size(controls) == pytest.approx(answers["ess_control"], rel=1e-12)
    rows = risks(reference.death28, way, by=28, inference=FEW).set_index("scale")
    for arm in ("treated", "control"):
        assert rows.at[f"risk, {arm}", "estimate"] == pytest.approx(answers[f"death28_{arm}"], rel=1e-12)


@given(st.integers(0, 10_000), st.sampled_from([0.4, np.inf]), st.booleans(), st.sampled_from([1, 2]))
@settings(max_examples=60, deadline=None)
def test_equals_the_definition(seed: int, caliper: float, replace: bool, ratio: int) -> None:
    rng = np.random.default_rng(seed)
    arm = rng.random(14) < 0.4
    X, score = rng.normal(size=(14, 2)), rng.normal(size=14)
    if arm.sum() < 2 or (~arm).sum() < 2 or np.linalg.matrix_rank(whitened(X, arm)) < 2:
        return
    pooled = sum((x - x.mean(axis=0)).T @ (x - x.mean(axis=0)) for x in (X[arm], X[~arm])) / 12
    inverse, free, expected = np.linalg.inv(pooled), set(np.flatnonzero(~arm)), set()
    for _ in range(ratio):
        for t in sorted(np.flatnonzero(arm), key=lambda i: -score[i]):
            mine = {c for c in free if abs(score[c] - score[t]) <= caliper and (t, c) not in expected}
            if mine:
                best = min(mine, key=lambda c: (X[t] - X[c]) @ inverse @ (X[t] - X[c]))
                expected.add((t, best))
                free -= set() if replace else {best}
    if not expected:
        return
    found = match_nearest(
        pd.Series(score), pd.Series(arm), ratio=ratio, caliper=caliper, order="largest", replace=replace,
        mahalanobis=pd.DataFrame(X),
    )  # fmt: skip
    assert set(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True)) == expected


def test_distance_does_not_depend_on_units(reference: Reference) -> None:
    X, arm = reference.frame[["age", "ldh"]].to_numpy(float), reference.treated.to_numpy()
    one, other = (np.linalg.norm(a[:1] - a, axis=1) for a in (whitened(X, arm), whitened(X * [7, 0.01], arm)))
    np.testing.assert_allclose(one, other, rtol=1e-8)


def test_the_score_makes_them_and_estimators_take_them(reference: Reference) -> None:
    score, death = reference.propensity, reference.death
    shared = score.match(caliper_sd=0.2, replace=True, ratio=2)
    assert shared.matched_set.nunique() < shared.matches.pairs["treated_id"].nunique()
    near = score.match(caliper_sd=0.2, mahalanobis=["age", "ldh"], key="near")
    given_frame = score.match(caliper_sd=0.2, mahalanobis=score.design[["age", "ldh"]])
    assert near.weights.equals(given_frame.weights)
    for way in (shared, near):
        row = hazard_ratios(death, way, by=28).iloc[0]
        assert row["std_error"] > 0
        assert row["n"] == int(way.used.sum())
    levels = pd.DataFrame({"alive": 1 - reference.frame["death28"]})
    wins = win_ratios(levels, shared, outcome="alive", by=28, inference=FEW).estimates.set_index("scale")
    difference = risks(reference.death28, shared, by=28, inference=FEW).set_index("scale")
    assert wins["estimate"].notna().all()
    assert np.sign(wins["estimate"].iloc[1]) == -np.sign(difference.at["risk difference", "estimate"])


def test_a_control_that_all_share_makes_one_set() -> None:
    """With replacement the nearest of tied controls is taken by all, and its outcome counts once."""
    score = pd.Series([0.0] * 6 + [0.001] * 6)
    treated = pd.Series([True] * 6 + [False] * 6)
    found = match_nearest(score, treated, ratio=1, caliper=1, order="data", replace=True)
    way = matched_pairs(found, treated)
    assert way.weights[~treated].max() == 6
    assert way.matched_set.nunique() == 1


def test_errors_say_what_must_hold(reference: Reference) -> None:
    score, treated, frame = reference.propensity.linear_predictor, reference.treated, reference.frame
    choices = {"ratio": 1, "caliper": 0.2, "order": "largest"}
    twice = frame[["age"]].astype(float).assign(again=2.0 * frame["age"])
    with pytest.raises(DependentError, match="1 of 2 are: '(age|again)' follows from"):
        match_nearest(score, treated, mahalanobis=twice, **choices)
    with pytest.raises(ValueError, match="finite and complete, 'age' have missing values"):
        match_nearest(score, treated, mahalanobis=twice[["age"]].mask(frame["age"] > 70), **choices)
    backwards = match_nearest(score, treated, mahalanobis=twice[["age"]].iloc[::-1], **choices)
    pd.testing.assert_frame_equal(
        backwards.pairs, match_nearest(score, treated, mahalanobis=twice[["age"]], **choices).pairs
    )
