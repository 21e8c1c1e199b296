"""All chapters run side by side: their rows make the ledger, then they show, and Sphinx finds them executed.

``python -m livingpaper.chapters.run`` is a fresh process without threads, so that it can import the
analysis once and fork; ``run_chapters`` starts it.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import multiprocessing
import os
import pickle
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project
from livingpaper.chapters.cells import (
    ChapterError,
    Statement,
    chapter_files,
    own_chapters,
    read_cells,
    statements,
)
from livingpaper.chapters.executing import Shown, serve
from livingpaper.chapters.literals import check_literals
from livingpaper.chapters.recording import Row
from livingpaper.chapters.slicing import make_chain, taken
from livingpaper.chapters.store import as_loaded, recalled, stored_at
from livingpaper.chapters.taking import inputs_of, modules_of
from livingpaper.ledger.ledger import ledger_frame, read_ledger, write_ledger

AT_ONCE = os.cpu_count() or 2
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_chapters(project: Project, *, exhibits: bool = False) -> bool:
    """Run the chapters whose inputs changed and write the ledger; return whether it changed.

    Parameters
    ----------
    project : Project
    exhibits : bool
        Also show tables and figures, and put the executed chapters where Sphinx finds them.

    Raises
    ------
    ChapterError
        One line with chapter, cell and cause; the last ledger stays.
    """
    command = [sys.executable, "-m", "livingpaper.chapters.run", str(project.root)]
    command += ["--exhibits"] * exhibits
    environment = dict.fromkeys(THREADS, "1") | os.environ
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout == "changed\n"
    said = done.stderr.strip() or f"the chapters' process ended with status {done.returncode}"
    raise ChapterError(said.removeprefix("stop: "))


@dataclass(slots=True)
class Worker:
    """The process of a chapter."""

    name: str
    process: Any
    pipe: Connection


@dataclass(slots=True)
class Run:
    """One run of all chapters.

    Attributes
    ----------
    project : Project
    files : dict
        Name to file of the chapters that use this package, in order.
    workers : dict
        Processes that have recorded and wait.
    """

    project: Project
    files: dict[str, Path]
    workers: dict[str, Worker] = field(default_factory=dict)

    def rows(self) -> dict[str, list[Row]]:
        """Return the rows of each chapter; a chapter whose inputs did not change is not run."""
        inputs = {name: chapter_inputs(self.project, name) for name in self.files}
        folder = self.project.build / "cache" / "chapters"
        kept = {name: recalled(stored_at(folder, name, inputs[name])) for name in self.files}
        kept |= {name: [] for name in self.files if not self._records(name)}
        missing = [name for name in self.files if kept[name] is None]
        _import_ahead(part for name in missing for part in _parts(self.project, name))
        kept |= dict(self._each(missing, "rows"))
        _data.cache_clear()
        if any(chapter_inputs(self.project, name) != inputs[name] for name in missing):
            raise ChapterError(
                "choices, data and code must stay the same while the chapters run, they changed; run it again: make ledger"
            )
        for name in missing:
            if as_loaded(modules_of(_parts(self.project, name))):
                write_whole(stored_at(folder, name, inputs[name]), pickle.dumps(kept[name]))
        return {name: kept[name] or [] for name in self.files}

    def shown(self, names: Sequence[str]) -> dict[str, Shown]:
        """Return what the cells of chapters show, with the whole ledger."""
        fresh = [name for name in names if name not in self.workers]
        _import_ahead(part for name in fresh for part in _parts(self.project, name))
        return dict(self._each(names, "shown"))

    def stop(self) -> None:
        """End the processes that wait or, after an error, still work."""
        for worker in self.workers.values():
            worker.pipe.close()
            worker.process.terminate()
            worker.process.join()
        self.workers.clear()

    def _records(self, name: str) -> bool:
        return any(True for part in _parts(self.project, name) for _ in part.calls("record"))

    def _start(self, name: str) -> Worker:
        here, there = multiprocessing.Pipe()
        context = multiprocessing.get_context("fork")
        process = context.Process(target=_serve, args=(self.project, self.files[name], there), daemon=True)
        process.start()
        there.close()
        return Worker(name, process, here)

    def _each(self, names: Sequence[str], wanted: str) -> Iterable[tuple[str, Any]]:
        """Yield the answers of chapters, as many of which work at a time as there are cores; the first error ends all."""
        waiting, busy = list(names), dict[Connection, Worker]()
        while waiting or busy:
            while waiting and len(busy) < AT_ONCE:
                worker = self.workers.pop(waiting[0], None)
                if worker:
                    worker.pipe.send("show")
                else:
                    worker = self._start(waiting[0])
                waiting.pop(0)
                busy[worker.pipe] = worker
            for pipe in wait(list(busy)):
                worker = busy[pipe]  # type: ignore[index]
                kind, answer = _answer(worker)
                if kind == "error":
                    self.workers |= {one.name: one for one in busy.values()}
                    raise ChapterError(answer)
                if kind == wanted:
                    del busy[worker.pipe]
                    self.workers[worker.name] = worker
                    yield worker.name, answer
                else:  # started for what it shows: it has recorded
                    worker.pipe.send("show")


def _serve(project: Project, path: Path, pipe: Connection) -> None:
    serve(project, path, pipe.send, pipe.recv)


def _answer(worker: Worker) -> tuple[str, Any]:
    try:
        return worker.pipe.recv()
    except EOFError:
        worker.process.join(5)
        return (
            "error",
            f"book/{worker.name}.md: its process ended with status {worker.process.exitcode}; is memory short?",
        )


def _import_ahead(parts: Iterable[Statement]) -> None:
    """Import what chapters import, once for all of them; what fails here, fails where it is imported."""
    for name in dict.fromkeys(modules_of(parts)):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _parts(project: Project, name: str) -> list[Statement]:
    path = chapter_files(project)[name]
    return [part for cell in read_cells(path, project.root) for part in statements(cell)]


def chapter_inputs(project: Project, name: str) -> dict[str, str]:
    """Return everything the rows of a chapter rest on: its cells, those it takes from, code, data, choices, lock."""
    own = _parts(project, name)
    behind = [
        part
        for statement in own
        for call in statement.calls("take")
        for chapter, names, given in [taken(call, statement)]
        for part in make_chain(project, chapter, names, given).all()
    ]
    cells = [f"{part.cell.code} {part.source}" for part in own] + [part.source for part in behind]
    return {"cells": "\n".join(cells), **_data(project, tuple(sorted(set(modules_of([*own, *behind])))))}


_data = cache(inputs_of)


def merge(rows: dict[str, list[Row]]) -> pd.DataFrame:
    """Return the ledger of all chapters.

    Raises
    ------
    ChapterError
        If two chapters record one id.
    """
    where: dict[str, str] = {}
    for row in (row for chapter in rows.values() for row in chapter):
        if row["id"] in where:
            raise ChapterError(
                f"each id stands for one number, {row['id']!r} is recorded by {where[row['id']]} and by {row['code']}; "
                "rename one"
            )
        where[row["id"]] = row["code"]
    return ledger_frame(row for chapter in rows.values() for row in chapter)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chapters of a project; return the exit status."""
    parser = argparse.ArgumentParser(prog="livingpaper.chapters.run")
    parser.add_argument("root", type=Path)
    parser.add_argument("--exhibits", action="store_true")
    given = parser.parse_args(arguments)
    project = Project(given.root.resolve())
    try:
        changed = _run(project, exhibits=given.exhibits)
    except ValueError as error:
        sys.stderr.write(f"stop: {error}\n")
        return 1
    sys.stdout.write("changed\n" if changed else "unchanged\n")
    return 0


def _run(project: Project, *, exhibits: bool) -> bool:
    check_literals(project)
    run = Run(project, own_chapters(project))
    try:
        ledger = merge(run.rows())
        changed = len(ledger) > 0 and write_ledger(ledger, project.ledger)
        if changed:
            read_ledger(project.ledger)  # nobody should find it damaged later
        if exhibits:
            from livingpaper.chapters.notebooks import Executed  # heavy: jupytext, jupyter-cache

            executed = Executed(project)
            missing = [name for name, path in run.files.items() if not executed.has(path)]
            for name, shown in run.shown(missing).items():
                executed.put(run.files[name], shown)
        return changed
    finally:
        run.stop()


if __name__ == "__main__":
    sys.exit(main())
