"""The code cells of a chapter, and what each statement in them reads and binds."""

from __future__ import annotations

import ast
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from livingpaper.build.project import Project, pages

CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```[ \t]*$", re.M | re.S)
OPTION_LINES = re.compile(r"\A(?:---\n(?:.*\n)*?---\n|(?::[\w-]+:.*\n)*)")
LABEL = re.compile(r"^\(([\w-]+)\)=\s*$", re.M)


class ChapterError(ValueError):
    """A chapter cannot be run; one line names chapter, cell and cause."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell."""

    chapter: str  # its file, from the project's root: book/outcomes.md
    number: int  # which code cell of the chapter, from 1
    label: str  # the nearest (label)= above it; empty before the first
    source: str

    def __str__(self) -> str:
        return f"{self.chapter}, cell {self.number}" + (f" ({self.label})" if self.label else "")

    @property
    def code(self) -> str:
        """Where a number of this cell comes from, as the ledger says it."""
        return f"{self.chapter}::{self.label}" if self.label else self.chapter


@dataclass(frozen=True)
class Statement:
    """A statement of a cell, the names it binds or changes, and the names it reads."""

    cell: Cell
    node: ast.stmt
    binds: frozenset[str]
    reads: frozenset[str]
    last: bool  # of its cell

    @cached_property
    def source(self) -> str:
        """The statement as text, without comments: what a stored result rests on."""
        return ast.unparse(self.node)

    @property
    def call(self) -> str:
        """The function of a statement that is nothing but a call, such as ``show``; else empty."""
        return called(self.node.value) if isinstance(self.node, ast.Expr) else ""

    @property
    def imports(self) -> bool:
        """Whether it is an import."""
        return isinstance(self.node, (ast.Import, ast.ImportFrom))

    @property
    def certain(self) -> bool:
        """Whether it binds its names in any case, so that what bound them before does not matter."""
        return not isinstance(self.node, (ast.If, ast.For, ast.While, ast.Try, ast.Match))

    def calls(self, name: str) -> list[ast.Call]:
        """Return the calls of a function anywhere in the statement."""
        return [node for node in self.all_calls if called(node) == name]

    @cached_property
    def all_calls(self) -> list[ast.Call]:
        """Every call in the statement."""
        return [node for node in ast.walk(self.node) if isinstance(node, ast.Call)]

    def run(self, namespace: dict[str, Any]) -> Any:
        """Run the statement; return its value if it is an expression; what fails is a ``ChapterError``."""
        try:
            if isinstance(self.node, ast.Expr):
                return eval(compile(ast.Expression(self.node.value), str(self.cell), "eval"), namespace)
            exec(compile(ast.Module([self.node], []), str(self.cell), "exec"), namespace)
        except ChapterError:
            raise
        except Exception as error:
            raise failed(self.cell, error) from error
        return None


def failed(cell: Cell, error: BaseException) -> ChapterError:
    """Return what went wrong in a cell, in one line."""
    return ChapterError(f"{cell}: {type(error).__name__}: {' '.join(str(error).split())}")


def called(node: ast.expr) -> str:
    """Return the name of the function that an expression calls, without its module; else empty."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def chapter_files(project: Project) -> dict[str, Path]:
    """Return name to file of the chapters that ``_toc.yml`` lists and that run code, in order."""
    paths = [project.root / f"{name}.md" for name in pages(project)]
    return {
        path.stem: path for path in paths if path.is_file() and "kernelspec" in path.read_text("utf-8")[:800]
    }


def own_chapters(project: Project) -> dict[str, Path]:
    """Return the chapters that use this package; others are left to the book's own machinery."""
    files = chapter_files(project)
    return {name: path for name, path in files.items() if "livingpaper" in path.read_text("utf-8")}


def read_cells(path: Path, root: Path) -> tuple[Cell, ...]:
    """Return the code cells of a MyST chapter."""
    return _cells(path.read_text("utf-8"), path.relative_to(root).as_posix())


@cache
def _cells(text: str, name: str) -> tuple[Cell, ...]:
    labels = [(found.start(), found[1]) for found in LABEL.finditer(text)]
    cells = []
    for number, found in enumerate(CELL.finditer(text), 1):
        above = [label for start, label in labels if start < found.start()]
        source = OPTION_LINES.sub("", found[1], count=1).strip("\n")
        cells.append(Cell(name, number, above[-1] if above else "", source))
    return tuple(cells)


def chapter_statements(path: Path, root: Path) -> list[Statement]:
    """Return the statements of all cells of a chapter; a cell that is no Python is a ``ChapterError``."""
    return [part for cell in read_cells(path, root) for part in statements(cell)]


@cache
def statements(cell: Cell) -> tuple[Statement, ...]:
    """Return the top-level statements of a cell; what is no Python is a ``ChapterError``."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError as error:
        raise ChapterError(f"{cell}: SyntaxError: {error.msg} (line {error.lineno})") from None
    return tuple(_statement(cell, node, node is body[-1]) for node in body)


def _statement(cell: Cell, node: ast.stmt, last: bool) -> Statement:
    table = symtable.symtable(ast.unparse(node), str(cell), "exec")
    binds = {name.get_name() for name in table.get_symbols() if name.is_assigned() or name.is_imported()}
    changed = set(_changed(node))
    return Statement(cell, node, frozenset(binds | changed), frozenset({*_read(table), *changed}), last)


def _read(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names of the chapter that a block reads, functions and comprehensions in it included."""
    for name in table.get_symbols():
        if name.is_referenced() and (table.get_type() == "module" or name.is_global()):
            yield name.get_name()
    for inner in table.get_children():
        yield from _read(inner)


def _changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names whose objects a statement changes: ``df["x"] = 1``, ``n += 1``, ``rows.append(1)``."""
    for part in ast.walk(node):
        if isinstance(part, (ast.Subscript, ast.Attribute)) and isinstance(part.ctx, ast.Store):
            yield from _root(part)
        elif isinstance(part, ast.AugAssign):
            yield from _root(part.target)
        elif isinstance(part, ast.Expr) and isinstance(getattr(part.value, "func", None), ast.Attribute):
            yield from _root(part.value)


def _root(node: ast.expr) -> Iterator[str]:
    while isinstance(node, (ast.Subscript, ast.Attribute, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name):
        yield node.id
