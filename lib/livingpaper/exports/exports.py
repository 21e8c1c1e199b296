"""The paper for machines: ``_build/machine``, made from the pages as they were built.

Numbers with their schema, the article as JATS XML with its figures, schema.org, and a research object that ties
them to chapters, code and data. A release freezes the folder with the pages.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from livingpaper.build.cache import fresh_folder, replace_folder, write_whole
from livingpaper.build.project import Project, digest
from livingpaper.config import config

WHAT = {
    "ledger.csv": "Every number of the paper, one row each",
    "ledger.json": "Every number of the paper, one object each",
    "ledger.schema.json": "JSON Schema of ledger.json",
    "paper.jsonld": "The paper and its data after schema.org",
    "paper.jats.xml": "The text of the paper as JATS XML",
}
IMAGE = re.compile(r"^(?P<label>.+)-[0-9a-f]{8}\.svg$")


def write_machine(project: Project) -> Path:
    """Make ``_build/machine`` whole from ``_build/html`` and return it; nothing is done if it is up to date.

    Raises
    ------
    FileNotFoundError
        If the pages are not built.
    """
    html, target = project.build / "html", project.build / "machine"
    if not (html / "book").is_dir():
        raise FileNotFoundError(f"the pages must be in {html}, there are none; run: livingpaper html")
    code = Path(__file__).parents[1]
    sources = [html / "book", html / "_images", project.ledger, project.root / "CITATION.cff", code]
    state, mark = digest(sources, project.root), project.build / ".machine-state"
    if mark.is_file() and mark.read_text() == state and (target / "ro-crate-metadata.json").is_file():
        return target
    files = machine_files(project)
    fresh = fresh_folder(target)
    for name, content in files.items():
        write_whole(fresh / name, content)
    replace_folder(fresh, target)
    mark.write_text(state)
    return target


def machine_files(project: Project) -> dict[str, bytes]:
    """Return every file of the folder by its name; the same pages give the same bytes."""
    from livingpaper.book.stamp import article_ld, author_names, citation_file
    from livingpaper.exports.jats import Front, jats
    from livingpaper.exports.ro_crate import crate  # heavy, and needed only when something has changed
    from livingpaper.ledger.as_json import SCHEMA_FILE, as_bytes, ledger_json, ledger_schema
    from livingpaper.ledger.ledger import read_ledger

    found = citation_file(project)
    title, version = str(found["title"]), str(found["version"])
    html, chapters = project.build / "html", paper_chapters(project)
    images = {
        path.name: m["label"]
        for path in sorted((html / "_images").glob("*.svg"))
        if (m := IMAGE.match(path.name))
    }
    front = Front(
        title, tuple(author_names(found)), version, found["date-released"],
        config(project).licence or str(found.get("license", "")), str(found.get("doi", "")),
    )  # fmt: skip
    pages = {Path(name).name: (html / f"{name}.html").read_text(encoding="utf-8") for name in chapters}
    listed = html / "book" / "references.html"
    references = listed.read_text(encoding="utf-8") if listed.is_file() else ""
    addresses = {name: f"figures/{label}.svg" for name, label in images.items()}
    article, labels = jats(pages, references, front, figures=addresses)
    files = {
        "ledger.csv": project.ledger.read_bytes(),
        "ledger.json": as_bytes(ledger_json(read_ledger(project.ledger), title=title, version=version)),
        SCHEMA_FILE: as_bytes(ledger_schema()),
        "paper.jsonld": as_bytes(article_ld(project)),
        "paper.jats.xml": article,
    }
    shown = {name: address for name, address in addresses.items() if address.encode() in article}
    files |= {address: (html / "_images" / name).read_bytes() for name, address in shown.items()}
    what = WHAT | {
        address: f"{labels.get(images[name], images[name])} as SVG" for name, address in shown.items()
    }
    return files | {"ro-crate-metadata.json": as_bytes(crate(project, chapters, what, labels))}


def paper_chapters(project: Project) -> list[str]:
    """Return the front page and the chapters of the first part of ``_toc.yml``: the paper without appendices."""
    toc = yaml.safe_load((project.root / "_toc.yml").read_text(encoding="utf-8"))
    part = toc["parts"][0] if toc.get("parts") else toc
    return [toc["root"], *(chapter["file"] for chapter in part.get("chapters", ()))]
