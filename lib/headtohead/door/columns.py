"""Columns of numbers: complete, finite, varying, and none a combination of others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import qr, solve_triangular

from headtohead.door.choices import LARGEST, instance, number, sized, some_of
from headtohead.door.people import Data, aligned, as_float, bounded, floats, levels_in, patients, some, unique
from headtohead.errors import DependentError, InputError, MissingError, NumberError, UnknownError

INFLATED = 1e4  # variance of a coefficient over that without the others, above which one may follow from them
AS_IS = [np.dtype(kind) for kind in (float, int, bool)]  # of which nothing overflows
NEARLY_DEPENDENT, DEPENDENT = 1e-8, 1e-8  # squared, of a correlation matrix; of its triangular factor


def numbers(data: Data, what: str, *, missing: bool = False, infinite: bool = False) -> Data:
    """Return columns of numbers, as float; an error if one is none, or ``missing`` or ``infinite`` against the rules."""
    patients(data, what)
    if isinstance(data, pd.Series):
        x = floats(data)
        if x is not None and data.dtype in AS_IS and bounded(x):
            return data
        found = numbers(data.to_frame(), what, missing=missing, infinite=infinite)
        return data if data.dtype in AS_IS else found.iloc[:, 0].rename(data.name)
    unique(data.columns, f"columns of {what}")
    x, parts = data.values, {}
    if not plain(data, x):
        parts = {name: floats(data.iloc[:, j]) for j, name in enumerate(data)}
        words = [repr(name) for name, column in parts.items() if column is None]
        if words:
            odd = f"{len(words)} columns are not: {some(words)}"
            raise NumberError(f"{what} must be numbers, {odd}; code them as 0 and 1")
        x = np.column_stack([column for column in parts.values() if column is not None])
    if not bounded(x):
        _refuse_values(data, x, what, missing, infinite)
    return pd.DataFrame(x, index=data.index, columns=data.columns) if parts else data


def covariates(design: pd.DataFrame, what: str, *, tolerance: float = DEPENDENT) -> pd.DataFrame:
    """Return complete numbers that vary and are no combinations of others (intercept included), else a DependentError."""
    found = numbers(design, what)
    some_columns(found, what)
    _refuse_dependent(found, tolerance)
    return found


def squarable(data: Data) -> Data:
    """Return columns of numbers as they are; NumberError unless each is of a size that can be squared, or 0."""
    largest = np.fmax.reduce(np.abs(data.to_numpy(float)), axis=0, initial=0.0)
    if not ((largest <= LARGEST) & ((largest >= 1 / LARGEST) | (largest == 0))).all():
        names = [data.name] if isinstance(data, pd.Series) else list(data)
        sized(**dict(zip(map(repr, names), np.atleast_1d(largest).tolist(), strict=True)))
    return data


def some_columns(frame: pd.DataFrame, what: str) -> None:
    """Raise InputError if a frame has no column, or two of one name."""
    if not frame.shape[1]:
        raise InputError(f"{what} must have columns, found none; choose some")
    unique(frame.columns, f"columns of {what}")


def floating(frame: pd.DataFrame, what: str) -> pd.DataFrame:
    """Return columns of numbers as float; whether they are finite shows in what is computed of them."""
    return frame if frame.columns.is_unique and plain(frame, frame.values) else numbers(frame, what)


def plain(frame: pd.DataFrame, x: np.ndarray) -> bool:
    """Return whether an array of float is that of columns of float, not of categories, which make a new one each time."""
    one = x.dtype == np.float64 and x.shape[1] > 1 and np.may_share_memory(x, frame.values)
    return one or (x.dtype == np.float64 and all(column.dtype in AS_IS for _, column in frame.items()))


def _refuse_dependent(design: pd.DataFrame, tolerance: float) -> None:
    varying(design)
    X = design.to_numpy(float)
    with np.errstate(over="ignore"):
        centred = X - X.mean(axis=0)
    size = np.abs(centred).max(axis=0)
    if not (size > 1 / LARGEST).all() or not (size < LARGEST).all():
        must = f"covariates must be of a size that can be squared, from {1 / LARGEST:g} to {LARGEST:g}"
        raise NumberError(f"{must}, found {some(f'{one:g}' for one in size)}; take another unit")
    scaled = centred / np.sqrt(np.einsum("ij,ij->j", centred, centred))
    if (p := scaled.shape[1]) < 2 or np.linalg.eigvalsh(scaled.T @ scaled)[0] > NEARLY_DEPENDENT:
        return
    triangle, order = qr(scaled, mode="r", pivoting=True)
    rank = int((np.abs(np.diag(triangle)) > tolerance).sum())
    if rank < p:
        share = solve_triangular(triangle[:rank, :rank], triangle[:rank, rank:])
        first = [order[rank], *order[:rank][np.abs(share[:, 0]) > 1e-6]]
        must = f"no covariate may be a combination of others, {p - rank} of {p} are"
        found = f"{design.columns[first[0]]!r} follows from {[design.columns[j] for j in sorted(first[1:])]}"
        raise DependentError(f"{must}: {found}; remove one of them")


def _refuse_values(frame: pd.DataFrame, x: np.ndarray, what: str, missing: bool, infinite: bool) -> None:
    kinds = (
        (np.isinf(x), infinite, NumberError, "infinite"),
        (np.isnan(x), missing, MissingError, "missing"),
    )
    for wrong, allowed, kind, words in kinds:
        if wrong.any() and not allowed:
            rows, columns = wrong.any(axis=1), frame.columns[wrong.any(axis=0)]
            names, who = some(repr(name) for name in columns), some(frame.index[rows][:3])
            raise kind(
                f"{what} must be finite and complete, {names} have {words} values in {int(rows.sum())} of {len(rows)} "
                f"patients, first {who}; impute them, drop these patients or leave the columns out"
            )


def complete(data: pd.Series | pd.DataFrame, what: str, names: Iterable[Any] | None = None) -> None:
    """Raise MissingError if a value of a column, or of some or all of a frame, is missing; they need not be numbers."""
    alone = isinstance(data, pd.Series)
    parts = [data] if alone else [data[name] for name in (data if names is None else names)]
    if any(map(_gaps, parts)):
        frame = as_float(pd.concat(parts, axis=1))
        gaps = np.where(frame.isna().to_numpy(), np.nan, 0.0)
        _refuse_values(frame, gaps, what, missing=False, infinite=False)


def _gaps(column: pd.Series) -> bool:
    x = floats(column)
    if x is None and column.dtype == object:
        return levels_in(column)[1]
    return bool(np.isnan(x).any() if x is not None else np.asarray(pd.isna(column.values)).any())


def varying(design: pd.DataFrame) -> None:
    """Raise DependentError if a column has one value in all patients."""
    X = design.values
    ends = (X[0] == X[-1]).tolist()  # of most columns they differ, and nothing else needs to be looked at
    if flat := [j for j, same in enumerate(ends) if same and (X[:, j] == X[0, j]).all()]:
        raise constant(design.columns[flat], len(X))


def constant(names: Iterable[object], n: int, remedy: str = "remove them from the model") -> DependentError:
    """Return the error of columns that have one value."""
    found = [repr(name) for name in names]
    must = "a covariate must vary between patients"
    return DependentError(f"{must}, {len(found)} have one value in all {n}: {some(found)}; {remedy}")


def columns(
    frame: pd.DataFrame, names: Iterable[Any], what: str, numeric: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the frame, numbers among objects as float; UnknownError unless it has these columns, each once."""
    instance(frame, pd.DataFrame, f"a DataFrame with {what}", "build one")
    known = frame.columns
    nested = isinstance(known, pd.MultiIndex)
    if unknown := [repr(name) for name in (*names, *numeric) if nested or name not in known]:
        must = f"{what} must be columns of the frame, {len(unknown)} are not: {some(unknown)}"
        raise UnknownError(f"{must}; it has {some_of(list(frame.columns)[:12])}")
    unique(known, f"columns of {what}")
    if numeric and not len(frame):
        raise InputError(f"{what} must have rows, found none; look at what the table was made of")
    new = {one: read(frame[one], f"{what} in {one!r}") for one in numeric if floats(frame[one]) is None}
    return frame.assign(**new) if new else frame


def read(values: Any, what: str) -> np.ndarray:
    """Return numbers, NaN where missing, as an array of float; NumberError for anything else, such as numbers in words."""
    x = floats(values)
    if x is None:
        given = pd.Series(values)
        if odd := [one for one in given.dropna() if not number(one)]:
            raise NumberError(f"{what} must be numbers or missing, found {odd[0]!r}; convert them")
        x = given.astype("Float64").to_numpy(float, na_value=np.nan)
    return x


def named(frame: pd.DataFrame, names: str | Iterable[str], what: str) -> list[str]:
    """Return names of columns of the frame as a list, each once; UnknownError if one is no column, or there are none."""
    found = [names] if isinstance(names, str) else list(names)
    columns(frame, found, what)
    unique(pd.Index(found), what)
    if not found:
        raise UnknownError(f"{what} must be columns of the frame, found none; name one or more")
    return found


def levels(values: pd.Series, known: str = "") -> list[Any]:
    """Return levels by name; NumberError for times or numbers among objects, MissingError for gaps in what must be ``known``."""
    found, gaps = levels_in(values)
    if known and gaps:
        complete(values, known)
    dtype, odd = values.dtype, ""
    if dtype.kind in "mM":
        odd = f"{dtype}; count days, with .dt.days of a difference"
    elif values.dtype == object and any(isinstance(one, Number) > isinstance(one, bool) for one in found):
        odd = "numbers among objects; convert it with astype(float) or astype(str)"
    if odd:
        raise NumberError(f"the column {values.name!r} must be numbers or words, found {odd}")
    return sorted(found, key=str)


def groupings(given: pd.Series | Sequence[pd.Series], index: pd.Index, what: str) -> list[pd.Series]:
    """Return one column or several that divide the patients, complete, in the order of ``index``."""
    several = [given] if isinstance(given, str | pd.Series) else list(given)
    if isinstance(given, pd.DataFrame | Mapping):
        several = [given[name] for name in given]
    found = [as_float(aligned(one, index, what)) for one in several]
    for one in found:
        complete(one, what)
    return found
