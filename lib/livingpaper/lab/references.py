"""Numbers of figures and tables, titles of chapters and citations, read from the sources of the book.

Sphinx knows them only when the book is built; JupyterLab shows a chapter without that.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from pybtex.database import Entry, parse_file
from pybtex.richtext import Text

from livingpaper.build.project import Project, pages

KINDS = {"fig": "Figure", "tbl": "Table"}
NAMED = re.compile(
    r'^show\(.*?"((?:fig|tbl)-[\w-]+)", """|^:name: ((?:fig|tbl)-[\w-]+)|^`{3,}\{(checklist)\} ([\w-]+)',
    re.MULTILINE | re.DOTALL,
)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


class Numbered(NamedTuple):
    """A figure or table: "Table 3", and the chapter that shows it."""

    text: str
    chapter: str


def chapters(root: Path) -> list[Path]:
    """Return the files of the book in their order."""
    paths = (root / f"{name}.md" for name in pages(Project(root)))
    return [path for path in paths if path.is_file()]


def numbered(root: Path) -> dict[str, Numbered]:
    """Return the figures and tables of the book by name, numbered in the order of ``_toc.yml`` as Sphinx does."""
    return _numbered(tuple((path.stem, path.read_text("utf-8")) for path in chapters(root)))


@lru_cache(maxsize=2)
def _numbered(sources: tuple[tuple[str, str], ...]) -> dict[str, Numbered]:
    found: dict[str, Numbered] = {}
    count: Counter[str] = Counter()
    for chapter, source in sources:
        for shown, named, listed, item in NAMED.findall(source):
            name = shown or named or f"tbl-{listed}-{item}"
            kind = KINDS[name.partition("-")[0]]
            count[kind] += 1
            found[name] = Numbered(f"{kind} {count[kind]}", chapter)
    return found


def titles(root: Path) -> dict[str, str]:
    """Return the title of each chapter by its file name without ending."""
    found = {path.stem: TITLE.search(path.read_text("utf-8")) for path in chapters(root)}
    return {name: title[1] if title else name for name, title in found.items()}


def cited(root: Path, key: str) -> tuple[str, str]:
    """Return a citation as "Austin 2011" and in full; ``KeyError`` if no ``book/*.bib`` has the key."""
    for path in sorted((root / "book").glob("*.bib")):
        entries = _bibliography(path, path.stat().st_mtime_ns)
        if key in entries:
            return entries[key]
    raise KeyError(f"no reference {key!r} in book/*.bib; correct the key or add it")


@cache
def _bibliography(path: Path, _changed: int) -> dict[str, tuple[str, str]]:
    return {key: _reference(entry) for key, entry in parse_file(str(path)).entries.items()}


def _reference(entry: Entry) -> tuple[str, str]:
    fields = {name: str(Text.from_latex(text)) for name, text in entry.fields.items()}
    names = [[*person.prelast_names, *person.last_names] for person in entry.persons.get("author", ())]
    people = [str(Text.from_latex(" ".join(name))) for name in names] or [fields.get("title", entry.key)]
    who = " and ".join(people if len(people) < 3 else [people[0], "others"])
    where = fields.get("journal") or fields.get("publisher") or fields.get("howpublished")
    doi = f"doi:{fields['doi']}" if "doi" in fields else ""
    full = ". ".join(filter(None, (who, fields.get("title"), where, fields.get("year"), doi)))
    return f"{people[0]} {fields.get('year', '')}".strip(), full
