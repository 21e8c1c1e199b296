"""Looking at the built paper: pages, links, text of the PDF."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import yaml
from book.chapters import ROOT

BUILD = ROOT / "_build"
SITE = BUILD / "html"
PDF = BUILD / "paper.pdf"
LATEX_LOG = BUILD / "work" / "_build" / "latex" / "paper.log"
SILENT = {"script", "style", "template", "svg", "math"}
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
        raise BuildMissingError(f"{path.relative_to(ROOT)} is missing: run make paper first")
    return path


def contents() -> list[str]:
    """Return the pages of the table of contents, the first one first."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text("utf-8"))
    return [toc["root"], *(entry["file"] for part in toc["parts"] for entry in part["chapters"])]


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
        self._open: list[tuple[str, dict[str, str]]] = []
        self._pieces: list[str] = []
        self._all: list[str] = []
        self.feed(path.read_text("utf-8"))
        self.close()

    @property
    def text(self) -> str:
        return " ".join("".join(self._pieces).split())

    @property
    def everything(self) -> str:
        return " ".join("".join(self._all).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append((tag, given))
        self.ids |= {given[name] for name in ("id", "name") if name in given and tag != "meta"}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "a" and "result" in given.get("class", "").split():
            self.results.append((given["title"].split(": ")[1], ""))
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
        if tag in ("p", "td", "th", "li", "div", "br", "h1", "h2", "h3", "figcaption", "caption"):
            self._put(" ")

    def handle_endtag(self, tag: str) -> None:
        names = [name for name, _ in self._open]
        if tag in names:
            del self._open[len(names) - 1 - names[::-1].index(tag) :]
        self._put(" " if tag in ("p", "td", "th", "li", "div", "caption") else "")

    def handle_data(self, data: str) -> None:
        tag, given = self._open[-1] if self._open else ("", {})
        if SILENT & {name for name, _ in self._open}:
            return
        if tag == "a" and "result" in given.get("class", "").split() and self.results:
            id_, said = self.results[-1]
            self.results[-1] = (id_, said + data)
        if self._inside("figcaption") and self.figures:
            self.figures[-1].caption += data
        self._put(data)

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)

    def _put(self, data: str) -> None:
        self._all.append(data)
        if self._inside("article"):
            self._pieces.append(data)


@cache
def page(name: str) -> Page:
    """Return one built page, by its name in the table of contents."""
    return Page(need(SITE / f"{name}.html"))


def pages() -> list[Page]:
    """Return every page of the site, search and index included."""
    return [
        page(str(path.relative_to(SITE))[:-5]) for path in sorted(need(SITE).rglob("*.html")) if _ours(path)
    ]


def _ours(path: Path) -> bool:
    return "_static" not in path.parts and path != SITE / "index.html"


@cache
def sheets() -> tuple[str, ...]:
    """Return the text of each sheet of the PDF."""
    from pypdf import PdfReader

    return tuple(sheet.extract_text() for sheet in PdfReader(need(PDF)).pages)


def squeezed(text: str) -> str:
    """Return text without spaces and hyphens, so that line ends and hyphenation do not matter."""
    return re.sub(
        r"[\s\u00ad\u2010-]+",
        "",
        text.replace("ﬁ", "fi").replace("ﬂ", "fl").replace("ﬀ", "ff").replace("ﬃ", "ffi"),
    )
