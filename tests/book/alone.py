"""All cells of chapters as IPython runs them, each chapter alone in a process of its own; what they import is loaded once.

``python alone.py FOLDER NAME...`` prints for each chapter a line of JSON: of each cell its source, what it said, and the
formats of each thing that it shows.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import jupytext
from IPython.core.displayhook import DisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from livingpaper.build.project import Project
from livingpaper.chapters.cells import chapter_files, chapter_statements
from livingpaper.chapters.taking import load_modules
from traitlets.config import Config


class Shown(DisplayHook):
    """Keeps what a cell ends with, in all formats, instead of writing it."""

    formats: ClassVar[list[Any]] = []

    def write_output_prompt(self) -> None: ...

    def write_format_data(self, format_dict: Any, _metadata: Any = None) -> None:
        self.formats.append(format_dict)


def run_alone(path: Path) -> list[dict[str, Any]]:
    """Run the cells of a chapter one after the other, as a notebook does."""
    os.chdir(path.parent)
    InteractiveShell.displayhook_class = Shown
    shell, found = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}})), []
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "code":
            Shown.formats.clear()
            with capture_output() as said:
                shell.run_cell(cell.source)
            shown = [sorted(data) for data in (*(output.data for output in said.outputs), *Shown.formats)]
            found.append({"source": cell.source, "said": said.stdout + said.stderr, "shown": shown})
    return found


def main() -> None:
    project, names = Project(Path(sys.argv[1])), sys.argv[2:]
    files = chapter_files(project)
    import_module("livingpaper.book.show")
    load_modules(chapter_statements(project, *files.values()))
    for name in names:
        if child := os.fork():
            os.waitpid(child, 0)
        else:
            sys.stdout.write(json.dumps(run_alone(files[name])) + "\n")
            sys.stdout.flush()
            os._exit(0)


if __name__ == "__main__":
    main()
