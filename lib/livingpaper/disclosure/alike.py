"""What is below a folder, files of the same name and content once, and looked into by as many processes as there are cores."""

import gc
import multiprocessing
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from livingpaper.disclosure.unfold import LARGEST, Piece, in_file, names_and_past

FEW = 8  # files for which no process is started
_look: Callable[["Same"], Any]  # of a process; inherited, not sent


@dataclass(frozen=True)
class Same:
    """Files of the same name and content and their places; without a file, all names of a folder and its past."""

    folder: Path
    places: tuple[str, ...] = ("",)

    def pieces(self) -> Iterator[Piece]:
        """Yield what is in the first of them."""
        first = self.places[0]
        file = self.folder / first if self.folder.is_dir() else self.folder
        yield from in_file(file, first) if first else names_and_past(self.folder)

    def everywhere(self, place: str) -> list[str]:
        """Return a place in the first of them, and the same in the others."""
        return [other + place.removeprefix(self.places[0]) for other in self.places]


def alike(path: Path) -> list[Same]:
    """Return the files below a folder, or the one file, the largest first; the last are the names and the past."""
    if path.is_file():
        return [Same(path, (path.name,))]
    same: dict[tuple[int, str, str], list[str]] = defaultdict(list)
    for file in sorted(path.rglob("*")):
        inside = file.relative_to(path)
        if file.is_file() and ".git" not in inside.parts:
            same[_content(file)].append(inside.as_posix())
    groups = sorted(same.items(), key=lambda item: -item[0][0])
    return [*(Same(path, tuple(places)) for _, places in groups), Same(path)]


def _content(file: Path) -> tuple[int, str, str]:
    """Return the size, the name and the hash of a file; what is too large to look into is its own."""
    size = file.stat().st_size
    if size > LARGEST:
        return size, file.name, str(file)
    with file.open("rb") as read:
        return size, file.name, file_digest(read, "sha256").hexdigest()


def side_by_side(look: Callable[[Same], Any], all_: list[Same]) -> Iterator[Any]:
    """Yield what ``look`` returns for each, in order; what it holds is inherited by the processes, not copied."""
    if len(all_) <= FEW or (os.cpu_count() or 1) == 1:
        yield from map(look, all_)
        return
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(os.cpu_count(), fork, initializer=_keep, initargs=(look,)) as pool:
        yield from pool.map(_looked, all_)


def _keep(look: Callable[[Same], Any]) -> None:
    global _look
    _look = look
    gc.set_threshold(100_000)  # a PDF is many small objects


def _looked(same: Same) -> Any:
    return _look(same)
