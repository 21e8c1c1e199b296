"""The pages as JATS XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from living_pages import INDEX, METHODS, REFERENCES
from livingpaper.exports.jats import JatsError, jats

FRONT = {
    "title": "A & B", "authors": ["The maintainers"], "version": "1.2.3", "date": "2026-12-01", "licence": "CC BY 4.0",
    "doi": "",
}  # fmt: skip
HREF = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def article() -> ET.Element:
    pages = {"index": INDEX, "methods": METHODS}
    xml, labels = jats(pages, REFERENCES, FRONT, figures={"fig-key-0123abcd.svg": "figures/fig-key.svg"})
    assert labels == {"fig-key": "Figure 1", "tbl-one": "Table 1"}
    return ET.fromstring(xml)


def words(element: ET.Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def test_front_matter(article: ET.Element) -> None:
    meta = article.find("front/article-meta")
    assert meta is not None
    assert words(meta.find("title-group/article-title")) == "A & B"
    assert words(meta.find("article-version")) == "1.2.3"
    assert meta.find("pub-date").get("iso-8601-date") == "2026-12-01"  # type: ignore[union-attr]
    assert meta.find("article-id") is None  # there is no DOI
    assert words(meta.find("abstract/sec/title")) == "Results"
    assert words(meta.find("abstract/sec/p")) == "Deaths differed by +1.0C, as said1."


def test_a_number_keeps_its_name(article: ET.Element) -> None:
    [number] = article.iter("named-content")
    assert (number.get("content-type"), number.text) == ("ledger:counts.death.rd", "+1.0")


def test_figures_and_tables_have_number_caption_and_words(article: ET.Element) -> None:
    fig, table = next(article.iter("fig")), next(article.iter("table-wrap"))
    assert (fig.get("id"), words(fig.find("label"))) == ("fig-key", "Figure 1")
    assert words(fig.find("caption")) == "A finding is seen."
    assert fig.find("graphic").get(HREF) == "figures/fig-key.svg"  # type: ignore[union-attr]
    assert words(fig.find("graphic/alt-text")) == "A line at +1.0 & more."
    assert (table.get("id"), words(table.find("label")), words(table.find("caption"))) == (
        "tbl-one",
        "Table 1",
        "A table.",
    )


def test_sections_and_links(article: ET.Element) -> None:
    """Two sections that share an anchor get two names; links between pages become links within the article."""
    titles = {sec.get("id"): words(sec.find("title")) for sec in article.iterfind("body//sec")}
    assert titles == {
        "index-background": "Introduction", "methods-methods": "Methods", "methods-background": "Background",
    }  # fmt: skip
    links = {words(link): (link.get("rid"), link.get("ref-type")) for link in article.iter("xref")}
    assert links == {
        "1": ("ref-1", "bibr"),
        "there": ("methods-background", "sec"),
        "Figure 1": ("fig-key", "fig"),
        "methods": ("methods-methods", "sec"),
    }
    assert "and an appendix." in words(article.find("body"))


def test_no_noise_and_mathematics(article: ET.Element) -> None:
    text = words(article.find("body"))
    for noise in ("secret", "Somebody", "Where this chapter", "#", "Abstract"):
        assert noise not in text
    [formula] = article.iter("{http://www.w3.org/1998/Math/MathML}math")
    assert "".join(formula.itertext()).replace(" ", "") == "x<1"


def test_references_carry_their_doi(article: ET.Element) -> None:
    [ref] = article.iterfind("back/ref-list/ref")
    assert words(ref.find("mixed-citation")) == "A. Author. A title & more. A Journal, 2021. 10.1/x(1)<2."
    assert words(ref.find("mixed-citation/pub-id")) == "10.1/x(1)<2"
    assert ref.get("id") == "ref-1"


@pytest.mark.parametrize(
    ("page", "message"),
    [("<html></html>", "must hold an article"), (METHODS, "must have an abstract")],
)
def test_what_cannot_become_an_article(page: str, message: str) -> None:
    with pytest.raises(JatsError, match=message):
        jats({"index": page}, REFERENCES, FRONT, figures={})
