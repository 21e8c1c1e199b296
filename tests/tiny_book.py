"""A book of one page in a project of its own, built by the real tools."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from livingpaper.build.project import Project
from project_copy import copy_project

HEAD = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A page

"""
COUNTING = """```{code-cell} ipython3
from pathlib import Path
with Path("../_build/runs.txt").open("a") as runs:
    runs.write("run\\n")
```

"""
ABSTRACT = ":::{div} abstract\n**Result.** There is a page.\n:::\n\n"
CLAIM = """[[claim]]
file = "index"
says = "The page must be as long as a page."
ids = ["counts.death.rd"]
each = "low < value < high"
"""
FILLER = "The page must be as long as a page. " * 60


def tiny_project(source: Project, root: Path, prose: str) -> Project:
    """Return a copy of a computed project with one chapter that counts how often it is run."""
    made = copy_project(source, root)
    real = Path(__file__).parents[1]
    shutil.copyfile(real / "_config.yml", root / "_config.yml")
    (root / "claims.toml").write_text(CLAIM)
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nparts:\n  - chapters:\n      - file: book/ledger\n"
        "      - file: book/references\n"
    )
    (root / "lib").mkdir()
    (root / "lib" / "analysis.py").write_text("A = 1\n")
    (root / "book").mkdir()
    shutil.copyfile(real / "book" / "references.bib", root / "book" / "references.bib")
    shutil.copyfile(real / "book" / "references.md", root / "book" / "references.md")
    write_page(made, prose)
    (root / "book" / "ledger.md").write_text("# Ledger\n\n```{ledger}\n```\n")
    return made


def write_page(project: Project, prose: str, code: str = COUNTING) -> None:
    """Write the chapter."""
    text = f"{HEAD}{code}{prose}\n\n{ABSTRACT}{FILLER}\n"
    (project.root / "book" / "index.md").write_text(text, "utf-8")


def runs(project: Project) -> int:
    """Return how often the chapter was run."""
    return len((project.build / "runs.txt").read_text().splitlines())


def text_of(project: Project, page: str = "index") -> str:
    """Return what the page of the finished site says."""
    page_html = (project.build / "html" / "book" / f"{page}.html").read_text("utf-8")
    article = re.search(r"<article.*?</article>", page_html, re.DOTALL)
    assert article
    return " ".join(re.sub(r"<[^>]+>", " ", article[0]).split())
