"""The pages in a browser without a network: no request, no complaint, nothing over the edge, readable."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from book.built import SITE, contents, need
from playwright.sync_api import Browser, Route, sync_playwright

NO_BROWSER = os.environ.get("HEADTOHEAD_NO_BROWSER") == "1"
pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
HARMLESS = ("GPU stall", "GL Driver Message")  # of a browser without a graphics card


@dataclass(slots=True)
class Visit:
    """What happened while a page was open."""

    asked: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    seen: dict[str, list[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.is_file():
        pytest.fail(
            "install chromium (apt-get install chromium), or set HEADTOHEAD_NO_BROWSER=1", pytrace=False
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


def visit(browser: Browser, path: Path, size: str, act: str = "") -> Visit:
    """Open a page from disk, wait for its charts, and look, with a light and with a dark system."""
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, offline=True)
    found, tab = Visit(), context.new_page()

    def stop(route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            found.asked.append(route.request.url)
            route.abort()

    context.route("**/*", stop)
    tab.on("pageerror", lambda error: found.said.append(f"error: {error}"))
    tab.on("requestfailed", lambda request: found.said.append(f"not loaded: {request.url}"))
    tab.on(
        "console",
        lambda message: (
            message.type in ("error", "warning")
            and not any(words in message.text for words in HARMLESS)
            and found.said.append(f"{message.type}: {message.text}")
        ),
    )
    tab.goto(path.resolve().as_uri(), wait_until="load")
    tab.wait_for_function(
        "document.querySelectorAll('.live-chart').length"
        " === document.querySelectorAll('script[data-chart]').length",
        timeout=20_000,
    )
    if act:
        tab.evaluate(act)
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        for what, hits in tab.evaluate(LOOK).items():
            found.seen.setdefault(what, []).extend(f"{scheme}: {hit}" for hit in hits)
    context.close()
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*contents(), "search", "genindex"])
def test_page_stands_alone_and_fits(browser: Browser, name: str, size: str) -> None:
    found = visit(browser, need(SITE / f"{name}.html"), size)
    assert found.asked == [], "a page asks the network"
    assert found.said == [], "the browser complains"
    assert found.seen["broken"] == [], "a picture is missing"
    assert found.seen["wide"] == [], "something reaches over the right edge"
    assert found.seen["scroll"] == [], "the page scrolls sideways"
    assert found.seen["faint"] == [], "text too faint to read (WCAG 2.2, 1.4.3: at least 4.5)"


def test_the_root_leads_to_the_paper(browser: Browser) -> None:
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.goto(need(SITE / "index.html").resolve().as_uri())
    tab.wait_for_url("**/book/index.html")
    assert "Similar mortality" in tab.title()
    context.close()


@pytest.mark.parametrize(
    ("act", "key"),
    [
        ("document.querySelector('article').insertAdjacentHTML('beforeend', '<div style=\"width:3000px\">x</div>')", "wide"),
        ("document.querySelector('article p').style.color = '#ddd'", "faint"),
    ],
)  # fmt: skip
def test_faults_are_seen(browser: Browser, act: str, key: str) -> None:
    found = visit(browser, need(SITE / "book" / "references.html"), "phone")
    assert found.seen[key] == []
    broken = visit(browser, need(SITE / "book" / "methods.html"), "phone", act=f"() => {{ {act}; }}")
    assert broken.seen[key] != []


def test_network_and_complaints_are_seen(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="https://example.org/a.png"><script>console.error("bad")</script>')
    found = visit(browser, page, "desktop")
    assert found.asked == ["https://example.org/a.png"]
    assert "error: bad" in found.said


def test_search_finds_a_word(browser: Browser) -> None:
    context = browser.new_context(offline=True)
    tab = context.new_page()
    tab.goto(need(SITE / "search.html").resolve().as_uri() + "?q=equipoise")
    tab.wait_for_selector("#search-results li a", timeout=20_000)
    assert tab.locator("#search-results li").count() >= 1
    context.close()
