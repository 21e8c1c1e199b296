"""Choices that are typed in a chapter although they stand in ``protocol.toml``."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping

from livingpaper.build.project import Project
from livingpaper.chapters.cells import Cell, ChapterError, called, own_chapters, read_cells, statements


def check_literals(project: Project) -> None:
    """Refuse a value typed in a cell for a keyword that is a choice of the protocol.

    Raises
    ------
    ChapterError
        One line per fault: chapter, cell, keyword, cure.
    """
    if not project.protocol.is_file():
        return
    try:
        choices = tomllib.loads(project.protocol.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        fault = f"{project.protocol} must be valid TOML, found: {error}; correct that line"
        raise ChapterError(fault) from None
    sections = {
        name: section for section, values in choices.items() if isinstance(values, Mapping) for name in values
    }
    cells = [cell for path in own_chapters(project).values() for cell in read_cells(path, project.root)]
    if faults := list(_faults(cells, sections)):
        raise ChapterError("\n".join(faults))


def _faults(cells: Iterable[Cell], sections: Mapping[str, str]) -> Iterator[str]:
    for cell in cells:
        for call in (
            node for part in statements(cell) for node in ast.walk(part.node) if isinstance(node, ast.Call)
        ):
            for word in call.keywords if called(call) != "take" else ():
                if word.arg and word.arg in sections and _typed(word.value):
                    choice = f"{sections[word.arg]}.{word.arg}"
                    yield (
                        f"{cell}: {word.arg} is a choice of protocol.toml, it is typed as {ast.unparse(word.value)}; "
                        f"write plan.{choice}, and change it there"
                    )


def _typed(node: ast.expr) -> bool:
    """Return whether an expression is a value and no name; None is the absence of a choice."""
    try:
        return ast.literal_eval(node) is not None
    except (ValueError, TypeError):
        return False
