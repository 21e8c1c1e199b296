"""Which statements of which chapters make a variable: the backward slice, chained through ``take``."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from livingpaper.build.project import Project
from livingpaper.chapters.cells import ChapterError, Statement, chapter_files, chapter_statements

DROPPED = ("record", "show")
BUILTINS = frozenset(dir(builtins)) | {"__name__"}


@dataclass(frozen=True, slots=True)
class Chain:
    """What makes some variables of a chapter."""

    own: tuple[Statement, ...]  # of the chapter itself, in order
    behind: tuple[Chain, ...]  # what the chapter takes from others for them
    given: frozenset[str]  # the preset variables on which the result rests

    def all(self) -> Iterator[Statement]:
        """Yield every statement, of all chapters."""
        yield from self.own
        for chain in self.behind:
            yield from chain.all()


def backward(
    found: Sequence[Statement], names: Iterable[str], given: frozenset[str] = frozenset()
) -> tuple[list[Statement], set[str]]:
    """Return the statements that make ``names`` where some are ``given``, and the names that none of them binds."""
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
    """Return what makes variables of a chapter, without running it."""
    files, here = chapter_files(project), (chapter, frozenset(names))
    if chapter not in files:
        raise ChapterError(
            f"take: a chapter must be one of {sorted(files)}, found {chapter!r}; correct the name"
        )
    if here in through:
        circle = " -> ".join([name for name, _ in (*through, here)])
        raise ChapterError(f"take: chapters must not rest on each other in a circle, found {circle}; cut it")
    own, unbound = backward(chapter_statements(files[chapter], project.root), here[1], given)
    if unbound:
        reader = next((part.cell for part in own if part.reads & unbound), None)
        asked = "" if unbound & here[1] else f", which {reader} reads"
        raise ChapterError(
            f"take: a cell of {files[chapter].relative_to(project.root)} must bind {sorted(unbound)}{asked}, none does"
        )
    takes = [taken(call, part) for part in own for call in part.calls("take")]
    behind = [
        make_chain(project, name, more, given | preset, (*through, here)) for name, more, preset in takes
    ]
    read = here[1].union(*(part.reads for part in own))
    typed = frozenset[str]().union(*(preset for _, _, preset in takes))
    return Chain(tuple(own), tuple(behind), (given & read).union(*(chain.given - typed for chain in behind)))


def taken(call: ast.Call, statement: Statement) -> tuple[str, tuple[str, ...], frozenset[str]]:
    """Return chapter, variables and presets of a call of ``take``, read from its text."""
    texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
    if len(texts) != len(call.args) or len(texts) < 2 or not all(word.arg for word in call.keywords):
        raise ChapterError(
            f'{statement.cell}: take must name a chapter and its variables in the text, take("chapter", "variable"), '
            f"found {ast.unparse(call)}"
        )
    return texts[0], tuple(texts[1:]), frozenset(word.arg for word in call.keywords if word.arg)


def split_deferred(found: Sequence[Statement]) -> list[bool]:
    """Return for each statement whether it waits for the whole ledger: it shows, or rests on the ledger."""
    tainted, waits = {"ledger", "show"}, []
    for statement in found:
        late = not statement.imports and bool(statement.reads & tainted)
        if late and statement.calls("record"):
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
