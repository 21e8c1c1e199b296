"""What a page says of itself to machines: Highwire tags for reference managers, JSON-LD after schema.org.

No clock time: the date of publication is that of ``CITATION.cff``. The address of the PDF is relative, right
for a page opened from ``_build/html/book``; ``living/assemble.py`` turns it into the one on the site.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx

from livingpaper.build.project import Project, find_project

PDF_FROM_PAGE, PDF_ON_SITE = "../../paper.pdf", "../paper.pdf"
FRONT_PAGE = "book/index"
LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT.html",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}


def citation_file(project: Project) -> dict[str, Any]:
    """Return ``CITATION.cff``; the date as text.

    Raises
    ------
    ValueError
        If title, authors, version or date-released is missing.
    """
    found: dict[str, Any] = yaml.safe_load((project.root / "CITATION.cff").read_text(encoding="utf-8"))
    missing = sorted({"title", "authors", "version", "date-released"} - set(found))
    if missing:
        raise ValueError(
            f"CITATION.cff must have title, authors, version and date-released, {missing} missing"
        )
    return {**found, "date-released": str(found["date-released"]), "version": str(found["version"])}


def author_names(found: dict[str, Any]) -> list[str]:
    """Return the authors as printed: "Given Family", or the name of a group."""
    return [
        str(person.get("name") or f"{person.get('given-names', '')} {person['family-names']}".strip())
        for person in found["authors"]
    ]


def highwire(project: Project, *, references: bool) -> str:
    """Return the ``citation_`` tags of a page; with every reference if asked for."""
    found = citation_file(project)
    tags = [("title", found["title"])]
    tags += [("author", name) for name in author_names(found)]
    tags += [("publication_date", found["date-released"].replace("-", "/"))]
    tags += [("doi", found["doi"])] if found.get("doi") else []
    tags += [("pdf_url", PDF_FROM_PAGE), ("language", "en")]
    tags += [("keywords", word) for word in found.get("keywords", [])]
    if references:
        tags += [("reference", line) for line in reference_lines(project.root / "book" / "references.bib")]
    return "".join(f'<meta name="citation_{name}" content="{escape(str(text))}" />\n' for name, text in tags)


def reference_lines(path: Path) -> Iterator[str]:
    """Return each entry of a bibliography as the text of a ``citation_reference`` tag."""
    from pybtex.database import parse_file  # heavy, and needed for one page

    for entry in parse_file(str(path), "bibtex").entries.values():
        fields = {
            key.lower(): value if key.lower() == "doi" else _plain(value)
            for key, value in entry.fields.items()
        }
        parts = [f"citation_title={fields['title']}"]
        named = [_plain(str(person)) for person in entry.persons.get("author", [])]
        parts += [f"citation_author={name}" for name in named if name != "others"]
        for name, key in (("journal_title", "journal"), ("publication_date", "year"), ("volume", "volume"),
                          ("issue", "number"), ("doi", "doi")):  # fmt: skip
            parts += [f"citation_{name}={fields[key]}"] if fields.get(key) else []
        yield "; ".join(parts)


def _plain(text: str) -> str:
    """Return BibTeX text without its braces and escapes; a semicolon would end the field."""
    return text.replace("{", "").replace("}", "").replace("\\&", "&").replace(";", ",")


def article_ld(project: Project) -> dict[str, Any]:
    """Return article, synthetic cohorts and ledger as schema.org knows them, ready for JSON."""
    found = citation_file(project)
    licences = [LICENCES.get(name, name) for name in _as_list(found.get("license"))]
    common = {"version": found["version"], "datePublished": found["date-released"], "license": licences}
    authors = [{"@type": "Organization", "name": name} for name in author_names(found)]
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
        "hasPart": [{"@id": "#synthetic-cohorts"}, {"@id": "#ledger"}],
        "encoding": {"@type": "MediaObject", "encodingFormat": "application/pdf", "name": "paper.pdf"},
        **common,
    }
    if found.get("doi"):
        article["identifier"] = f"https://doi.org/{found['doi']}"
    cohorts = {
        "@type": "Dataset",
        "@id": "#synthetic-cohorts",
        "name": "Three synthetic cohorts that reproduce the published counts",
        "description": "Every row is made up by a program; no patient is in it. It says how an analysis behaves, "
        "never what a drug does.",
        "creativeWorkStatus": "synthetic",
        "isPartOf": {"@id": "#paper"},
        "creator": authors,
        **common,
    }
    ledger = {
        "@type": "Dataset",
        "@id": "#ledger",
        "name": "Every number of the paper, with origin, interval, method and code",
        "description": "One row per number. The column origin says whether it was published, computed from the "
        "published counts, or comes from a synthetic or a real cohort.",
        "isPartOf": {"@id": "#paper"},
        "creator": authors,
        **common,
    }
    return {"@context": "https://schema.org", "@graph": [article, cohorts, ledger]}


def _original(work: dict[str, Any]) -> dict[str, str]:
    base = {"@type": "ScholarlyArticle", "name": str(work["title"])}
    return {**base, "@id": f"https://doi.org/{work['doi']}"} if work.get("doi") else base


def _as_list(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else [str(value)] if value else []


def add_meta(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the tags into the head of every chapter."""
    if doctree is None:
        return
    project = find_project(Path(app.srcdir))
    ld = json.dumps(article_ld(project), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    context["metatags"] = (
        context.get("metatags", "")
        + highwire(project, references=pagename == FRONT_PAGE)
        + f'<script type="application/ld+json">{ld}</script>\n'
    )
