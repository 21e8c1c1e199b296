"""Executed chapters, where the build of the book finds them."""

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

LANGUAGE = {
    "name": "python",
    "version": python_version(),
    "pygments_lexer": "ipython3",
    "mimetype": "text/x-python",
}


class Executed:
    """The executed chapters of the present inputs, in the store that myst-nb reads."""

    def __init__(self, project: Project) -> None:
        self.store = get_cache(str(project.build / ".jupyter_cache" / inputs_digest(project)))

    def has(self, path: Path) -> bool:
        """Return whether a chapter with these cells was executed."""
        try:
            self.store.match_cache_notebook(jupytext.read(path))
        except KeyError:
            return False
        return True

    def put(self, path: Path, shown: Shown) -> None:
        """Store a chapter with what its cells show."""
        notebook = jupytext.read(path)
        code = (cell for cell in notebook.cells if cell.cell_type == "code")
        for number, cell in enumerate(code, 1):
            cell.execution_count = number
            if number in shown:
                data, metadata = shown[number]
                more = {"metadata": metadata, "execution_count": number}
                cell.outputs = [nbformat.v4.new_output("execute_result", data, **more)]
        notebook.metadata["language_info"] = LANGUAGE
        self.store.cache_notebook_bundle(CacheBundleIn(notebook, str(path)), overwrite=True)
