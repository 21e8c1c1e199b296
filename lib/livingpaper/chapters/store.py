"""Results of long steps on disk, under the hash of everything they rest on."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from livingpaper.build.cache import module_files, write_whole
from livingpaper.build.project import Project, digest
from livingpaper.build.reads import files_read, note

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
    with locked(path):
        if (found := kept(path)) is not None:
            return cast("T", found)
        result, files = watched(compute)
        return put(path, result, files, limit=limit) if keep() else result


def watched(compute: Callable[[], T]) -> tuple[T, list[str]]:
    """Return a result and the files that were read for it."""
    with files_read() as seen:
        return compute(), sorted(seen)


def put(path: Path, result: T, files: list[str], *, limit: int = LIMIT) -> T:
    """Store a result with the files that were read for it; return it as it will be found, so that it hashes alike."""
    content = _pickled((result, files), path.stem.rpartition("-")[0])
    if result is not None:  # None is no result
        write_whole(path, content)
        _forget(path.parent, path, limit)
    return cast("T", pickle.loads(content)[0])


def kept(path: Path) -> Any:
    """Return a stored result, whose files then count as read; None if there is none."""
    result, files = recalled(path) or (None, [])
    note(files)
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
def locked(path: Path) -> Iterator[None]:
    """Let who wants the same result wait until it is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_suffix(".lock")
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
        lock.unlink(missing_ok=True)


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


def as_loaded(modules: list[str]) -> bool:
    """Return whether the files of modules are older than this process: else it may run what they no longer say."""
    return all(file.stat().st_mtime < STARTED for file in module_files(*modules).values())
