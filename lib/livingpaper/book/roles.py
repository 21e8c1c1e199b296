"""Roles that print a number of the ledger, a choice, or what identifies the build."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util.docutils import SphinxRole

from livingpaper.book.choices import choice_words
from livingpaper.book.stamp import stamp
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.ledger.ledger import ledger_part, read_ledger

Made = tuple[list[nodes.Node], list[nodes.system_message]]


class result_node(nodes.inline):  # noqa: N801  # docutils names nodes in lower case
    """A number of the ledger in running text; knows its id and origin, and the mark of it."""


class _PaperRole(SphinxRole):
    """A role whose text comes from the paper; what cannot be printed stops the build."""

    def make(self, project: Project) -> nodes.Node:
        """Return the text as a node."""
        raise NotImplementedError

    def run(self) -> Made:
        """Return the text as a node."""
        try:
            return [self.make(Project(Path(self.env.srcdir)))], []
        except (KeyError, ValueError) as error:
            source, line = self.get_source_info()
            words = error.args[0] if isinstance(error, KeyError) else error
            raise SphinxError(f"{source}:{line}: {words}") from None


class ResultRole(_PaperRole):
    """``{result}`id [part]``` prints a number of the ledger, marked by its origin.

    The part is text (default: the value with its interval), value, ci, low, high, n, events or level.
    """

    def make(self, project: Project) -> nodes.Node:
        """Return the number."""
        id_, _, part = self.text.partition(" ")
        rows = ledger_of(project)
        if id_ not in rows.index:
            raise KeyError(f"no number {id_!r} in the ledger; correct the id, or record it in a chapter")
        row = rows.loc[id_]
        mark = config(project).origins[row["origin"]].mark
        text = ledger_part(row, part or "text")
        return result_node(self.rawtext, text, ledger_id=id_, origin=row["origin"], mark=mark)


class ChoiceRole(_PaperRole):
    """``{choice}`section.key``` prints a choice of ``protocol.toml``."""

    def make(self, project: Project) -> nodes.Node:
        """Return the choice."""
        return nodes.inline(self.rawtext, choice_words(project, self.text), classes=["choice"])


class StampRole(_PaperRole):
    """``{stamp}`version``` prints what identifies this build: version, released, commit, protocol, data."""

    def make(self, project: Project) -> nodes.Node:
        """Return the part of the stamp."""
        marks = stamp(project)
        if self.text not in marks:
            raise KeyError(f"a stamp has the parts {sorted(marks)}, found {self.text!r}")
        return nodes.Text(marks[self.text])


def ledger_of(project: Project) -> pd.DataFrame:
    """Return the ledger, read once per change of the file."""
    path = project.ledger
    return _read(path, path.stat().st_mtime_ns if path.is_file() else 0)


@cache
def _read(path: Path, _changed: int) -> pd.DataFrame:
    return read_ledger(path)


def html_id(ledger_id: str) -> str:
    """Return the anchor of a ledger row."""
    return "n-" + re.sub(r"[^a-z0-9]+", "-", ledger_id.lower())


def visit_html(self: Any, node: result_node) -> None:
    """Open the number as a link to its row in the ledger page."""
    id_, origin = node["ledger_id"], node["origin"]
    target = self.builder.get_relative_uri(self.builder.current_docname, "book/ledger")
    self.body.append(
        f'<a class="result origin-{origin}" href="{target}#{html_id(id_)}" title="{origin}: {id_}">'
    )


def depart_html(self: Any, node: result_node) -> None:
    """Close the number with the mark of its origin."""
    self.body.append(f'<sup class="origin">{node["mark"]}</sup></a>')


def depart_latex(self: Any, node: result_node) -> None:
    """Print the mark of its origin after the number."""
    self.body.append(rf"\paperorigin{{{node['mark']}}}")


def _nothing(self: Any, node: result_node) -> None: ...


def register(app: Sphinx) -> None:
    """Register the roles."""
    for name, role in (("result", ResultRole()), ("choice", ChoiceRole()), ("stamp", StampRole())):
        app.add_role(name, role)
    plain = (_nothing, _nothing)
    app.add_node(result_node, html=(visit_html, depart_html), latex=(_nothing, depart_latex), text=plain)
