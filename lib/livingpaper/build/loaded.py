"""Jupyter Book that has loaded what it needs, and builds once something is written to it; if nothing is, it ends."""

import gc
import sys
from importlib import import_module

from sphinx.application import builtin_extensions

PARTS = (
    "jupyter_book.sphinx",
    "myst_nb.sphinx_ext",
    "sphinx_book_theme",
    "sphinx_design",
    "sphinx_external_toc.api",
)
MORE = ("sphinxcontrib.bibtex", "sphinx_comments", "pybtex.style.formatting.unsrt", "livingpaper.book.hooks")

if __name__ == "__main__":
    book, *_ = map(import_module, ("jupyter_book.cli.main", *PARTS, *MORE, *builtin_extensions))
    gc.freeze()
    gc.set_threshold(200_000)  # trees of pages are many small objects, of which few become garbage
    if sys.stdin.read(1):
        book.main(prog_name="jupyter-book")
