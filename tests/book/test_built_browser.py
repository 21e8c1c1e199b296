"""Every page in a browser without a network, on a large and a small screen: no request, no complaint, nobody kept out."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest
from book.axe import barriers_of
from book.browser import NO_BROWSER, SIZES, Visit, Visits, open_browser
from book.built import SITE, contents, need
from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
PAGES = [*contents(), "book/ledger-counts", "search", "genindex"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def windows(browser: Browser) -> dict[str, Visits]:
    return {size: Visits.of(browser, size) for size in SIZES}


@pytest.fixture(scope="module", params=[f"{name} {size}" for name in PAGES for size in SIZES])
def visit(request: pytest.FixtureRequest, windows: dict[str, Visits]) -> Iterator[Visit]:
    """Each page open in each window, once for all tests that look at it."""
    name, size = request.param.split()
    with windows[size].opened(need(SITE / f"{name}.html")) as opened:
        yield opened


def test_page_stands_alone_and_fits(visit: Visit) -> None:
    assert visit.faults == []


def test_every_text_of_every_chart_is_legible(visit: Visit) -> None:
    assert visit.drawn["faults"] == []
    assert visit.drawn["drawn"] == visit.tab.locator("figure.chart").count()


def test_captions_do_not_scroll_and_what_scrolls_has_name_and_focus(visit: Visit) -> None:
    assert visit.tab.locator("table caption").count() == 0
    seen = visit.tab.evaluate(
        "[...document.querySelectorAll('.pst-scrollable-table-container')]"
        ".filter((box) => box.clientWidth && box.checkVisibility())"
        ".map((box) => [box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1,"
        " box.tabIndex === 0 && box.role === 'region'])"
    )
    assert all(wide == focused for wide, focused in seen)
    wide = visit.tab.evaluate(
        "[...document.querySelectorAll('.sheet > .caption')].filter((c) => c.scrollWidth > innerWidth).length"
    )
    assert wide == 0


def test_rows_and_columns_of_tables_have_heads(visit: Visit) -> None:
    bare = visit.tab.evaluate(
        "[...document.querySelectorAll('article table')].flatMap((table) => ["
        "...[...table.querySelectorAll('thead :is(th, td)')].filter((c) => c.innerText.trim() && c.scope !== 'col'),"
        "...[...table.querySelectorAll('tbody tr > :first-child')].filter((c) => c.textContent.trim() && c.scope !== 'row'),"
        "]).map((cell) => cell.textContent)"
    )
    assert bare == []


def test_each_figure_has_its_table_data_and_code(visit: Visit) -> None:
    for under in visit.tab.locator(".carried").all():
        assert under.locator("details.as-table tbody tr").count() > 0
        code = under.get_by_text("Code that draws it").get_attribute("href") or ""
        assert visit.tab.locator(code).locator("code, td").count() > 0
        for link in under.locator("a[download]").all():
            file = visit.path.parent / (link.get_attribute("href") or "")
            head, *rows = csv.reader(file.read_text("utf-8").splitlines())
            assert rows
            assert all(len(row) == len(head) for row in rows)
    assert visit.tab.locator(".carried").count() == visit.tab.locator("script[data-chart]").count()


BROKEN = """() => [...document.querySelectorAll('article table code span.pre')]
    .filter((word) => /^\\w+$/.test(word.textContent) && word.getClientRects().length > 1).map((word) => word.textContent)"""
SQUEEZED = """() => [...document.querySelectorAll('article .sheet td')]
    .filter((cell) => cell.innerText.length > 89 && cell.clientWidth < 170).map((cell) => cell.innerText)"""


def test_names_stay_whole_and_sentences_have_room_in_tables(visit: Visit) -> None:
    assert visit.tab.evaluate(BROKEN) == []
    assert visit.tab.evaluate(SQUEEZED) == []


def test_axe_finds_nothing(visit: Visit) -> None:
    size = visit.tab.viewport_size
    assert barriers_of(visit.tab, colours=size is not None and size["width"] == SIZES["desktop"][0]) == []


def test_no_table_is_cut_in_print(visit: Visit) -> None:
    """The last look at a page: it leaves the window as wide as paper."""
    visit.tab.set_viewport_size({"width": 718, "height": 1000})  # A4 between its margins
    visit.tab.emulate_media(media="print")
    cut = visit.tab.evaluate(
        "[...document.querySelectorAll('article table')].filter((t) => t.getBoundingClientRect().right > innerWidth + 1)"
        ".map((t) => `${t.parentElement.parentElement.id || t.className} ${t.getBoundingClientRect().right}`)"
    )
    assert cut == []
    assert visit.tab.evaluate(BROKEN) == []
    bare = visit.tab.locator("article div.cell:visible").filter(has_not=visit.tab.locator(".cell_output"))
    assert bare.count() == 0, "what is folded leaves a gap, and a heading without its text"


def test_what_is_broken_and_squeezed_is_seen(browser: Browser) -> None:
    tab = browser.new_page()
    code = "<td style='width: 20px; overflow-wrap: anywhere'><code><span class='pre'>a_long_name</span></code></td>"
    cell = f"<td style='width: 150px'>{'word ' * 20}</td>"
    tab.set_content(
        f"<article><div class='sheet'><table style='width: 170px'><tr>{code}{cell}</tr></table></div></article>"
    )
    assert tab.evaluate(BROKEN) == ["a_long_name"]
    assert len(tab.evaluate(SQUEEZED)) == 1
    tab.close()


def test_the_root_leads_to_the_paper(browser: Browser) -> None:
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.goto(need(SITE / "index.html").resolve().as_uri())
    tab.wait_for_url("**/book/index.html")
    assert "Similar mortality" in tab.title()
    context.close()


def test_search_finds_a_word(browser: Browser) -> None:
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.goto(need(SITE / "search.html").resolve().as_uri() + "?q=equipoise")
    tab.wait_for_selector("#search-results li a", timeout=20_000)
    assert tab.locator("#search-results li").count() >= 1
    context.close()
