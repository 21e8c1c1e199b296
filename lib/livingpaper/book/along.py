"""What a reader may take along: a bar on each page with PDF, citation, notebook and repository, and the files behind it."""

import json
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from livingpaper.book.markup import markup
from livingpaper.book.stamp import citation_file
from livingpaper.build.cache import mark_of, up_to_date, write_changed, write_whole
from livingpaper.build.project import Project, chapters, digest, runs, text_of
from livingpaper.config import config

CITED = {"paper.bib": "BibTeX", "paper.ris": "RIS"}
PDFS = {"paper.pdf": "PDF", "supplement.pdf": "Supplement"}


def write_along(project: Project) -> Path:
    """Write citations and notebooks, and return their folder; a notebook only if its chapter has changed."""
    folder, found = project.build / ".along", citation_file(project)
    for name in CITED:
        write_changed(folder / name, markup(name, found=found).encode())
    for source in (path for path in chapters(project.root) if runs(text_of(path))):
        target = folder / _notebook(source.stem)
        if not up_to_date(target, now := digest([source], project.root)):
            write_whole(target, notebook(text_of(source)).encode())
            mark_of(target).write_text(now)
    return folder


def notebook(chapter: str) -> str:
    """Return a chapter as a Jupyter notebook, the same whenever it is made."""
    import jupytext  # slow to import

    made = jupytext.reads(chapter, fmt="md:myst")
    made.nbformat_minor = 4  # later ones give each cell a random name
    for cell in made.cells:
        cell.pop("id", None)
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _notebook(page: str) -> str:
    return f"ipynb/{page.rpartition('/')[2]}.ipynb"


def links(project: Project, page: str) -> dict[str, str]:
    """Return what a page offers and where it lies; the repository, if ``CITATION.cff`` gives its address."""
    up, path = "../" * page.count("/"), project.root / f"{page}.md"
    found = {PDFS.get(name, name): f"{up}../{name}" for name in config(project).pdfs}
    found |= {words: f"{up}_static/{name}" for name, words in CITED.items()}
    found |= {"Notebook": f"{up}_static/{_notebook(page)}"} if path.is_file() and runs(text_of(path)) else {}
    code = citation_file(project).get("repository-code")
    return found | ({"Repository": code} if code else {})


def add_bar(app: Sphinx, page: str, _template: str, context: dict[str, Any], _doctree: Any) -> None:
    """Put the bar below the title of a page."""
    bar = markup("along.html", links=links(Project(Path(app.srcdir)), page))
    context["body"] = context.get("body", "").replace("</h1>", f"</h1>\n{bar}", 1)
