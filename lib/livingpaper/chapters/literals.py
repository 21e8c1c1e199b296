"""Choices that are typed in a chapter although they stand in ``protocol.toml``."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping

from livingpaper.build.project import Project
from livingpaper.chapters.cells import ChapterError, called, chapter_statements, own_chapters


def check_literals(project: Project) -> None:
    """Refuse a value typed in a cell for a keyword that is a choice of the protocol: one line per fault."""
    if not project.protocol.is_file():
        return
    try:
        choices = tomllib.loads(project.protocol.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        fault = f"{project.protocol} must be valid TOML, found: {error}; correct that line"
        raise ChapterError(fault) from None
    tables = {section: values for section, values in choices.items() if isinstance(values, Mapping)}
    names = {name: f"{section}.{name}" for section, values in tables.items() for name in values}
    if faults := "\n".join(_faults(project, names)):
        raise ChapterError(faults)


def _faults(project: Project, names: Mapping[str, str]) -> Iterator[str]:
    parts = [
        part for path in own_chapters(project).values() for part in chapter_statements(path, project.root)
    ]
    calls = [(part.cell, call) for part in parts for call in part.all_calls if called(call) != "take"]
    for cell, word in ((cell, word) for cell, call in calls for word in call.keywords):
        if (name := word.arg or "") in names and _typed(word.value):
            yield (
                f"{cell}: {name} is a choice of protocol.toml, it is typed as {ast.unparse(word.value)}; "
                f"write plan.{names[name]}, and change it there"
            )


def _typed(node: ast.expr) -> bool:
    try:
        return ast.literal_eval(node) is not None  # None is the absence of a choice
    except (ValueError, TypeError):
        return False  # it is a name
