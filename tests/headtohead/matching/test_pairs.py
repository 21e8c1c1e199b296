from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from headtohead.errors import EmptyArmError, NoMatchError
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.pairs import Matches, match_nearest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import GOLDENS, Reference

VARIANTS = {
    "caliper": {},
    "nocaliper": {"caliper": np.inf},
    "caliper_exact_hospital": {"exact": "hospital"},
    "caliper_data_order": {"order": "data"},
    "ratio2_caliper": {"ratio": 2},
}


def check_invariants(
    matches: Matches, score: pd.Series, treated: pd.Series, *, ratio: int, caliper: float
) -> None:
    """Every property that a legal match without replacement must have."""
    pairs = matches.pairs
    assert pairs["control_id"].is_unique
    assert treated[pairs["treated_id"]].all()
    assert not treated[pairs["control_id"]].any()
    assert pairs["treated_id"].value_counts().max() <= ratio
    distance = np.abs(score[pairs["treated_id"]].to_numpy() - score[pairs["control_id"]].to_numpy())
    np.testing.assert_allclose(pairs["distance"], distance)
    assert (distance <= caliper).all()
    assert set(pairs["treated_id"]) | set(matches.unmatched) == set(score.index[treated])


def slow_greedy(score: pd.Series, treated: pd.Series, caliper: float) -> set[tuple[object, object]]:
    """The definition, without any data structure."""
    order = list(np.argsort(score.to_numpy(), kind="stable"))
    place = {score.index[i]: rank for rank, i in enumerate(order)}
    free = [i for i in score.index if not treated[i]]
    found = set()
    rows = [i for i in score.index if treated[i]]
    for t in sorted(rows, key=lambda i: -score[i]):
        best = min(
            free, key=lambda c: (abs(score[c] - score[t]), abs(place[c] - place[t]), score[c]), default=None
        )
        if best is not None and abs(score[best] - score[t]) <= caliper:
            free.remove(best)
            found.add((t, best))
    return found


def test_by_hand() -> None:
    # d (3.0) chooses first and takes b (2.8); c (2.0) then takes a (1.5); the caliper of 0.6 allows both
    score = pd.Series({"a": 1.5, "b": 2.8, "c": 2.0, "d": 3.0, "e": 9.0})
    treated = pd.Series({"a": False, "b": False, "c": True, "d": True, "e": True})
    found = match_nearest(score, treated, ratio=1, caliper=0.6, order="largest")
    assert list(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True)) == [
        ("d", "b"),
        ("c", "a"),
    ]
    assert list(found.unmatched) == ["e"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_pairs_are_those_of_matchit(reference: Reference, variant: str) -> None:
    score, treated = reference.propensity.linear_predictor, reference.treated
    caliper = caliper_width(score, treated, caliper_sd=0.2, scale="all")
    choices = {"ratio": 1, "caliper": caliper, "order": "largest"} | VARIANTS[variant]
    exact = [reference.frame[choices.pop("exact")]] if "exact" in choices else []
    found = match_nearest(score, treated, exact=exact, **choices)
    theirs = pd.read_csv(GOLDENS / f"{reference.name}_{variant}_pairs.csv")
    ours = set(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True))
    assert ours == set(zip(theirs["treated_id"], theirs["control_id"], strict=True))
    answers = reference.answers["match"][variant]
    assert found.n_pairs == answers["n_pairs"]
    if answers["caliper"]:
        np.testing.assert_allclose(caliper, answers["caliper"], rtol=1e-6)
    check_invariants(found, score, treated, ratio=choices["ratio"], caliper=choices["caliper"])


def test_the_two_readings_of_the_caliper_differ(reference: Reference) -> None:
    score, treated, answers = (
        reference.propensity.linear_predictor,
        reference.treated,
        reference.answers["propensity"],
    )
    pooled = caliper_width(score, treated, caliper_sd=1, scale="pooled")
    np.testing.assert_allclose(pooled, answers["lp_sd_pooled"], rtol=1e-6)
    assert pooled < caliper_width(score, treated, caliper_sd=1, scale="all")


@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=25),
    st.sampled_from([0.5, 2.0, np.inf]),
)
@settings(max_examples=200, deadline=None)
def test_equals_the_definition_under_heavy_ties(rows: list[tuple[int, bool]], caliper: float) -> None:
    score = pd.Series([float(r[0]) for r in rows])
    treated = pd.Series([r[1] for r in rows])
    expected = slow_greedy(score, treated, caliper) if treated.any() else set()
    if not expected:
        with pytest.raises(NoMatchError if treated.nunique() > 1 else EmptyArmError):
            match_nearest(score, treated, ratio=1, caliper=caliper, order="largest")
        return
    found = match_nearest(score, treated, ratio=1, caliper=caliper, order="largest")
    assert set(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True)) == expected
    check_invariants(found, score, treated, ratio=1, caliper=caliper)


@pytest.mark.parametrize(
    ("order", "ratio"), list(itertools.product(["largest", "smallest", "data"], [1, 2, 3]))
)
def test_every_order_and_ratio_is_legal(reference: Reference, order: str, ratio: int) -> None:
    score, treated = reference.propensity.linear_predictor, reference.treated
    found = match_nearest(score, treated, ratio=ratio, caliper=0.3, order=order)
    check_invariants(found, score, treated, ratio=ratio, caliper=0.3)


def test_errors_say_what_to_do() -> None:
    score, treated = pd.Series([0.0, 5.0]), pd.Series([True, False])
    with pytest.raises(
        NoMatchError, match="caliper of 0.1 on the logit, none of 1 has one; widen the caliper"
    ):
        match_nearest(score, treated, ratio=1, caliper=0.1, order="largest")
    with pytest.raises(ValueError, match="ratio must be a whole number of at least 1, found 0"):
        match_nearest(score, treated, ratio=0, caliper=1, order="largest")
    with pytest.raises(ValueError, match="1 of 2 are not, first 0; look for separation"):
        match_nearest(pd.Series([np.inf, 0]), treated, ratio=1, caliper=1, order="largest")
    with pytest.raises(ValueError, match="caliper_sd must be a number above 0"):
        caliper_width(score, treated, caliper_sd=0, scale="all")
