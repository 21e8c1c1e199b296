"""What the text prints of the paper: roles for a number, a choice, the build; directives for tables and lists."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.environment import BuildEnvironment
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective, SphinxRole

from livingpaper.book.checklists import checklist_myst, load_checklists
from livingpaper.book.choices import choice_words
from livingpaper.book.provenance import panel_html
from livingpaper.book.stamp import MARKUP, stamp
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.ledger.ledger import ledger_part, read_ledger
from livingpaper.versions.exhibits import changes_myst

SOURCES = ("CHANGELOG.md", "book/checklists.yml")  # no input of a chapter, but read for the directives
PLACE = "book/ledger"  # the page that lists every number


class result_node(nodes.inline):  # noqa: N801  # docutils names nodes in lower case
    """A number of the ledger in running text; knows its id and origin, and the mark of it."""


def result(project: Project, asked: str) -> nodes.Node:
    """Return a number of the ledger, marked by its origin: ``{result}`id [part]```.

    The part is text (default: the value with its interval), value, ci, low, high, n, events or level.
    """
    id_, _, part = asked.partition(" ")
    rows = _ledger(project)
    if id_ not in rows.index:
        raise KeyError(f"no number {id_!r} in the ledger; correct the id, or record it in a chapter")
    row = rows.loc[id_]
    mark = config(project).origins[row["origin"]].mark
    return result_node("", ledger_part(row, part or "text"), ledger_id=id_, origin=row["origin"], mark=mark)


def choice(project: Project, dotted: str) -> nodes.Node:
    """Return a choice of ``protocol.toml``: ``{choice}`section.key```."""
    return nodes.inline("", choice_words(project, dotted), classes=["choice"])


def stamp_part(project: Project, name: str) -> nodes.Node:
    """Return what identifies this build: ``{stamp}`version```, released, commit, protocol or data."""
    marks = stamp(project)
    if name not in marks:
        raise KeyError(f"a stamp has the parts {sorted(marks)}, found {name!r}")
    return nodes.Text(marks[name])


def checklist(project: Project, name: str) -> str:
    """Return one checklist of ``book/checklists.yml`` as MyST."""
    path = project.root / "book" / "checklists.yml"
    known = load_checklists(path)
    if name not in known:
        raise KeyError(f"no checklist {name!r} in {path}; it has {sorted(known)}")
    return checklist_myst(name, known[name])


def ledger_html(project: Project, _docname: str) -> str:
    """Return the whole ledger, one row with an anchor per number; for other formats there is the file."""
    rows = _ledger(project)
    counts = {name: rows[name].map("{:,.0f}".format, na_action="ignore") for name in ("n", "events")}
    printed = rows.assign(**counts).fillna("").itertuples()
    return MARKUP.get_template("ledger.html").render(
        rows=printed, marks=config(project).marks, anchor=html_id
    )


def _ledger(project: Project) -> pd.DataFrame:
    path = project.ledger
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@cache
def _read(path: Path, _changed: int) -> pd.DataFrame:
    return read_ledger(path)


def html_id(ledger_id: str) -> str:
    """Return the anchor of a ledger row."""
    return "n-" + re.sub(r"[^a-z0-9]+", "-", ledger_id.lower())


ROLES: dict[str, Callable[[Project, str], nodes.Node]] = {
    "result": result,
    "choice": choice,
    "stamp": stamp_part,
}
HTML: dict[str, Callable[[Project, str], str]] = {
    "ledger": ledger_html,
    "provenance": panel_html,
}  # of a page
MYST: dict[str, Callable[..., str]] = {
    "checklist": checklist,
    "changes": changes_myst,
}  # of what is asked for


class PaperRole(SphinxRole):
    """A role of the paper; what cannot be printed stops the build."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the text as a node."""
        try:
            return [ROLES[self.name](Project(Path(self.env.srcdir)), self.text)], []
        except (KeyError, ValueError) as error:
            source, line = self.get_source_info()
            words = error.args[0] if isinstance(error, KeyError) else error
            raise SphinxError(f"{source}:{line}: {words}") from None


class PaperDirective(SphinxDirective):
    """A directive of the paper: MyST, or raw HTML, which on paper is left out."""

    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the nodes; what cannot be printed stops the build."""
        project = Project(Path(self.env.srcdir))
        if self.name in HTML:
            return [nodes.raw("", HTML[self.name](project, self.env.docname), format="html")]
        for path in filter(Path.is_file, map(project.root.joinpath, SOURCES)):
            self.env.note_dependency(str(path))
        try:
            return self.parse_text_to_nodes(MYST[self.name](project, *self.arguments))
        except (KeyError, ValueError) as error:
            raise SphinxError(str(error.args[0])) from None


def visit_html(self: Any, node: result_node) -> None:
    """Open the number as a link to its row in the ledger page."""
    id_, origin = node["ledger_id"], node["origin"]
    target = f"{self.builder.get_relative_uri(self.builder.current_docname, PLACE)}#{html_id(id_)}"
    self.body.append(f'<a class="result origin-{origin}" href="{target}" title="{origin}: {id_}">')


def depart_html(self: Any, node: result_node) -> None:
    """Close the number with the mark of its origin."""
    self.body.append(f'<sup class="origin">{node["mark"]}</sup></a>')


def depart_latex(self: Any, node: result_node) -> None:
    """Print the mark of its origin after the number."""
    self.body.append(rf"\paperorigin{{{node['mark']}}}")


def _nothing(self: Any, node: result_node) -> None: ...


class ReadOnceDomain(StandardDomain):
    """Sphinx's standard domain, which unpickles a whole page behind every ``numref``, a third of the time of a book."""

    def _resolve_numref_xref(self, env: BuildEnvironment, *arguments: Any) -> nodes.Element | None:
        """Resolve a reference with trees that are read once: nobody changes them, they are only looked at."""
        env.get_doctree = self.__dict__.setdefault("_kept", cache(env.get_doctree))  # type: ignore[method-assign]
        try:
            return super()._resolve_numref_xref(env, *arguments)
        finally:
            del env.get_doctree


def register(app: Sphinx) -> None:
    """Register the roles and directives."""
    for name in ROLES:
        app.add_role(name, PaperRole())
    for name in (*HTML, *MYST):
        app.add_directive(name, PaperDirective)
    plain = (_nothing, _nothing)
    app.add_node(result_node, html=(visit_html, depart_html), latex=(_nothing, depart_latex), text=plain)
    app.add_domain(ReadOnceDomain, override=True)
