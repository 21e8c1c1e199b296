from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from headtohead.matching.design import design_matrix, fill_conditional_mean, restricted_cubic_spline
from study.protocol.design import Term


def test_categories_become_dummies_of_all_but_the_first_level() -> None:
    frame = pd.DataFrame({"hospital": ["B", "A", "C"], "age": [1.0, 2, 4]})
    design = design_matrix(frame, [Term(column="hospital", form="category"), Term(column="age", form="log")])
    assert list(design) == ["hospital[B]", "hospital[C]", "log age"]
    assert design["hospital[B]"].tolist() == [1, 0, 0]
    np.testing.assert_allclose(design["log age"], np.log([1, 2, 4]))


def test_the_spline_is_linear_beyond_the_outer_knots_and_smooth_within() -> None:
    x = np.linspace(0, 10, 1001)
    basis = restricted_cubic_spline(x, knots=4)
    assert basis.shape == (1001, 3)
    second = np.diff(basis[:, 1], n=2)
    outer = (x[1:-1] < 0.4) | (x[1:-1] > 9.6)
    np.testing.assert_allclose(second[outer], 0, atol=1e-12)
    assert np.abs(second[~outer]).max() > 1e-6


def test_three_knots_by_hand() -> None:
    # knots 0, 1, 2 for x = 0..2; at x = 2: (2^3 - (1^3 x 2 - 0) / 1) / 4 = (8 - 2) / 4 = 1.5
    x = np.array([0.0] * 10 + [1.0] * 11 + [2.0] * 10)
    basis = restricted_cubic_spline(x, knots=3)
    np.testing.assert_allclose(np.unique(basis[:, 1]), [0, 0.25, 1.5])


def test_missing_values_take_their_conditional_mean_and_nothing_else_changes() -> None:
    # y = 2 x exactly, so the missing one at x = 3 becomes 6
    x = np.column_stack([np.ones(5), [0.0, 1, 2, 3, 4]])
    filled = fill_conditional_mean(pd.Series([0, 2, 4, np.nan, 8], name="y"), x)
    np.testing.assert_allclose(filled, [0, 2, 4, 6, 8])
    complete = pd.Series([1.0, 5, 2, 2, 9])
    assert fill_conditional_mean(complete, x) is complete


@pytest.mark.parametrize(
    ("frame", "term", "message"),
    [
        ({"age": [1.0, 2]}, Term(column="nonsense", form="linear"), "1 are not: 'nonsense'; it has 'age'"),
        ({"age": [3.0, 3]}, Term(column="age", form="linear"), "have one value in all 2: 'age'; remove"),
        ({"age": [0.0, 3]}, Term(column="age", form="log"), "'age' has 1 at or below 0"),
        (
            {"sex": ["F", None]},
            Term(column="sex", form="category"),
            "level for the unknown, must be finite and complete, 'sex' have missing values in 1 of 2",
        ),
        ({"age": [None, 3.0]}, Term(column="age", form="linear"), "need complete columns to be imputed from"),
        (
            {"age": [1.0, 1, 1, 1, 2]},
            Term(column="age", form="spline", knots=3),
            "as many distinct quantiles",
        ),
    ],
)
def test_errors_name_column_and_remedy(frame: dict[str, list[object]], term: Term, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        design_matrix(pd.DataFrame(frame), [term])


def test_a_design_on_one_half_of_rows_does_not_depend_on_their_order(cohort: pd.DataFrame) -> None:
    terms = [Term(column="age", form="spline", knots=3), Term(column="ldh", form="log spline", knots=3)]
    one = design_matrix(cohort, terms, impute_from=["age", "sex"])
    other = design_matrix(cohort.iloc[::-1], terms, impute_from=["age", "sex"]).loc[one.index]
    pd.testing.assert_frame_equal(one, other)
