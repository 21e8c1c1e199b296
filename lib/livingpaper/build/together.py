"""Pages and the results they print change together or not at all: both are made aside, and take their places at the end."""

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

from livingpaper.build.cache import say, write_whole
from livingpaper.build.project import RESULTS, STAGE, STAGED, Project

READY, PAGES = ".ready", "_build/html"  # with the first name, what was made is whole and only has to move
MOVED = (PAGES, *RESULTS, "_build/.html-state")  # the mark last: with it the pages are up to date


@contextmanager
def together(project: Project) -> Iterator[Path]:
    """Give the folder where new results and pages are made, by their names in the paper; once all is in it, they move."""
    staged = project.build / STAGED
    there = [name for name in RESULTS if (project.root / name).is_file()]
    shutil.rmtree(staged, ignore_errors=True)
    (staged / PAGES).parent.mkdir(parents=True)
    for name in there:
        write_whole(staged / name, (project.root / name).read_bytes())
    os.environ[STAGE] = str(staged)
    try:
        yield staged
    except BaseException:
        if any(not _same(staged / name, project.root / name) for name in there):
            say("the ledger stays as it was, like the pages; for the new numbers: livingpaper ledger")
        raise
    finally:
        del os.environ[STAGE]
    staged.rename(project.build / READY)
    _move(project)


def _move(project: Project) -> None:
    """Put what is ready in its place; done again after a kill, it goes on where that was."""
    ready = project.build / READY
    for name in MOVED:
        made, place = ready / name, project.root / name
        if not made.exists() or _same(made, place):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        if place.is_dir():
            place.rename(ready / "old")
        try:
            made.replace(place)
        except OSError:  # _build is on another disk
            write_whole(place, made.read_bytes())
    shutil.rmtree(ready, ignore_errors=True)


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def alone(build: Callable[..., None]) -> Callable[..., None]:
    """Return a build of a project that waits until no other works in its folder, orphaned children included."""

    @wraps(build)
    def waiting(project: Project, **choices: Any) -> None:
        project.build.mkdir(parents=True, exist_ok=True)
        with (project.build / ".lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                say("another build works in this folder; waiting until it has ended")
                fcntl.flock(lock, fcntl.LOCK_EX)
            os.set_inheritable(lock.fileno(), True)  # by Jupyter Book: the lock ends with the last of the two
            _move(project)  # of one that was killed while this waited
            build(project, **choices)

    return waiting


def recover(project: Project) -> None:
    """Finish what a build had ready when it was killed, unless one works in the folder just now."""
    if (project.build / READY).exists():
        with suppress(BlockingIOError), (project.build / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _move(project)
