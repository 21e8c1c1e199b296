"""Executed chapters of the present inputs, in the store where the build of the book finds them."""

from __future__ import annotations

from pathlib import Path
from platform import python_version

import jupytext
import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

from livingpaper.book.hooks import inputs_digest
from livingpaper.build.project import Project
from livingpaper.chapters.executing import Shown

PYTHON = {"name": "python", "version": python_version()}
LANGUAGE = PYTHON | {"pygments_lexer": "ipython3", "mimetype": "text/x-python"}


class Executed:
    """The store."""

    def __init__(self, project: Project) -> None:
        self.store = get_cache(str(project.build / ".jupyter_cache" / inputs_digest(project)))

    def has(self, path: Path) -> bool:
        """Return whether a chapter with these cells was executed."""
        try:
            return bool(self.store.match_cache_notebook(jupytext.read(path)))
        except KeyError:
            return False

    def put(self, path: Path, shown: Shown) -> None:
        """Store a chapter with what its cells show."""
        notebook = jupytext.read(path)
        notebook.metadata["language_info"] = LANGUAGE
        for number, cell in enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1):
            cell.execution_count = number
            if number in shown:
                data, metadata = shown[number]
                more = {"metadata": metadata, "execution_count": number}
                cell.outputs = [nbformat.v4.new_output("execute_result", data, **more)]
        self.store.cache_notebook_bundle(CacheBundleIn(notebook, str(path)), overwrite=True)
