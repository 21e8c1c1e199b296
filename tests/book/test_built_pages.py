"""The HTML that was built: every page, no hole, no broken link, no patient, no claim beyond the numbers."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from book.built import PDFS, SITE, contents, need, page, pages
from book.chapters import chapters
from book.forbidden import forbidden_claims
from livingpaper.book.checklists import load_checklists
from livingpaper.book.numbers import html_id
from livingpaper.build.cache import mark_of
from livingpaper.build.project import Project
from livingpaper.build.state import state
from livingpaper.ledger.ledger import ledger_part, read_ledger

from book import gates

pytestmark = pytest.mark.book
DOCSTRINGS = "book/api"  # folded, they speak of NaN and None


@pytest.fixture(scope="module")
def ledger(project: Project) -> pd.DataFrame:
    return read_ledger(project.ledger)


@pytest.mark.parametrize("name", contents())
def test_every_page_of_the_contents_is_there_and_says_something(name: str) -> None:
    assert len(page(name).text) > 200, name


@pytest.mark.parametrize("name", ["html", *(path.name for path in PDFS)])
def test_it_was_made_from_the_sources_that_are_here(project: Project, name: str) -> None:
    sources = state(project).split()[:2]  # the commit that it prints may be an older one
    made_from = mark_of(need(project.build / name)).read_text("utf-8").split()
    assert made_from[:2] == sources, f"{name} is older than its sources: run make paper first"


def test_no_page_is_without_its_chapter() -> None:
    made = {path.relative_to(SITE).with_suffix("").as_posix() for path in need(SITE).glob("book/*.html")}
    parts = {name for name in made if name.startswith("book/ledger-")}  # of a long page
    assert made - parts == {*contents()}


def test_no_image_is_left_that_no_page_shows() -> None:
    said = "".join(found.html for found in pages())
    assert [path.name for path in need(SITE / "_images").iterdir() if path.name not in said] == []


def test_the_first_page_leads_to_the_paper() -> None:
    text = need(SITE / "index.html").read_text("utf-8")
    assert re.search(r'http-equiv="refresh"[^>]*url=book/index\.html', text, flags=re.I)


@pytest.mark.parametrize("name", [*sorted({*contents()} - {DOCSTRINGS}), "genindex", "search"])
def test_no_hole_in_the_text(name: str) -> None:
    assert gates.page_holes(page(name)) == []


def test_no_unresolved_role_in_the_reference_of_the_library() -> None:
    assert [hole for hole in gates.page_holes(page(DOCSTRINGS)) if hole.startswith("an unresolved")] == []


@pytest.mark.parametrize("name", contents())
def test_every_figure_has_a_caption_and_an_alternative_text_that_differ(name: str) -> None:
    assert gates.figure_faults(page(name)) == []


@pytest.mark.parametrize("name", contents())
def test_nothing_is_claimed_beyond_the_numbers(name: str, ledger: pd.DataFrame) -> None:
    assert forbidden_claims([*page(name).blocks, page(name).title], ledger) == []


def test_every_figure_and_table_of_the_chapters_is_on_its_page() -> None:
    for chapter in chapters():
        missing = set(chapter.exhibits) - page(f"book/{chapter.name}").ids
        assert missing == set(), chapter.name


def test_links_lead_somewhere_and_out_to_sources_only() -> None:
    assert sum(len(here.links) for here in pages()) > 500
    assert gates.link_faults(pages(), SITE) == []


def test_every_item_of_the_checklists_is_answered_on_a_page(project: Project) -> None:
    checklists = load_checklists(project.root / "book" / "checklists.yml")
    ids = set().union(*(here.ids for here in pages()))
    assert gates.dead_anchors(checklists.values(), ids) == []


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert [fault for here in pages() for fault in gates.outside_loads(here)] == []
    styles = sorted((SITE / "_static").rglob("*.css"))
    assert [path.name for path in styles] == ["page.css"]
    assert [
        fault for path in styles for fault in gates.outside_styles(path.name, path.read_text("utf-8"))
    ] == []


def test_every_page_warns_of_synthetic_numbers_and_says_which_build_it_is() -> None:
    assert [fault for here in pages() for fault in gates.stamp_faults(here)] == []


@pytest.mark.parametrize("name", contents())
def test_page_has_title_and_language(name: str) -> None:
    here = page(name)
    assert re.search(r"<html[^>]* lang=\"en", here.html)
    assert len(here.title.split()) >= 2, here.title
    assert "width=device-width" in here.meta["viewport"]
    article = re.search(r"<article.*</article>", here.html, flags=re.S)
    assert article
    assert len(re.findall(r"<h1\b", article[0])) == 1


def test_printed_numbers_are_those_of_the_ledger(ledger: pd.DataFrame) -> None:
    shown = 0
    for chapter in chapters():
        asked = [target.partition(" ") for role, target in chapter.roles if role == "result"]
        wanted = [(id_, ledger_part(ledger.loc[id_], part or "text")) for id_, _, part in asked]
        faults = gates.number_faults(page(f"book/{chapter.name}"), wanted)
        assert faults == [], f"{chapter.name}: the page is older than the ledger, run make paper"
        shown += len(wanted)
    assert shown > 100
    parts = [path.stem for path in (SITE / "book").glob("ledger*.html")]  # a long ledger is several pages
    assert {html_id(id_) for id_ in ledger.index} <= set().union(
        *(page(f"book/{name}").ids for name in parts)
    )


def test_no_patient_is_in_the_build() -> None:
    files = [path for path in need(SITE).rglob("*") if path.is_file()]
    assert len(files) > 50
    assert gates.patients(files) == []


@pytest.mark.parametrize("name", contents())
def test_charts_carry_aggregates_only(name: str) -> None:
    assert gates.chart_faults(page(name)) == []
