"""One chapter run statement by statement: what records first, what shows when all numbers are there."""

import io
import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from platform import python_version
from typing import Any

from livingpaper.build.cache import made_whole, sha, write_whole
from livingpaper.build.project import Project, text_of
from livingpaper.build.state import inputs_digest
from livingpaper.chapters.cells import Cell, ChapterError, Statement, chapter_statements, failed, read_cells
from livingpaper.chapters.recording import Row
from livingpaper.chapters.session import current, start
from livingpaper.config import config

Shown = dict[int, tuple[dict[str, Any], dict[str, Any]]]  # cell number: mimebundle and its metadata
Show = Callable[[list[str]], Iterable[tuple[str, Shown]]]  # of chapters, with their names


@dataclass(slots=True)
class ChapterRun:
    """A chapter that is running in this process; a cell that fails, warns or prints is a ``ChapterError``."""

    project: Project
    path: Path
    shown: Shown = field(default_factory=dict)  # by its cells so far
    _waiting: list[tuple[Statement, dict[str, Any], frozenset[str]]] = field(default_factory=list)

    def record(self) -> list[Row]:
        """Run what does not wait for the ledger; return the rows that it recorded."""
        os.chdir(self.path.parent)
        session, parts = start(self.project), chapter_statements(self.project, self.path)
        session.readable = False
        namespace: dict[str, Any] = {"__name__": "__main__"}
        late = frozenset[str]()
        for part, waits in zip(parts, split_deferred(parts), strict=True):
            if part.calls("show") and not (part.last and part.call == "show"):
                must = "show must stand alone as the last statement of its cell; move it into its own"
                raise ChapterError(f"{part.cell}: {must}")
            if waits:
                read = {name: namespace[name] for name in (*part.reads, "__name__") if name in namespace}
                self._waiting.append((part, read, late))  # what nobody waits for is freed
                late |= part.binds
            else:
                session.cell = part.cell
                self._run(part, namespace)
                late -= part.binds
        return list(session.rows.values())

    def show(self) -> Shown:
        """Run what waited, each with the variables as they were; return what all cells show."""
        session = current()
        session.readable = True
        session.rows.clear()  # the ledger is complete: every number is read there
        bound: dict[str, Any] = {}
        for part, namespace, late in self._waiting:
            namespace |= {name: bound[name] for name in late if name in bound}
            self._run(part, namespace)
            bound |= {name: namespace[name] for name in part.binds if name in namespace}
        return self.shown

    def _run(self, part: Statement, namespace: dict[str, Any]) -> None:
        with quiet(part.cell):
            value = part.run(namespace)
            if part.last and value is not None:
                self.shown[part.cell.number] = _displayed(part.cell, value)


def split_deferred(found: Sequence[Statement]) -> list[bool]:
    """Return for each statement whether it waits for the whole ledger: it shows, or rests on the ledger."""
    tainted, waits = {"ledger", "show"}, []
    for part in found:
        late = not part.imports and bool(part.reads & tainted)
        if late and part.calls("record"):
            rests = f"it rests on {sorted(part.reads & tainted)}, read from the ledger"
            must = f"{part.cell}: a number that is recorded must rest on data"
            raise ChapterError(f"{must}, {rests}; compute it, or take it from its chapter")
        if late:
            tainted |= part.binds
        elif part.certain and not part.imports:
            tainted -= part.binds
        waits.append(late)
    return waits


def _displayed(cell: Cell, value: object) -> tuple[dict[str, Any], dict[str, Any]]:
    if config().guarded and not str(getattr(value, "name", "")).startswith(("fig-", "tbl-")):
        must = "a cell of a paper with guarded patients may show what show(...) returns and nothing else"
        raise ChapterError(f"{cell}: {must}, found {type(value).__name__}; end it otherwise")
    try:
        if own := getattr(value, "_repr_mimebundle_", None):  # the formatter would only log its errors
            kinds = getattr(type(value), "on_pages", None)  # other formats would be kept, and shown nowhere
            made = own(include=kinds) if kinds else own()
        else:
            from IPython.core.formatters import DisplayFormatter  # heavy, and not for what formats itself

            made = DisplayFormatter().format(value)
        return made if isinstance(made, tuple) else (made, {})
    except Exception as error:
        raise failed(cell, error) from error


@contextmanager
def quiet(cell: Cell) -> Iterator[None]:
    """Stop a cell that warns or prints: what it says would stand in the paper, or be lost."""

    def refuse(message: Warning, *_: object, **__: object) -> None:
        raise message

    said = io.StringIO()
    with warnings.catch_warnings(), redirect_stdout(said), redirect_stderr(said):
        warnings.showwarning = refuse  # type: ignore[assignment]
        yield
    if text := " ".join(said.getvalue().split()):
        words = "something" if config().guarded else repr(text[:200])
        found = f"it printed {words}; show(...) it, or drop it"
        raise ChapterError(f"{cell}: a cell must print nothing, {found}")


def is_executed(project: Project, files: Mapping[str, Path]) -> bool:
    """Return whether the build of the book finds the cells of chapters executed, with all they rest on as it is."""
    mark, cells = _executed(project, files)
    return mark.is_file() and mark.read_text("utf-8") == cells


def _executed(project: Project, files: Mapping[str, Path]) -> tuple[Path, str]:
    """Return the file that says which cells are, beside their outputs, and what it says if these are."""
    found = [cell for path in files.values() for cell in read_cells(path, project.root)]
    cells = [part for cell in found for part in (cell.code, cell.source)]  # a number says where it stands
    heads = [text_of(path).partition("\n---\n")[0] for path in files.values()]  # with the kernel
    made = sha("\0".join([*files, *heads, *cells]))
    return project.build / ".jupyter_cache" / inputs_digest(project) / ".cells", made


def store_executed(project: Project, files: Mapping[str, Path], show: Show) -> None:
    """Put chapters, with what their cells ``show``, where the build of the book finds them executed, unless they are there."""
    if is_executed(project, files):
        return
    from sqlalchemy.exc import SQLAlchemyError  # heavy, and not needed for the ledger

    try:
        _store(project, files, show)
    except (SQLAlchemyError, RuntimeError) as error:
        why = str(error.__cause__ or error).splitlines()[0]
        must = "what cells show must be kept in _build/.jupyter_cache, it cannot be"
        raise OSError(f"{must}: {why}; make room, or delete that folder") from None


def _store(project: Project, files: Mapping[str, Path], show: Show) -> None:
    import jupytext
    import nbformat
    from jupyter_cache import get_cache
    from jupyter_cache.base import CacheBundleIn

    mark, cells = _executed(project, files)
    read = cache(lambda name: jupytext.reads(text_of(files[name]), "md:myst"))
    if not (known := mark.parent.is_dir()):
        with made_whole(mark.parent) as fresh:
            get_cache(str(fresh)).db  # noqa: B018  # a part of it would stop every later build
    store, missing = get_cache(str(mark.parent)), list(files)
    for name in files if known else ():
        with suppress(KeyError, ValueError):  # a full disk or a kill left it out, or a part of it
            store.merge_match_into_notebook(read(name))
            missing.remove(name)
    python = {"name": "python", "version": python_version()}
    language = python | {"pygments_lexer": "ipython3", "mimetype": "text/x-python"}
    for name, shown in show(missing):
        notebook = read(name)  # while others show
        notebook.metadata["language_info"] = language
        code = (cell for cell in notebook.cells if cell.cell_type == "code")
        for number, cell in enumerate(code, 1):
            cell.execution_count = number
            if number in shown:
                data, metadata = shown[number]
                more = {"metadata": metadata, "execution_count": number}
                cell.outputs = [nbformat.v4.new_output("execute_result", data, **more)]
        store.cache_notebook_bundle(CacheBundleIn(notebook, str(files[name])), overwrite=True)
    write_whole(mark, cells.encode())
