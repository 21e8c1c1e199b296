"""Long steps of chapters: their results are kept on disk, under the hash of what they rest on and nothing else."""

import fcntl
import hashlib
import io
import mmap
import os
import pickle
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import wraps
from inspect import BoundArguments, signature
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, ParamSpec, TypeVar

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype

from livingpaper.build.cache import code_digest, installed, module_files, source_file, write_whole
from livingpaper.build.project import digest, find_project
from livingpaper.build.reads import files_read, note
from livingpaper.chapters.tracked import KINDS, Keeper, Tracked

P = ParamSpec("P")
T = TypeVar("T")
Read = Callable[[set[str]], Set[str]]
LIMIT = 2_000_000_000  # bytes kept; what was used longest ago goes first
STARTED = time.time()
NOTHING = pickle.dumps(None, 5)
APART = 2**16  # bytes from which an array stands apart in a file
ALIGNED = 64  # bytes of which its place is a multiple


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where the results of one computation are kept: one for each set of values of the choices that it reads."""

    folder: Path
    name: str
    inputs: Mapping[str, str]  # all but choices that a result rests on, as text or digests
    choices: Any = None

    @property
    def index(self) -> Path:
        """The file that says which choices were read for a result, once for each way through the code."""
        return stored_at(self.folder, f"{self.name}-reads", self.inputs)

    def place(self, reads: Set[str]) -> Path:
        """Return the file of the result for which these choices were read."""
        values = {f"choice {path}": _hash_at(self.choices, path) for path in reads}
        return stored_at(self.folder, self.name, {**self.inputs, **values, "kept": "arrays apart"})

    def find(self) -> Any:
        """Return the result for choices as they are; None if there is none."""
        results = (kept(self.place(reads)) for reads in recalled(self.index) or ())
        return next((result for result in results if result is not None), None)

    def keep(self, content: Sequence[bytes | memoryview], reads: Set[str], files: Iterable[str] = ()) -> None:
        """Keep a ``pickled`` result with the choices and files that were read for it."""
        path, known, arrays = self.place(reads), recalled(self.index) or [], content[1:]
        head = pickle.dumps((bytes(content[0]), sorted(files), [*map(len, arrays)]))
        parts: list[bytes | memoryview] = [head]
        for array in arrays:
            parts += [bytes(-len(parts[-1]) % ALIGNED), array]
        write_whole(path, *parts)
        write_whole(self.index, pickle.dumps([*(each for each in known if each != reads), reads]))
        _forget(path)


def stored(shelf: Shelf, compute: Callable[[], Any], read: Read, modules: Iterable[str] = ()) -> Any:
    """Return the result kept on a shelf, or compute it; it is kept if ``modules`` are ``as_loaded``.

    ``read`` says of the files that were read, once all is, which choices were; None is no result and not kept.
    """
    with locked(shelf.index):
        if (found := shelf.find()) is not None:
            return found
        with files_read() as files:
            content = pickled(compute(), shelf.name)
        if as_loaded(modules) and content[0] != NOTHING:
            shelf.keep(content, read(files), files)
            found = shelf.find()  # of the file, which all who take it share
        return pickle.loads(content[0], buffers=content[1:]) if found is None else found


def stored_at(folder: Path, name: str, inputs: Mapping[str, str]) -> Path:
    """Return the file of a result; ``inputs`` are everything it rests on, as text or digests."""
    return folder / f"{name}-{hash_of(sorted(inputs.items()))[:20]}.pickle"


def _hash_at(choices: Any, path: str) -> str:
    try:
        return hash_of(attrgetter(path)(choices))
    except AttributeError:
        return "there is none"


def pickled(result: Any, name: str) -> list[bytes | memoryview]:
    """Return a result as it is kept, its pickle and the large arrays in it; a ``ValueError`` if it cannot be."""
    content, arrays = io.BytesIO(), list[memoryview]()

    def within(array: pickle.PickleBuffer) -> bool:
        large = array.raw().nbytes >= APART
        arrays.extend([array.raw()] * large)
        return not large

    try:
        Keeper(content, protocol=5, buffer_callback=within).dump(result)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(f"{name} must give what pickle can keep, it does not: {error}; give data") from None
    return [content.getvalue(), *arrays]


def kept(path: Path) -> Any:
    """Return a stored result, whose files then count as read; None if there is none, or it is torn.

    Its large arrays are the file's own pages until somebody changes them.
    """
    try:
        with path.open("rb") as file:
            content, files, sizes = pickle.load(file)
            result = pickle.loads(content, buffers=_arrays(file, sizes))
    except Exception:
        return None
    os.utime(path)
    note(files)
    return result


def _arrays(file: IO[bytes], sizes: Iterable[int]) -> Iterator[memoryview]:
    """Yield what stands in a file after its head, as memory that can be changed without changing the file."""
    at, whole = file.tell(), memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY))
    for size in sizes:
        at += -at % ALIGNED
        yield whole[at : at + size]
        at += size


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
    def persistent_id(self, value: object) -> list[str] | str | None:
        if isinstance(value, (set, frozenset)):  # which have no order
            return sorted(map(hash_of, value))
        if type(value) is np.ndarray and value.dtype == object and infer_dtype(value) == "string":
            return hash_of((value.shape, value.tolist()), pickle.Pickler)  # quick: it asks of no text
        return None


def hash_of(value: object, kind: type[pickle.Pickler] = _Canonical) -> str:
    """Return the hash of anything that pickles and does not hold itself."""
    total = hashlib.sha256()
    pickler = kind(SimpleNamespace(write=total.update), protocol=5)
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
    return BoundArguments(bound.signature, OrderedDict(bound.arguments | changes))


def _one(function: Callable[..., Any], bound: BoundArguments, code: str) -> Any:
    """Return the kept result of a call, or compute and keep it."""
    project, module, name = find_project(), function.__module__, function.__qualname__
    choices = {key: value for key, value in bound.arguments.items() if isinstance(value, KINDS)}
    inputs = {
        "function": f"{module}.{name}",
        "code": code,
        "arguments": hash_of(sorted((bound.arguments | dict.fromkeys(choices)).items())),
        "lock": digest([project.lock], project.root) + installed(),
    }
    seen = set[str]()
    tracked = _with(bound, {key: Tracked(value, seen.add, key) for key, value in choices.items()})
    shelf = Shelf(project.steps, name, inputs, SimpleNamespace(**choices))
    return stored(shelf, lambda: function(*tracked.args, **tracked.kwargs), lambda _files: seen, [module])
