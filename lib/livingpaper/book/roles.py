"""The Sphinx side of the paper: roles for numbers and choices, figures and tables, maths without scripts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import pandas as pd
from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.errors import SphinxError
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from study.protocol.protocol import load_protocol

from livingpaper.book.choices import choice_text, words_of_columns
from livingpaper.book.directives import ChecklistDirective, ProvenanceDirective, add_panel, withhold_passages
from livingpaper.book.hooks import connect, stamp
from livingpaper.book.meta import add_meta
from livingpaper.book.numref import ReadOnceDomain
from livingpaper.book.show import MIME
from livingpaper.build.project import find_project
from livingpaper.ledger.ledger import MARKS, LedgerError, ledger_part, read_ledger

LOG = logging.getLogger(__name__)
_mathml = LatexToMathML()


class result_node(nodes.inline):  # noqa: N801  # docutils names nodes in lower case
    """A number of the ledger in running text; knows its id and origin."""


class ResultRole(SphinxRole):
    """``{result}`id [part]``` prints a number of the ledger, marked by its origin.

    The part is text (default: the value with its interval), value, ci, low, high, n, events or level.
    An unknown id or part is an error: the build stops.
    """

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the number as a node."""
        id_, _, part = self.text.partition(" ")
        try:
            row = _ledger(self.config.paper_ledger).loc[id_]
            text = ledger_part(row, part or "text")
        except KeyError:
            return self._stop(
                f"no number {id_!r} in the ledger; correct the id, or record it in a chapter: make ledger"
            )
        except LedgerError as error:
            return self._stop(str(error))
        node = result_node(self.rawtext, ledger_id=id_, origin=row["origin"])
        node += nodes.Text(text)
        return [node], []

    def _stop(self, message: str) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        source, line = self.get_source_info()
        raise SphinxError(f"{source}:{line}: {message}")


class ChoiceRole(SphinxRole):
    """``{choice}`section.key``` prints a choice of ``protocol.toml``."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the choice as text."""
        try:
            project = find_project(Path(self.env.srcdir))
            text = choice_text(load_protocol(project.protocol), self.text, words_of_columns(project))
        except (KeyError, ValueError) as error:
            source, line = self.get_source_info()
            raise SphinxError(f"{source}:{line}: {error}") from None
        return [nodes.inline(self.rawtext, text, classes=["choice"])], []


class StampRole(SphinxRole):
    """``{stamp}`version``` prints what identifies this build: version, released, commit, protocol, data."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the part of the stamp as text."""
        marks = stamp(find_project(Path(self.env.srcdir)))
        if self.text not in marks:
            source, line = self.get_source_info()
            raise SphinxError(f"{source}:{line}: a stamp has the parts {sorted(marks)}, found {self.text!r}")
        return [nodes.Text(marks[self.text])], []


class LedgerDirective(SphinxDirective):
    """``{ledger}`` prints the whole ledger in HTML, one row with an anchor per number."""

    def run(self) -> list[nodes.Node]:
        """Return the table as raw HTML; other formats refer to the file."""
        rows = _ledger(self.config.paper_ledger)
        return [nodes.raw("", ledger_html(rows), format="html")]


def ledger_html(rows: pd.DataFrame) -> str:
    """Return the ledger as an HTML table."""
    body = [
        f'<tr id="{html_id(row.id)}"><td><code>{row.id}</code></td><td>{MARKS[row.origin]}</td><td>{escape(row.text)}</td>'
        f"<td>{_count(row.n)}</td><td>{_count(row.events)}</td><td>{_words(row.estimand)}</td><td>{_words(row.method)}</td>"
        f"<td><code>{escape(row.code)}</code></td></tr>"
        for row in rows.itertuples()
    ]
    head = "".join(
        f"<th>{name}</th>" for name in ("Id", "Origin", "Value", "n", "Events", "Estimand", "Method", "Code")
    )
    return f'<div class="ledger"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


def _count(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.0f}"


def _words(value: object) -> str:
    return "" if pd.isna(value) else escape(str(value))


_read: dict[str, Any] = {}


def _ledger(path: str) -> Any:
    """Return the ledger, read once per change of the file."""
    stamp = (path, Path(path).stat().st_mtime_ns if Path(path).is_file() else 0)
    if _read.get("stamp") != stamp:
        _read.update(stamp=stamp, ledger=read_ledger(Path(path)))
    return _read["ledger"]


def visit_result_html(self: Any, node: result_node) -> None:
    """Open the number as a link to its row in the ledger page."""
    here = self.builder.current_docname
    target = self.builder.get_relative_uri(here, "book/ledger")
    title = f"{node['origin']}: {node['ledger_id']}"
    self.body.append(
        f'<a class="result origin-{node["origin"]}" href="{target}#{html_id(node["ledger_id"])}" title="{title}">'
    )


def depart_result_html(self: Any, node: result_node) -> None:
    """Close the number with the mark of its origin."""
    self.body.append(f'<sup class="origin">{MARKS[node["origin"]]}</sup></a>')


def visit_result_latex(self: Any, node: result_node) -> None:
    """Print nothing before the number."""


def depart_result_latex(self: Any, node: result_node) -> None:
    """Print the mark of its origin after the number."""
    self.body.append(rf"\paperorigin{{{MARKS[node['origin']]}}}")


def visit_result_text(self: Any, node: result_node) -> None:
    """Print the number as it is in other formats."""


def html_id(ledger_id: str) -> str:
    """Return the anchor of a ledger row."""
    return "n-" + re.sub(r"[^a-z0-9]+", "-", ledger_id.lower())


class PaperOutput:
    """Renders ``show.Figure`` and ``show.Table`` outputs; found by myst-nb through an entry point."""

    mime_priority_overrides: ClassVar[Sequence[tuple[str, str, int | None]]] = [("*", MIME, 0)]

    @staticmethod
    def handle_mime(renderer: Any, data: Any, inline: bool) -> list[nodes.Element] | None:
        """Return the nodes of one of our outputs; None for everything else."""
        if data.mime_type != MIME or inline:
            return None
        payload = data.content
        if payload["kind"] == "table":
            return _render(renderer, data, payload["myst"])
        stem = f"{payload['name']}-{hashlib.sha256(payload['svg'].encode()).hexdigest()[:8]}"
        renderer.write_file([f"{stem}.pdf"], base64.b64decode(payload["pdf"]), overwrite=True)
        uri = renderer.write_file([f"{stem}.svg"], payload["svg"].encode(), overwrite=True)
        caption = "\n".join(line.strip() for line in payload["caption"].splitlines())
        alt = " ".join(payload["alt"].split())
        myst = (
            f"::::{{figure}} {uri.removesuffix('.svg')}.*\n:name: {payload['name']}\n:alt: {alt}\n"
            f":figclass: chart origin-{payload['origin']}\n\n{caption}\n::::\n"
        )
        spec = payload["vega"].replace("</", "<\\/")
        script = f'<script type="application/json" data-chart="{payload["name"]}">{spec}</script>'
        return [*_render(renderer, data, myst), nodes.raw("", script, format="html")]


def _render(renderer: Any, data: Any, myst: str) -> list[nodes.Element]:
    """Return MyST text as nodes, with all roles and directives of the book."""
    parser = renderer.renderer
    holder = nodes.Element()
    with parser.current_node_context(holder):
        parser.nested_render_text(myst, data.line or 0)
    return list(holder.children)


def _mathml_of(self: Any, node: nodes.Element, *, display: bool) -> str:
    try:
        return _mathml.convert_with_local_state(node.astext(), displaystyle=display)
    except LatexError as error:
        LOG.warning("bad maths: %s", error, location=node, type="math")
        return f"<code>{self.encode(node.astext())}</code>"


def visit_math(self: Any, node: nodes.math) -> None:
    """Print inline maths as MathML, made at build time."""
    self.body.append(_mathml_of(self, node, display=False))
    raise nodes.SkipNode


def visit_math_block(self: Any, node: nodes.math_block) -> None:
    """Print displayed maths as MathML."""
    self.body.append(f'<div class="math">{_mathml_of(self, node, display=True)}</div>\n')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_config_value("paper_ledger", str(find_project(Path(app.srcdir)).ledger), "env")
    app.add_role("result", ResultRole())
    app.add_role("choice", ChoiceRole())
    app.add_role("stamp", StampRole())
    app.add_directive("ledger", LedgerDirective)
    app.add_directive("checklist", ChecklistDirective)
    app.add_directive("provenance", ProvenanceDirective)
    app.connect("source-read", withhold_passages)
    app.connect("source-read", add_panel)
    app.connect("html-page-context", add_meta)
    plain: tuple[Callable[..., None], Callable[..., None]] = (visit_result_text, visit_result_text)
    app.add_node(
        result_node,
        html=(visit_result_html, depart_result_html),
        latex=(visit_result_latex, depart_result_latex),
        text=plain,
    )
    app.add_domain(ReadOnceDomain, override=True)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_math_block, None))
    connect(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
