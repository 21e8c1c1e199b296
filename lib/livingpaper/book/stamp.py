"""What every page says of the paper: what identifies the build, for readers; for machines Highwire tags and JSON-LD."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from sphinx.application import Sphinx
from sphinx.config import Config as SphinxConfig
from sphinx.util.texescape import escape as escape_tex

from livingpaper.book.markup import STATIC, markup
from livingpaper.build.project import NO_COMMIT, Project, commit, content_of, digest, mapping_of, text_of
from livingpaper.config import config

PDF_FROM_PAGE, PDF_ON_SITE = "../../paper.pdf", "../paper.pdf"  # in _build/html/book, and on the site
REFERENCE = {  # after title and authors: Highwire's names and those of BibTeX
    "journal_title": "journal", "publication_date": "year", "volume": "volume", "issue": "number", "doi": "doi",
}  # fmt: skip
LICENCES = {
    "MIT": "https://spdx.org/licenses/MIT.html",
    "CC-BY-4.0": "https://creativecommons.org/licenses/by/4.0/",
}
DRAFT = "Draft, not for citation: passages written for other results are left out. "
NEEDED = {"title", "authors", "version", "date-released"}


def citation_file(project: Project) -> dict[str, Any]:
    """Return ``CITATION.cff``, date and version as text; ``ValueError`` if one of ``NEEDED`` is missing."""
    found = mapping_of(project.root / "CITATION.cff")
    if missing := sorted(NEEDED - set(found)):
        raise ValueError(f"CITATION.cff must have {', '.join(sorted(NEEDED))}; {missing} missing, add it")
    return {**found, "date-released": str(found["date-released"]), "version": str(found["version"])}


def author_names(found: dict[str, Any]) -> list[str]:
    """Return the authors as printed: "Given Family", or the name of a group."""
    names = [(one.get("name") or one["family-names"], one.get("given-names", "")) for one in found["authors"]]
    return [f"{given} {name}".strip() for name, given in names]


def title_of(project: Project) -> str:
    """Return the title for pages about the paper: the short one, if it has one."""
    return config(project).short_title or str(citation_file(project)["title"])


def stamp(project: Project) -> dict[str, str]:
    """Return what identifies this build; empty where the paper has no such file."""
    found, protocol = citation_file(project), project.protocol
    return {
        "version": found["version"],
        "released": found["date-released"],
        "commit": commit(project),
        "protocol": sha256(content_of(protocol)).hexdigest()[:12] if protocol.is_file() else "",
        "data": digest([project.data], project.root)[:12] if project.data.is_dir() else "",
    }


def put_face(app: Sphinx, settings: SphinxConfig) -> None:
    """Set what a paper looks like, ``static/face.yml``; what its own ``_config.yml`` says wins."""
    path = Path(app.srcdir) / "_config.yml"
    own = (yaml.safe_load(text_of(path)) if path.is_file() else None) or {}
    given = (own.get("sphinx") or {}).get("config") or {}
    for name, value in yaml.safe_load((STATIC / "face.yml").read_text("utf-8")).items():
        if isinstance(value, dict):
            setattr(settings, name, {**getattr(settings, name), **value, **given.get(name, {})})
        elif name not in given:
            setattr(settings, name, value)


def put_stamp(app: Sphinx, settings: SphinxConfig) -> None:
    """Print the stamp in the footer of every page and every sheet, and the marks above it."""
    project = Project(Path(app.srcdir))
    paper, marks, found = config(project), stamp(project), citation_file(project)
    origins, known = paper.origins.values(), marks["commit"] != NO_COMMIT
    words = {"authors": ", ".join(author_names(found)), "title": found["title"]}
    settings.html_theme_options = settings.html_theme_options | {
        "announcement": markup("legend.html", draft=paper.draft, banner=paper.banner, origins=origins),
        "extra_footer": markup("stamp.html", marks=marks, known=known, **words),
    }
    settings.version = settings.release = marks["version"]
    at = f" · commit {marks['commit']}" if known else ""
    words = {"version": marks["version"], "date": marks["released"], "commit": at} | words
    words |= {"head": paper.running_head or title_of(project)}
    words |= {"foot": f" · protocol {marks['protocol']}" if marks["protocol"] else ""}
    words |= {"banner": (DRAFT if paper.draft else "") + paper.banner}
    said = {name: escape_tex(text) for name, text in words.items()}
    said["legend"] = r"\, · ".join(escape_tex(f"{one.mark} {one.brief or one.says}") for one in origins)
    lines = [rf"\newcommand{{\paper{name}}}{{{text}}}" for name, text in said.items()]
    preamble = "\n".join([*lines, (STATIC / "paper.tex").read_text("utf-8")])
    settings.latex_elements = settings.latex_elements | {"preamble": preamble}


def highwire(project: Project, *, references: bool) -> str:
    """Return the ``citation_`` tags of a page; with every reference if asked for."""
    found, path = citation_file(project), project.root / "book" / "references.bib"
    lines = reference_lines(path) if references and path.is_file() else ()
    return markup("head.html", found=found, authors=author_names(found), pdf=PDF_FROM_PAGE, references=lines)


def reference_lines(path: Path) -> Iterator[str]:
    """Return each entry of a bibliography as the text of a ``citation_reference`` tag."""
    from pybtex.database import parse_file  # heavy, and needed for one page
    from pybtex.richtext import Text

    def plain(text: object) -> str:
        return str(Text.from_latex(str(text))).replace(";", ",")  # a semicolon would end the field

    for entry in parse_file(str(path), "bibtex").entries.values():
        fields = {key: plain(text) for key, text in entry.fields.items()}
        fields["doi"] = entry.fields.get("doi", "")  # keeps its own semicolons
        people = map(plain, entry.persons.get("author", []))
        parts = [("title", fields["title"]), *(("author", name) for name in people if name != "others")]
        parts += [(name, fields.get(key, "")) for name, key in REFERENCE.items()]
        yield "; ".join(f"citation_{name}={text}" for name, text in parts if text)


def article_ld(project: Project) -> dict[str, Any]:
    """Return article, made-up data and ledger as schema.org knows them, ready for JSON."""
    found, paper = citation_file(project), config(project)
    given = found.get("license") or []
    licences = [LICENCES.get(name, name) for name in (given if isinstance(given, list) else [given])]
    words = {"authors": author_names(found), "origins": paper.origins.values(), "licences": licences}
    return json.loads(markup("article.jsonld", found=found, paper=paper, **words))


def add_meta(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Put the tags into the head of every chapter, and the colours of the marks."""
    if doctree is not None:
        project = Project(Path(app.srcdir))
        ld = json.dumps(article_ld(project), ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        tags = highwire(project, references=pagename == app.config.root_doc)
        style = markup("style.html", origins=config(project).origins)
        context["described"] = f'{tags}<script type="application/ld+json">{ld}</script>\n{style}'
