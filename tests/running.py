"""A chapter run in the test's own process, with some of its variables set beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
from livingpaper.book.show import Figure, Table, show
from livingpaper.build.project import Project
from livingpaper.chapters.cells import read_cells, statements
from livingpaper.chapters.session import start
from livingpaper.ledger.ledger import LEDGER_COLUMNS


@dataclass(frozen=True, slots=True)
class Ran:
    """What a chapter recorded (rows of the ledger by id), what it shows by label, and its variables."""

    rows: pd.DataFrame
    shown: dict[str, Figure | Table]
    variables: dict[str, Any]


def run_chapter(project: Project, name: str, **given: Any) -> Ran:
    """Run all cells of a chapter, then what it shows; statements that bind nothing but ``given`` are left out."""
    session, space, waiting = start(project), dict(given), []
    for cell in read_cells(project.root / "book" / f"{name}.md", project.root):
        for part in statements(cell):
            session.cell = cell
            if part.call == "show":
                waiting.append(part)
            elif not part.binds or not part.binds <= set(given):
                part.run(space)
    shown: dict[str, Figure | Table] = {}

    def keep(thing: Any, label: str, caption: str) -> None:
        shown[label] = show(thing, label, caption)

    for part in waiting:
        part.run(space | {"show": keep})
    rows = pd.DataFrame(session.rows.values(), columns=list(LEDGER_COLUMNS)).set_index("id", drop=False)
    return Ran(rows, shown, space)
