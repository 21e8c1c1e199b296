"""The Sphinx side of versions: what changed from one to the next, printed from ``versions/`` and ``CHANGELOG.md``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from livingpaper.build.project import find_project
from livingpaper.versions.by_version import changes_myst


class ChangesDirective(SphinxDirective):
    """``{changes}`` prints what changed in each version, and why."""

    def run(self) -> list[nodes.Node]:
        """Return the text as nodes; the page is read again when a version or the changelog changes."""
        project = find_project(Path(self.env.srcdir))
        for path in (
            project.root / "CHANGELOG.md",
            *sorted((project.root / "versions").glob("v*/ledger.csv")),
        ):
            self.env.note_dependency(str(path))
        return self.parse_text_to_nodes(changes_myst(project))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive with Sphinx."""
    app.add_directive("changes", ChangesDirective)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
