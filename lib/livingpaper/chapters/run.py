"""All chapters run side by side: their rows make the ledger, then they show, and Sphinx finds them executed."""

import contextlib
import ctypes
import gc
import multiprocessing
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.book.painting import paint_for_others, paint_with
from livingpaper.build.key_figure import draw_key_figure
from livingpaper.build.project import CONFIG, Project, digest
from livingpaper.build.reads import files_read, keep_reads
from livingpaper.build.surroundings import FIXED
from livingpaper.chapters.cells import ChapterError, chapter_statements, check_literals, failed, own_chapters
from livingpaper.chapters.executing import ChapterRun, Shown, is_executed, store_executed
from livingpaper.chapters.recording import Row
from livingpaper.chapters.store import Shelf, as_loaded, pickled
from livingpaper.chapters.taking import inputs_of, load_modules, make_chain, modules_of, takes
from livingpaper.chapters.tracked import choices_of, choices_read
from livingpaper.config import config
from livingpaper.ledger.ledger import ledger_frame, read_ledger, write_ledger

FORK = multiprocessing.get_context("fork")
# fresh pages cost more than used ones
MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str(2**40)}


def run_chapters(project: Project, *, exhibits: bool = False, figure: bool = False) -> bool:
    """Run the chapters whose inputs changed and write the ledger; return whether it changed.

    With ``exhibits`` they also show, and Sphinx finds them executed; with ``figure`` README's is drawn alone. A
    ``ChapterError`` is one line with chapter, cell and cause; then the last ledger stays. A fresh process without
    threads can import the analysis once and fork.
    """
    if exhibits and not config(project).guarded and is_executed(project, own_chapters(project)):
        return False
    then = ["--exhibits"] * exhibits + ["--figure"] * figure
    command = [sys.executable, "-m", __name__, str(project.root), *then]
    pipes: Any = {"capture_output": True, "text": True, "close_fds": False}  # the lock is inherited
    done = subprocess.run(command, env=os.environ | FIXED | MEMORY, check=False, **pipes)
    if done.returncode == 0:  # before its last word stands what programs print that cells start
        return re.search(r"(?<!un)changed\n\Z", done.stdout) is not None
    said = re.split(r"(?m)^stop: ", done.stderr)[-1].strip()  # before it what a process said that died
    raise ChapterError(said or f"the chapters' process ended with status {done.returncode}")


class Workers:
    """One process for each chapter that runs; as many work at a time as there are painters, the others wait."""

    def __init__(self, project: Project) -> None:
        self.project, self.files = project, own_chapters(project)
        self._painters = [forked(paint_for_others) for _ in range(os.cpu_count() or 2)]
        self._started: dict[str, tuple[Any, Any]] = {}  # process and pipe

    def rows(self, names: Collection[str]) -> dict[str, tuple[list[Row], set[str]]]:
        """Start chapters; return what they record, and which choices they read for that."""
        parts = {name: chapter_statements(self.project, self.files[name]) for name in names}
        taken = [{other for other, *_ in takes(parts[name])} - {name} for name in names]
        needed = Counter(chain.from_iterable(taken))  # for these others wait, then for what lasts longest
        first = sorted(parts, key=lambda name: (needed[name], len(parts[name])), reverse=True)
        load_modules(chain.from_iterable(parts.values()))  # once for all
        gc.freeze()  # else each process copies what its collector looks at
        brushes = [pipe for _, pipe in self._painters]
        for name in first:
            self._started[name] = forked(serve, self.project, self.files[name], brushes)
        return dict(self._answers(first))

    def shown(self, names: Iterable[str]) -> Iterator[tuple[str, Shown]]:
        """Yield what the cells of chapters show, with the whole ledger; that which shows most is begun first."""
        names = sorted(names, key=self._exhibits, reverse=True)
        self.rows([name for name in names if name not in self._started])
        yield from ((name, shown) for name, (shown, _) in self._answers(names))

    def _exhibits(self, name: str) -> int:
        return sum(len(part.calls("show")) for part in chapter_statements(self.project, self.files[name]))

    def _answers(self, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
        """Let chapters take their next step, in this order, and yield what they answer; the first error ends all."""
        waiting, busy, free = list(names), dict[Any, tuple[str, int]](), list(range(len(self._painters)))
        while waiting or busy:
            for name, painter in zip(waiting, free, strict=False):
                with contextlib.suppress(OSError):  # it died meanwhile, as its answer will say
                    self._started[name][1].send(painter)
                busy[self._started[name][1]] = name, painter
            waiting, free = waiting[len(free) :], free[len(waiting) :]
            for ready in wait(list(busy)):
                name, painter = busy.pop(ready)
                free.append(painter)
                yield name, self._answer(name)

    def _answer(self, name: str) -> Any:
        process, pipe = self._started[name]
        try:
            answer = pipe.recv()
        except EOFError:
            process.join(5)
            ended = f"its process ended with status {process.exitcode}; is memory short?"
            raise ChapterError(f"book/{name}.md: {ended}") from None
        if isinstance(answer, ChapterError):
            raise answer
        return answer

    def close(self) -> None:
        """End the processes that wait or, after an error, still work."""
        for process, pipe in (*self._started.values(), *self._painters):
            pipe.close()
            process.terminate()
            process.join()


def forked(target: Callable[..., None], *given: Any) -> tuple[Any, Any]:
    """Start a function in a process of its own; return it and the pipe to what the function gets last."""
    here, there = FORK.Pipe()
    process = FORK.Process(target=_until_parent_ends, args=(target, *given, there), daemon=True)
    process.start()
    there.close()
    return process, here


def serve(project: Project, path: Path, brushes: Sequence[Any], pipe: Any) -> None:
    """Run a chapter: at a first word, the pipe of the painter that draws for it, rows; at a second what it shows."""
    run = ChapterRun(project, path)
    with files_read() as seen:
        for step in (run.record, run.show):
            paint_with(brushes[pipe.recv()])
            try:
                answer = step()
                keep_reads(project, path, seen)
                pipe.send((answer, choices_read(project, seen)))
                _give_memory_back()
            except Exception as error:  # also of the machinery: still one line, with the chapter
                own = error if isinstance(error, ChapterError) else None
                pipe.send(own or failed(path.relative_to(project.root), error))
        pipe.recv()


def _draw_beside(project: Project, _: Any) -> None:
    """Draw the key figure while chapters show; what stops it is said when it is asked for again."""
    with contextlib.suppress(Exception):
        draw_key_figure(project)


def _give_memory_back() -> None:
    """Return memory that is free to the machine, while this process waits."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # where there is no glibc
        ctypes.CDLL(None).malloc_trim(0)


def _until_parent_ends(target: Callable[..., None], *given: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError):  # nobody asks any more
        target(*given)


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _shelf(project: Project, path: Path, choices: Any) -> Shelf:
    """Return where the rows of a chapter are kept, under what they rest on: its cells, those it takes from, files."""
    own = chapter_statements(project, path)
    chains = [make_chain(project, *taken) for taken in takes(own)]
    behind = [part for chain in chains for part in chain.own + chain.behind]
    inputs = inputs_of(project, own + behind) | {"places": "\n".join(part.cell.code for part in own)}
    inputs["paper"] = digest([project.root / CONFIG], project.root)
    return Shelf(project.steps, f"rows-{path.stem}", inputs, choices)


def _rows(workers: Workers) -> dict[str, list[Row]]:
    """Return the rows of each chapter; a chapter whose inputs did not change is not run."""
    project, files = workers.project, workers.files
    choices = choices_of(project)
    shelves = {name: _shelf(project, path, choices) for name, path in files.items()}
    parts = {name: chapter_statements(project, path) for name, path in files.items()}
    recording = [name for name in files if any(part.calls("record") for part in parts[name])]
    found = {name: shelves[name].find() for name in recording}
    missing = [name for name in recording if found[name] is None]
    made, choices = workers.rows(missing), choices_of(project)
    for name, (rows, reads) in made.items():
        if _shelf(project, files[name], choices) != shelves[name]:
            must = "choices, data and code must stay the same while the chapters run, they changed"
            raise ChapterError(f"{must}; run it again: livingpaper ledger")
        if as_loaded(modules_of(parts[name])):
            shelves[name].keep(pickled(rows, name), reads)
        found[name] = rows
    return found


def merge(rows: dict[str, list[Row]]) -> pd.DataFrame:
    """Return the ledger of all chapters; two that record one id are a ``ChapterError``."""
    by_id: dict[str, Row] = {}
    for row in (row for chapter in rows.values() for row in chapter):
        if (first := by_id.setdefault(row["id"], row)) is not row:
            found = f"{row['id']!r} is recorded by {first['code']} and by {row['code']}"
            raise ChapterError(f"each id stands for one number, {found}; rename one")
    return ledger_frame(by_id.values())


def guard(ledger: pd.DataFrame, project: Project) -> pd.DataFrame:
    """Return a ledger as it may be shown: no chapter has a part in that."""
    if not config(project).guarded:
        return ledger
    from livingpaper.disclosure import released  # scipy, for guarded origins only

    return released.guard(ledger, project, keep=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chapters of the project in a folder, ``--exhibits`` or ``--figure`` after it; return the exit status."""
    root, *then = sys.argv[1:] if arguments is None else arguments
    project = Project(Path(root).resolve())
    try:
        check_literals(project)
        with contextlib.closing(Workers(project)) as workers:
            ledger = guard(merge(_rows(workers)), project)
            changed = len(ledger) > 0 and write_ledger(ledger, project.ledger)
            if changed:
                read_ledger(project.ledger)  # nobody should find it damaged later
            if "--figure" in then:
                draw_key_figure(project)
            if "--exhibits" in then:
                drawing, _ = forked(_draw_beside, project)
                store_executed(project, workers.files, workers.shown)
                drawing.join()
    except (ValueError, OSError) as error:
        sys.stderr.write(f"stop: {error}\n")
        return 1
    sys.stdout.write("changed\n" if changed else "unchanged\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
