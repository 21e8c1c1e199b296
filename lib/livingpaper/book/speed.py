"""Sphinx at speed: pages are read and written side by side, and what is the same for all of them is looked up once."""

import os
import shutil
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
from livingpaper.chapters.store import hash_of
from livingpaper.lab import texts

SAFE = ("sphinx_multitoc_numbering",)  # of Jupyter Book; does not say so, but works on what was read
OF_ITSELF = ("wordcount", "myst_slugs")  # with lines
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
    app.connect("env-get-updated", what_pages_share, priority=900)  # when all is numbered
    app.connect("html-collect-pages", drop_words)
    app.connect("env-before-read-docs", partial(_side_by_side, "read"))
    app.connect("env-updated", partial(_side_by_side, "write"))


def what_pages_share(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Return every page, all to be written anew, if what pages say of others changed: titles, numbers, citations, places."""
    if app.builder.name != "html":
        return []
    now = hash_of(_shared(env))
    before, env.shared = getattr(env, "shared", None), now  # type: ignore[attr-defined]
    indexed = any(env.domaindata["index"]["entries"].values())  # Sphinx finds no entry of a page that stays
    if before == now and not indexed:
        return []
    shutil.rmtree(app.outdir)  # also what no page asks for any more
    app.outdir.mkdir()
    return sorted(env.found_docs)


def _shared(env: BuildEnvironment) -> list[Any]:
    """Return what a page may say of others; not in which line of its source something stands, or how long it is."""
    objects = (
        (name, *map(str, each)) for name, domain in env.domains.items() for each in domain.get_objects()
    )
    cited = getattr(env.domains.get("cite"), "citations", ())
    titles = (*env.titles.items(), *env.longtitles.items())
    files = (*env.images.items(), *env.dlfiles.items())
    own = {
        page: {name: value for name, value in words.items() if name not in OF_ITSELF}
        | {"slugs": {slug: place[1:] for slug, place in words.get("myst_slugs", {}).items()}}
        for page, words in env.metadata.items()
    }
    numbers = (env.domaindata["math"]["objects"], env.toc_secnumbers, env.toc_fignumbers)
    return [
        sorted(objects),
        [(each.citation_id, each.key) for each in cited],
        sorted((page, title.astext()) for page, title in titles),
        sorted((page, toc.pformat()) for page, toc in env.tocs.items()),
        sorted((file, sorted(pages), name) for file, (pages, name) in files),
        [sorted(map(str, each.items())) for each in (own, env.toctree_includes, *numbers)],
    ]


def drop_words(app: Sphinx) -> list[Any]:
    """Take out of the search what no page says any more; yields no page."""
    if indexer := getattr(app.builder, "indexer", None):
        for name in ("_mapping", "_title_mapping"):
            setattr(indexer, name, {word: where for word, where in getattr(indexer, name).items() if where})
    return []


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
