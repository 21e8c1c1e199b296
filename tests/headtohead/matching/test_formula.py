"""A score from a formula or a list of columns, and an arm given as column and level."""

from __future__ import annotations

import headtohead as hh
import numpy as np
import pandas as pd
import pytest
from headtohead import door
from headtohead.matching.design import design_matrix, restricted_cubic_spline
from lifelines.datasets import load_gbsg2


@pytest.fixture(scope="module")
def women() -> pd.DataFrame:
    return load_gbsg2()


def test_the_ways_to_write_a_model_give_one_score(women: pd.DataFrame) -> None:
    by_hand = pd.DataFrame(
        {"age": women["age"], "II": women["tgrade"] == "II", "III": women["tgrade"] == "III"}, dtype=float
    )
    series = hh.propensity(by_hand, women["horTh"] == "yes")
    formula = hh.propensity(women, "horTh ~ age + C(tgrade)", treated="yes")
    columns = hh.propensity(women, "horTh", ["age", "tgrade"], treated="yes")
    mixed = hh.propensity(women, women["horTh"] == "yes", "age + tgrade")
    for each in (formula, columns, mixed):
        pd.testing.assert_series_equal(each.ps, series.ps, rtol=1e-10)
        assert each.treated.tolist() == series.treated.tolist()
    other = hh.propensity(women, "horTh", "age + tgrade", treated="no")
    np.testing.assert_allclose(other.ps, 1 - series.ps, atol=1e-9)
    assert columns.design.columns.tolist() == ["age", "tgrade[II]", "tgrade[III]"]


def test_the_restricted_spline_is_ours_and_the_natural_spline_of_formulaic_spans_it(
    women: pd.DataFrame,
) -> None:
    """Both are cubic between the knots and linear outside: the same curves in another basis, the same fit."""
    basis = restricted_cubic_spline(women["age"].to_numpy(float), knots=4)
    ours = design_matrix(women, "rcs(age, 4)")
    np.testing.assert_array_equal(ours, basis)
    assert ours.columns.tolist() == [f"rcs(age, 4)[{j}]" for j in (1, 2, 3)]
    low, *inner, high = np.quantile(women["age"], [0.05, 0.35, 0.65, 0.95])
    inside = women[women["age"].between(low, high)]
    natural = design_matrix(
        inside,
        f"cr(age, knots={[*map(float, inner)]}, lower_bound={low}, upper_bound={high}, constraints='center')",
    )
    fits = [
        hh.propensity(design, inside["horTh"] == "yes").log_likelihood
        for design in (natural, ours.loc[inside.index])
    ]
    assert fits[0] == pytest.approx(fits[1], rel=1e-9)


def test_zero_and_one_or_true_and_false_need_no_level() -> None:
    frame = pd.DataFrame({"given": [0, 1, 1], "word": ["a", "b", "a"]})
    assert door.arms(frame["given"]).tolist() == [False, True, True]
    assert door.arms(frame["given"] == 1).tolist() == [False, True, True]
    assert door.arms(frame["given"], 0).tolist() == [True, False, False]
    assert door.arms(frame["word"], "b").tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("arm", "terms", "treated", "message"),
    [
        ("horTh ~ age", None, None, "found the levels 'no', 'yes'; name the first one"),
        (
            "horTh ~ age",
            None,
            "Yes",
            "treated must be a level of the arms, found 'Yes', levels are 'no', 'yes'",
        ),
        ("horTh ~ age", "tsize", "yes", "named once, found 'horTh ~ age' and terms 'tsize'; leave one out"),
        ("horTh", None, "yes", "the design must be numbers, 2 columns are not: 'menostat', 'tgrade'"),
        ("drug ~ age", None, "yes", "arms must be columns of the frame, 1 are not: 'drug'; it has"),
        ("tgrade ~ age", None, "I", r"two arms can be compared, found 3 levels \('I', 'II', 'III'\)"),
        ("horTh ~ age + nope", None, "yes", "found 'age \\+ nope': .*`nope`.* It has 'age'"),
        ("horTh ~ age + (", None, "yes", r"found 'age \+ \(': Could not find .* It has 'age'"),
        ("horTh ~ 1", None, "yes", "a design needs covariates, found none in '1'"),
        ("horTh ~ age + I(age * 0)", None, "yes", r"must vary between patients, 1 have .*: 'I\(age \* 0\)'"),
        ("horTh", ["age", "nope"], "yes", "covariates must be columns of the frame, 1 are not: 'nope'"),
    ],
)
def test_what_cannot_be_read_is_said(
    women: pd.DataFrame, arm: str, terms: object, treated: object, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        hh.propensity(women, arm, terms, treated=treated)


def test_missing_covariates_and_arms_are_refused_by_name(women: pd.DataFrame) -> None:
    gap = women.assign(age=women["age"].where(women.index > 2))
    with pytest.raises(ValueError, match="'age' have missing values in 3 of 686 patients, first 0, 1, 2"):
        hh.propensity(gap, "horTh ~ age + tsize", treated="yes")
    lost = women.assign(horTh=women["horTh"].where(women.index > 2))
    with pytest.raises(ValueError, match="every patient must have an arm, 3 of 686 have none, first 0, 1, 2"):
        hh.propensity(lost, "horTh ~ age", treated="yes")
    with pytest.raises(ValueError, match="found 'yes', levels are False, True"):
        hh.propensity(women[["age"]], women["horTh"] == "yes", treated="yes")
