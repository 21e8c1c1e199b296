"""How outputs of cells and maths become pages: figures and tables as MyST, formulas as MathML without scripts."""

import base64
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from typing import Any, ClassVar

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging

from livingpaper.config import MIME

LOG = logging.getLogger(__name__)
_mathml = LatexToMathML()


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
        spec = payload["vega"].replace("</", "<\\/")
        script = f'<script type="application/json" data-chart="{payload["name"]}">{spec}</script>'
        after = nodes.raw("", script + payload["controls"], format="html")
        return [*renderer.render_markdown(replace(data, content=myst)), after]


def visit_math(self: Any, node: nodes.Element, *, display: bool = False) -> None:
    """Print maths as MathML, made at build time."""
    try:
        made = _mathml.convert_with_local_state(node.astext(), displaystyle=display)
    except LatexError as error:
        LOG.warning("bad maths: %s", error, location=node, type="math")
        made = f"<code>{self.encode(node.astext())}</code>"
    self.body.append(f'<div class="math">{made}</div>\n' if display else made)
    raise nodes.SkipNode


class UnfoldedCells(SphinxPostTransform):
    """Leaves out, on paper, the code of cells that pages fold: nobody can unfold it there."""

    default_priority = 199
    formats = ("latex",)

    def run(self, **_: Any) -> None:
        """Take the code out of every folded cell."""
        for cell in list(self.document.findall(nodes.container)):
            if cell.get("hide_mode") and cell.get("nb_element") == "cell_code":
                cell.children = [part for part in cell if part.get("nb_element") != "cell_code_source"]
