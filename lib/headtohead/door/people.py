"""One row per patient: labels, arms, events, times, weights."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, KeysView, Set
from typing import Any, TypeVar

import numpy as np
import pandas as pd

from headtohead import errors

Data = TypeVar("Data", pd.Series, pd.DataFrame)
TABLES, TRUTH, FLOAT, WHOLE = (pd.Series, pd.DataFrame), np.dtype(bool), np.dtype(float), np.dtype(np.int64)
LOWEST, LARGEST_CAUSE = float(np.finfo(float).min), 2**53  # of the finite; of those that a float tells apart


def some(labels: Iterable[object]) -> str:
    """Return the first three labels, and dots if there are more."""
    names = [str(label) for label in labels]
    return ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")


def wrong_rows(wrong: np.ndarray, data: Any) -> str:
    """Return how many rows are wrong, and the first three labels of ``data``, an index, its owner or an array."""
    index = data if isinstance(data, pd.Index) else getattr(data, "index", pd.RangeIndex(len(wrong)))
    return f"{int(wrong.sum())} of {len(wrong)} are not, first {some(index[wrong][:3])}"


def unique(labels: pd.Index, what: str) -> None:
    """Raise DuplicateError if a label occurs twice."""
    if not labels.is_unique:
        twice = labels[labels.duplicated()].unique()
        must = f"{what} must be distinct"
        found = f"{len(twice)} of {labels.nunique()} occur more than once: {some(twice)}"
        own = "give each its own, for example reset_index(drop=True)"
        remedy = own if "patients" in what else "name each once"
        raise errors.DuplicateError(f"{must}, {found}; {remedy}")


def distinct(labels: Iterable[object], what: str) -> None:
    """Raise DuplicateError if a name of a few occurs twice."""
    names = list(labels)
    if len(set(map(repr, names))) < len(names):
        unique(pd.Index(names), what)


def ordered(names: Any, what: str) -> None:
    """Raise InputError for a set, which has no first name."""
    if isinstance(names, Set) and not isinstance(names, KeysView):
        raise errors.InputError(f"{what} must come in an order, found a {type(names).__name__}; give a list")


def words(names: Any, what: str) -> list[str]:
    """Return names as a list, words that differ; InputError if there are none, or one is none."""
    ordered(names, what)
    found: list[Any] = [names] if isinstance(names, str) or names is None else list(names)
    odd = [one for one in found if not (isinstance(one, str) and one.strip())]
    if odd or not found or isinstance(names, str):
        said = " ".join(repr(odd[0] if odd else names).split())[:40] if found else "none"
        raise errors.InputError(f"{what} must be words, found {said}; give each a name, as 'a' and 'b'")
    distinct(found, what)
    return found


def patients(data: Any, what: str) -> None:
    """Raise InputError unless this is a Series or DataFrame, one row per patient, each with a label of its own."""
    if isinstance(data, TABLES) and (index := data.index).is_unique and len(index):
        return
    if not isinstance(data, TABLES):
        must = f"{what} must be a Series or DataFrame with one row per patient"
        raise errors.InputError(f"{must}, found {type(data).__name__}; build it from the frame of the cohort")
    if not len(data.index):
        must = f"{what} must have patients, found none"
        raise errors.EmptyArmError(f"{must}; look at the filters of the cohort")
    unique(data.index, f"patients of {what}")


def aligned(data: Data, index: pd.Index, what: str) -> Data:
    """Return ``data`` in the order of ``index``; AlignmentError unless both hold the same patients."""
    if isinstance(data, TABLES) and (own := data.index) is index and own.is_unique and len(own):
        return data
    patients(data, what)
    if (own := data.index).equals(index):
        return data
    unique(index, "patients")
    lacking, more = index.difference(own, sort=False), own.difference(index, sort=False)
    if len(lacking) or len(more):
        raise errors.AlignmentError(
            f"{what} and the arms must be of the same patients, {len(lacking)} of {len(index)} have none "
            f"({some(lacking) or 'nobody'}) and {len(more)} have no arm ({some(more) or 'nobody'}); "
            "build both from one frame"
        )
    return data.loc[index]


def arrays(**values: Any) -> None:
    """Raise NumberError unless these are arrays of finite numbers."""
    for name, value in values.items():
        x = floats(np.asarray(value))
        if x is None or not bounded(x):
            bad = "no numbers" if x is None else f"{int((~np.isfinite(x)).sum())} that are not"
            must = f"{name} must be an array of finite numbers"
            raise errors.NumberError(f"{must}, found {bad}; correct or drop them")


def same_length(**arrays: Any) -> None:
    """Raise AlignmentError unless all that are not None have one row per patient."""
    sizes = {name: len(one) for name, one in arrays.items() if one is not None}
    if len(set(sizes.values())) > 1:
        must = "each needs one row per patient"
        raise errors.AlignmentError(f"{must}, found {sizes}; build them from one frame")


def bounded(x: np.ndarray, low: float = LOWEST) -> bool:
    """Return whether numbers are finite and at least so large, by the least and the largest, which are a NaN if one is."""
    if not x.size:
        return True
    flat = x if x.ndim == 1 else x.ravel("K")
    return bool(low <= flat[flat.argmin()] and flat[flat.argmax()] < np.inf)  # half the time of reductions


def floats(values: Any) -> np.ndarray | None:
    """Return numbers or truth values as an array of float, NaN where missing, None if they are neither."""
    x = values.values if isinstance(values, pd.Series) else values
    dtype = getattr(x, "dtype", None)
    if dtype is FLOAT and type(x) is np.ndarray and x.ndim:
        return x
    if isinstance(dtype, np.dtype):
        return np.ma.filled(x.astype(float, copy=False), np.nan) if dtype.kind in "fiub" and x.ndim else None
    numeric = pd.api.types.is_numeric_dtype(dtype) or pd.api.types.is_bool_dtype(dtype)
    if numeric and not isinstance(dtype, pd.CategoricalDtype):
        return np.asarray(values.to_numpy(float, na_value=np.nan))
    return None


def as_float(data: Data) -> Data:
    """Return columns of small, nullable and Arrow's floats as numpy's, in which what is no number is missing."""
    if isinstance(data, pd.Series):
        return data if data.dtype.kind != "f" or data.dtype is FLOAT else data.astype(float)
    odd = [name for name, one in data.items() if one.dtype.kind == "f" and one.dtype is not FLOAT]
    return data.astype(dict.fromkeys(odd, float)) if odd else data


def levels_of(values: pd.Series) -> str:
    """Return the levels of a column in words."""
    return some(repr(level) for level in sorted(as_float(values).dropna().unique().tolist(), key=str))


def arms(values: Any, treated: object = None) -> pd.Series:
    """Return who is in the first arm, Series of bool: True, 1, or ``treated`` where the arms have names."""
    return in_first_arm(values, first_arm(values, treated))


def first_arm(values: Any, treated: object = None) -> object:
    """Return the value that stands for the first arm; an ArmError or a relative of it unless there are two arms."""
    patients(values, "the arms")
    if not isinstance(values, pd.Series):
        raise errors.ArmError("the arms must be one column, found a DataFrame; choose the column")
    first: object = 1 if treated is None else treated
    if values.dtype == TRUTH and treated is None:
        first, both = True, 0 < int(np.count_nonzero(values.values)) < len(values)
    else:
        levels = _named_arms(values, treated)
        both, first = len(levels) > 1, next((one for one in levels if one == first), first)  # as it is held
    if not both:
        must = f"both arms must have patients, all {len(values)} are in one ({levels_of(values)})"
        raise errors.EmptyArmError(f"{must}; check the arms")
    return first


def in_first_arm(values: pd.Series, first: object) -> pd.Series:
    """Return who has a value, Series of bool; truth values as they are."""
    if first is True and values.dtype == TRUTH:
        return values
    x = _array(values)
    # numpy would compare with each part of a tuple
    same = x == first if np.isscalar(first) else np.fromiter((one == first for one in x), bool, len(x))
    return pd.Series(np.asarray(same, bool), values.index, name=values.name)


def levels_in(values: pd.Series) -> tuple[list[Any], bool]:
    """Return the levels that a column has, in any order, and whether some values are unknown."""
    every = set(_array(values).tolist())
    found = [one for one in every if not (one is None or one is pd.NA or one is pd.NaT or one != one)]
    return found, len(found) < len(every)


def _array(values: pd.Series) -> np.ndarray:
    x = values.values
    return x if type(x) is np.ndarray and x.dtype.kind in "Ofiub" else values.to_numpy(object)


def _named_arms(values: pd.Series, treated: object) -> list[Any]:
    levels, gaps = levels_in(values)
    if gaps:
        found = wrong_rows(as_float(values).isna().to_numpy(), values).replace("are not", "have none")
        raise errors.ArmError(f"every patient must have an arm, {found}; drop them or find out")
    if treated is not None and not (
        isinstance(treated, Hashable) and treated is not pd.NA and treated in levels
    ):
        found = f"found {treated!r}, levels are {levels_of(values)}"
        raise errors.UnknownError(f"treated must be a level of the arms, {found}; name one")
    if len(levels) > 2:
        found = f"found {len(levels)} levels ({levels_of(values)})"
        raise errors.ArmError(f"two arms can be compared, {found}; keep the patients of two")
    if treated is None and not set(levels) <= {0, 1}:
        one, other = map(repr, (sorted(levels, key=str) * 2)[:2])
        raise errors.ArmError(
            f"arms must be True and False, or 1 and 0, found the levels {levels_of(values)}; name the first one: "
            f"arm == {one} or arm == {other}, in propensity treated={one} or treated={other}"
        )
    return levels


def need_both(arm: Any, used: Any, what: str, remedy: str = "check who is left out") -> None:
    """Raise EmptyArmError unless patients of both arms are used."""
    used = np.asarray(used)
    n1 = np.count_nonzero(np.asarray(arm) & used)
    n0 = np.count_nonzero(used) - n1
    if not n1 or not n0:
        raise errors.EmptyArmError(f"both arms need {what}, found {n1} and {n0}; {remedy}")


def events(values: Any, what: str = "events", *, known: bool = True) -> np.ndarray:
    """Return 0/1 or truth values as an array of float; NaN is an error if they must be ``known``."""
    remedy = (
        "code the event 1 and all else 0, for example values == 'yes', or estimate a difference of means, and drop or "
        "impute what is missing"
    )
    return _coded(values, 1, f"{what} must be 0 and 1", remedy, known).astype(float, copy=False)


def causes(values: Any, number: int | None = None) -> np.ndarray:
    """Return causes as an array of int: 0 censored, 1 to ``number`` the causes."""
    last, word = (LARGEST_CAUSE, "the last") if number is None else (number, number)
    must = f"causes must be whole numbers from 0 (censored) to {word}"
    return _coded(values, last, must, "code them so, and name every cause").astype(np.int64, copy=False)


def _coded(values: Any, last: float, must: str, remedy: str, known: bool = True) -> np.ndarray:
    """Return whole numbers from 0 to the last one as an array, NaN among them unless they must be ``known``."""
    x = values.values if isinstance(values, pd.Series) else None
    if type(x) is np.ndarray and x.dtype is WHOLE and x.size and x[x.argmin()] >= 0 and x[x.argmax()] <= last:
        return x
    if (x := floats(values)) is None:
        found = f"the levels {levels_of(values)}" if isinstance(values, pd.Series) else type(values).__name__
        raise errors.EventError(f"{must}, found {found}; {remedy}")
    wrong = ~((x >= 0) & (x <= last) & (x == np.floor(x))) & (known | ~np.isnan(x))
    if wrong.any():
        found = some(f"{value:g}" for value in np.unique(x)[:4])
        raise errors.EventError(f"{must}, {wrong_rows(wrong, values)} (values {found}); {remedy}")
    return x


def times(values: Any, what: str = "times") -> np.ndarray:
    """Return times as an array of float, finite and not negative; truth values, which count as numbers, are none."""
    x, found = floats(values), getattr(values, "dtype", type(values).__name__)
    if x is None or getattr(found, "kind", "") == "b":
        raise errors.TimeError(f"{what} must be numbers, found {found}; give days since time zero")
    if not bounded(x, 0):
        wrong = ~(np.isfinite(x) & (x >= 0))
        found = some(f"{value:g}" for value in x[wrong][:3])
        raise errors.TimeError(
            f"{what} must be known, finite and at least 0, {wrong_rows(wrong, values)} ({found}); correct or drop them, "
            "and give who had no event the end of follow-up"
        )
    return x


def scored(ps: Any, treated: Any) -> pd.Series:
    """Return the arms in the order of their scores, which lie strictly between 0 and 1, else a SeparationError."""
    patients(ps, "scores")
    x = floats(ps)
    inside = np.zeros(len(ps), bool) if x is None else (x > 0) & (x < 1)
    if not inside.all():
        must = f"scores must lie strictly between 0 and 1, {wrong_rows(~inside, ps)}"
        raise errors.SeparationError(f"{must}; look for a covariate that separates the arms")
    return aligned(arms(treated), ps.index, "scores")


def weights(values: Any, what: str = "weights") -> np.ndarray:
    """Return weights as an array of float, finite and not negative."""
    x = floats(values)
    if x is None:
        must = f"{what} must be numbers"
        raise errors.NumberError(f"{must}, found {type(values).__name__}; give one per patient")
    most = float(np.maximum.reduce(x, axis=None, initial=0))
    if 1e100 < most < np.inf or 0 < most < 1e-100:
        must = f"{what} must be of a size that can be squared, the largest is {most:g}"
        raise errors.NumberError(f"{must}; divide them by their mean")
    if not bounded(x, 0):
        wrong = np.atleast_2d(~(np.isfinite(x) & (x >= 0))).any(axis=0)
        found = wrong_rows(np.asarray(wrong), values)
        raise errors.NumberError(f"{what} must be finite and at least 0, {found}; 0 leaves a patient out")
    return x
