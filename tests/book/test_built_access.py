"""Everybody gets in: what axe finds, tables that a keyboard reaches, cards of numbers, data and code of figures."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest
from book.axe import barriers
from book.browser import NO_BROWSER, SIZES, open_browser
from book.built import SITE, contents, need
from playwright.sync_api import Browser, BrowserContext, Page

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
CARD = "#number-card:popover-open"
NUMBERS = "book/ledger-counts"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def windows(browser: Browser) -> Iterator[dict[str, BrowserContext]]:
    sizes = {name: {"width": width, "height": height} for name, (width, height) in SIZES.items()}
    opened = {name: browser.new_context(viewport=size, offline=True) for name, size in sizes.items()}
    yield opened
    for window in opened.values():
        window.close()


@pytest.fixture
def phone(windows: dict[str, BrowserContext]) -> Iterator[Page]:
    tab = windows["phone"].new_page()
    yield tab
    tab.close()


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*contents(), NUMBERS, "search", "genindex"])
def test_axe_finds_nothing(windows: dict[str, BrowserContext], name: str, size: str) -> None:
    assert barriers(windows[size], need(SITE / f"{name}.html")) == []


def test_axe_finds_nothing_with_a_card_open(windows: dict[str, BrowserContext]) -> None:
    act = "document.querySelector('article a.result').focus()"
    for window in windows.values():
        assert barriers(window, need(SITE / "book" / "outcomes.html"), act) == []


def test_axe_sees_a_barrier(windows: dict[str, BrowserContext]) -> None:
    act = "document.querySelector('article').append(document.createElement('button'))"
    found = barriers(windows["desktop"], need(SITE / "book" / "references.html"), act)
    assert [fault.split(":")[1].strip() for fault in found] == ["button-name (critical)"] * 2


def test_a_number_opens_a_card_by_keyboard_and_by_touch(phone: Page) -> None:
    phone.goto(need(SITE / "book" / "outcomes.html").resolve().as_uri())
    number = phone.locator("article p a.result").first
    number.focus()
    card = phone.locator(CARD)
    assert card.count() == 1
    described = number.get_attribute("aria-describedby")
    assert described == card.get_attribute("id")
    text, id_ = card.inner_text(), number.get_attribute("data-id")
    assert number.inner_text()[:2] in text
    for word in ("synthetic cohort", "method", "code", "book/"):
        assert word in text, id_
    box = card.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= SIZES["phone"][0]
    phone.keyboard.press("Tab")
    assert phone.evaluate("document.activeElement.parentElement.id") == described
    phone.keyboard.press("Escape")
    assert card.count() == 0
    assert phone.evaluate("document.activeElement.dataset.id") == id_
    phone.locator("article h1").click()
    number.click()
    assert card.count() == 1
    phone.locator("article h1").click()
    assert card.count() == 0


def test_the_card_leads_to_the_row_and_old_addresses_do(phone: Page) -> None:
    phone.goto(need(SITE / "book" / "outcomes.html").resolve().as_uri())
    number = phone.locator("article p a.result").first
    number.click()
    phone.locator(CARD).locator("a").click()
    phone.wait_for_url("**/ledger-*.html#n-*")
    anchor = phone.url.partition("#")[2]
    assert phone.evaluate("(id) => document.getElementById(id).matches(':target')", anchor)
    phone.goto(need(SITE / "book" / "ledger.html").resolve().as_uri() + f"#{anchor}")
    phone.wait_for_url(f"**/ledger-*.html#{anchor}")


def test_numbers_are_filtered_by_words(phone: Page) -> None:
    phone.goto(need(SITE / f"{NUMBERS}.html").resolve().as_uri())
    rows = phone.locator(".ledger tbody tr:visible")
    before = rows.count()
    phone.get_by_label("Show numbers with").fill("newcombe")
    assert 0 < rows.count() < before
    assert phone.get_by_role("status").inner_text() == f"{rows.count()} of {before}"


def test_pages_of_numbers_are_small_and_hold_each_once() -> None:
    pages = [*need(SITE / "book").glob("ledger*.html")]
    assert len(pages) > 10
    assert max(path.stat().st_size for path in pages) < 300_000


@pytest.mark.parametrize("name", contents())
def test_captions_do_not_scroll_and_what_scrolls_has_name_and_focus(phone: Page, name: str) -> None:
    phone.goto(need(SITE / f"{name}.html").resolve().as_uri())
    phone.wait_for_timeout(200)
    assert phone.locator("table caption").count() == 0
    seen = phone.evaluate(
        "[...document.querySelectorAll('.pst-scrollable-table-container')]"
        ".filter((box) => box.clientWidth && box.checkVisibility())"
        ".map((box) => [box.scrollWidth > box.clientWidth + 1 || box.scrollHeight > box.clientHeight + 1,"
        " box.tabIndex === 0 && box.role === 'region'])"
    )
    assert all(wide == focused for wide, focused in seen)
    wide = phone.evaluate(
        "[...document.querySelectorAll('.sheet > .caption')].filter((c) => c.scrollWidth > 390).length"
    )
    assert wide == 0


@pytest.mark.parametrize("name", contents())
def test_rows_and_columns_of_tables_have_heads(phone: Page, name: str) -> None:
    phone.goto(need(SITE / f"{name}.html").resolve().as_uri())
    bare = phone.evaluate(
        "[...document.querySelectorAll('article table')].flatMap((table) => ["
        "...[...table.querySelectorAll('thead :is(th, td)')].filter((c) => c.innerText.trim() && c.scope !== 'col'),"
        "...[...table.querySelectorAll('tbody tr > :first-child')].filter((c) => c.textContent.trim() && c.scope !== 'row'),"
        "]).map((cell) => cell.textContent)"
    )
    assert bare == []


@pytest.mark.parametrize("name", contents())
def test_no_table_is_cut_in_print(windows: dict[str, BrowserContext], name: str) -> None:
    tab = windows["desktop"].new_page()
    tab.set_viewport_size({"width": 718, "height": 1000})  # A4 between its margins
    tab.emulate_media(media="print")
    tab.goto(need(SITE / f"{name}.html").resolve().as_uri())
    cut = tab.evaluate(
        "[...document.querySelectorAll('article table')].filter((t) => t.getBoundingClientRect().right > innerWidth + 1)"
        ".map((t) => `${t.parentElement.parentElement.id || t.className} ${t.getBoundingClientRect().right}`)"
    )
    tab.close()
    assert cut == []


@pytest.mark.parametrize("name", contents())
def test_each_figure_has_its_table_data_and_code(phone: Page, name: str) -> None:
    path = need(SITE / f"{name}.html")
    phone.goto(path.resolve().as_uri())
    for under in phone.locator(".carried").all():
        assert under.locator("details.as-table tbody tr").count() > 0
        code = under.get_by_text("Code that draws it").get_attribute("href") or ""
        assert phone.locator(code).locator("code, td").count() > 0
        for link in under.locator("a[download]").all():
            file = path.parent / (link.get_attribute("href") or "")
            head, *rows = csv.reader(file.read_text("utf-8").splitlines())
            assert rows
            assert all(len(row) == len(head) for row in rows)
    assert phone.locator(".carried").count() == phone.locator("script[data-chart]").count()
