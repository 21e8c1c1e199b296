"""Reading the built paper: pages, links, text of the PDF."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from book.chapters import ROOT
from livingpaper.build.project import Project
from livingpaper.build.project import pages as project_pages
from livingpaper.config import config

BUILD = ROOT / "_build"
MARKS = config(Project(ROOT)).marks
SITE = BUILD / "html"
PDF, SUPPLEMENT = BUILD / "paper.pdf", BUILD / "supplement.pdf"
PDFS = [BUILD / name for name in config(Project(ROOT)).pdfs]
ACCESSIBLE = BUILD / "paper-accessible.pdf"
LATEX = BUILD / "work" / "_build" / "latex"
SILENT = {"script", "style", "template", "svg", "math"}
BLOCKS = {"p", "td", "th", "li", "dt", "dd", "div", "br", "h1", "h2", "h3", "h4", "figcaption", "caption"}
EDGE = "\0"  # between two blocks of text
VOID = {"img", "br", "hr", "meta", "link", "input", "source", "wbr", "col", "area", "base", "embed", "track"}


class BuildMissingError(AssertionError):
    """The paper has not been built."""


def need(path: Path) -> Path:
    """Return a built file or folder.

    Raises
    ------
    BuildMissingError
        If it is not there.
    """
    if not path.exists():
        raise BuildMissingError(f"{path} is missing: run make paper first")
    return path


def contents() -> list[str]:
    """Return the pages of the table of contents, the first one first."""
    return project_pages(Project(ROOT))


@dataclass(slots=True)
class Shown:
    """A figure of a page."""

    name: str
    alt: list[str] = field(default_factory=list)
    caption: str = ""


class Page(HTMLParser):
    """What a page says, links to and shows; ``text`` is the article alone."""

    def __init__(self, path: Path) -> None:
        super().__init__(convert_charrefs=True)
        self.path, self.ids, self.links, self.meta = path, set(), [], {}
        self.figures: list[Shown] = []
        self.loads: list[str] = []
        self.results: list[tuple[str, str]] = []
        self.marks: list[str] = []
        self.html = path.read_text("utf-8")
        self._open: list[tuple[str, dict[str, str]]] = []
        self._pieces: list[str] = []
        self._all: list[str] = []
        self.feed(self.html)
        self.close()

    @property
    def text(self) -> str:
        return " ".join(self.blocks)

    @property
    def printed(self) -> list[str]:
        """Every number of the ledger in the text, each with the mark of its origin."""
        return [text + mark for (_, text), mark in zip(self.results, self.marks, strict=True)]

    @property
    def title(self) -> str:
        found = re.search(r"<title>(.*?)</title>", self.html, flags=re.S)
        return unescape(" ".join(found[1].split())) if found else ""

    @property
    def blocks(self) -> list[str]:
        """Paragraphs, headings, captions and cells of the article."""
        return [" ".join(block.split()) for block in "".join(self._pieces).split(EDGE) if block.strip()]

    @property
    def everything(self) -> str:
        return " ".join("".join(self._all).replace(EDGE, " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append((tag, given))
        self.ids |= {given[name] for name in ("id", "name") if name in given and tag != "meta"}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "a" and "result" in given.get("class", "").split():
            self.results.append((given.get("data-id") or given["title"].rpartition(": ")[2], ""))
            self.marks.append(MARKS[given["class"].partition("origin-")[2]])
        if tag == "meta":
            self.meta[given.get("name") or given.get("property", "charset")] = given.get("content", "")
        if tag in ("img", "script", "source", "iframe", "video") and "src" in given:
            self.loads.append(given["src"])
        if tag == "link" and given.get("rel") in (
            "stylesheet",
            "preload",
            "icon",
            "preconnect",
            "dns-prefetch",
        ):
            self.loads.append(given["href"])
        if tag == "figure":
            self.figures.append(Shown(given.get("id", "")))
        if tag == "img" and self._inside("figure"):
            self.figures[-1].alt.append(given.get("alt", ""))
        if tag in BLOCKS:
            self._put(EDGE)

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]
        self._put(EDGE if tag in BLOCKS else "")

    def handle_data(self, data: str) -> None:
        tag, given = self._open[-1] if self._open else ("", {})
        if SILENT & {name for name, _ in self._open} or self._in_a_cell():
            return
        if tag == "a" and "result" in given.get("class", "").split() and self.results:
            id_, said = self.results[-1]
            self.results[-1] = (id_, said + data)
        if self._inside("figcaption") and self.figures:
            self.figures[-1].caption += data
        self._put(data)

    def _in_a_cell(self) -> bool:
        """Whether this is code of the analysis, which the page folds."""
        return any("cell_input" in given.get("class", "").split() for _, given in self._open)

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)

    def _put(self, data: str) -> None:
        self._all.append(data)
        if self._inside("article"):
            self._pieces.append(data)


@cache
def read_page(path: Path) -> Page:
    """Return one page, read once."""
    return Page(path)


def page(name: str, site: Path = SITE) -> Page:
    """Return one built page, by its name in the table of contents."""
    return read_page(need(site / f"{name}.html"))


def pages(site: Path = SITE) -> list[Page]:
    """Return every page of a site, search and index included, its redirecting root not."""
    found = [path for path in sorted(need(site).rglob("*.html")) if "_static" not in path.parts]
    return [read_page(path) for path in found if path != site / "index.html"]


@cache
def sheets(pdf: Path = PDF) -> tuple[str, ...]:
    """Return the text of each sheet of a PDF."""
    from pypdf import PdfReader

    return tuple(sheet.extract_text() for sheet in PdfReader(need(pdf)).pages)


def squeezed(text: str) -> str:
    """Return text without spaces and hyphens, so that line ends and hyphenation do not matter."""
    for ligature, letters in {"ﬁ": "fi", "ﬂ": "fl", "ﬀ": "ff", "ﬃ": "ffi"}.items():
        text = text.replace(ligature, letters)
    return re.sub(r"[\s\u00ad\u2010-]+", "", text)
