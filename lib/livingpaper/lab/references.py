"""Numbers of figures and tables, titles and citations, from the sources of the book: JupyterLab needs no build."""

import re
from functools import cache
from itertools import count
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
    """A figure or table."""

    text: str  # "Table 3"
    chapter: str  # that shows it


def chapters(root: Path) -> list[Path]:
    """Return the files of the book in their order."""
    return list(filter(Path.is_file, (root / f"{name}.md" for name in pages(Project(root)))))


def numbered(root: Path) -> dict[str, Numbered]:
    """Return the figures and tables of the book by name, numbered in the order of ``_toc.yml`` as Sphinx does."""
    found, last = {}, {kind: count(1) for kind in KINDS}
    for path in chapters(root):
        for shown, named, listed, item in NAMED.findall(path.read_text("utf-8")):
            name = shown or named or f"tbl-{listed}-{item}"
            kind = name.partition("-")[0]
            found[name] = Numbered(f"{KINDS[kind]} {next(last[kind])}", path.stem)
    return found


def titles(root: Path) -> dict[str, str]:
    """Return the title of each chapter by its file name without ending."""
    found = {path.stem: TITLE.search(path.read_text("utf-8")) for path in chapters(root)}
    return {name: title[1] if title else name for name, title in found.items()}


def cited(root: Path, key: str) -> tuple[str, str]:
    """Return a citation as "Austin 2011" and in full; ``KeyError`` if no ``book/*.bib`` has the key."""
    for path in sorted((root / "book").glob("*.bib")):
        if found := _bibliography(path, path.stat().st_mtime_ns).get(key):
            return found
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
