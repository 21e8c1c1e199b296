"""What a page says of itself to machines: Highwire tags for reference managers, JSON-LD after schema.org.

The address of the PDF is right for a page opened from ``_build/html/book``; ``versions/site.py`` turns it into the
one on the site.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from livingpaper.book.stamp import author_names, citation_file, markup
from livingpaper.build.project import Project
from livingpaper.config import config

PDF_FROM_PAGE, PDF_ON_SITE = "../../paper.pdf", "../paper.pdf"
REFERENCE = {  # after title and authors: Highwire's names and those of BibTeX
    "journal_title": "journal", "publication_date": "year", "volume": "volume", "issue": "number", "doi": "doi",
}  # fmt: skip
LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT.html",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}


def highwire(project: Project, *, references: bool) -> str:
    """Return the ``citation_`` tags of a page; with every reference if asked for."""
    found, path = citation_file(project), project.root / "book" / "references.bib"
    lines = reference_lines(path) if references and path.is_file() else ()
    return markup("head", found=found, authors=author_names(found), pdf=PDF_FROM_PAGE, references=lines)


def reference_lines(path: Path) -> Iterator[str]:
    """Return each entry of a bibliography as the text of a ``citation_reference`` tag."""
    from pybtex.database import parse_file  # heavy, and needed for one page

    for entry in parse_file(str(path), "bibtex").entries.values():
        fields = {key.lower(): _plain(text) for key, text in entry.fields.items()}
        fields["doi"] = entry.fields.get("doi", "")  # keeps its own semicolons
        people = [_plain(str(person)) for person in entry.persons.get("author", [])]
        parts = [("title", fields["title"]), *(("author", name) for name in people if name != "others")]
        parts += [(name, fields.get(key, "")) for name, key in REFERENCE.items()]
        yield "; ".join(f"citation_{name}={text}" for name, text in parts if text)


def _plain(text: str) -> str:
    """Return BibTeX text without its braces and escapes; a semicolon would end the field."""
    return text.replace("{", "").replace("}", "").replace("\\&", "&").replace(";", ",")


def article_ld(project: Project) -> dict[str, Any]:
    """Return article, made-up data and ledger as schema.org knows them, ready for JSON."""
    found, paper = citation_file(project), config(project)
    given = found.get("license") or []
    licences = [LICENCES.get(name, name) for name in (given if isinstance(given, list) else [given])]
    authors = [{"@type": "Organization", "name": name} for name in author_names(found)]
    common = {"version": found["version"], "datePublished": found["date-released"], "license": licences}
    part = {"@type": "Dataset", "isPartOf": {"@id": "#paper"}, "creator": authors, **common}
    origins = ", ".join(origin.says for origin in paper.origins.values())
    name = "Every number of the paper, with origin, interval, method and code"
    words = f"One row per number. The column origin says where it comes from: {origins}."
    ledger = part | {"@id": "#ledger", "name": name, "description": words}
    made_up = part | {"@id": "#synthetic", "name": "Synthetic data", "description": paper.synthetic_says}
    made_up["creativeWorkStatus"] = "synthetic"
    parts = [made_up, ledger] if paper.synthetic else [ledger]
    article = {
        "@type": "ScholarlyArticle",
        "@id": "#paper",
        "name": found["title"],
        "headline": found["title"],
        "abstract": found.get("abstract", ""),
        "author": authors,
        "inLanguage": "en",
        "keywords": found.get("keywords", []),
        "isBasedOn": [_original(work) for work in found.get("references", [])],
        "hasPart": [{"@id": each["@id"]} for each in parts],
        "encoding": {"@type": "MediaObject", "encodingFormat": "application/pdf", "name": "paper.pdf"},
        **common,
    }
    if found.get("doi"):
        article["identifier"] = f"https://doi.org/{found['doi']}"
    return {"@context": "https://schema.org", "@graph": [article, *parts]}


def _original(work: dict[str, Any]) -> dict[str, str]:
    base = {"@type": "ScholarlyArticle", "name": str(work["title"])}
    return {**base, "@id": f"https://doi.org/{work['doi']}"} if work.get("doi") else base


def add_meta(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the tags into the head of every chapter, and the colours of the marks."""
    if doctree is not None:
        project = Project(Path(app.srcdir))
        ld = json.dumps(article_ld(project), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        tags = highwire(project, references=pagename == app.config.root_doc)
        tags += f'<script type="application/ld+json">{ld}</script>\n'
        tags += markup("style", origins=config(project).origins)
        context["metatags"] = context.get("metatags", "") + tags
