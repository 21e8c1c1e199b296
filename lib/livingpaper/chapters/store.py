"""Long steps of chapters: their results are kept on disk, under the hash of what they rest on and nothing else."""

import fcntl
import hashlib
import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from contextlib import contextmanager, suppress
from copy import copy
from functools import wraps
from inspect import BoundArguments, ismethod, signature
from operator import attrgetter
from pathlib import Path
from types import MethodType, SimpleNamespace
from typing import Any, ParamSpec, TypeVar

import pandas as pd
from pydantic import BaseModel

from livingpaper.build.cache import code_digest, module_files, source_file, write_whole
from livingpaper.build.project import digest, find_project
from livingpaper.build.reads import files_read, note

P = ParamSpec("P")
T = TypeVar("T")
LIMIT = 2_000_000_000  # bytes kept; what was used longest ago goes first
STARTED = time.time()
KINDS = (BaseModel, SimpleNamespace)  # of choices


def stored(
    folder: Path, name: str, inputs: dict[str, str], compute: Callable[[], Any], modules: Iterable[str] = ()
) -> Any:
    """Return the stored result of the same inputs, or compute it; it is stored if ``modules`` are ``as_loaded``."""
    path = stored_at(folder, name, inputs)
    with locked(path):
        if (found := kept(path)) is not None:
            return found
        with files_read() as seen:
            result = compute()
        return put(path, result, seen) if as_loaded(modules) else result


def stored_at(folder: Path, name: str, inputs: Mapping[str, str]) -> Path:
    """Return the file of a result; ``inputs`` are everything it rests on, as text or digests."""
    return folder / f"{name}-{hash_of(sorted(inputs.items()))[:20]}.pickle"


def put(path: Path, result: Any, files: set[str]) -> Any:
    """Store a result with the files that were read for it; return it as it will be found, so that it hashes alike."""
    try:
        content = pickle.dumps((result, sorted(files)))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        name = path.stem.rpartition("-")[0]
        raise ValueError(f"{name} must give what pickle can keep, it does not: {error}; give data") from None
    if result is not None:  # None is no result
        write_whole(path, content)
        _forget(path)
    return pickle.loads(content)[0]


def kept(path: Path) -> Any:
    """Return a stored result, whose files then count as read; None if there is none."""
    result, files = recalled(path) or (None, [])
    note(files)
    return result


def recalled(path: Path) -> Any:
    """Return what a file holds; None if there is none, or it is torn."""
    try:
        result = pickle.loads(path.read_bytes())
    except Exception:
        return None
    os.utime(path)
    return result


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let who wants the same result wait until it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_suffix(".lock")
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        lock.unlink(missing_ok=True)


def _forget(newest: Path) -> None:
    """Delete what was used longest ago until the folder is small enough."""
    files, held = [], 0
    for path in newest.parent.glob("*.pickle"):
        with suppress(FileNotFoundError):
            files.append((path.stat(), path))
    for stat, path in sorted(files, key=lambda file: file[0].st_mtime, reverse=True):
        held += stat.st_size
        if held > LIMIT and path != newest:
            path.unlink(missing_ok=True)


class _Canonical(pickle.Pickler):
    def persistent_id(self, value: object) -> list[str] | None:  # sets have no order
        return sorted(map(hash_of, value)) if isinstance(value, (set, frozenset)) else None


def hash_of(value: object) -> str:
    """Return the hash of anything that pickles and does not hold itself."""
    total = hashlib.sha256()
    pickler = _Canonical(SimpleNamespace(write=total.update), protocol=5)
    pickler.fast = True  # without regard to which parts of the value are one object
    pickler.dump(value)
    return total.hexdigest()


def as_loaded(modules: Iterable[str]) -> bool:
    """Return whether the files of modules are older than this process: else it may run what they no longer say."""
    return all(file.stat().st_mtime < STARTED for file in module_files(*modules).values())


def remember(function: Callable[P, T], *, each: str = "") -> Callable[P, T]:
    """Return the function with its results kept on disk.

    A result is computed anew when the arguments, of the choices of a protocol those that the function reads, the source
    of its module or of any that this reaches, or the locked packages change. Arguments may be anything that pickles.

    ``each`` names an argument with several items, for each of which the function gives rows of its own: each is kept
    alone. A ``ValueError`` if the function is not one of a module: a function of a cell has no source to rest on.
    """
    module, name = function.__module__, function.__qualname__
    if not source_file(module) or "<" in name:
        must = "remember takes a function of a module of the project"
        raise ValueError(f"{must}, found {module}.{name}; move it there")

    @wraps(function)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
        bound, code = signature(function).bind(*args, **kwargs), code_digest(module)
        items = bound.arguments.get(each)
        if not isinstance(items, (list, tuple)):
            return _one(function, bound, code)
        parts = [_one(function, _with(bound, {each: [item]}), code) for item in items]
        if not all(isinstance(part, pd.DataFrame) for part in parts):
            raise ValueError(f"each is for functions that give frames, {name} does not; leave it out")
        return pd.concat(parts, ignore_index=True)

    return remembered


def _with(bound: BoundArguments, changes: dict[str, Any]) -> BoundArguments:
    changed = copy(bound)
    changed.arguments = bound.arguments | changes
    return changed


def _one(function: Callable[..., Any], bound: BoundArguments, code: str) -> Any:
    """Return the kept result of a call, or compute and keep it."""
    project, module, name = find_project(), function.__module__, function.__qualname__
    choices = {key: value for key, value in bound.arguments.items() if isinstance(value, KINDS)}
    inputs = {
        "function": f"{module}.{name}",
        "code": code,
        "arguments": hash_of(sorted((bound.arguments | dict.fromkeys(choices)).items())),
        "lock": digest([project.lock], project.root),
    }

    def place(reads: set[str]) -> Path:
        values = {f"choice {path}": hash_of(attrgetter(path)(SimpleNamespace(**choices))) for path in reads}
        return stored_at(project.steps, name, inputs | values)

    index = stored_at(project.steps, f"{name}-reads", inputs)
    with locked(index):
        known = recalled(index) or []
        for reads in known:
            if (found := kept(place(reads))) is not None:
                return found
        seen = set[str]()
        tracked = _with(bound, {key: Tracked(value, seen, key) for key, value in choices.items()})
        with files_read() as files:
            result = function(*tracked.args, **tracked.kwargs)
        if as_loaded([module]):
            result = put(place(seen), result, files)
            write_whole(index, pickle.dumps([*(reads for reads in known if reads != seen), seen]))
        return result


def _of_the_whole(name: str) -> Any:
    return lambda choices, *arguments: getattr(choices._whole(), name)(*arguments)


class Tracked:
    """Choices that note in ``seen`` the dotted names of what is read; in every other respect the choices themselves."""

    __slots__ = ("_changed", "_choices", "_path", "_seen")

    def __init__(self, choices: Any, seen: set[str], path: str, changed: Set[str] = frozenset()) -> None:
        """Track what stands at ``path``; what a copy was given other values for, ``changed``, is no choice."""
        self._choices, self._seen, self._path, self._changed = choices, seen, path, changed

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._choices, name)
        if type(value) is Tracked or name in self._changed:
            return value
        path = f"{self._path}.{name}"
        if isinstance(value, KINDS):
            return Tracked(value, self._seen, path)
        if ismethod(value):
            own = not value.__func__.__module__.startswith("pydantic")
            return MethodType(value.__func__, self if own else self._whole())
        self._seen.add(path)
        return value

    def model_copy(self, *, update: dict[str, Any] | None = None) -> "Tracked":
        """Return a copy with other values, as of a pydantic model."""
        changed = self._changed | frozenset(update or ())
        return Tracked(self._choices.model_copy(update=update), self._seen, self._path, changed)

    def _whole(self) -> Any:
        self._seen.add(self._path)
        return self._choices

    __class__ = property(lambda self: type(self._choices))

    def __eq__(self, other: object) -> bool:
        return bool(self._whole() == (other._whole() if type(other) is Tracked else other))

    __hash__, __iter__, __repr__ = map(_of_the_whole, ("__hash__", "__iter__", "__repr__"))
    __reduce_ex__ = _of_the_whole("__reduce_ex__")
