"""The built folder for programs agrees with the chapters and the ledger."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from book.built import BUILD, contents, need, page
from book.chapters import ROOT
from livingpaper.build.project import Project
from livingpaper.exports.exports import check_ledger_json, machine_files
from livingpaper.ledger.ledger import ledger_part, read_ledger

pytestmark = pytest.mark.book
MACHINE = BUILD / "machine"
HREF = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def article() -> ET.Element:
    return ET.fromstring(need(MACHINE / "paper.jats.xml").read_bytes())


@pytest.fixture(scope="module")
def ledger(project: Project) -> pd.DataFrame:
    return read_ledger(project.ledger)


def named(part: ET.Element | None) -> list[tuple[str, str]]:
    """Return id and printed text of every number of a part of the article."""
    assert part is not None
    kinds = ((str(e.get("content-type")), e.text or "") for e in part.iter("named-content"))
    return [
        (kind.removeprefix("ledger:"), " ".join(text.split()))
        for kind, text in kinds
        if kind.startswith("ledger:")
    ]


def test_every_number_of_the_abstract_is_in_the_xml(article: ET.Element, ledger: pd.DataFrame) -> None:
    source = (
        (ROOT / "book" / "index.md")
        .read_text("utf-8")
        .split(":::{div} abstract", 1)[1]
        .split("\n:::\n", 1)[0]
    )
    asked = [role.partition(" ") for role in re.findall(r"\{result\}`([^`]+)`", source)]
    assert len(asked) >= 10
    wanted = [(id_, ledger_part(ledger.loc[id_], part or "text")) for id_, _, part in asked]
    assert named(article.find("front/article-meta/abstract")) == wanted


def test_numbers_of_the_text_are_those_of_the_ledger(article: ET.Element, ledger: pd.DataFrame) -> None:
    found = named(article.find("body"))
    assert len(found) > 100
    assert {id_ for id_, _ in found} <= set(ledger.index)


def test_version_references_and_figures(article: ET.Element) -> None:
    ids = {element.get("id") for element in article.iter() if element.get("id")}
    assert {xref.get("rid") for xref in article.iter("xref")} <= ids
    assert article.findtext("front/article-meta/article-version") in (ROOT / "CITATION.cff").read_text(
        "utf-8"
    )
    for graphic in article.iter("graphic"):
        assert need(MACHINE / str(graphic.get(HREF))).read_bytes().startswith(b"<svg")
        assert graphic.findtext("alt-text")
    assert all(fig.findtext("label") for fig in article.iter("fig"))


def test_ledger_json_keeps_its_schema() -> None:
    check_ledger_json(json.loads(need(MACHINE / "ledger.json").read_text("utf-8")))


def test_the_folder_is_what_the_pages_give(project: Project) -> None:
    """Byte for byte, so the folder is neither stale nor dependent on when it was made."""
    files = machine_files(project)
    assert {p.relative_to(MACHINE).as_posix() for p in MACHINE.rglob("*") if p.is_file()} == set(files)
    for name, content in files.items():
        assert (MACHINE / name).read_bytes() == content, name


@pytest.mark.parametrize("name", contents())
def test_every_page_tells_reference_managers_what_it_is(name: str) -> None:
    found = page(name)
    assert found.meta["citation_title"]
    assert (found.path.parent / found.meta["citation_pdf_url"]).resolve() == BUILD / "paper.pdf"
    [text] = re.findall(
        r'<script type="application/ld\+json">(.*?)</script>', found.path.read_text("utf-8"), flags=re.S
    )
    assert [thing["@type"] for thing in json.loads(text)["@graph"]] == [
        "ScholarlyArticle",
        "Dataset",
        "Dataset",
    ]
