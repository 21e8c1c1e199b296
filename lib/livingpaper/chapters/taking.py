"""Variables of another chapter, as its cells make them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from livingpaper.build.cache import code_digest, source_file
from livingpaper.build.project import Project, digest
from livingpaper.chapters.cells import ChapterError, Statement
from livingpaper.chapters.slicing import Chain, make_chain
from livingpaper.chapters.store import as_loaded, kept_in, lock_digest, stored

_preset: ContextVar[dict[str, Any]] = ContextVar("_preset", default={})  # noqa: B039  # never changed in place


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
    import joblib  # slow to import

    from livingpaper.chapters.session import current

    project, preset = current().project, _preset.get() | given
    chain = make_chain(project, chapter, names, frozenset(preset))
    if idle := sorted(set(given) - chain.given):
        raise ChapterError(
            f"take: {sorted(names)} of {chapter!r} must rest on what is given, they do not on {idle}; correct the name"
        )
    modules = sorted(set(modules_of(chain.all())))
    used = {name: preset[name] for name in chain.given}
    inputs = {
        "cells": "\n".join(part.source for part in chain.all()),
        "names": repr(names),
        "given": str(joblib.hash(sorted(used.items()))),
        **inputs_of(project, modules),
    }
    # one pickle: variables that share an object share it afterwards
    values = stored(
        kept_in(project),
        f"take-{chapter}",
        inputs,
        _compute(chain, names, used),
        keep=lambda: as_loaded(modules),
    )
    return values[0] if len(names) == 1 else values


def _compute(chain: Chain, names: tuple[str, ...], used: dict[str, Any]) -> Callable[[], tuple[Any, ...]]:
    def compute() -> tuple[Any, ...]:
        from livingpaper.chapters.session import elsewhere

        namespace = {"__name__": "__chapter__"} | used
        token = _preset.set(used)
        try:
            with elsewhere():
                for part in chain.own:
                    part.run(namespace)
                    namespace |= {name: used[name] for name in part.binds & set(used)}
        finally:
            _preset.reset(token)
        return tuple(namespace[name] for name in names)

    return compute


def inputs_of(project: Project, modules: Iterable[str]) -> dict[str, str]:
    """Return the hashes of what every chapter rests on: code, data, choices, committed results, locked packages."""
    results = sorted({*(project.root / "results").glob("*.csv")} - {project.ledger})
    return {
        "code": code_digest(*modules),
        "data": digest(
            [path for path in (project.data, project.protocol, *results) if path.exists()], project.root
        ),
        "lock": lock_digest(project),
    }


def modules_of(parts: Iterable[Statement]) -> list[str]:
    """Return the modules of the project that statements import."""
    names: list[str] = []
    for part in parts:
        for node in ast.walk(part.node):
            if isinstance(node, ast.Import):
                names += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name for name in names if source_file(name)]
