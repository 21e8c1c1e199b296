"""A score from a formula or a list of columns, and an arm given as column and level."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import headtohead as hh
import numpy as np
import pandas as pd
import pyarrow as pa
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


FORMS = [
    "age", "I(age**2)", "I(age**10)", "I(age * age)", "age:x", "np.log(age)", "np.exp(age)", "rcs(age, 3)",
    "bs(age, df=4)", "poly(age, 2)", "scale(age)", "C(age)", "C(age, levels=[*range(30, 90)])", "C(age > 60)",
]  # fmt: skip
SMALL = [
    "int8",
    "uint8",
    "int16",
    "int64",
    "float16",
    "float32",
    "object",
    "Int8",
    "Float64",
    "int8[pyarrow]",
]


@pytest.fixture(scope="module")
def mixed() -> pd.DataFrame:
    k = np.arange(60)
    return pd.DataFrame({"age": 30.0 + k, "x": np.sin(k), "word": np.array(list("abc"))[k % 3]})


@pytest.mark.parametrize("dtype", SMALL)
def test_numbers_mean_the_same_in_a_formula_however_small_they_are(mixed: pd.DataFrame, dtype: str) -> None:
    """A byte ends at 127, the square of 11; of objects each number was a level."""
    for form in FORMS:
        right = design_matrix(mixed, form)
        pd.testing.assert_frame_equal(
            design_matrix(mixed.assign(age=mixed["age"].astype(dtype)), form), right
        )


def test_whole_numbers_do_not_overflow_and_name_their_levels_without_a_decimal() -> None:
    frame = pd.DataFrame({"platelets": [150_000, 90_000, 400_000, 250_000], "year": [2020, 2021, 2022, 2021]})
    found = design_matrix(frame, "I(platelets**4) + C(year)")
    assert found.columns.tolist() == ["I(platelets ** 4)", "C(year)[T.2021]", "C(year)[T.2022]"]
    np.testing.assert_array_equal(found["I(platelets ** 4)"], frame["platelets"].astype(float) ** 4)
    apart = pd.DataFrame({"x": [1e17, 1e18, 1e19, 1e20]})
    assert design_matrix(apart, "C(x)").shape == (4, 3)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "Int64", "object"])
@pytest.mark.parametrize("term", ["C(ward)", "ward"])
def test_whole_numbers_that_a_float_cannot_tell_apart_are_refused(dtype: str, term: str) -> None:
    """Two hospitals' keys of 17 digits were one level."""
    ward = pd.Series([2**53, 2**53 + 1, 2**53 + 2] * 4).astype(dtype)
    frame = pd.DataFrame({"age": np.arange(12.0), "ward": ward})
    with pytest.raises(door.NumberError, match="below 2..53, 'ward' has .*; convert names with astype"):
        design_matrix(frame, f"age + {term}")
    assert design_matrix(frame.assign(ward=ward.astype(str)), f"age + {term}").shape == (12, 3)


@pytest.mark.parametrize("form", ["age + x + word", "np.log(age) + C(word) + rcs(x)"])
def test_all_columns_with_gaps_are_named_at_once(mixed: pd.DataFrame, form: str) -> None:
    lost = mixed.assign(age=mixed["age"].mask(mixed.index == 3), word=mixed["word"].mask(mixed.index > 57))
    found = "'age', 'word' have missing values in 3 of 60 patients, first 3, 58, 59"
    with pytest.raises(door.MissingError, match=found):
        design_matrix(lost, form)


@pytest.mark.parametrize("kind", [Decimal, Fraction, int, np.float32])
@pytest.mark.parametrize("terms", [["x", "dose"], "x + dose", "x + C(dose)"])
def test_numbers_among_objects_are_no_levels(mixed: pd.DataFrame, kind: type, terms: list[str] | str) -> None:
    dose = pd.Series([kind(k % 3) for k in range(60)], dtype=object)
    dose[0] = "none"
    with pytest.raises(door.NumberError, match="numbers among objects"):
        design_matrix(mixed.assign(dose=dose), terms)


@pytest.mark.parametrize(
    "dtype",
    ["string", "string[pyarrow]", pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())), "category",
     pd.CategoricalDtype([*"abcd"])],
)  # fmt: skip
def test_words_are_levels_in_a_formula_however_they_are_stored(mixed: pd.DataFrame, dtype: object) -> None:
    """A level that nobody has makes no column."""
    for form in ("word", "C(word)", "C(word, Treatment('b'))", "word:x", "I(word == 'a')"):
        found = design_matrix(mixed.assign(word=mixed["word"].astype(dtype)), form)
        pd.testing.assert_frame_equal(found, design_matrix(mixed, form))


def test_truth_values_stay_so_in_a_formula(mixed: pd.DataFrame) -> None:
    old = mixed["age"] > 60
    for dtype in ("bool", "boolean", "bool[pyarrow]", "object"):
        found = design_matrix(mixed.assign(old=old.astype(dtype)), "old + I(~old & (x > 0))")
        np.testing.assert_array_equal(found, np.column_stack([old, ~old & (mixed["x"] > 0)]))


@pytest.mark.parametrize("terms", ["when", "x + bs(when, df=4)", ["when"]])
@pytest.mark.parametrize("kind", ["timedelta64[ns]", "datetime64[ns]", "duration[ns][pyarrow]"])
def test_times_are_no_nanoseconds(mixed: pd.DataFrame, terms: str | list[str], kind: str) -> None:
    when = (86_400 * 10**9 * mixed["age"]).astype("int64").astype(kind)
    with pytest.raises(door.NumberError, match="'when' must be numbers or words, found .*; count days"):
        design_matrix(mixed.assign(when=when), terms)


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        (
            "C(word, levels=['a', 'b'])",
            r"levels of the frame, .* outside of the nominated levels.*'c'.*correct the",
        ),
        ("word - 1", "has an intercept, found 'word - 1'; leave out '- 1'"),
        ("0 + x + word", "has an intercept, found '0 . x . word'"),
        ("-1 + x", "has an intercept"),
        ("x | word", "has one side and no '.', found 'x . word'"),
        ("x ~ word", "has one side"),
    ],
)
def test_what_a_formula_would_leave_out_is_refused(mixed: pd.DataFrame, terms: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        design_matrix(mixed, terms)
    with pytest.raises(ValueError, match=message):
        hh.propensity(mixed, mixed["age"] % 2 == 0, terms)


def test_what_a_formula_does_not_name_may_be_anything(mixed: pd.DataFrame) -> None:
    lost = mixed.assign(note=[None, *["?"] * 59], when=pd.Timestamp("2020-01-01"))
    pd.testing.assert_frame_equal(design_matrix(lost, "I(x - 1)"), design_matrix(mixed, "I(x - 1)"))
    with pytest.raises(ValueError, match="`nope`"):
        design_matrix(lost, "nope")
    gap = mixed.assign(age=mixed["age"].where(mixed.index > 2))
    with pytest.raises(ValueError, match="'age' have missing values in 3 of 60"):
        design_matrix(gap, "bs(age, df=4)")


def test_an_arm_may_be_quoted(mixed: pd.DataFrame) -> None:
    frame = mixed.assign(**{"my arm": mixed["age"] % 3 > 1, "my x": mixed["x"]})
    right = hh.propensity(frame, frame["my arm"], ["x"]).ps
    np.testing.assert_allclose(hh.propensity(frame, "`my arm` ~ `my x`").ps, right)


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
