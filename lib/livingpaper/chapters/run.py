"""All chapters run side by side: their rows make the ledger, then they show, and Sphinx finds them executed.

``python -m livingpaper.chapters.run`` is a fresh process without threads, so that it can import the
analysis once and fork; ``run_chapters`` starts it.
"""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.build.project import Project
from livingpaper.build.reads import files_read, keep_reads
from livingpaper.chapters.cells import ChapterError, Statement, chapter_statements, own_chapters
from livingpaper.chapters.executing import ChapterRun, Shown
from livingpaper.chapters.literals import check_literals
from livingpaper.chapters.recording import Row
from livingpaper.chapters.slicing import make_chain, taken
from livingpaper.chapters.store import as_loaded, kept, kept_in, put, stored_at
from livingpaper.chapters.taking import inputs_of, modules_of
from livingpaper.ledger.ledger import ledger_frame, read_ledger, write_ledger

FORK = multiprocessing.get_context("fork")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_chapters(project: Project, *, exhibits: bool = False) -> bool:
    """Run the chapters whose inputs changed and write the ledger; return whether it changed.

    With ``exhibits`` they also show, and Sphinx finds them executed. A ``ChapterError`` is one line with chapter,
    cell and cause; then the last ledger stays.
    """
    command = [
        sys.executable,
        "-m",
        "livingpaper.chapters.run",
        str(project.root),
        *["--exhibits"] * exhibits,
    ]
    environment = dict.fromkeys(THREADS, "1") | os.environ
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout == "changed\n"
    said = done.stderr.strip() or f"the chapters' process ended with status {done.returncode}"
    raise ChapterError(said.removeprefix("stop: "))


@dataclass(slots=True)
class Workers:
    """One process for each chapter that runs; as many work at a time as there are cores, the others wait."""

    project: Project
    files: dict[str, Path]
    places: Any = field(default_factory=lambda: FORK.Semaphore(os.cpu_count() or 2))
    started: dict[str, tuple[Any, Connection]] = field(default_factory=dict)  # process and pipe

    def rows(self, names: Sequence[str]) -> dict[str, list[Row]]:
        """Start chapters; return what they record."""
        for module in modules_of(part for name in names for part in self.statements(name)):
            with contextlib.suppress(Exception):  # what fails here, fails in the cell that imports it
                importlib.import_module(module)  # once for all
        for name in names:
            here, there = FORK.Pipe()
            work = (self.project, self.files[name], there, self.places)
            process = FORK.Process(target=serve, args=work, daemon=True)
            process.start()
            there.close()
            self.started[name] = process, here
        return self._answers(names)

    def shown(self, names: Sequence[str]) -> dict[str, Shown]:
        """Return what the cells of chapters show, with the whole ledger."""
        self.rows([name for name in names if name not in self.started])
        for name in names:
            self.started[name][1].send("show")
        return self._answers(names)

    def close(self) -> None:
        """End the processes that wait or, after an error, still work."""
        for process, pipe in self.started.values():
            pipe.close()
            process.terminate()
            process.join()

    def statements(self, name: str) -> list[Statement]:
        """Return the statements of a chapter."""
        return chapter_statements(self.files[name], self.project.root)

    def _answers(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what chapters answer; the first error ends all."""
        waiting: dict[Any, str] = {self.started[name][1]: name for name in names}
        answers: dict[str, Any] = {}
        while waiting:
            for pipe in wait(list(waiting)):
                name = waiting.pop(pipe)
                fault, answers[name] = _answer(name, *self.started[name])
                if fault:
                    raise ChapterError(fault)
        return answers


def _answer(name: str, process: Any, pipe: Connection) -> tuple[str, Any]:
    try:
        return pipe.recv()
    except EOFError:
        process.join(5)
        return f"book/{name}.md: its process ended with status {process.exitcode}; is memory short?", None


def serve(project: Project, path: Path, pipe: Connection, places: Any) -> None:
    """Run a chapter in a process of its own: rows first; after a word, what it shows."""
    run = ChapterRun(project, path)
    try:
        with files_read() as seen:
            for step in (run.record, run.show):
                with places:
                    answer = step()
                    keep_reads(project, path, seen)
                pipe.send(("", answer))
                pipe.recv()
    except EOFError:
        pass  # nobody waits any more
    except ChapterError as error:
        pipe.send((str(error), None))
    except Exception as error:  # of the machinery: still one line, with the chapter
        said = f"{type(error).__name__}: {' '.join(str(error).split())}"
        pipe.send((f"{path.relative_to(project.root)}: {said}", None))


def _rows(workers: Workers) -> dict[str, list[Row]]:
    """Return the rows of each chapter; a chapter whose inputs did not change is not run."""
    project, files = workers.project, workers.files
    inputs = {name: _inputs(project, workers.statements(name)) for name in files}
    places = {name: stored_at(kept_in(project), f"rows-{name}", inputs[name]) for name in files}
    recording = [name for name in files if any(part.calls("record") for part in workers.statements(name))]
    found = {name: kept(places[name]) for name in recording}
    missing = [name for name in recording if found[name] is None]
    found |= workers.rows(missing)
    for name in missing:
        parts = workers.statements(name)
        if _inputs(project, parts) != inputs[name]:
            raise ChapterError(
                "choices, data and code must stay the same while the chapters run, they changed; run it again: livingpaper ledger"
            )
        if as_loaded(modules_of(parts)):
            put(places[name], found[name], set())
    return {name: found.get(name, []) for name in files}


def _inputs(project: Project, own: Sequence[Statement]) -> dict[str, str]:
    """Return everything the rows of a chapter rest on: its cells, those it takes from, code, data, choices, lock."""
    behind = [
        part
        for statement in own
        for call in statement.calls("take")
        for part in make_chain(project, *taken(call, statement)).all()
    ]
    return inputs_of(project, [*own, *behind]) | {"places": "\n".join(part.cell.code for part in own)}


def merge(rows: dict[str, list[Row]]) -> pd.DataFrame:
    """Return the ledger of all chapters; two that record one id are a ``ChapterError``."""
    where: dict[str, str] = {}
    together = [row for chapter in rows.values() for row in chapter]
    for row in together:
        if row["id"] in where:
            raise ChapterError(
                f"each id stands for one number, {row['id']!r} is recorded by {where[row['id']]} and by {row['code']}; "
                "rename one"
            )
        where[row["id"]] = row["code"]
    return ledger_frame(together)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chapters of the project in a folder, ``--exhibits`` after it or not; return the exit status."""
    root, *options = sys.argv[1:] if arguments is None else arguments
    try:
        changed = _run(Project(Path(root).resolve()), exhibits="--exhibits" in options)
    except ValueError as error:
        sys.stderr.write(f"stop: {error}\n")
        return 1
    sys.stdout.write("changed\n" if changed else "unchanged\n")
    return 0


def _run(project: Project, *, exhibits: bool) -> bool:
    check_literals(project)
    with contextlib.closing(Workers(project, own_chapters(project))) as workers:
        ledger = merge(_rows(workers))
        changed = len(ledger) > 0 and write_ledger(ledger, project.ledger)
        if changed:
            read_ledger(project.ledger)  # nobody should find it damaged later
        if exhibits:
            from livingpaper.chapters.notebooks import Executed  # heavy: jupytext, jupyter-cache

            executed = Executed(project)
            missing = [name for name, path in workers.files.items() if not executed.has(path)]
            for name, shown in workers.shown(missing).items():
                executed.put(workers.files[name], shown)
        return changed


if __name__ == "__main__":
    sys.exit(main())
