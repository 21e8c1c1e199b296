"""The code cells of a chapter, and what each statement in them reads and binds."""

import ast
import re
import symtable
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from livingpaper.build.project import Project, chapters, runs, text_of, toml_of
from livingpaper.config import guarded_here

PART = re.compile(r"^\(([\w-]+)\)=\s*$|^```\{code-cell\}[^\n]*\n(.*?)^```[ \t]*$", re.M | re.S)
OWN = ("headtohead", "livingpaper", "study")
FRACTION = re.compile(r"[-−]?\d+\.\d+")
QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|[-−]?\d[\d.,]*")
OPTION_LINES = re.compile(r"\A(?:---\n(?:.*\n)*?---\n|(?::[\w-]+:.*\n)*)")


class ChapterError(ValueError):
    """A chapter cannot be run; one line names chapter, cell and cause."""


class Cell(NamedTuple):
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


class Statement(NamedTuple):
    """A statement of a cell."""

    cell: Cell
    node: ast.stmt
    source: str  # without comments: what a stored result rests on
    binds: frozenset[str]  # the names that it binds or changes
    reads: frozenset[str]
    last: bool  # of its cell
    imports: bool  # whether it is an import
    certain: bool  # whether it binds its names in any case, so that what bound them before does not matter
    call: str  # the function of a statement that is nothing but a call, such as ``show``; else empty
    all_calls: tuple[ast.Call, ...]  # anywhere in it

    def calls(self, name: str) -> list[ast.Call]:
        """Return the calls of a function anywhere in the statement."""
        return [node for node in self.all_calls if called(node) == name]

    def run(self, namespace: dict[str, Any]) -> Any:
        """Run the statement; return its value if it is an expression; what fails is a ``ChapterError``."""
        try:
            if isinstance(self.node, ast.Expr):
                return eval(compile(ast.Expression(self.node.value), str(self.cell), "eval"), namespace)
            exec(compile(ast.Module([self.node], []), str(self.cell), "exec"), namespace)
        except ChapterError:
            raise
        except (Exception, SystemExit) as error:  # also a cell that ends the process
            raise failed(self.cell, error) from error


def failed(place: object, error: BaseException) -> ChapterError:
    """Return what went wrong in a cell or a chapter, in one line."""
    return ChapterError(f"{place}: {type(error).__name__}: {_without_values(error)}")


def _without_values(error: BaseException) -> str:
    """Return what an error says; in a paper of guarded patients without numbers and quotations that may be theirs.

    Errors of this project quote names, others any cell.
    """
    said = " ".join(str(error).split())
    if not guarded_here():
        return said
    own = type(error).__module__.partition(".")[0] in OWN
    return FRACTION.sub("#", said) if own else QUOTED.sub("#", said)


def called(node: ast.expr) -> str:
    """Return the name of the function that an expression calls, without its module; else empty."""
    function = node.func if isinstance(node, ast.Call) else None
    return getattr(function, "id", "") or getattr(function, "attr", "")


def chapter_files(project: Project) -> dict[str, Path]:
    """Return name to file of the chapters that ``_toc.yml`` lists and that run code, in order."""
    return {path.stem: path for path in chapters(project.root) if runs(text_of(path))}


def own_chapters(project: Project) -> dict[str, Path]:
    """Return the chapters that use this package; others are left to the book's own machinery."""
    return {name: path for name, path in chapter_files(project).items() if "livingpaper" in text_of(path)}


def read_cells(path: Path, root: Path) -> list[Cell]:
    """Return the code cells of a MyST chapter."""
    cells, label, name = list[Cell](), "", path.relative_to(root).as_posix()
    for found in PART.finditer(text_of(path)):
        if found[1]:  # above a section, figure or table
            label = found[1]
        else:
            source = OPTION_LINES.sub("", found[2], count=1).strip("\n")
            cells.append(Cell(name, len(cells) + 1, label, source))
    return cells


def chapter_statements(project: Project, *paths: Path) -> list[Statement]:
    """Return the statements of all cells of chapters; a cell that is no Python is a ``ChapterError``."""
    return [part for path in paths for cell in read_cells(path, project.root) for part in statements(cell)]


@cache
def statements(cell: Cell) -> tuple[Statement, ...]:
    """Return the top-level statements of a cell; what is no Python is a ``ChapterError``."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError as error:
        raise ChapterError(f"{cell}: SyntaxError: {error.msg} (line {error.lineno})") from None
    return tuple(_statement(cell, node, node is body[-1]) for node in body)


def _statement(cell: Cell, node: ast.stmt, last: bool) -> Statement:
    source, changed = ast.unparse(node), set(_changed(node))
    table = symtable.symtable(source, str(cell), "exec")
    binds = {name.get_name() for name in table.get_symbols() if name.is_assigned() or name.is_imported()}
    return Statement(
        cell,
        node,
        source,
        binds=frozenset(binds | changed),
        reads=frozenset(changed.union(_read(table))),
        last=last,
        imports=isinstance(node, (ast.Import, ast.ImportFrom)),
        certain=not isinstance(node, (ast.If, ast.For, ast.While, ast.Try, ast.Match)),
        call=called(node.value) if isinstance(node, ast.Expr) else "",
        all_calls=tuple(part for part in ast.walk(node) if isinstance(part, ast.Call)),
    )


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
        match part:
            case ast.Subscript(ctx=ast.Store()) | ast.Attribute(ctx=ast.Store()):
                root: ast.expr = part
            case ast.AugAssign(target=root) | ast.Expr(value=ast.Call(func=ast.Attribute()) as root):
                pass
            case _:
                continue
        while isinstance(root, (ast.Subscript, ast.Attribute, ast.Call)):
            root = root.func if isinstance(root, ast.Call) else root.value
        if isinstance(root, ast.Name):
            yield root.id


def check_literals(project: Project) -> None:
    """Refuse a value typed in a cell for a keyword that is a choice of the protocol: one line per fault."""
    if not project.protocol.is_file():
        return
    choices = toml_of(text_of(project.protocol), project.protocol, ChapterError)
    tables = {section: values for section, values in choices.items() if isinstance(values, Mapping)}
    names = {name: f"{section}.{name}" for section, values in tables.items() for name in values}
    faults = []
    for part in chapter_statements(project, *own_chapters(project).values()):
        for word in (word for call in part.all_calls if called(call) != "take" for word in call.keywords):
            if (name := word.arg or "") in names and _typed(word.value):
                found = f"{name} is a choice of protocol.toml, it is typed as {ast.unparse(word.value)}"
                faults.append(f"{part.cell}: {found}; write plan.{names[name]}, and change it there")
    if faults:
        raise ChapterError("\n".join(faults))


def _typed(node: ast.expr) -> bool:
    try:
        return ast.literal_eval(node) is not None  # None is the absence of a choice
    except (ValueError, TypeError):
        return False  # it is a name
