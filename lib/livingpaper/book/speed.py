"""Sphinx at speed: pages are read and written side by side, and what is the same for all of them is looked up once."""

import os
from functools import cache, partial
from pathlib import Path
from typing import Any

import pybtex.plugin
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.search.en import SearchEnglish

from livingpaper.book import provenance
from livingpaper.build.project import Project
from livingpaper.chapters.cells import chapter_files, own_chapters
from livingpaper.lab import texts

SAFE = ("sphinx_multitoc_numbering",)  # of Jupyter Book; does not say so, but works on what was read
ONCE: tuple[tuple[Any, str], ...] = (
    (pybtex.plugin, "_load_entry_point"),  # behind every citation it reads what all packages declare
    (SearchEnglish, "stem"),
    (provenance, "digest_of"),
    (texts, "choice_words"),
)


class ReadOnceDomain(StandardDomain):
    """Sphinx's standard domain, which unpickles a whole page behind every ``numref``, a third of the time of a book."""

    def _resolve_numref_xref(self, env: BuildEnvironment, *arguments: Any) -> nodes.Element | None:
        # nobody changes the trees, they are only looked at
        env.get_doctree = self.__dict__.setdefault("_kept", cache(env.get_doctree))  # type: ignore[method-assign]
        try:
            return super()._resolve_numref_xref(env, *arguments)
        finally:
            del env.get_doctree


def at_speed(app: Sphinx) -> None:
    """Let pages be read and written side by side where every extension allows it, and keep ``ONCE`` for this build."""
    for place, name in ONCE:
        setattr(place, name, cache(getattr(place, name)))
    app.connect("build-finished", _ask_again)
    app.add_domain(ReadOnceDomain, override=True)
    app.connect("env-before-read-docs", partial(_side_by_side, "read"))
    app.connect("env-updated", partial(_side_by_side, "write"))


def _ask_again(_app: Sphinx, _failed: Exception | None) -> None:
    for place, name in ONCE:
        setattr(place, name, getattr(place, name).__wrapped__)


def _side_by_side(what: str, app: Sphinx, *_: object) -> None:
    """Set how many processes read or write; chapters that are still to be run are read one by one."""
    project = Project(Path(app.srcdir))
    for name in filter(app.extensions.__contains__, SAFE):
        app.extensions[name].parallel_read_safe = True
    safe = all(getattr(each, f"parallel_{what}_safe") for each in app.extensions.values())
    listed = (project.root / "_toc.yml").is_file()
    ready = what == "write" or (listed and own_chapters(project) == chapter_files(project))
    app.parallel = 1 + (os.cpu_count() or 1) if safe and ready else 1
