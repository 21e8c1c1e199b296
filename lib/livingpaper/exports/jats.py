"""The paper as JATS XML, by pandoc from the pages as built; a number keeps its ledger id as its ``content-type``."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any
from xml.etree import ElementTree as ET

import pypandoc
from bs4 import BeautifulSoup, Tag

from livingpaper.book.markup import markup
from livingpaper.build.accessible import article_of

XLINK = "http://www.w3.org/1999/xlink"
ET.register_namespace("xlink", XLINK)
ET.register_namespace("mml", "http://www.w3.org/1998/Math/MathML")
HEADING = re.compile("h[1-6]$")


class JatsError(ValueError):
    """The pages cannot become an article."""


def jats(
    pages: Mapping[str, str], references: str, front: Mapping[str, Any], *, figures: Mapping[str, str]
) -> tuple[bytes, dict[str, str]]:
    """Return the article as XML, and the labels of figures and tables to their printed numbers.

    ``pages`` are HTML by name, in order, ``front`` is what ``static/jats.xml`` prints, ``figures`` images to addresses.
    """
    cited, labels, seen = _references(references), dict[str, str](), dict[str, str]()
    articles = {name: _article(html, name) for name, html in pages.items()}
    first_name, first = next(iter(articles.items()))
    abstract = first.select_one("div.abstract") or first.select_one("div.answer")
    if abstract is None:
        must = f"the page {first_name!r} must have an abstract, none is found"
        raise JatsError(f"{must}; write it as :::{{div}} abstract")
    aims = {f"references#{anchor}": f"ref-{i}" for i, anchor in enumerate(cited, 1)}
    for name, article in articles.items():
        named = {f"{name}#{tag['id']}": _owner(tag, name) for tag in article.select("[id]")}
        aims |= {name: next(iter(named.values()), ""), **named}
    for name, part in ((first_name, abstract.extract()), *articles.items()):
        for number in part.select("span.caption-number"):
            if holder := number.find_parent(["figure", "table"]):
                labels[str(holder.get("id"))] = number.extract().get_text().strip()
        for link in part.select("a[href]"):
            _point(link, name, aims)
        seen |= _simplify(part, name, figures)
    for heading in first.find_all(HEADING):  # the title goes, and the sections take the level of chapters
        if heading.name == "h1" or heading.get_text().strip() == "Abstract":
            heading.decompose()
        else:
            heading.name = f"h{int(heading.name[1]) - 1}"
    said = {"summary": _headed(abstract), "body": "\n".join(map(str, articles.values()))}
    how: dict[str, Any] = {"to": "jats_archiving", "format": "html", "extra_args": ["--wrap=none"]}
    words = {name: pypandoc.convert_text(html, **how) for name, html in said.items()}
    told = {**front, **words, "references": cited.values()}
    return _finish(markup("jats.xml", **told), labels, seen), labels


def _article(html: str, name: str) -> Tag:
    found = article_of(html, f"the page {name!r}", ".byline", JatsError)
    for sheet in found.select("div.sheet"):  # pages have the caption of a table above what scrolls
        if (table := sheet.find("table")) and (said := sheet.select_one("div.caption")):
            said.name, said.attrs, table.attrs = "caption", {}, {"id": sheet["id"]}
            table.insert(0, said)
            sheet.unwrap()
    return found


def _owner(tag: Tag, page: str) -> str:
    """Return the name in the article of what an anchor of a page stands for: figure, table or section."""
    if tag.name in ("figure", "table"):
        return str(tag["id"])
    section = tag if tag.name == "section" else tag.find_parent("section", id=True)
    return f"{page}-{section['id']}" if section else page


def _point(link: Tag, page: str, aims: Mapping[str, str]) -> None:
    """Turn a link between pages into one within the article, and that of a number into named content."""
    href = str(link["href"])
    where, _, anchor = href.partition("#")
    target = where.removesuffix(".html") or page
    aim = aims.get(f"{target}#{anchor}") or aims.get(target)
    if "result" in str(link.get("class") or ""):
        link.name, link.attrs = "span", {"data-content-type": f"ledger:{link['data-id']}"}
    elif re.match(r"https?:|mailto:", href):
        link.attrs = {"href": href}
    elif aim is None:
        link.unwrap()  # an appendix: it is not part of the article
    else:
        link.attrs = {"href": f"#{aim}"}
        if target != "references":
            link["data-ref-type"] = {"fig": "fig", "tbl": "table"}.get(aim.split("-")[0], "sec")


def _simplify(part: Tag, page: str, figures: Mapping[str, str]) -> dict[str, str]:
    """Leave headings, paragraphs, lists, figures and tables; return the alternative text of each image."""
    seen = {}
    for section in part.select("section"):
        if heading := section.find(HEADING, recursive=False):
            heading.attrs = {"id": f"{page}-{section['id']}"}
        section.unwrap()
    for rubric in part.select("p.rubric"):
        rubric.name, rubric.attrs = "h2", {}
    for image in part.select("img"):
        name = str(image["src"]).rsplit("/", 1)[-1]
        address = figures.get(name, name)
        seen[address] = str(image.get("alt", ""))
        image.attrs = {"src": address}  # pandoc would not escape the text
    for look in part.select("div, details, summary, span:not([data-content-type])"):
        look.unwrap()
    for tag in part.select("[id]:not(figure, table, h1, h2, h3, h4, h5, h6)"):
        del tag["id"]
    return seen


def _headed(abstract: Tag) -> str:
    """Return the abstract with the bold word that opens a paragraph as its heading."""
    parts = []
    for paragraph in abstract.find_all("p"):
        if strong := paragraph.find("strong"):
            title = strong.extract().get_text().rstrip(". ")
            parts.append(f'<h1 id="abstract-{title.lower()}">{escape(title)}</h1>')
        parts.append(str(paragraph))
    return "\n".join(parts)


def _references(html: str) -> dict[str, str]:
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


def _finish(text: str, labels: Mapping[str, str], seen: Mapping[str, str]) -> bytes:
    """Give figures and tables their printed numbers and words and return the XML, which is thereby well-formed."""
    try:
        root = ET.fromstring(text)
    except ET.ParseError as error:
        raise JatsError(f"the article must be well-formed XML, it is not: {error}") from None
    for graphic in root.iter("graphic"):
        ET.SubElement(graphic, "alt-text").text = seen.get(graphic.get(f"{{{XLINK}}}href", ""), "")
    for wrap in root.iter("table-wrap"):
        for table in wrap.iterfind("table[@id]"):
            wrap.set("id", table.attrib.pop("id"))
    for holder in (*root.iter("fig"), *root.iter("table-wrap")):
        if label := labels.get(holder.get("id", "")):
            holder.insert(0, ET.Element("label"))
            holder[0].text = label
    return text[: text.index("<article")].encode() + ET.tostring(root) + b"\n"
