"""Directives that print data of the project: checklists, and the panel of where a chapter came from."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxDirective
from study.protocol.protocol import load_protocol

from livingpaper.book.checklists import ChecklistError, checklist_myst, load_checklists
from livingpaper.book.draft import leave_out_unsupported, unsupported
from livingpaper.book.provenance import panel_html
from livingpaper.book.withheld import withhold_paragraphs
from livingpaper.build.project import find_project
from livingpaper.ledger.claims import load_claims
from livingpaper.ledger.ledger import read_ledger


class ChecklistDirective(SphinxDirective):
    """```{checklist} STROBE``` prints one checklist of ``book/checklists.yml``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the table; an unknown name or a broken file stops the build."""
        path = find_project(Path(self.env.srcdir)).root / "book" / "checklists.yml"
        try:
            known = load_checklists(path)
        except ChecklistError as error:
            raise SphinxError(str(error)) from None
        if self.arguments[0] not in known:
            raise SphinxError(f"no checklist {self.arguments[0]!r} in {path}; it has {sorted(known)}")
        self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(checklist_myst(known[self.arguments[0]]))


class ProvenanceDirective(SphinxDirective):
    """```{provenance}``` prints what the chapter was made from: hashes, packages, functions, tests."""

    def run(self) -> list[nodes.Node]:
        """Return the panel as raw HTML; on paper the footer of each page says what identifies the build."""
        project = find_project(Path(self.env.srcdir))
        return [nodes.raw("", panel_html(project, self.env.docname), format="html")]


def add_panel(_app: Sphinx, _docname: str, source: list[str]) -> None:
    """Put the panel at the foot of every chapter that runs code or prints a number, so that none can forget it."""
    if "kernelspec" in source[0][:800] or "{result}`" in source[0]:
        source[0] = f"{source[0].rstrip()}\n\n```{{provenance}}\n```\n"


def withhold_passages(app: Sphinx, _docname: str, source: list[str]) -> None:
    """Take out what the chapters say of outcomes by arm while blinded, and in a draft what does not hold."""
    project = find_project(Path(app.srcdir))
    protocol = load_protocol(project.protocol)
    if protocol.study.blinded:
        source[0] = withhold_paragraphs(source[0], load_claims(project.claims))
    if protocol.study.draft:
        ledger = read_ledger(project.ledger)
        broken = unsupported(load_claims(project.claims), ledger, protocol)
        source[0] = leave_out_unsupported(source[0], broken, ledger.index)
