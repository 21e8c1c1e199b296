"""Results of long steps on disk, under the hash of everything they rest on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from livingpaper.build.cache import code_digest, module_files, source_file, write_whole
from livingpaper.build.project import Project, digest, find_project

P = ParamSpec("P")
T = TypeVar("T")
LIMIT = 2_000_000_000  # bytes kept; what was used longest ago goes first
STARTED = time.time()


def stored(
    folder: Path,
    name: str,
    inputs: Mapping[str, str],
    compute: Callable[[], T],
    *,
    keep: Callable[[], bool] = lambda: True,
    limit: int = LIMIT,
) -> T:
    """Return the stored result of the same inputs, or compute and store it; who comes second waits.

    Parameters
    ----------
    folder : Path
        May be deleted at any time.
    name : str
        Of the step; any characters.
    inputs : mapping of str to str
        Everything the result rests on, as text or digests.
    compute : callable
    keep : callable
        Asked after computing: whether to store the result.
    limit : int
        Bytes that the folder may hold.
    """
    path = stored_at(folder, name, inputs)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".lock")):
        if (found := recalled(path)) is not None:
            result: T = found
            return result
        result = compute()
        if result is not None and keep():
            write_whole(path, _pickled(result, name))
            _forget(folder, path, limit)
        return result


def stored_at(folder: Path, name: str, inputs: Mapping[str, str]) -> Path:
    """Return the file of a result."""
    total = hashlib.sha256("\0".join(f"{k}={inputs[k]}" for k in sorted(inputs)).encode()).hexdigest()[:20]
    return folder / f"{name}-{total}.pickle"


def recalled(path: Path) -> Any:
    """Return a stored result; None if there is none, or it is torn."""
    try:
        result = pickle.loads(path.read_bytes())
    except Exception:
        return None
    os.utime(path)
    return result


def _pickled(result: object, name: str) -> bytes:
    try:
        return pickle.dumps(result)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ValueError(f"{name} must give what pickle can keep, it does not: {error}; give data") from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        path.unlink(missing_ok=True)


def _forget(folder: Path, newest: Path, limit: int) -> None:
    """Delete what was used longest ago until the folder is small enough."""
    files = sorted(
        ((stat.st_mtime, stat.st_size, path) for path in folder.glob("*.pickle") if (stat := _stat(path))),
        reverse=True,
    )
    held = 0
    for _, size, path in files:
        held += size
        if held > limit and path != newest:
            path.unlink(missing_ok=True)


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def kept_in(project: Project) -> Path:
    """Return where results are kept."""
    return project.build / "cache" / "steps"


def lock_digest(project: Project) -> str:
    """Return the hash of the locked packages."""
    return digest([project.lock], project.root) if project.lock.is_file() else ""


def remember(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function with its results kept on disk.

    A result is computed anew when the arguments, the source of the function's module or of any module of
    the project that it reaches, or the locked packages change. Arguments may be anything that pickles.

    Raises
    ------
    ValueError
        If the function is not one of a module: a function of a cell has no source to rest on.
    """
    module, name = function.__module__, function.__qualname__
    if not source_file(module) or "<" in name:
        raise ValueError(
            f"remember takes a function of a module of the project, found {module}.{name}; move it there"
        )

    @wraps(function)
    def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
        import joblib  # slow to import

        project = find_project()
        inputs = {
            "function": f"{module}.{name}",
            "code": code_digest(module),
            "arguments": str(joblib.hash((args, sorted(kwargs.items())))),
            "lock": lock_digest(project),
        }
        return stored(
            kept_in(project),
            name,
            inputs,
            lambda: function(*args, **kwargs),
            keep=lambda: as_loaded([module]),
        )

    return remembered


def as_loaded(modules: list[str]) -> bool:
    """Return whether the files of modules are older than this process: else it may run what they no longer say."""
    return all(file.stat().st_mtime < STARTED for file in module_files(*modules).values())
