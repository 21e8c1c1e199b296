"""The paper as JATS XML, from the pages as they were built: the numbers in it are those that readers see.

The chapters are stripped to their articles, joined and converted by pandoc; front matter and references
are written here. Every number keeps its ledger id: ``<named-content content-type="ledger:...">``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pypandoc
from bs4 import BeautifulSoup, Tag

XLINK, MML = "http://www.w3.org/1999/xlink", "http://www.w3.org/1998/Math/MathML"
DOCTYPE = (
    '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS (Z39.96) Journal Archiving and Interchange DTD v1.2 '
    '20190208//EN" "JATS-archivearticle1.dtd">'
)
NOISE = "script, style, a.headerlink, details.provenance, .cell_input, .byline, .tabularcolumns"


@dataclass(frozen=True, slots=True)
class Front:
    """What stands before the text: title, authors, version, date (ISO 8601) and DOI (empty if there is none)."""

    title: str
    authors: tuple[str, ...]
    version: str
    date: str
    licence: str
    doi: str = ""


class JatsError(ValueError):
    """The pages cannot become an article."""


def jats(
    pages: Mapping[str, str], references: str, front: Front, *, figures: Mapping[str, str]
) -> tuple[bytes, dict[str, str]]:
    """Return the article as XML, and the labels of figures and tables to their printed numbers.

    Parameters
    ----------
    pages : mapping of str to str
        Page name without ending, for example ``methods``, to its HTML; in order, the first holds the abstract.
    references : str
        HTML of the list of references.
    front : Front
    figures : mapping of str to str
        File name of an image in the pages to the address that the article shall give it.

    Raises
    ------
    JatsError
        If a page has no article or the first one no abstract, and no answer to take for it.
    """
    cites, labels, seen = _reference_list(references), dict[str, str](), dict[str, str]()
    articles = {name: _article(html, name) for name, html in pages.items()}
    first_name, first = next(iter(articles.items()))
    abstract = first.select_one("div.abstract") or first.select_one("div.answer")
    if abstract is None:
        raise JatsError(
            f"the page {first_name!r} must have an abstract, none is found; write it as :::{{div}} abstract"
        )
    places = {
        (name, str(tag["id"])): _owner(tag, name) for name, a in articles.items() for tag in a.select("[id]")
    }
    for name, article in articles.items():
        labels |= _take_labels(article)
        _point(article, name, places, {key: f"ref-{i + 1}" for i, key in enumerate(cites)}, set(pages))
    summary = _pandoc(_headed(abstract.extract()))
    for name, article in articles.items():
        seen |= _simplify(article, name, figures)
    _promote(first)
    body = _pandoc("\n".join(map(str, articles.values())))
    return _finish(_assemble(front, summary, body, list(cites.values())), labels, seen), labels


def _article(html: str, name: str) -> Tag:
    found = BeautifulSoup(html, "html.parser").select_one("article.bd-article")
    if found is None:
        raise JatsError(
            f"the page {name!r} must hold an article, none is found; build it again: livingpaper html"
        )
    for noise in found.select(NOISE):
        noise.decompose()
    return found


def _owner(tag: Tag, page: str) -> str:
    """Return the name in the article of what an anchor of a page stands for: figure, table or section."""
    if tag.name in ("figure", "table"):
        return str(tag["id"])
    section = tag if tag.name == "section" else tag.find_parent("section")
    return f"{page}-{section['id']}" if isinstance(section, Tag) and section.get("id") else page


def _take_labels(article: Tag) -> dict[str, str]:
    """Take the printed numbers out of the captions."""
    labels = {}
    for number in article.select("span.caption-number"):
        holder = number.find_parent(["figure", "table"])
        if isinstance(holder, Tag) and holder.get("id"):
            labels[str(holder["id"])] = number.get_text().strip()
        number.decompose()
    return labels


def _point(
    article: Tag, page: str, places: Mapping[tuple[str, str], str], cites: Mapping[str, str], pages: set[str]
) -> None:
    """Turn links between pages into links within the article, and numbers into named content."""
    for link in article.select("a[href]"):
        href, classes = str(link["href"]), str(link.get("class") or "")
        if "result" in classes:
            id_ = str(link["title"]).split(": ", 1)[1]
            link.name, link.attrs = "span", {"data-content-type": f"ledger:{id_}"}
            continue
        if re.match(r"https?:|mailto:", href):
            link.attrs = {"href": href}
            continue
        where, _, anchor = href.partition("#")
        target = where.removesuffix(".html") or page
        if target == "references" and anchor in cites:
            link.attrs = {"href": f"#{cites[anchor]}"}
        elif target in pages:
            aim = places.get((target, anchor), next((v for (p, _), v in places.items() if p == target), ""))
            kind = {"fig": "fig", "tbl": "table"}.get(aim.split("-")[0], "sec")
            link.attrs = {"href": f"#{aim}", "data-ref-type": kind}
        else:
            link.unwrap()  # an appendix: it is not part of the article


def _simplify(article: Tag, page: str, figures: Mapping[str, str]) -> dict[str, str]:
    """Leave headings, paragraphs, lists, figures and tables; return the alternative text of each image."""
    seen = {}
    for section in article.select("section"):
        heading = section.find(re.compile("^h[1-6]$"), recursive=False)
        if isinstance(heading, Tag):
            heading.attrs = {"id": f"{page}-{section['id']}"}
        section.unwrap()
    for rubric in article.select("p.rubric"):
        rubric.name, rubric.attrs = "h2", {}
    for image in article.select("img"):
        name = str(image["src"]).rsplit("/", 1)[-1]
        address = figures.get(name, name)
        seen[address] = str(image.get("alt", ""))
        image.attrs = {"src": address}  # pandoc would not escape the text
    _unwrap(article)
    for tag in article.select("[id]"):
        if tag.name not in ("figure", "table") and not re.fullmatch("h[1-6]", tag.name):
            del tag["id"]
    return seen


def _unwrap(part: Tag) -> None:
    """Drop the elements that only carry the look of a page."""
    for tag in part.find_all(["div", "span", "details", "summary"]):
        if not tag.get("data-content-type"):
            tag.unwrap()


def _headed(abstract: Tag) -> str:
    """Return the abstract with the bold word that opens a paragraph as its heading."""
    _unwrap(abstract)
    parts = []
    for paragraph in abstract.find_all("p"):
        strong = paragraph.find("strong")
        if isinstance(strong, Tag):
            title = strong.extract().get_text().rstrip(". ")
            parts.append(f'<h1 id="abstract-{title.lower()}">{escape(title)}</h1>')
        parts.append(str(paragraph))
    return "\n".join(parts)


def _promote(first: Tag) -> None:
    """Drop the title from the first page and lift its sections to the level of chapters."""
    for heading in first.find_all(re.compile("^h[1-6]$")):
        if heading.name == "h1" or heading.get_text().strip() == "Abstract":
            heading.decompose()
        else:
            heading.name = f"h{int(heading.name[1]) - 1}"


def _reference_list(html: str) -> dict[str, str]:
    """Return the references by their anchor, each as the inside of a ``mixed-citation``."""
    found = {}
    for entry in BeautifulSoup(html, "html.parser").select("div.citation"):
        words = entry.find("p") or entry
        for link in words.select("a[href*='doi.org/']"):
            doi = str(link["href"]).split("doi.org/", 1)[1]
            link.name, link.attrs, link.string = "pub-id", {"pub-id-type": "doi"}, doi
        for tag in words.find_all(True):
            if tag.name == "em":
                tag.name, tag.attrs = "source", {}
            elif tag.name != "pub-id":
                tag.unwrap()
        found[str(entry["id"])] = words.decode_contents()
    return found


def _pandoc(html: str) -> str:
    return str(pypandoc.convert_text(html, "jats_archiving", format="html", extra_args=["--wrap=none"]))


def _assemble(front: Front, summary: str, body: str, cites: Sequence[str]) -> str:
    year, month, day = front.date.split("-")
    names = (f"<collab>{escape(name)}</collab>" for name in front.authors)
    authors = "".join(f'<contrib contrib-type="author">{name}</contrib>' for name in names)
    refs = "".join(
        f'<ref id="ref-{i}"><label>{i}</label><mixed-citation>{text}</mixed-citation></ref>\n'
        for i, text in enumerate(cites, 1)
    )
    doi = f'<article-id pub-id-type="doi">{escape(front.doi)}</article-id>' if front.doi else ""
    return f"""<article xmlns:xlink="{XLINK}" xmlns:mml="{MML}" dtd-version="1.2" article-type="research-article" xml:lang="en">\
<front><article-meta>{doi}\
<article-version article-version-type="living-paper">{escape(front.version)}</article-version>\
<title-group><article-title>{escape(front.title)}</article-title></title-group><contrib-group>{authors}</contrib-group>\
<pub-date date-type="pub" iso-8601-date="{front.date}"><day>{day}</day><month>{month}</month><year>{year}</year></pub-date>\
<permissions><license><license-p>{escape(front.licence)}</license-p></license></permissions>\
<abstract>{summary}</abstract></article-meta></front>
<body>
{body}
</body>
<back><ref-list><title>References</title>
{refs}</ref-list></back></article>"""


def _finish(text: str, labels: Mapping[str, str], seen: Mapping[str, str]) -> bytes:
    """Give figures and tables their printed numbers and words and return the XML, which is thereby well-formed."""
    for prefix, address in (("xlink", XLINK), ("mml", MML)):
        ET.register_namespace(prefix, address)
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise JatsError(f"the article must be well-formed XML, it is not: {error}") from None
    for graphic in root.iter("graphic"):
        ET.SubElement(graphic, "alt-text").text = seen.get(graphic.get(f"{{{XLINK}}}href", ""), "")
    for wrap in root.iter("table-wrap"):
        if (table := wrap.find("table")) is not None and table.get("id"):
            wrap.set("id", table.attrib.pop("id"))
    for holder in (*root.iter("fig"), *root.iter("table-wrap")):
        if holder.get("id") in labels:
            label = ET.Element("label")
            label.text = labels[str(holder.get("id"))]
            holder.insert(0, label)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{DOCTYPE}\n'.encode() + ET.tostring(root) + b"\n"
