"""What a kernel of JupyterLab loads as it starts, while its reader reads: else the first cells wait for it."""

from contextlib import suppress
from typing import Any

from livingpaper.book.show import drawn
from livingpaper.build.project import find_project
from livingpaper.chapters.cells import chapter_statements, own_chapters
from livingpaper.chapters.taking import load_modules


def load_ipython_extension(_shell: Any) -> None:
    """Import what chapters import, and set up what draws; called by IPython."""
    with suppress(Exception):  # what fails here, fails in the cell that needs it
        project = find_project()
        load_modules(chapter_statements(project, *own_chapters(project).values()))
        drawn({"mark": "point", "data": {"values": []}})
