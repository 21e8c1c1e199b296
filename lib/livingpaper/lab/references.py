"""Numbers of figures and tables, titles of chapters and citations, read from the sources of the book.

Sphinx knows them only when the book is built; JupyterLab shows a chapter without that.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pybtex.database import Entry, parse_file
from pybtex.richtext import Text

KINDS = {"fig": "Figure", "tbl": "Table"}
NAMED = re.compile(
    r'^show\(.*?"((?:fig|tbl)-[\w-]+)", """|^:name: ((?:fig|tbl)-[\w-]+)|^`{3,}\{(checklist)\} ([\w-]+)',
    re.MULTILINE | re.DOTALL,
)
TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A figure or table: "Table 3", and the chapter that shows it."""

    text: str
    chapter: str


def numbered(root: Path) -> dict[str, Numbered]:
    """Return the figures and tables of the book by name, numbered in the order of ``_toc.yml`` as Sphinx does."""
    found: dict[str, Numbered] = {}
    count: Counter[str] = Counter()
    for path in chapters(root):
        for shown, named, listed, item in NAMED.findall(_source(path)):
            name = shown or named or f"tbl-{listed}-{item}"
            kind = KINDS[name.partition("-")[0]]
            count[kind] += 1
            found[name] = Numbered(f"{kind} {count[kind]}", path.stem)
    return found


def titles(root: Path) -> dict[str, str]:
    """Return the title of each chapter by its file name without ending."""
    found = {path.stem: TITLE.search(_source(path)) for path in chapters(root)}
    return {name: title[1] if title else name for name, title in found.items()}


def chapters(root: Path) -> list[Path]:
    """Return the files of the book in their order."""
    toc = yaml.safe_load(_source(root / "_toc.yml"))
    paths = (root / f"{name}.md" for name in [toc["root"], *_files(toc)])
    return [path for path in paths if path.is_file()]


def _files(part: Any) -> list[str]:
    """Return the names below one entry of the table of contents."""
    listed = [entry for key in ("parts", "chapters", "sections") for entry in part.get(key, ())]
    return [name for entry in listed for name in [*filter(None, [entry.get("file")]), *_files(entry)]]


def cited(root: Path, key: str) -> tuple[str, str]:
    """Return a citation as "Austin 2011" and in full.

    Raises
    ------
    KeyError
        If no ``book/*.bib`` has the key.
    """
    for path in sorted((root / "book").glob("*.bib")):
        entries = _bibliography(path, path.stat().st_mtime_ns)
        if key in entries:
            return entries[key]
    raise KeyError(f"no reference {key!r} in book/*.bib; correct the key or add it")


@cache
def _bibliography(path: Path, _changed: int) -> dict[str, tuple[str, str]]:
    return {key: _reference(entry) for key, entry in parse_file(str(path)).entries.items()}


def _reference(entry: Entry) -> tuple[str, str]:
    people = [
        " ".join([*person.prelast_names, *person.last_names]) for person in entry.persons.get("author", ())
    ]
    people = [str(Text.from_latex(name)) for name in people]
    fields = {name: str(Text.from_latex(text)) for name, text in entry.fields.items()}
    first, year = people[0] if people else fields.get("title", entry.key), fields.get("year", "")
    who = (
        first
        if len(people) == 1
        else f"{first} and {people[1]}"
        if len(people) == 2
        else f"{first} and others"
    )
    where = fields.get("journal") or fields.get("publisher") or fields.get("howpublished", "")
    doi = f"doi:{fields['doi']}" if "doi" in fields else ""
    full = ". ".join(part for part in (who, fields.get("title", ""), where, year, doi) if part)
    return f"{first} {year}".strip(), full


def _source(path: Path) -> str:
    return _text(path, path.stat().st_mtime_ns)


@cache
def _text(path: Path, _changed: int) -> str:
    return path.read_text("utf-8")
