"""What a kernel of JupyterLab loads as it starts, while its reader reads: else the first cells wait for it."""

from contextlib import suppress
from typing import Any

from livingpaper.book.show import drawn
from livingpaper.build.cache import code_digest
from livingpaper.build.project import find_project
from livingpaper.chapters.cells import chapter_statements, own_chapters
from livingpaper.chapters.taking import load_modules, modules_of


def load_ipython_extension(_shell: Any) -> None:
    """Import what chapters import, and set up what draws; called by IPython."""
    with suppress(Exception):  # what fails here, fails in the cell that needs it
        project = find_project()
        parts = chapter_statements(project, *own_chapters(project).values())
        load_modules(parts)
        code_digest(*modules_of(parts))  # reads their sources, once for all steps that are kept
        drawn({"mark": "point", "data": {"values": []}})
