"""Covariates as a numeric design matrix: functional forms, dummies, missing values filled."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from formulaic import Formula, SimpleFormula
from formulaic.errors import DataMismatchWarning, FormulaicError
from formulaic.transforms import C

from headtohead import door
from headtohead.errors import ChoiceError, InputError, MissingError, NumberError, UnknownError

COLOURS = re.compile("\x1b\\[[0-9;]*m|[⧛⧚]")  # in which formulaic underlines what it cannot read
NAMES = re.compile(r"`([^`]+)`|([\w.]+)")  # in a formula; formulaic's own list lacks those in bs(...)
EXACT = 2.0**53  # from which whole numbers are no longer told apart
UNREADABLE = (
    FormulaicError, DataMismatchWarning, ValueError, TypeError, SyntaxError, LookupError, AttributeError,
)  # fmt: skip
KNOT_QUANTILES = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.50, 0.725, 0.95)}


@runtime_checkable
class Term(Protocol):
    """What a model term must say: its ``column``, ``form`` and number of ``knots``."""

    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def form(self) -> str: ...  # noqa: D102
    @property
    def knots(self) -> int | None: ...  # noqa: D102


Form = Literal["linear", "log", "spline", "log spline", "category"]
Terms = str | Sequence[Term | str]
Named = list[tuple[str, np.ndarray]]


def design_matrix(frame: pd.DataFrame, terms: Terms, *, impute_from: Sequence[str] = ()) -> pd.DataFrame:
    """Return the columns of the model, without intercept and without missing values.

    DataFrame of float, shape (n, p), named like ``age``, ``age'`` (second spline column) or ``sex[M]``. Raises
    UnknownError if a column is unknown, DependentError if one has no variation, NumberError if it is not positive
    where a logarithm is asked for, MissingError if values are missing and nothing is there to impute them from.

    ``frame`` has one row per patient. ``terms`` are a formula of ``formulaic``, "age + C(sex) + rcs(weight, 4)", with ``bs``,
    ``poly``, ``np.log``, ``rcs`` (as ``spline`` below) and ``cr(x, df=3, constraints="center")``; or columns, numbers linear
    and all else categories; or terms of a form: ``linear``; ``log`` (natural logarithm); ``spline`` (restricted cubic,
    Harrell's knots); ``log spline``; ``category`` (dummies, the first level in sorted order is the reference).
    ``impute_from`` are complete columns that predict missing values by least squares on the scale of the term.

    Knots: Harrell (2015) Regression Modeling Strategies, 2nd ed., section 2.4.5. doi:10.1007/978-3-319-19425-7
    """
    design = raw_design(frame, terms, impute_from)
    door.varying(design)
    return design


def raw_design(frame: pd.DataFrame, terms: Terms, impute_from: Sequence[str]) -> pd.DataFrame:
    """Return ``design_matrix`` whose columns may be constant, and missing or infinite where a formula made them so."""
    door.patients(frame, "the frame")
    if isinstance(terms, str):
        try:
            return _of_formula(frame, terms)
        except MissingError as error:
            words = "; impute_from needs the terms as a list, found a formula" if len(impute_from) else ""
            raise MissingError(f"{error}{words}") from None
    names = [term if isinstance(term, str) else term.column for term in terms]
    door.columns(frame, names, "covariates")
    door.distinct(names, "columns of the terms")
    complete = door.named(frame, impute_from, "columns to impute from") if len(impute_from) else []
    predictors = _predictors(frame, complete)
    parts = [
        part
        for name, term in zip(names, terms, strict=True)
        for part in _columns(frame[name], *_form(term, frame), predictors)
    ]
    if not parts:
        raise InputError("a design needs covariates, found none; name columns or give a formula")
    return pd.DataFrame(np.stack([x for _, x in parts]).T, frame.index, [name for name, _ in parts])


def _of_formula(frame: pd.DataFrame, formula: str) -> pd.DataFrame:
    """Return the columns of a formula, without its intercept."""
    try:
        parsed = Formula(formula)
        if not isinstance(parsed, SimpleFormula):
            raise ChoiceError(f"a formula has one side and no '|', found {formula!r}; leave the rest out")
        if "1" not in map(str, parsed):
            raise ChoiceError(f"a model has an intercept, found {formula!r}; leave out '- 1' and '0 +'")
        names = {name for both in NAMES.findall(formula) for name in (*both, both[1].split(".")[0])}
        door.unique(frame.columns, "columns of the frame")
        door.complete(frame, f"columns of {formula!r}", used := [name for name in frame if name in names])
        with np.errstate(all="ignore"), warnings.catch_warnings():  # what is no number is refused below
            warnings.simplefilter("error", DataMismatchWarning)
            read = pd.DataFrame({name: _readable(frame[name]) for name in used}, frame.index)
            context = {"C": _category, "rcs": _rcs, "np": np}
            found = parsed.get_model_matrix(read, na_action="ignore", context=context)
    except InputError:
        raise
    except UNREADABLE as error:
        said = " ".join(COLOURS.sub("", f"{error}.").splitlines()[0].split())
        raise UnknownError(
            f"a formula must be made of columns and levels of the frame, found {formula!r}: {said} "
            f"It has {door.some_of(list(frame.columns)[:12])}; correct the formula: C(x) is a factor, rcs(x, 4) and "
            "bs(x, df=4) are splines, I(x**2) is a square"
        ) from None
    kept = [name for name in found.columns if name != "Intercept"]
    if not kept:
        raise InputError(f"a design needs covariates, found none in {formula!r}; name columns")
    X = found[kept].to_numpy(float)
    if not door.bounded(X):  # of complete columns
        wrong = door.wrong_rows(~np.isfinite(X).all(axis=1), frame)
        must = f"columns of {formula!r} must be finite numbers for every patient"
        raise NumberError(f"{must}, {wrong}; look at logarithms, roots and ratios")
    return pd.DataFrame(X, frame.index, kept)


def _readable(column: pd.Series) -> pd.Series:
    """Return a complete column as a formula may compute with it: whole numbers would overflow, levels that nobody has count."""
    column = column.infer_objects()
    if (x := door.floats(column)) is None:
        door.levels(column)
        return column.cat.remove_unused_categories() if hasattr(column, "cat") else column.astype(object)
    if column.dtype.kind in "iu" and (abs(x) >= EXACT).any():
        must = f"whole numbers in a formula must be below 2**53, {column.name!r} has {abs(x).max():.0f}"
        raise NumberError(f"{must}; convert names with astype(str), amounts with astype(float)")
    return pd.Series(x.astype(bool) if pd.api.types.is_bool_dtype(column.dtype) else x, column.index)


def _category(x: Any, *args: Any, **named: Any) -> Any:
    """Return formulaic's ``C``, whose levels are called 1 and 2 though they come as 1.0 and 2.0."""
    whole = pd.api.types.is_float_dtype(x) and ((x == np.floor(x)) & (abs(x) < EXACT)).all()
    return C(x.astype(np.int64) if whole else x, *args, **named)


def _form(term: Term | str, frame: pd.DataFrame) -> tuple[str, int]:
    """Return form and knots: numbers of a column stay as they are, anything else is a category."""
    if isinstance(term, str):
        return "category" if door.floats(frame[term]) is None else "linear", 0
    door.choice(f"the form of {term.column!r}", term.form, Form)
    return term.form, term.knots or 3


def _predictors(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return the complete columns as a matrix with intercept, shape (n, 1 + dummies)."""
    ones = np.ones((len(frame), 1))
    door.complete(frame, "columns to impute from", columns)
    found = [x for name in columns for _, x in _columns(frame[name], *_form(name, frame), ones)]
    return np.column_stack([ones, *found])


def _columns(values: pd.Series, form: str, knots: int, predictors: np.ndarray) -> Named:
    """Return the columns of one term, complete."""
    if form == "category":
        return _dummies(values)
    name, x = str(values.name), door.floats(values)
    complete = x is not None and door.bounded(x)
    base = values if complete else door.numbers(values, f"the column {name!r}", missing=True)
    x = base.to_numpy(float, copy=True)
    if "log" in form:
        if (x <= 0).any():
            must = f"a logarithm needs positive values, {name!r} has {int((x <= 0).sum())} at or below 0"
            raise NumberError(f"{must}, first {door.some(base.index[x <= 0])}; give a linear term")
        x, name = np.log(x), f"log {name}"
    if not complete:
        x = fill_conditional_mean(pd.Series(x, base.index, name=values.name), predictors).to_numpy()
    if "spline" not in form:
        return [(name, x)]
    basis = restricted_cubic_spline(x, knots=knots)
    return [(name + "'" * j, x) for j, x in enumerate(basis.T)]


def _dummies(values: pd.Series) -> Named:
    levels = door.levels(values, "categories, which can have a level for the unknown,")
    if len(levels) < 2:
        remedy = "remove it from the terms of the model and from the columns to impute from"
        raise door.constant([values.name], len(values), remedy)
    return [(f"{values.name}[{level}]", (values == level).to_numpy(float)) for level in levels[1:]]


def fill_conditional_mean(values: pd.Series, predictors: np.ndarray) -> pd.Series:
    """Return values, missing ones replaced by least-squares predictions: for a score, not for an outcome model."""
    known = values.notna().to_numpy()
    if known.all():
        return values
    if predictors.shape[1] < 2 or known.sum() <= predictors.shape[1]:
        raise MissingError(
            f"missing values of {values.name!r} need complete columns to be imputed from, "
            f"found {predictors.shape[1] - 1} for {int(known.sum())} known values; name complete "
            "columns in impute_from, or remove a covariate that was hardly measured"
        )
    beta, *_ = np.linalg.lstsq(predictors[known], values[known].to_numpy(), rcond=None)
    return values.where(known, predictors @ beta)


def _rcs(x: pd.Series, knots: int = 4) -> dict[str, np.ndarray]:
    basis = restricted_cubic_spline(np.asarray(x, float), knots=knots)
    return {str(j): column for j, column in enumerate(basis.T, 1)}


def restricted_cubic_spline(x: np.ndarray, *, knots: int) -> np.ndarray:
    """Return the restricted cubic spline basis, shape (n, knots - 1), linear beyond the outer knots."""
    door.choice("knots", str(knots), [str(one) for one in KNOT_QUANTILES])
    t = np.quantile(x, KNOT_QUANTILES[knots])
    if len(np.unique(t)) < knots:
        needed = f"a spline with {knots} knots needs as many distinct quantiles"
        raise NumberError(f"{needed}, found {np.unique(t)}; use a linear term")
    scale = (t[-1] - t[0]) ** 2

    def cube(knot: float) -> np.ndarray:
        return np.clip(x - knot, 0, None) ** 3

    last, before = t[-1], t[-2]
    columns = [x]
    for knot in t[:-2]:
        tail = (cube(before) * (last - knot) - cube(last) * (before - knot)) / (last - before)
        columns.append((cube(knot) - tail) / scale)
    return np.column_stack(columns)
