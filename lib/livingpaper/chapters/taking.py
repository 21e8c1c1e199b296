"""Variables of another chapter, as its cells make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from livingpaper.build.cache import code_digest, imported, source_file
from livingpaper.build.project import Project, digest
from livingpaper.chapters.cells import ChapterError, Statement
from livingpaper.chapters.session import current
from livingpaper.chapters.slicing import Chain, make_chain
from livingpaper.chapters.store import as_loaded, hash_of, kept_in, stored


def take(chapter: str, *names: str, **given: Any) -> Any:
    """Return variables of another chapter: what the cells of its file, not of its open notebook, make of them.

    Only the statements that they rest on are run, and their result is kept under the hash of all it rests on.

    Parameters
    ----------
    chapter : str
        Name of the chapter's file without ending; typed in the call, like the names.
    *names : str
        Variables; one comes back alone, several as a tuple.
    **given
        Variables that are set beforehand, in this chapter and in those it takes from, instead of being computed.

    Raises
    ------
    ChapterError
        If a chapter, a variable or what a preset stands for does not exist, or a cell fails.
    """
    session = current()
    project, preset = session.project, (session.given or {}) | given
    chain = make_chain(project, chapter, names, frozenset(preset))
    if idle := sorted(set(given) - chain.given):
        raise ChapterError(
            f"take: {sorted(names)} of {chapter!r} must rest on what is given, they do not on {idle}; correct the name"
        )
    parts, used = list(chain.all()), {name: preset[name] for name in chain.given}
    inputs = inputs_of(project, parts) | {"names": repr(names), "given": hash_of(sorted(used.items()))}
    # one pickle: variables that share an object share it afterwards
    values = stored(
        kept_in(project),
        f"take-{chapter}",
        inputs,
        lambda: _compute(chain, names, used),
        keep=lambda: as_loaded(modules_of(parts)),
    )
    return values[0] if len(names) == 1 else values


def _compute(chain: Chain, names: tuple[str, ...], used: dict[str, Any]) -> tuple[Any, ...]:
    """Run the cells of another chapter: they record nothing, and what they take has the same presets."""
    session, namespace = current(), {"__name__": "__chapter__"} | used
    before, session.given = session.given, used
    try:
        for part in chain.own:
            part.run(namespace)
            namespace |= {name: used[name] for name in part.binds & set(used)}
    finally:
        session.given = before
    return tuple(namespace[name] for name in names)


def inputs_of(project: Project, parts: Sequence[Statement]) -> dict[str, str]:
    """Return what the result of statements rests on: they, code, data, choices, committed results, locked packages."""
    results = {*(project.root / "results").glob("*.csv")} - {project.ledger}
    files = [project.data, project.protocol, project.lock, *results]
    return {
        "cells": "\n".join(part.source for part in parts),
        "code": code_digest(*modules_of(parts)),
        "files": digest(files, project.root),
    }


def modules_of(parts: Iterable[Statement]) -> list[str]:
    """Return the modules of the project that statements import, sorted."""
    names = {name for part in parts for name in imported(part.node)}
    return sorted(name for name in names if source_file(name))
