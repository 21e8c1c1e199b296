"""One chapter run statement by statement: what records first, what shows when all numbers are there."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from livingpaper.build.project import Project
from livingpaper.chapters.cells import Cell, ChapterError, Statement, failed, read_cells, statements
from livingpaper.chapters.recording import Row
from livingpaper.chapters.session import current, start
from livingpaper.chapters.slicing import split_deferred

Shown = dict[int, tuple[dict[str, Any], dict[str, Any]]]  # cell number: mimebundle and its metadata


@dataclass(slots=True)
class ChapterRun:
    """A chapter that is running in this process.

    Attributes
    ----------
    project : Project
    path : Path
        Its file.
    shown : dict
        What its cells have shown so far.
    """

    project: Project
    path: Path
    shown: Shown = field(default_factory=dict)
    _waiting: list[tuple[Statement, bool, dict[str, Any], frozenset[str]]] = field(default_factory=list)

    def record(self) -> list[Row]:
        """Run what does not wait for the ledger; return the rows that it recorded.

        Raises
        ------
        ChapterError
            If a cell fails, warns or prints.
        """
        os.chdir(self.path.parent)
        session = start(self.project)
        session.readable = False
        found = [
            (part, i == len(parts) - 1)
            for cell in read_cells(self.path, self.project.root)
            for parts in [statements(cell)]
            for i, part in enumerate(parts)
        ]
        waits = split_deferred([part for part, _ in found])
        namespace: dict[str, Any] = {"__name__": "__main__"}
        late: frozenset[str] = frozenset()
        for (part, last), waiting in zip(found, waits, strict=True):
            if any(part.calls("show")) and not (last and part.call == "show"):
                raise ChapterError(
                    f"{part.cell}: show must stand alone as the last statement of its cell; move it into its own"
                )
            if waiting:
                self._waiting.append((part, last, dict(namespace), late))
                late |= part.binds
            else:
                session.cell = part.cell
                self._run(part, namespace, last=last)
                late -= part.binds
        return list(session.rows.values())

    def show(self) -> Shown:
        """Run what waited, each with the variables as they were; return what all cells show."""
        session = current()
        session.readable = True
        session.rows.clear()  # the ledger is complete: every number is read there
        bound: dict[str, Any] = {}
        for part, last, namespace, late in self._waiting:
            namespace |= {name: bound[name] for name in late if name in bound}
            self._run(part, namespace, last=last)
            bound |= {name: namespace[name] for name in part.binds if name in namespace}
        return self.shown

    def _run(self, part: Statement, namespace: dict[str, Any], *, last: bool) -> None:
        with quiet(part.cell):
            value = part.run(namespace)
            if last and value is not None:
                self.shown[part.cell.number] = _displayed(part.cell, value)


def _displayed(cell: Cell, value: object) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a value as a notebook shows it."""
    from IPython.core.formatters import DisplayFormatter

    formatter = DisplayFormatter()
    try:
        own = getattr(value, "_repr_mimebundle_", None)  # the formatter would only log its errors
        made = own() if own else formatter.format(value)
        return made if isinstance(made, tuple) else (made, {})
    except Exception as error:
        raise failed(cell, error) from error


@contextmanager
def quiet(cell: Cell) -> Iterator[None]:
    """Stop a cell that warns or prints: what it says would stand in the paper, or be lost.

    Raises
    ------
    ChapterError
        With what was printed.
    """
    said = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(said), redirect_stderr(said):
        warnings.showwarning = _refuse  # type: ignore[assignment]
        yield
    if text := " ".join(said.getvalue().split()):
        raise ChapterError(
            f"{cell}: a cell must print nothing, it printed {text[:200]!r}; show(...) it, or drop it"
        )


def _refuse(message: Warning, *_: object, **__: object) -> None:
    raise message


def serve(project: Project, path: Path, send: Callable[[Any], None], receive: Callable[[], Any]) -> None:
    """Run a chapter in a process of its own: rows first; after a word, what it shows."""
    try:
        run = ChapterRun(project, path)
        send(("rows", run.record()))
        if receive() == "show":
            send(("shown", run.show()))
    except ChapterError as error:
        send(("error", str(error)))
    except EOFError:
        pass  # nobody waits any more
    except Exception as error:  # of the machinery: still one line, with the chapter
        send(
            (
                "error",
                f"{path.relative_to(project.root)}: {type(error).__name__}: {' '.join(str(error).split())}",
            )
        )
