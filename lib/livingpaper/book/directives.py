"""Directives that print what the project holds: ledger, checklists, where a chapter came from, what changed."""

from __future__ import annotations

from html import escape
from pathlib import Path

import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective

from livingpaper.book.checklists import ChecklistError, checklist_myst, load_checklists
from livingpaper.book.provenance import panel_html
from livingpaper.book.reference import reference_myst
from livingpaper.book.roles import html_id, ledger_of
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.versions.exhibits import changes_myst

HEAD = ("Id", "Origin", "Value", "n", "Events", "Estimand", "Method", "Code")


class _PaperDirective(SphinxDirective):
    @property
    def project(self) -> Project:
        """The paper that is built."""
        return Project(Path(self.env.srcdir))


class ChecklistDirective(_PaperDirective):
    """```{checklist} STROBE``` prints one checklist of ``book/checklists.yml``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table; an unknown name or a broken file stops the build."""
        path = self.project.root / "book" / "checklists.yml"
        try:
            known = load_checklists(path)
        except ChecklistError as error:
            raise SphinxError(str(error)) from None
        if self.arguments[0] not in known:
            raise SphinxError(f"no checklist {self.arguments[0]!r} in {path}; it has {sorted(known)}")
        self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(checklist_myst(self.arguments[0], known[self.arguments[0]]))


class ProvenanceDirective(_PaperDirective):
    """```{provenance}``` prints what the chapter was made from: hashes, packages, functions, tests."""

    def run(self) -> list[nodes.Node]:
        """Return the panel as raw HTML; on paper the footer of each page says what identifies the build."""
        return [nodes.raw("", panel_html(self.project, self.env.docname), format="html")]


class ChangesDirective(_PaperDirective):
    """``{changes}`` prints what changed in each version, and why, from ``versions/`` and ``CHANGELOG.md``."""

    def run(self) -> list[nodes.Node]:
        """Return the text as nodes; the page is read again when a version or the changelog changes."""
        root = self.project.root
        for path in (root / "CHANGELOG.md", *sorted((root / "versions").glob("v*/ledger.csv"))):
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(changes_myst(self.project))


class ReferenceDirective(_PaperDirective):
    """```{reference} package alias``` prints every public name of a package, from its docstrings."""

    required_arguments = 2

    def run(self) -> list[nodes.Node]:
        """Return the entries as nodes."""
        return self.parse_text_to_nodes(reference_myst(*self.arguments), allow_section_headings=True)


class LedgerDirective(_PaperDirective):
    """``{ledger}`` prints the whole ledger in HTML, one row with an anchor per number."""

    def run(self) -> list[nodes.Node]:
        """Return the table as raw HTML; other formats refer to the file."""
        marks = config(self.project).marks
        body = [
            f'<tr id="{html_id(row.id)}"><td><code>{row.id}</code></td><td>{marks[row.origin]}</td>'
            f"<td>{escape(row.text)}</td><td>{_count(row.n)}</td><td>{_count(row.events)}</td>"
            f"<td>{_text(row.estimand)}</td><td>{_text(row.method)}</td><td><code>{escape(row.code)}</code></td></tr>"
            for row in ledger_of(self.project).itertuples()
        ]
        head = "".join(f"<th>{name}</th>" for name in HEAD)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
        return [nodes.raw("", f'<div class="ledger">{table}</div>', format="html")]


def _count(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.0f}"


def _text(value: object) -> str:
    return "" if pd.isna(value) else escape(str(value))


def register(app: Sphinx) -> None:
    """Register the directives."""
    app.add_directive("ledger", LedgerDirective)
    app.add_directive("checklist", ChecklistDirective)
    app.add_directive("provenance", ProvenanceDirective)
    app.add_directive("reference", ReferenceDirective)
    app.add_directive("changes", ChangesDirective)
