"""The HTML that was built: every page, no hole, no broken link, no patient."""

from __future__ import annotations

import json
import re
from urllib.parse import unquote, urlsplit

import pytest
from book.built import BUILD, SITE, contents, need, page, pages
from book.chapters import chapters
from headtohead.paper.ledger import ledger_part, read_ledger
from headtohead.paper.show import ID_LIKE, MAX_ROWS
from headtohead.paper.sphinx_ext import html_id
from headtohead.project import Project

pytestmark = pytest.mark.book
HOLES = {
    r"(?<![\w-])(nan|NaN|NaT|inf|undefined)(?![\w-])": "an empty value",
    r"[(=:] ?(None|null)\b|\b(None|null) ?([%)]|to\b|percentage)": "an empty value in a number's place",
    r"\?\?": "an unresolved reference",
    r"\{(result|choice|stamp|cite|numref|doc|ref|literalinclude)\}": "an unresolved role",
    r"\[\[|\]\]": "an unresolved mark",
    r"\(\s*\)|\(\s*to\s*\)|=\s*[,.;)]": "an empty number",
    r"Traceback|\w+Error:": "an error",
    r"<[a-z]+ |&[a-z]+;": "a tag",
}
EMPTY_CELL = re.compile(
    r"<t[dh][^>]*>(?:<[^>]+>|\s)*(nan|None|null|NaN|NaT|inf|-inf|undefined)(?:<[^>]+>|\s)*</t[dh]>"
)
ID_IN_DATA = re.compile(r"SYN-\d{4}")


@pytest.mark.parametrize("name", contents())
def test_every_page_of_the_contents_is_there_and_says_something(name: str) -> None:
    assert len(page(name).text) > 200, name


def test_the_first_page_leads_to_the_paper() -> None:
    text = need(SITE / "index.html").read_text("utf-8")
    assert re.search(r'http-equiv="refresh"[^>]*url=book/index\.html', text, flags=re.I)


@pytest.mark.parametrize("name", [*contents(), "genindex", "search"])
def test_no_hole_in_the_text(name: str) -> None:
    text = page(name).everything
    for pattern, what in HOLES.items():
        found = [text[max(m.start() - 40, 0) : m.end() + 20] for m in re.finditer(pattern, text)]
        assert found == [], f"{name}: {what}"
    assert EMPTY_CELL.findall(page(name).path.read_text("utf-8")) == []


@pytest.mark.parametrize("name", contents())
def test_every_figure_has_a_caption_and_an_alternative_text_that_differ(name: str) -> None:
    for shown in page(name).figures:
        caption = " ".join(shown.caption.split())
        assert len(caption) > 30, shown
        assert re.match(r"Figure \d+", caption), caption
        assert len(shown.alt) == 1, shown
        assert len(shown.alt[0]) > 30, shown
        assert shown.alt[0].lower() not in caption.lower(), shown


def test_every_figure_and_table_of_the_chapters_is_on_its_page() -> None:
    for chapter in chapters():
        missing = set(chapter.exhibits) - page(f"book/{chapter.name}").ids
        assert missing == set(), chapter.name


def test_links_inside_the_site_lead_somewhere() -> None:
    for here in pages():
        for link in here.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (here.path.parent / unquote(parts.path)).resolve() if parts.path else here.path
            assert target.is_file(), f"{here.path.name}: {link}"
            if parts.fragment and target.suffix == ".html":
                there = page(str(target.relative_to(SITE.resolve()))[:-5])
                assert unquote(parts.fragment) in there.ids, f"{here.path.name}: {link}"


def test_links_out_are_to_sources_only() -> None:
    """What a page links to elsewhere is a publication or a licence, over https."""
    hosts = {"doi.org", "creativecommons.org", "orcid.org", "github.com", "jupyterbook.org"}
    for here in pages():
        out = [urlsplit(link) for link in here.links if urlsplit(link).netloc]
        assert {part.scheme for part in out} <= {"https"}, here.path.name
        assert {part.netloc.removeprefix("www.") for part in out} <= hosts, here.path.name


def test_nothing_is_loaded_from_elsewhere() -> None:
    for here in pages():
        assert [load for load in here.loads if urlsplit(load).netloc] == [], here.path.name
    for path in (SITE / "_static").glob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", path.read_text("utf-8")), path.name


def test_every_page_warns_of_synthetic_numbers_and_says_which_build_it_is() -> None:
    for here in pages():
        assert "Synthetic cohort" in here.everything, here.path.name
        assert re.search(
            r"Version \d+\.\d+\.\d+ .*commit \w+.* protocol \w{12} · data \w{12}", here.everything
        )


@pytest.mark.parametrize("name", contents())
def test_page_has_title_and_language(name: str) -> None:
    text = page(name).path.read_text("utf-8")
    assert re.search(r"<html[^>]* lang=\"en", text)
    title = re.search(r"<title>(.*?)</title>", text, flags=re.S)
    assert title
    assert len(title[1].split()) >= 2, title[1]
    assert "width=device-width" in page(name).meta["viewport"]
    article = re.search(r"<article.*</article>", text, flags=re.S)
    assert article
    assert len(re.findall(r"<h1\b", article[0])) == 1


def test_printed_numbers_are_those_of_the_ledger(project: Project) -> None:
    ledger = read_ledger(project.ledger)
    shown = 0
    for chapter in chapters():
        asked = [target for role, target in chapter.roles if role == "result"]
        found = sorted(page(f"book/{chapter.name}").results)
        wanted = []
        for target in asked:
            id_, _, part = target.partition(" ")
            wanted.append((id_, ledger_part(ledger.loc[id_], part or "text")))
        bare = [(id_, text) for id_, text in found]
        assert sorted(wanted) == bare, f"{chapter.name}: the page is older than the ledger, run make paper"
        shown += len(wanted)
    assert shown > 100
    assert {html_id(id_) for id_ in ledger.index} <= page("book/ledger").ids


def test_no_patient_is_in_the_build() -> None:
    files = [path for folder in (SITE,) for path in need(folder).rglob("*") if path.is_file()]
    assert len(files) > 50
    for path in files:
        found = ID_IN_DATA.search(path.read_bytes().decode("utf-8", errors="ignore"))
        assert not found, f"{path.relative_to(BUILD)} holds {found and found[0]}"


@pytest.mark.parametrize("name", contents())
def test_charts_carry_aggregates_only(name: str) -> None:
    text = page(name).path.read_text("utf-8")
    specs = re.findall(
        r'<script type="application/json" data-chart="([^"]*)">(.*?)</script>', text, flags=re.S
    )
    assert len(specs) == len([shown for shown in page(name).figures if shown.name.startswith("fig-")])
    for chart, spec in specs:
        for rows in _datasets(json.loads(spec)):
            columns = {str(column).lower() for row in rows for column in row}
            named = {c for c in columns if c.split("_")[0] in ID_LIKE or c.endswith("_id")}
            assert len(rows) <= MAX_ROWS, chart
            assert not named, f"{chart}: {named}"


def _datasets(node: object) -> list[list[dict[str, object]]]:
    """Return every list of records in a specification, wherever it stands."""
    found: list[list[dict[str, object]]] = []
    if isinstance(node, list):
        if node and all(isinstance(row, dict) for row in node):
            found.append(node)
        for part in node:
            found += _datasets(part)
    elif isinstance(node, dict):
        for part in node.values():
            found += _datasets(part)
    return found
