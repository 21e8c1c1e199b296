"""The pages in a browser without a network: no request, no complaint, nothing over the edge, readable."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from book.browser import NO_BROWSER, SIZES, Visits, open_browser
from book.built import SITE, contents, need
from playwright.sync_api import Browser

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def windows(browser: Browser) -> dict[str, Visits]:
    return {size: Visits.of(browser, size) for size in SIZES}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*contents(), "search", "genindex"])
def test_page_stands_alone_and_fits(windows: dict[str, Visits], name: str, size: str) -> None:
    assert windows[size].faults(need(SITE / f"{name}.html")) == []


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
