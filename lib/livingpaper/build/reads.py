"""Which files of the paper are read while something runs; results from a store bring theirs along."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project, hashing, placed
from livingpaper.config import config, fits

READS = Path("cache", "reads")
_watching: list[set[str]] = []


@contextmanager
def files_read() -> Iterator[set[str]]:
    """Give a set that fills with the paths of all files opened inside, by whomever."""
    _listen()
    seen: set[str] = set()
    _watching.append(seen)
    try:
        yield seen
    finally:
        _watching.remove(seen)


def note(files: Iterable[str]) -> None:
    """Count files as read: a stored result rests on those that were read when it was computed."""
    for seen in _watching:
        seen |= set(files)


def watching() -> bool:
    """Return whether somebody watches, and what is read now counts."""
    return bool(_watching) and not hashing


@cache
def _listen() -> None:
    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and watching() and isinstance(arguments[0], (str, Path)):
            note([os.path.abspath(arguments[0])])  # noqa: PTH100  # the folder may change; Path is slower

    sys.addaudithook(heard)  # cannot be taken away again: it does nothing while nobody watches


def public(project: Project, files: Iterable[str]) -> list[str]:
    """Return those files, relative to the paper, that ``paper.toml`` allows to be named."""
    paths = {os.path.abspath(file.partition("\0")[0]) for file in files}  # noqa: PTH100  # without which choice it was
    own = (placed(Path(path), project.root) for path in paths if path.startswith(f"{project.root}{os.sep}"))
    names = {path.relative_to(project.root).as_posix() for path in own}
    return sorted(name for name in names if fits(name, config(project).public))


def keep_reads(project: Project, chapter: Path, files: Iterable[str]) -> None:
    """Keep which public files a chapter has read."""
    write_whole(project.build / READS / f"{chapter.stem}.json", json.dumps(public(project, files)).encode())


def files_behind(project: Project, chapters: Iterable[str]) -> list[str]:
    """Return the public files that the cells of some chapters, such as ``book/methods``, have read."""
    paths = [project.build / READS / f"{Path(chapter).name}.json" for chapter in chapters]
    return sorted({name for path in paths if path.is_file() for name in json.loads(path.read_text("utf-8"))})
