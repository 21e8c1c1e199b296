"""Choices that note what is read of them: a result rests on those that were read for it, not on all."""

import pickle
from collections.abc import Callable, Iterable, Set
from functools import partial
from inspect import ismethod
from operator import attrgetter
from pathlib import Path
from types import MethodType, SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from livingpaper.build.project import Project, digest
from livingpaper.build.reads import note, watching
from livingpaper.config import config

MANY = 1000  # texts of an array, from which on some are likely to be alike
KINDS = (BaseModel, SimpleNamespace)  # of choices
MARK = "\0"  # in no file's name; after it stands which choice of the file was read


def _of_the_whole(name: str) -> Any:
    return lambda choices, *arguments: getattr(choices._whole(), name)(*arguments)


class Tracked:
    """Choices that ``say`` the dotted names of what is read; in every other respect the choices themselves."""

    __slots__ = ("_changed", "_choices", "_path", "_say")

    def __init__(
        self, choices: Any, say: Callable[[str], Any], path: str, changed: Set[str] = frozenset()
    ) -> None:
        """Track what stands at ``path``; what a copy was given other values for, ``changed``, is no choice."""
        self._choices, self._say, self._path, self._changed = choices, say, path, changed

    def __getattr__(self, name: str) -> Any:
        value, path = getattr(self._choices, name, MARK), f"{self._path}.{name}"
        if name in self._changed:
            return value
        if isinstance(value, KINDS):
            return Tracked(value, self._say, path)
        if ismethod(value):
            own = not value.__func__.__module__.startswith("pydantic")
            return MethodType(value.__func__, self if own else self._whole())
        self._say(path)  # also that there is none
        return getattr(self._choices, name) if value is MARK else value

    def model_copy(self, *, update: dict[str, Any] | None = None) -> "Tracked":
        """Return a copy with other values, as of a pydantic model."""
        changed = self._changed | frozenset(update or ())
        return Tracked(self._choices.model_copy(update=update), self._say, self._path, changed)

    def _whole(self) -> Any:
        self._say(self._path)
        return self._choices._whole() if type(self._choices) is Tracked else self._choices

    __class__ = property(lambda self: self._choices.__class__)

    def __eq__(self, other: object) -> bool:
        return bool(self._whole() == (other._whole() if type(other) is Tracked else other))

    __hash__, __iter__, __repr__ = map(_of_the_whole, ("__hash__", "__iter__", "__repr__"))
    __reduce_ex__ = _of_the_whole("__reduce_ex__")


def _say(file: Path, name: str) -> None:
    note([f"{file}{MARK}{name}"])


def watched(choices: Any, file: Path) -> Any:
    """Return the choices of a file; while somebody watches what is read, they note which of them are."""
    if not watching():
        return choices
    _say(file, "loaded")
    return Tracked(choices, partial(_say, file), "plan")


def choices_of(project: Project) -> SimpleNamespace:
    """Return what a result may rest on: the ``file`` of the choices, and they themselves unless they are impossible."""
    try:
        made = {"plan": config(project).plan(), "loaded": True}
    except Exception:  # what is wrong with them says the cell that reads them
        made = {}
    return SimpleNamespace(file=digest([project.protocol], project.root), **made)


def choices_read(project: Project, files: Iterable[str]) -> set[str]:
    """Return the names in ``choices_of`` that were read, from what ``files_read`` gave."""
    parts = [file.partition(MARK) for file in files]
    read = {file for file in {file for file, _, _ in parts} if _same_file(project.protocol, file)}
    return {name or "file" for file, _, name in parts if file in read}


def _same_file(one: Path, other: str) -> bool:
    try:
        return one.samefile(other)  # whatever links lead there
    except OSError:  # one is gone
        return str(one) == other


class Keeper(pickle.Pickler):
    """Writes of choices of the paper only where they stand: who keeps them rests on none of them."""

    def reducer_override(self, value: Any) -> Any:
        """Return how choices are found again, and texts: each once, with the place of each in the array."""
        if type(value) is np.ndarray and value.dtype == object and value.size >= MANY:
            places, texts = pd.factorize(value.ravel())
            gaps = value.ravel()[places < 0]
            if {*map(type, texts)} <= {str} and {*map(type, gaps)} <= {float}:
                return _of_texts, ([*texts, np.nan], places.astype(np.int32), value.shape)
        own = type(value) is Tracked and not value._changed and isinstance(value._say, partial)
        return (_chosen, (value._path,)) if own else NotImplemented


def _of_texts(texts: list[Any], places: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.array(texts, object)[places].reshape(shape)


def _chosen(path: str) -> Any:
    return attrgetter(path)(SimpleNamespace(plan=config().plan()))
