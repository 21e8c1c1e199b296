"""Jupyter Book that has loaded what it needs, and builds once something is written to it; if nothing is, it ends."""

import atexit
import gc
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from sphinx.application import builtin_extensions

from livingpaper.build.project import Project

PARTS = """jupyter_book.cli.main livingpaper.book.hooks jupyter_book.sphinx myst_nb.sphinx_ext sphinx_book_theme
    sphinx_design sphinx_comments sphinx_external_toc.api sphinxcontrib.bibtex pybtex.style.formatting.unsrt"""


def leave(status: Any) -> NoReturn:
    """End this process at once: taking apart all that it holds would take half a second."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else status is not None)


if __name__ == "__main__":
    book, hooks, *_ = map(import_module, (*PARTS.split(), *builtin_extensions))
    if sys.argv[-1] == "html":
        hooks.chart_library(Project(Path(sys.argv[2])))  # takes two seconds, in which this process only waits
    gc.freeze()
    gc.set_threshold(200_000)  # trees of pages are many small objects, of which few become garbage
    if sys.stdin.read(1):
        try:
            book.main(prog_name="jupyter-book")
        except SystemExit as ended:
            leave(ended.code)
