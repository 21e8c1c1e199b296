"""How outputs, tables, images and maths become pages: what cells show as MyST, formulas as MathML without scripts."""

import base64
import posixpath
import re
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from html import escape
from typing import Any, ClassVar
from urllib.parse import quote

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from livingpaper.book.carried import beside
from livingpaper.config import MIME

LOG = logging.getLogger(__name__)
_mathml = LatexToMathML()
ROOM = {"long": 30, "longer": 90}  # letters of a cell that is given room on a screen
PHONE = "(max-width: 600px)"  # as in charts.js


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
            return renderer.render_markdown(replace(data, content=payload["myst"]))
        stem = f"{payload['name']}-{sha256(payload['svg'].encode()).hexdigest()[:8]}"
        renderer.write_file([f"{stem}.pdf"], base64.b64decode(payload["pdf"]), overwrite=True)
        uri = renderer.write_file([f"{stem}.svg"], payload["svg"].encode(), overwrite=True)
        caption = "\n".join(line.strip() for line in payload["caption"].splitlines())
        alt = " ".join(payload["alt"].split())
        myst = (
            f"::::{{figure}} {uri.removesuffix('.svg')}.*\n:name: {payload['name']}\n:alt: {alt}\n"
            f":figclass: chart origin-{payload['origin']}\n\n{caption}\n::::\n"
        )
        made = renderer.render_markdown(replace(data, content=myst))
        for image in [image for part in made for image in part.findall(nodes.image)]:
            image["size"] = size_of(payload["svg"])
            if narrow := payload.get("narrow"):
                phone = renderer.write_file([f"{stem}-narrow.svg"], narrow.encode(), overwrite=True)
                image.parent.insert(0, nodes.image(uri=phone, candidates={}, classes=["narrow"]))
        spec = payload["vega"].replace("</", "<\\/")
        script = f'<script type="application/json" data-chart="{payload["name"]}">{spec}</script>'
        table = beside(renderer, payload["name"], payload["table"])
        return [*made, nodes.raw("", script + payload["controls"], format="html"), table]


def size_of(svg: str) -> tuple[str, str]:
    """Return width and height that an SVG states, in pixels."""
    found = re.search(r'<svg[^>]* width="([\d.]+)" height="([\d.]+)"', svg)
    if found is None:
        must = f"an SVG of a chart must state width and height, found {svg[:80]!r}"
        raise ValueError(f"{must}; draw it by vl-convert")
    return found[1], found[2]


def visit_image(self: Any, node: nodes.image) -> None:
    """Print a chart with its size, so that nothing moves when it comes; phones take the narrow drawing that stands before."""
    if "narrow" in node["classes"]:
        self.body.append(f'<picture><source media="{PHONE}" srcset="{_place(self, node)}">')
    elif "size" in node:
        (wide, high), place, alt = node["size"], _place(self, node), self.attval(node.get("alt", ""))
        self.body.append(f'<img src="{place}" alt="{alt}" width="{wide}" height="{high}" loading="lazy">')
        if isinstance(node.previous_sibling(), nodes.image):
            self.body.append("</picture>")
    else:
        type(self).visit_image(self, node)


def _place(self: Any, node: nodes.image) -> str:
    """Return where a page finds an image."""
    return posixpath.join(self.builder.imgpath, quote(self.builder.images[node["uri"]]))


def visit_math(self: Any, node: nodes.Element, *, display: bool = False) -> None:
    """Print maths as MathML, made at build time."""
    try:
        made = _mathml.convert_with_local_state(node.astext(), displaystyle=display)
    except LatexError as error:
        LOG.warning("bad maths: %s", error, location=node, type="math")
        made = f"<code>{self.encode(node.astext())}</code>"
    self.body.append(f'<div class="math">{made}</div>\n' if display else made)
    raise nodes.SkipNode


def visit_table(self: Any, node: nodes.table) -> None:
    """Open a table with its caption, which names it, above what scrolls."""
    named = node["ids"][0] if node["ids"] else ""
    title = node.next_node(nodes.title)
    if title is None or title.parent is not node or not named:
        type(self).visit_table(self, node)
        return
    self.body.append(f'<div class="sheet" id="{named}"><div class="caption" id="{named}-caption">')
    self.add_fignumber(node)
    for part in title:
        part.walkabout(self)
    self.add_permalink_ref(node, "Link to this table")
    self.body.append("</div>\n")
    node["ids"], node["captioned"] = [], True
    node.remove(title)
    type(self).visit_table(self, node)
    self.body[-1] = self.body[-1].replace("<table", f'<table aria-labelledby="{escape(named)}-caption"', 1)


def depart_table(self: Any, node: nodes.table) -> None:
    """Close what ``visit_table`` opened."""
    type(self).depart_table(self, node)
    if node.get("captioned"):
        self.body.append("</div>\n")


def visit_entry(self: Any, node: nodes.entry) -> None:
    """Open a cell: a head of its column in the first row, of its row in the first column; an empty one is no head."""
    if node.parent.column:
        node["classes"] += [name for name, letters in ROOM.items() if len(node.astext()) >= letters]
    headed, first = isinstance(node.parent.parent, nodes.thead), node.parent.column == 0
    type(self).visit_entry(self, node)
    self.context.pop()
    tag = "th" if (headed or first) and node.astext().strip() else "td"
    scope = f' scope="{"col" if headed else "row"}"' if tag == "th" else ""
    self.body[-1] = f"<{tag}{scope}{self.body[-1][3:]}"
    self.context.append(f"</{tag}>\n")


class OnPaper(SphinxPostTransform):
    """Leaves out, on paper, drawings for phones, and the code of cells that pages fold: nobody can unfold it there."""

    default_priority = 198

    def run(self, **_: Any) -> None:
        """Take out the drawings, and the code of every folded cell, unless these are pages."""
        if self.app.builder.format == "html":
            return
        for image in list(self.document.findall(nodes.image)):
            if "narrow" in image["classes"]:
                image.parent.remove(image)
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("hide_mode") and cell.get("nb_element") == "cell_code":
                cell.children = [part for part in cell if part.get("nb_element") != "cell_code_source"]
