"""Things that are nothing of the kind: when a public function fails on one, its annotations say what was needed."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence, Sized
from dataclasses import MISSING, fields
from functools import cache, wraps
from numbers import Number
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from headtohead.door.people import TABLES, floats
from headtohead.errors import CannotAdjustError, CannotEstimateError, InputError

Public = TypeVar("Public", bound=Callable[..., Any])
Kind = TypeVar("Kind")
WORDS: dict[Any, Any] = {"str": str, "str | None": (str, NoneType)}  # as annotations are written
PLAIN: dict[Any, Any] = {str: str, int: int | np.integer, float: Number, bool: bool | np.bool_}
OURS = (InputError, CannotAdjustError, CannotEstimateError)


def trusted(kind: type[Kind], *values: Any, **named: Any) -> Kind:
    """Return a frozen dataclass with slots of what our own functions checked or made, without its own checks."""
    one = object.__new__(kind)
    given: Any = kind
    for name, value in (_defaults(given) | dict(zip(given.__slots__, values, strict=False)) | named).items():
        object.__setattr__(one, name, value)
    return one


@cache
def _defaults(kind: Any) -> dict[str, Any]:
    return {each.name: each.default for each in fields(kind) if each.default is not MISSING}


def guarded(public: Public) -> Public:
    """Return a function, or a class with its methods, that raises InputError where it failed on a wrong kind of thing.

    Annotations are read only after a failure, so that a call that succeeds costs nothing, but for words: anything can
    be printed, so that nothing would fail. What is of the right kind keeps the error it had.
    """
    if inspect.isclass(public):
        for name, method in list(vars(public).items()):
            if inspect.isfunction(method) and (name == "__init__" or not name.startswith("_")):
                setattr(public, name, _guarded(method, public.__name__ + f".{name}" * (name != "__init__")))
            elif isinstance(method, classmethod):
                setattr(public, name, classmethod(_guarded(method.__func__, f"{public.__name__}.{name}")))
        return public
    return _guarded(public, public.__name__) if inspect.isfunction(public) else public  # type: ignore[return-value]


def _guarded(function: Callable[..., Any], called: str) -> Callable[..., Any]:
    if hasattr(function, "__wrapped__"):
        return function

    names, hints = list(inspect.signature(function).parameters), function.__annotations__
    words = [(name, WORDS[hints[name]]) for name in names if hints.get(name) in WORDS]

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        given = dict(zip(names, args, strict=False)) | named if words else {}
        odd = [name for name, kind in words if name in given and not isinstance(given[name], kind)]
        if odd and (message := _wrong_kind(function, called, args, named)):
            raise InputError(message)
        try:
            return function(*args, **named)
        except Exception as error:
            if not isinstance(error, OURS) and (message := _wrong_kind(function, called, args, named)):
                raise InputError(message) from error
            raise

    return call


def _wrong_kind(function: Callable[..., Any], called: str, args: Any, named: Any) -> str:
    """Return what must hold for the first argument of a wrong kind, nothing if there is none."""
    try:
        given, hints = inspect.signature(function).bind(*args, **named).arguments, get_type_hints(function)
        wrong = [name for name, value in given.items() if name in hints and not fits(value, hints[name])]
    except (TypeError, NameError):
        return ""
    for name in wrong:
        found = type(given[name]).__name__
        return f"{called}: {name} must be {in_words(hints[name])}, found {found}; see help({called})"
    for name, value in given.items():
        if isinstance(value, TABLES) and (found := _strange(value)):
            return f"{called}: {name} must hold plain numbers or words, found {found}; convert them"
    return ""


def _strange(data: pd.Series | pd.DataFrame) -> str:
    """Return what columns hold that are neither numbers of a usual size nor words, nothing if they do not."""
    for _, column in data.to_frame().items() if isinstance(data, pd.Series) else data.items():
        x, dtype = floats(column), column.dtype
        foreign = isinstance(dtype, np.dtype) and not (dtype.isnative and dtype.itemsize <= 8)
        if foreign or (x is None and not pd.api.types.is_object_dtype(dtype)):
            return str(dtype)
        if x is None and not (kinds := {type(one) for one in column.dropna()}) <= {str, bool}:
            return ", ".join(sorted(kind.__name__ for kind in kinds))
        if x is not None and ((np.abs(x) > 1e100) | ((x != 0) & (np.abs(x) < 1e-100))).any():
            return f"{np.nanmax(np.abs(x)):g}"
    return ""


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value is of the kind that an annotation names; what is in it counts."""
    outer, inner = get_origin(hint), get_args(hint)
    if outer in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if outer is Literal or hint in PLAIN:
        return isinstance(value, PLAIN.get(hint, str)) and (hint is bool or not isinstance(value, bool))
    if outer is None:
        return hint is Any or not inspect.isclass(hint) or isinstance(value, hint)
    if issubclass(outer, Callable):  # type: ignore[arg-type]
        return callable(value)
    if issubclass(outer, Mapping):
        return isinstance(value, Mapping) and all(fits(one, inner[1]) for one in value.values())
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
        return False
    if outer is Sequence and not isinstance(value, Sized):
        return False
    if outer is tuple and Ellipsis not in inner and len(list(value)) != len(inner):
        return False
    return all(fits(one, inner[0]) for one in value)


def in_words(hint: Any) -> str:
    """Return an annotation without the modules of its names."""
    named = inspect.isclass(hint) and not get_args(hint)
    return hint.__name__ if named else re.sub(r"\b\w+\.", "", str(hint))
