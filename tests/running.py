"""Chapters run in the test's own process: one with some of its variables set beforehand, or all as the paper is made."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import chdir
from dataclasses import dataclass
from typing import Any

import pandas as pd
from livingpaper.book.show import Figure, Table, show
from livingpaper.build.project import Project, find_project
from livingpaper.chapters.cells import Statement, own_chapters, read_cells, statements
from livingpaper.chapters.executing import ChapterRun, quiet
from livingpaper.chapters.run import guard, merge
from livingpaper.chapters.session import start
from livingpaper.ledger.ledger import LEDGER_COLUMNS, read_ledger, write_ledger

OF_PATIENTS = tuple(
    f"{part}{name}"
    for name in ("cohort", "matching", "outcomes", "sensitivity")
    for part in ("", "supplement-")
)
NO_WORD = re.compile(r"\b(nan|None|NaT|inf)\b|<NA>")


@dataclass(frozen=True, slots=True)
class Ran:
    """What a chapter recorded (rows of the ledger by id), what it shows by label, and its variables."""

    rows: pd.DataFrame
    shown: dict[str, Figure | Table]
    variables: dict[str, Any]


def run_chapter(project: Project, *names: str, **given: Any) -> Ran:
    """Run all cells of a chapter, then what it shows; statements that bind nothing but ``given`` are left out.

    Of several chapters the later ones take from the first what it made, and not from its file.
    """
    session, space, waiting = start(project), dict(given), []
    for name in names:
        known = dict(space)
        for cell in read_cells(project.root / "book" / f"{name}.md", project.root):
            for part in statements(cell):
                session.cell = cell
                there = set(known if list(part.calls("take")) else given)
                if part.call == "show":
                    waiting.append(part)
                elif not part.binds or not part.binds <= there:
                    part.run(space)
    shown: dict[str, Figure | Table] = {}

    def keep(thing: Any, label: str, caption: str) -> None:
        shown[label] = show(thing, label, caption)

    for part in waiting:
        part.run(space | {"show": keep})
    return Ran(_by_id(session.rows.values()), shown, space)


class KeptRun(ChapterRun):
    """A chapter whose exhibits and variables are kept as they are, and not as a notebook shows them."""

    exhibits: dict[str, Figure | Table]
    variables: dict[str, Any]

    def _run(self, part: Statement, namespace: dict[str, Any]) -> None:
        with quiet(part.cell):
            value = part.run(namespace)
        self.variables = getattr(self, "variables", {}) | namespace  # what waited kept what it reads alone
        if part.last and isinstance(value, Figure | Table):
            self.exhibits[value.name] = value


@dataclass(frozen=True, slots=True)
class Paper:
    """The project and its chapters after they ran, by name."""

    project: Project
    chapters: dict[str, Ran]

    @property
    def rows(self) -> pd.DataFrame:
        """The ledger by id."""
        return read_ledger(self.project.ledger)

    @property
    def shown(self) -> dict[str, Figure | Table]:
        """Every exhibit by its label."""
        return {label: thing for ran in self.chapters.values() for label, thing in ran.shown.items()}

    def __getitem__(self, chapter: str) -> dict[str, Any]:
        """Return the variables of a chapter and of its supplement."""
        both = [
            self.chapters[name].variables
            for name in (f"supplement-{chapter}", chapter)
            if name in self.chapters
        ]
        return {name: value for variables in both for name, value in variables.items()}


def run_paper(project: Project, names: Iterable[str] | None = None) -> Paper:
    """Run chapters, all by default, one after the other; write the ledger, then show: as ``make ledger`` does."""
    files, made = own_chapters(project), dict[str, tuple[KeptRun, list[dict[str, Any]]]]()
    with chdir(project.root):
        for name in files if names is None else names:
            run = KeptRun(project, files[name])
            run.exhibits, run.variables = {}, {}
            made[name] = run, run.record()
        write_ledger(guard(merge({name: rows for name, (_, rows) in made.items()}), project), project.ledger)
        for run, _ in made.values():
            run.show()
    start(find_project(), strict=False)
    return Paper(
        project,
        {name: Ran(_by_id(rows), run.exhibits, run.variables) for name, (run, rows) in made.items()},
    )


def _by_id(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS)).set_index("id", drop=False)


def broken(paper: Paper) -> list[str]:
    """Draw every exhibit; return the words in it, with its label, that are no words."""
    return [
        f"{label}: {text}"
        for label, thing in paper.shown.items()
        for text in _texts(thing)
        if NO_WORD.search(text)
    ]


def _texts(thing: Figure | Table) -> list[str]:
    if isinstance(thing, Figure):
        assert thing.svg().startswith("<svg")
        return [thing.alt]
    assert thing.name in thing.myst()
    return [*map(str, thing.frame.columns), *thing.frame.astype(str).stack()]
