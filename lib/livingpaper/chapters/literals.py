"""Choices that are typed in a chapter although they stand in ``protocol.toml``."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Iterator, Mapping

from livingpaper.build.project import Project
from livingpaper.chapters.cells import ChapterError, Statement, called, chapter_statements, own_chapters


def check_literals(project: Project) -> None:
    """Refuse a value typed in a cell for a keyword that is a choice of the protocol: one line per fault."""
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
    parts = [
        part for path in own_chapters(project).values() for part in chapter_statements(path, project.root)
    ]
    if faults := list(_faults(parts, sections)):
        raise ChapterError("\n".join(faults))


def _faults(parts: Iterable[Statement], sections: Mapping[str, str]) -> Iterator[str]:
    for part in parts:
        for word in (word for call in part.all_calls if called(call) != "take" for word in call.keywords):
            if word.arg and word.arg in sections and _typed(word.value):
                yield (
                    f"{part.cell}: {word.arg} is a choice of protocol.toml, it is typed as {ast.unparse(word.value)}; "
                    f"write plan.{sections[word.arg]}.{word.arg}, and change it there"
                )


def _typed(node: ast.expr) -> bool:
    """Return whether an expression is a value and no name; None is the absence of a choice."""
    try:
        return ast.literal_eval(node) is not None
    except (ValueError, TypeError):
        return False
