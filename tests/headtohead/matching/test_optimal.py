from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from headtohead.errors import NoMatchError
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.pairs import Matches, match_nearest, match_optimal
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import Reference
from scipy.optimize import linear_sum_assignment

ROUNDING = 1e-9  # sums of the same distances in another order


def by_assignment(score: pd.Series, treated: pd.Series, caliper: float) -> tuple[int, float]:
    """Number of pairs and least total distance by SciPy's assignment solver, a stranger to our method."""
    gap = np.abs(score[treated].to_numpy()[:, None] - score[~treated].to_numpy()[None, :])
    allowed, forbidden = gap <= caliper, 1e6
    rows, columns = linear_sum_assignment(np.where(allowed, gap, forbidden))
    kept = allowed[rows, columns]
    return int(kept.sum()), float(gap[rows, columns][kept].sum())


def by_enumeration(score: pd.Series, treated: pd.Series, caliper: float) -> tuple[int, float]:
    """The same by trying every match there is."""
    t, c = list(score[treated]), [*score[~treated], *[None] * int(treated.sum())]
    best = (0, 0.0)
    for partners in itertools.permutations(c, len(t)):
        gaps = [abs(a - b) for a, b in zip(t, partners, strict=True) if b is not None]
        if all(gap <= caliper for gap in gaps):
            best = min(best, (-len(gaps), sum(gaps)))
    return -best[0], best[1]


def size_and_distance(matches: Matches) -> tuple[int, float]:
    return matches.n_pairs, float(matches.pairs["distance"].sum())


def test_by_hand_optimal_pairs_save_the_patient_that_greed_loses() -> None:
    # greedy: d (3.0) takes a at 2.9, and b (2.0) finds only e at 3.2, further than 1; optimal: d-e 0.2, b-a 0.9
    score = pd.Series({"d": 3.0, "b": 2.0, "a": 2.9, "e": 3.2})
    treated = pd.Series({"d": True, "b": True, "a": False, "e": False})
    assert match_nearest(score, treated, ratio=1, caliper=1.0, order="largest").n_pairs == 1
    found = match_optimal(score, treated, caliper=1.0)
    assert set(zip(found.pairs["treated_id"], found.pairs["control_id"], strict=True)) == {
        ("d", "e"),
        ("b", "a"),
    }
    assert size_and_distance(found) == (2, pytest.approx(1.1))
    assert found.unmatched.empty
    assert found.caliper == 1.0


@given(
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.lists(st.integers(0, 12), min_size=1, max_size=4),
    st.sampled_from([0.0, 1.0, 2.5, np.inf]),
)
@settings(max_examples=60, deadline=None)
def test_equals_the_best_of_all_matches(t: list[int], c: list[int], caliper: float) -> None:
    score = pd.Series([float(x) for x in [*t, *c]])
    treated = pd.Series([True] * len(t) + [False] * len(c))
    expected = by_enumeration(score, treated, caliper)
    if not expected[0]:
        with pytest.raises(NoMatchError):
            match_optimal(score, treated, caliper=caliper)
        return
    assert size_and_distance(match_optimal(score, treated, caliper=caliper)) == pytest.approx(expected)


@pytest.mark.parametrize("width", [0.02, 0.2, np.inf])
def test_equals_the_assignment_problem(reference: Reference, width: float) -> None:
    score, treated = reference.propensity.linear_predictor, reference.treated
    caliper = width * caliper_width(score, treated, caliper_sd=1, scale="all")
    found = match_optimal(score, treated, caliper=caliper)
    n, distance = by_assignment(score, treated, caliper)
    assert found.n_pairs == n
    assert found.pairs["distance"].sum() == pytest.approx(distance, abs=ROUNDING)
    assert found.pairs["distance"].max() <= caliper
    assert found.pairs["treated_id"].is_unique
    assert found.pairs["control_id"].is_unique
    assert treated[found.pairs["treated_id"]].all()
    assert not treated[found.pairs["control_id"]].any()
    assert set(found.pairs["treated_id"]) | set(found.unmatched) == set(score.index[treated])


@pytest.mark.parametrize("order", ["largest", "smallest", "data"])
def test_never_fewer_nor_wider_than_the_greedy_pairs_of_matchit(reference: Reference, order: str) -> None:
    score, treated = reference.propensity.linear_predictor, reference.treated
    caliper = caliper_width(score, treated, caliper_sd=0.2, scale="all")
    greedy = match_nearest(score, treated, ratio=1, caliper=caliper, order=order)
    best = match_optimal(score, treated, caliper=caliper)
    assert best.n_pairs >= greedy.n_pairs
    if best.n_pairs == greedy.n_pairs:
        assert best.pairs["distance"].sum() <= greedy.pairs["distance"].sum() + ROUNDING


def test_exact_strata_are_matched_one_by_one(reference: Reference) -> None:
    score, treated, hospital = (
        reference.propensity.linear_predictor,
        reference.treated,
        reference.frame["hospital"],
    )
    found = match_optimal(score, treated, caliper=0.1, exact=[hospital])
    assert (
        hospital[found.pairs["treated_id"]].to_numpy() == hospital[found.pairs["control_id"]].to_numpy()
    ).all()
    parts = [by_assignment(score[hospital == h], treated[hospital == h], 0.1) for h in hospital.unique()]
    assert size_and_distance(found) == pytest.approx(tuple(np.sum(parts, axis=0)))


@given(st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_rows_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, treated = pd.Series(rng.normal(size=40)), pd.Series(rng.random(40) < 0.4)
    treated.iloc[:2] = [True, False]
    shuffled = rng.permutation(40)
    one = match_optimal(score, treated, caliper=0.5)
    two = match_optimal(score.iloc[shuffled], treated.iloc[shuffled], caliper=0.5)
    pd.testing.assert_frame_equal(one.pairs, two.pairs)


def test_errors_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    score, treated = pd.Series([0.0, 5.0]), pd.Series([True, False])
    with pytest.raises(NoMatchError, match="none of 1 has one; widen the caliper"):
        match_optimal(score, treated, caliper=0.1)
    with pytest.raises(ValueError, match="1 of 2 are not, first 0; look for separation"):
        match_optimal(pd.Series([np.inf, 0]), treated, caliper=1)
    with pytest.raises(ValueError, match=r"1 of 2 have none \(0\) and 1 have no arm \(7\)"):
        match_optimal(score, treated.rename({0: 7}), caliper=1)
    monkeypatch.setattr("headtohead.kernels.pairs.MAX_CELLS", 0)
    with pytest.raises(ValueError, match="found 1; narrow the caliper"):
        match_optimal(score, treated, caliper=10)


def test_pairs_that_might_cross_do_not() -> None:
    # both ways to pair 0 and 1 with 2 and 3 have total 4: the standard error of pairs must not hang on which
    score, treated = pd.Series([0.0, 1.0, 3.0, 2.0]), pd.Series([True, True, False, False])
    found = match_optimal(score, treated, caliper=np.inf).pairs
    assert dict(zip(found["treated_id"], found["control_id"], strict=True)) == {0: 3, 1: 2}
