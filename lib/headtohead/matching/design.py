"""Covariates as a numeric design matrix: functional forms, dummies, missing values filled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pandas as pd

from headtohead.errors import need_complete

KNOT_QUANTILES = {3: (0.10, 0.50, 0.90), 4: (0.05, 0.35, 0.65, 0.95), 5: (0.05, 0.275, 0.50, 0.725, 0.95)}


class Term(Protocol):
    """What a model term must say: its ``column``, ``form`` and number of ``knots``."""

    @property
    def column(self) -> str: ...  # noqa: D102
    @property
    def form(self) -> str: ...  # noqa: D102
    @property
    def knots(self) -> int | None: ...  # noqa: D102


def design_matrix(
    frame: pd.DataFrame, terms: Sequence[Term], *, impute_from: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the columns of the model, without intercept and without missing values.

    DataFrame of float, shape (n, p), named like ``age``, ``age'`` (second spline column) or ``sex[M]``.
    Raises ValueError if a column is unknown, has no variation, is not positive where a logarithm is asked
    for, or has missing values and nothing to impute them from.

    Parameters
    ----------
    frame : DataFrame, shape (n, anything)
        One row per patient.
    terms : sequence of Term
        ``linear``; ``log`` (natural logarithm); ``spline`` (restricted cubic, Harrell's knots);
        ``log spline``; ``category`` (dummies, the first level in sorted order is the reference).
    impute_from : sequence of str
        Complete columns that predict missing values by least squares on the scale of the term.

    References
    ----------
    Harrell (2015) Regression Modeling Strategies, 2nd ed., section 2.4.5. doi:10.1007/978-3-319-19425-7
    """
    needed = [term.column for term in terms] + list(impute_from)
    unknown = [name for name in needed if name not in frame]
    if unknown:
        raise ValueError(f"covariates must be columns of the cohort, {unknown} are not; correct the names")
    predictors = _predictors(frame, impute_from)
    parts = [_columns(frame[term.column], term, predictors) for term in terms]
    design = pd.concat(parts, axis=1)
    constant_columns(design)
    return design


def constant_columns(design: pd.DataFrame) -> None:
    """Raise ValueError if a column of the design has one value."""
    constant = [name for name in design if design[name].nunique() < 2]
    if constant:
        raise _constant(constant, len(design), "remove them from the model")


def _constant(names: object, n: int, remedy: str) -> ValueError:
    return ValueError(f"a covariate must vary between patients, {names} have one value in all {n}; {remedy}")


def _predictors(frame: pd.DataFrame, columns: Sequence[str]) -> np.ndarray:
    """Return the complete columns as a matrix with intercept, shape (n, 1 + dummies)."""
    need_complete(frame[list(columns)], "columns to impute from must be complete", "; choose others")
    blocks = [np.ones((len(frame), 1))]
    for name in columns:
        numeric = pd.api.types.is_numeric_dtype(frame[name])
        blocks.append(frame[[name]].to_numpy(float) if numeric else _dummies(frame[name]).to_numpy())
    return np.hstack(blocks)


def _columns(values: pd.Series, term: Term, predictors: np.ndarray) -> pd.DataFrame:
    if term.form == "category":
        return _dummies(values)
    base, name = values.astype(float), str(values.name)
    if "log" in term.form:
        if (base <= 0).any():
            raise ValueError(
                f"a logarithm needs positive values, {name!r} has {int((base <= 0).sum())} at or below 0"
            )
        base, name = np.log(base), f"log {name}"
    filled = fill_conditional_mean(base, predictors)
    if "spline" not in term.form:
        return filled.rename(name).to_frame()
    basis = restricted_cubic_spline(filled.to_numpy(), knots=term.knots or 3)
    names = [name + "'" * j for j in range(basis.shape[1])]
    return pd.DataFrame(basis, index=values.index, columns=names)


def _dummies(values: pd.Series) -> pd.DataFrame:
    if values.isna().any():
        raise ValueError(
            f"a category in the model must be complete, {values.name!r} has {int(values.isna().sum())} "
            "missing; give them a level of their own"
        )
    levels = sorted(values.unique(), key=str)
    if len(levels) < 2:
        remedy = "remove it from the terms of the model and from the columns to impute from"
        raise _constant(repr(values.name), len(values), remedy)
    return pd.DataFrame({f"{values.name}[{level}]": (values == level).astype(float) for level in levels[1:]})


def fill_conditional_mean(values: pd.Series, predictors: np.ndarray) -> pd.Series:
    """Return the values with missing ones replaced by their least-squares prediction.

    Neither arm nor outcome is among the predictors. The prediction is a mean without noise, which suits
    a propensity score; an outcome model needs multiple imputation (the sensitivity chapter has it).
    """
    known = values.notna().to_numpy()
    if known.all():
        return values
    if predictors.shape[1] < 2 or known.sum() <= predictors.shape[1]:
        raise ValueError(
            f"missing values of {values.name!r} need complete columns to be imputed from, "
            f"found {predictors.shape[1] - 1} for {int(known.sum())} known values; name complete "
            "columns in impute_from, or remove a covariate that was hardly measured"
        )
    beta, *_ = np.linalg.lstsq(predictors[known], values[known].to_numpy(), rcond=None)
    return values.where(known, predictors @ beta)


def restricted_cubic_spline(x: np.ndarray, *, knots: int) -> np.ndarray:
    """Return the restricted cubic spline basis, shape (n, knots - 1), linear beyond the outer knots."""
    t = np.quantile(x, KNOT_QUANTILES[knots])
    if len(np.unique(t)) < knots:
        found = np.unique(t)
        raise ValueError(
            f"a spline with {knots} knots needs as many distinct quantiles, found {found}; use a linear term"
        )
    scale = (t[-1] - t[0]) ** 2

    def cube(knot: float) -> np.ndarray:
        return np.clip(x - knot, 0, None) ** 3

    last, before = t[-1], t[-2]
    columns = [x]
    for knot in t[:-2]:
        tail = (cube(before) * (last - knot) - cube(last) * (before - knot)) / (last - before)
        columns.append((cube(knot) - tail) / scale)
    return np.column_stack(columns)
