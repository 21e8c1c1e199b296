"""Which statements of which chapters make a variable: the backward slice, chained through ``take``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from livingpaper.build.project import Project
from livingpaper.chapters.cells import ChapterError, Statement, chapter_files, read_cells, statements

DROPPED = ("record", "show")
BUILTINS = frozenset(dir(builtins)) | {"__name__"}


@dataclass(frozen=True, slots=True)
class Chain:
    """What makes some variables of a chapter.

    Attributes
    ----------
    own : tuple of Statement
        Statements of the chapter itself, in order.
    behind : tuple of Chain
        What the chapter takes from others for them.
    given : frozenset of str
        The preset variables on which the result rests.
    """

    own: tuple[Statement, ...]
    behind: tuple[Chain, ...]
    given: frozenset[str]

    def all(self) -> Iterator[Statement]:
        """Yield every statement, of all chapters."""
        yield from self.own
        for chain in self.behind:
            yield from chain.all()


def backward(
    found: Sequence[Statement], names: Iterable[str], given: frozenset[str] = frozenset()
) -> tuple[list[Statement], set[str]]:
    """Return the statements that make ``names``, and the names that none of them binds.

    Parameters
    ----------
    found : sequence of Statement
        In order.
    names : iterable of str
    given : frozenset of str
        Variables that are there already: what binds nothing else that is needed is left out.
    """
    needed, kept = set(names) - given, []
    imported = {name for part in found if part.imports for name in part.binds}
    for statement in reversed(found):
        changes = statement.binds - imported if isinstance(statement.node, ast.Expr) else statement.binds
        if statement.call in DROPPED or not changes & needed:
            continue
        kept.append(statement)
        if statement.certain:
            needed -= statement.binds
        needed |= statement.reads - given
    return kept[::-1], needed - BUILTINS


def make_chain(
    project: Project,
    chapter: str,
    names: Iterable[str],
    given: frozenset[str] = frozenset(),
    through: tuple[tuple[str, frozenset[str]], ...] = (),
) -> Chain:
    """Return what makes variables of a chapter, without running it.

    Raises
    ------
    ChapterError
        If there is no such chapter or variable, or chapters take from each other in a circle.
    """
    files, wanted = chapter_files(project), frozenset(names)
    if chapter not in files:
        raise ChapterError(
            f"take: a chapter must be one of {sorted(files)}, found {chapter!r}; correct the name"
        )
    here = (chapter, wanted)
    if here in through:
        circle = " -> ".join([name for name, _ in (*through, here)])
        raise ChapterError(f"take: chapters must not rest on each other in a circle, found {circle}; cut it")
    found = [part for cell in read_cells(files[chapter], project.root) for part in statements(cell)]
    own, unbound = backward(found, wanted, given)
    if unbound:
        asked = "" if unbound & wanted else f", which {_reader(own, unbound)} reads"
        raise ChapterError(
            f"take: a cell of {files[chapter].relative_to(project.root)} must bind {sorted(unbound)}{asked}, none does"
        )
    behind = tuple(
        make_chain(project, name, vars_, given | more, (*through, here))
        for name, vars_, more in (taken(call, part) for part in own for call in part.calls("take"))
    )
    read = wanted.union(*(part.reads for part in own))
    return Chain(tuple(own), behind, (given & read).union(*(chain.given - _typed(own) for chain in behind)))


def taken(call: ast.Call, statement: Statement) -> tuple[str, tuple[str, ...], frozenset[str]]:
    """Return chapter, variables and presets of a call of ``take``, read from its text."""
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if len(texts) != len(call.args) or len(texts) < 2 or not all(word.arg for word in call.keywords):
        raise ChapterError(
            f'{statement.cell}: take must name a chapter and its variables in the text, take("chapter", "variable"), '
            f"found {ast.unparse(call)}"
        )
    return texts[0], tuple(texts[1:]), frozenset(word.arg for word in call.keywords if word.arg)


def _typed(own: Iterable[Statement]) -> frozenset[str]:
    """Return what calls of ``take`` in the statements preset themselves."""
    return frozenset(
        word.arg for part in own for call in part.calls("take") for word in call.keywords if word.arg
    )


def _reader(own: Iterable[Statement], unbound: set[str]) -> str:
    return next(str(part.cell) for part in own if part.reads & unbound)


def split_deferred(found: Sequence[Statement]) -> list[bool]:
    """Return for each statement whether it waits for the whole ledger: it shows, or rests on the ledger.

    Raises
    ------
    ChapterError
        If a statement records what rests on the ledger.
    """
    tainted, waits = {"ledger", "show"}, []
    for statement in found:
        late = not statement.imports and bool(statement.reads & tainted)
        if late and any(statement.calls("record")):
            raise ChapterError(
                f"{statement.cell}: a number that is recorded must rest on data, it rests on "
                f"{sorted(statement.reads & tainted)}, read from the ledger; compute it, or take it from its chapter"
            )
        if late:
            tainted |= statement.binds
        elif statement.certain and not statement.imports:
            tainted -= statement.binds
        waits.append(late)
    return waits
