"""What identifies a build: version, release, commit, hashes of choices and data; printed on every page."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sphinx.application import Sphinx
from sphinx.config import Config as SphinxConfig
from sphinx.util.texescape import escape as escape_tex

from livingpaper.build.project import Project, digest, git
from livingpaper.config import config

STATIC = Path(__file__).parents[1] / "static"
MARKUP = Environment(loader=FileSystemLoader(STATIC / "book"), autoescape=True, undefined=StrictUndefined)
NEEDED = {"title", "authors", "version", "date-released"}


def markup(template: str, **words: Any) -> str:
    """Return a part of a page, ``static/book/<template>.html``, with its words filled in."""
    return MARKUP.get_template(f"{template}.html").render(words)


def citation_file(project: Project) -> dict[str, Any]:
    """Return ``CITATION.cff``, date and version as text; ``ValueError`` if one of ``NEEDED`` is missing."""
    found: dict[str, Any] = yaml.safe_load((project.root / "CITATION.cff").read_text(encoding="utf-8")) or {}
    if missing := sorted(NEEDED - set(found)):
        raise ValueError(f"CITATION.cff must have {', '.join(sorted(NEEDED))}; {missing} missing, add it")
    return {**found, "date-released": str(found["date-released"]), "version": str(found["version"])}


def author_names(found: dict[str, Any]) -> list[str]:
    """Return the authors as printed: "Given Family", or the name of a group."""
    return [
        str(person.get("name") or f"{person.get('given-names', '')} {person['family-names']}".strip())
        for person in found["authors"]
    ]


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
        "protocol": sha256(protocol.read_bytes()).hexdigest()[:12] if protocol.is_file() else "",
        "data": digest([project.data], project.root)[:12] if project.data.is_dir() else "",
    }


def commit(project: Project) -> str:
    """Return the short commit, with a plus sign if files differ from it; "no commit" outside git."""
    try:
        head, changed = git(project, "rev-parse", "--short=10", "HEAD"), git(project, "status", "--porcelain")
    except RuntimeError:
        return "no commit"
    return head.strip() + ("+" if changed.strip() else "")


def put_face(app: Sphinx, settings: SphinxConfig) -> None:
    """Set what a paper looks like, ``static/face.yml``; what its own ``_config.yml`` says wins."""
    path = Path(app.srcdir) / "_config.yml"
    own = (yaml.safe_load(path.read_text("utf-8")) if path.is_file() else None) or {}
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
    origins, authors = paper.origins.values(), ", ".join(author_names(found))
    above = {"draft": paper.draft, "banner": paper.banner, "origins": origins}
    settings.html_theme_options = settings.html_theme_options | {
        "announcement": markup("legend", **above),
        "extra_footer": markup("stamp", marks=marks, authors=authors, title=found["title"]),
    }
    settings.version = settings.release = marks["version"]
    words = {
        "paperversion": marks["version"],
        "papercommit": marks["commit"],
        "paperdate": marks["released"],
        "paperauthors": escape_tex(authors),
        "paperhead": escape_tex(paper.running_head or title_of(project)),
        "paperfoot": f" · protocol {marks['protocol']}" if marks["protocol"] else "",
        "paperlegend": r"\, · ".join(
            escape_tex(f"{each.mark} {each.brief or each.says}") for each in origins
        ),
    }
    defined = "\n".join(rf"\newcommand{{\{name}}}{{{text}}}" for name, text in words.items())
    preamble = (STATIC / "paper.tex").read_text("utf-8")
    settings.latex_elements = settings.latex_elements | {"preamble": f"{defined}\n{preamble}"}
