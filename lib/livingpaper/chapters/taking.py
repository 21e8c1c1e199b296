"""Variables of another chapter: which statements of which chapters make them, chained through ``take``."""

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from livingpaper.build.cache import code_digest, imported, installed, source_file
from livingpaper.build.project import Project, digest
from livingpaper.build.state import fixed_files
from livingpaper.chapters.cells import ChapterError, Statement, chapter_files, chapter_statements
from livingpaper.chapters.session import current
from livingpaper.chapters.store import Shelf, hash_of, stored
from livingpaper.chapters.tracked import choices_of, choices_read

DROPPED = ("record", "show")
Names = frozenset[str]
Steps = tuple[tuple[str, Names], ...]  # chapters with what is taken from them
BUILTINS = frozenset(dir(builtins)) | {"__name__"}


class Chain(NamedTuple):
    """What makes some variables of a chapter."""

    own: list[Statement]  # of the chapter itself, in order
    behind: list[Statement]  # of those from which it takes something for them
    given: Names  # the preset variables on which the result rests


def take(chapter: str, *names: str, **given: Any) -> Any:
    """Return variables of another chapter: what the cells of its file, not of its open notebook, make of them.

    ``chapter`` is the name of its file without ending, typed in the call, like the ``names``, of which several come back as
    a tuple. Variables that are ``given`` are set beforehand, in this chapter and in those it takes from, instead of being
    computed. Only the statements that the names rest on are run, and their result is kept under the hash of all it rests
    on. A ``ChapterError`` if a chapter, a variable or what a preset stands for does not exist, or a cell fails.
    """
    session = current()
    project, preset = session.project, (session.given or {}) | given
    chain = make_chain(project, chapter, names, frozenset(preset))
    if idle := sorted(set(given) - chain.given):
        must = f"take: {sorted(names)} of {chapter!r} must rest on what is given"
        raise ChapterError(f"{must}, they do not on {idle}; correct the name")
    parts, used = chain.own + chain.behind, {name: preset[name] for name in chain.given}
    inputs = inputs_of(project, parts) | {"names": repr(names), "given": hash_of(sorted(used.items()))}

    def compute() -> tuple[Any, ...]:
        namespace = {"__name__": "__chapter__"} | used
        before, session.given = session.given, used  # they record nothing, and take with the same presets
        try:
            for part in chain.own:
                part.run(namespace)
                namespace |= {name: used[name] for name in part.binds & set(used)}
        finally:
            session.given = before
        return tuple(namespace[name] for name in names)

    # one pickle: variables that share an object share it afterwards
    shelf = Shelf(project.steps, f"take-{chapter}", inputs, choices_of(project))
    values = stored(shelf, compute, partial(choices_read, project), modules_of(parts))
    return values[0] if len(names) == 1 else values


def make_chain(
    project: Project, chapter: str, names: Iterable[str], given: Names = frozenset(), through: Steps = ()
) -> Chain:
    """Return what makes variables of a chapter, without running it."""
    files, here = chapter_files(project), (chapter, frozenset(names))
    if chapter not in files:
        must = f"take: a chapter must be one of {sorted(files)}"
        raise ChapterError(f"{must}, found {chapter!r}; correct the name")
    if here in through:
        circle = " -> ".join([name for name, _ in (*through, here)])
        raise ChapterError(f"take: chapters must not rest on each other in a circle, found {circle}; cut it")
    own, unbound = backward(chapter_statements(project, files[chapter]), here[1], given)
    if unbound:
        reader = next((part.cell for part in own if part.reads & unbound), None)
        reads = "" if unbound & here[1] else f", which {reader} reads"
        place = files[chapter].relative_to(project.root)
        raise ChapterError(f"take: a cell of {place} must bind {sorted(unbound)}{reads}, none does")
    behind, rests = list[Statement](), given & here[1].union(*(part.reads for part in own))
    for name, more, preset in takes(own):
        chain = make_chain(project, name, more, given | preset, (*through, here))
        behind += chain.own + chain.behind
        rests |= chain.given - preset
    return Chain(own, behind, rests)


def backward(
    found: Sequence[Statement], names: Iterable[str], given: Names = frozenset()
) -> tuple[list[Statement], set[str]]:
    """Return the statements that make ``names`` where some are ``given``, and the names that none of them binds."""
    needed, kept = set(names) - given, []
    imported = {name for part in found if part.imports for name in part.binds}
    for part in reversed(found):
        changes = part.binds - imported if isinstance(part.node, ast.Expr) else part.binds
        if part.call in DROPPED or not changes & needed:
            continue
        kept.append(part)
        needed = (needed - part.binds if part.certain else needed) | (part.reads - given)
    return kept[::-1], needed - BUILTINS


def takes(parts: Iterable[Statement]) -> Iterator[tuple[str, list[str], Names]]:
    """Yield chapter, variables and presets of each call of ``take`` in statements, read from its text."""
    for cell, call in [(part.cell, call) for part in parts for call in part.calls("take")]:
        texts = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and type(arg.value) is str]
        presets = frozenset(word.arg for word in call.keywords if word.arg)
        if not len(texts) == len(call.args) >= 2 or len(presets) < len(call.keywords):
            must = 'take must name a chapter and its variables in the text, take("chapter", "variable")'
            raise ChapterError(f"{cell}: {must}, found {ast.unparse(call)}")
        yield texts[0], texts[1:], presets


def inputs_of(project: Project, parts: Sequence[Statement]) -> dict[str, str]:
    """Return what results of statements rest on but choices: they, code, data, committed results, locked packages."""
    return {
        "cells": "\n".join(part.source for part in parts),
        "code": code_digest(*modules_of(parts)),
        "packages": installed(),
        "files": digest(fixed_files(project), project.root),
    }


def modules_of(parts: Iterable[Statement]) -> list[str]:
    """Return the modules of the project that statements import, sorted."""
    names = {name for part in parts for name in imported(part.node)}
    return sorted(name for name in names if source_file(name))


def load_modules(parts: Iterable[Statement]) -> None:
    """Import the modules of the project that statements import; what fails here fails again in the cell that needs it."""
    for module in modules_of(parts):
        with suppress(Exception):
            import_module(module)
    if "numba" in sys.modules:  # its compiler, too, is set up once
        import_module("numba.core.registry").cpu_target.target_context.refresh()
