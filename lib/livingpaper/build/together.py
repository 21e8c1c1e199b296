"""Ledger, key figure and pages change together or not at all: what a killed build left is taken back at the next door."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from livingpaper.build.cache import files_of, say, write_changed, write_whole
from livingpaper.build.project import Project

BEFORE, PAGES, OLD = ".before", "html", ".html-old"


@contextmanager
def together(project: Project) -> Iterator[None]:
    """Keep what was there before until all is in place; if that fails, put it back."""
    take_back(project)
    for path in (project.ledger, project.key_figure):
        if path.is_file():
            write_whole(project.build / BEFORE / path.relative_to(project.root), path.read_bytes())
    try:
        yield
    except BaseException:
        if take_back(project):
            say("the ledger stays as it was, like the pages; for the new numbers: livingpaper ledger")
        raise
    shutil.rmtree(project.build / BEFORE, ignore_errors=True)


def take_back(project: Project) -> bool:
    """Put back what an unfinished build found, unless its pages are in place; return whether that changed a file."""
    before, pages, old = (project.build / name for name in (BEFORE, PAGES, OLD))
    if old.exists() and not pages.exists():  # killed between the two renames
        old.rename(pages)
    kept = {} if old.exists() else files_of(before, ".")  # if so, killed while the old pages were deleted
    changed = [write_changed(project.root / name, content) for name, content in kept.items()]
    for folder in (before, old):
        shutil.rmtree(folder, ignore_errors=True)
    return any(changed)


def recover(project: Project) -> None:
    """Take back what a killed build left, unless one works in the folder just now."""
    if any((project.build / name).exists() for name in (BEFORE, OLD)):
        with suppress(BlockingIOError), (project.build / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            take_back(project)
