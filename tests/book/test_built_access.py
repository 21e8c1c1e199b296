"""Everybody gets in: what axe finds where a reader acts, and cards of numbers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from book.axe import barriers
from book.browser import NO_BROWSER, SIZES, open_browser
from book.built import SITE, need
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


def test_axe_finds_nothing_with_a_card_open(windows: dict[str, BrowserContext]) -> None:
    act = "document.querySelector('article a.result').focus()"
    for window in windows.values():
        assert barriers(window, need(SITE / "book" / "outcomes.html"), act) == []


def test_axe_sees_a_barrier(windows: dict[str, BrowserContext]) -> None:
    act = """document.querySelector('article').append(document.createElement('button'));
        document.querySelector('article').insertAdjacentHTML('beforeend', `<p id="faint">Faint in the dark.</p><style>
        @media (prefers-color-scheme: dark) { #faint { color: #333 !important; background: #111; } }</style>`)"""
    found = barriers(windows["desktop"], need(SITE / "book" / "references.html"), act)
    assert found == [
        "light: button-name (critical): article > button",
        "dark: color-contrast (serious): #faint",
    ]


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
