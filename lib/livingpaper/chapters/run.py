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
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import pandas as pd

from livingpaper.build.project import Project
from livingpaper.build.reads import files_read, keep_reads
from livingpaper.chapters.cells import ChapterError, Statement, chapter_statements, failed, own_chapters
from livingpaper.chapters.executing import ChapterRun, Shown
from livingpaper.chapters.literals import check_literals
from livingpaper.chapters.recording import Row
from livingpaper.chapters.store import as_loaded, kept, kept_in, put, stored_at
from livingpaper.chapters.taking import inputs_of, make_chain, modules_of, takes
from livingpaper.ledger.ledger import ledger_frame, read_ledger, write_ledger

FORK = multiprocessing.get_context("fork")
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def run_chapters(project: Project, *, exhibits: bool = False) -> bool:
    """Run the chapters whose inputs changed and write the ledger; return whether it changed.

    With ``exhibits`` they also show, and Sphinx finds them executed. A ``ChapterError`` is one line with chapter,
    cell and cause; then the last ledger stays.
    """
    command = [sys.executable, "-m", __name__, str(project.root), *["--exhibits"] * exhibits]
    environment = dict.fromkeys(THREADS, "1") | os.environ
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return done.stdout == "changed\n"
    said = done.stderr.strip() or f"the chapters' process ended with status {done.returncode}"
    raise ChapterError(said.removeprefix("stop: "))


class Workers:
    """One process for each chapter that runs; as many work at a time as there are cores, the others wait."""

    def __init__(self, project: Project) -> None:
        self.project, self.files = project, own_chapters(project)
        self._places = FORK.Semaphore(os.cpu_count() or 2)
        self._started: dict[str, tuple[Any, Any]] = {}  # process and pipe

    def rows(self, names: Sequence[str]) -> dict[str, list[Row]]:
        """Start chapters; return what they record."""
        for module in modules_of(part for name in names for part in self.statements(name)):
            with contextlib.suppress(Exception):  # what fails here, fails in the cell that imports it
                importlib.import_module(module)  # once for all
        for name in names:
            here, there = FORK.Pipe()
            work = (self.project, self.files[name], there, self._places)
            process = FORK.Process(target=serve, args=work, daemon=True)
            process.start()
            there.close()
            self._started[name] = process, here
        return self._answers(names)

    def shown(self, names: Sequence[str]) -> dict[str, Shown]:
        """Return what the cells of chapters show, with the whole ledger."""
        self.rows([name for name in names if name not in self._started])
        for name in names:
            self._started[name][1].send("show")
        return self._answers(names)

    def close(self) -> None:
        """End the processes that wait or, after an error, still work."""
        for process, pipe in self._started.values():
            pipe.close()
            process.terminate()
            process.join()

    def statements(self, name: str) -> list[Statement]:
        """Return the statements of a chapter."""
        return chapter_statements(self.files[name], self.project.root)

    def _answers(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what chapters answer; the first error ends all."""
        waiting, answers = {self._started[name][1]: name for name in names}, dict[str, Any]()
        while waiting:
            for ready in wait(list(waiting)):
                name = waiting.pop(ready)
                process, pipe = self._started[name]
                try:
                    answers[name] = pipe.recv()
                except EOFError:
                    process.join(5)
                    raise ChapterError(
                        f"book/{name}.md: its process ended with status {process.exitcode}; is memory short?"
                    ) from None
                if isinstance(answers[name], ChapterError):
                    raise answers[name]
        return answers


def serve(project: Project, path: Path, pipe: Any, places: Any) -> None:
    """Run a chapter in a process of its own: rows first; after a word, what it shows."""
    run = ChapterRun(project, path)
    with files_read() as seen, contextlib.suppress(EOFError):  # then nobody waits any more
        for step in (run.record, run.show):
            try:
                with places:
                    answer = step()
                    keep_reads(project, path, seen)
                pipe.send(answer)
            except ChapterError as error:
                pipe.send(error)
            except Exception as error:  # of the machinery: still one line, with the chapter
                pipe.send(failed(path.relative_to(project.root), error))
            pipe.recv()


def _rows(workers: Workers) -> dict[str, list[Row]]:
    """Return the rows of each chapter; a chapter whose inputs did not change is not run."""
    project, parts = workers.project, {name: workers.statements(name) for name in workers.files}
    inputs = {name: _inputs(project, own) for name, own in parts.items()}
    places = {name: stored_at(kept_in(project), f"rows-{name}", inputs[name]) for name in parts}
    found = {
        name: kept(places[name]) if any(part.calls("record") for part in own) else []
        for name, own in parts.items()
    }
    missing = [name for name, rows in found.items() if rows is None]
    found |= workers.rows(missing)
    for name in missing:
        if _inputs(project, workers.statements(name)) != inputs[name]:
            raise ChapterError(
                "choices, data and code must stay the same while the chapters run, they changed; run it again: livingpaper ledger"
            )
        if as_loaded(modules_of(parts[name])):
            put(places[name], found[name], set())
    return found


def _inputs(project: Project, own: Sequence[Statement]) -> dict[str, str]:
    """Return everything the rows of a chapter rest on: its cells, those it takes from, code, data, choices, lock."""
    chains = [make_chain(project, *taken) for taken in takes(own)]
    behind = [part for chain in chains for part in chain.own + chain.behind]
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
    with contextlib.closing(Workers(project)) as workers:
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
