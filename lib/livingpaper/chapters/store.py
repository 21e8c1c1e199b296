"""Results of long steps on disk, under the hash of everything they rest on."""

import fcntl
import hashlib
import os
import pickle
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from livingpaper.build.cache import module_files, write_whole
from livingpaper.build.reads import files_read, note

LIMIT = 2_000_000_000  # bytes kept; what was used longest ago goes first
STARTED = time.time()


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
