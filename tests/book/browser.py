"""Opening pages in Debian's Chromium, without a network, and what happens there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Route, sync_playwright

NO_BROWSER = os.environ.get("HEADTOHEAD_NO_BROWSER") == "1"
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
LOOK = Path(__file__).with_name("look.js").read_text("utf-8")
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
HARMLESS = ("GPU stall", "GL Driver Message")  # of a browser without a graphics card
DRAW = Path(__file__).with_name("charts.js").read_text("utf-8")
FAULTS = {
    "broken": "a picture is missing",
    "wide": "something reaches over the right edge",
    "scroll": "the page scrolls sideways",
    "faint": "text too faint to read (WCAG 2.2, 1.4.3: at least 4.5)",
}


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Give one browser for all pages."""
    if not CHROMIUM.is_file():
        pytest.fail(
            "install chromium (apt-get install chromium), or set HEADTOHEAD_NO_BROWSER=1", pytrace=False
        )
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield opened
        opened.close()


@dataclass(frozen=True)
class Visit:
    """A page that is open: what ``charts.js`` says of its charts, and what is wrong with it."""

    path: Path
    tab: Page
    drawn: dict[str, Any]
    faults: list[str]


@dataclass  # no slots: playwright notes its handlers on the object
class Visits:
    """One window of one size that opens pages one after the other and notes what happens."""

    context: BrowserContext
    happened: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, browser: Browser, size: str) -> Visits:
        width, height = SIZES[size]
        visits = cls(browser.new_context(viewport={"width": width, "height": height}, offline=True))
        visits.context.route("**/*", visits._stop)
        return visits

    @contextmanager
    def opened(self, path: Path, act: str = "") -> Iterator[Visit]:
        """Open a page from disk, wait for its charts, and look, with a light and with a dark system."""
        self.happened.clear()
        tab = self.context.new_page()
        tab.on("pageerror", lambda error: self.happened.append(f"error: {error}"))
        tab.on("requestfailed", lambda request: self.happened.append(f"not loaded: {request.url}"))
        tab.on("console", self._listen)
        tab.goto(path.resolve().as_uri(), wait_until="load")
        drawn = tab.evaluate(DRAW)  # they are drawn when they come into view
        if act:
            tab.evaluate(act)
        seen = []
        for scheme in ("light", "dark"):
            tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            hits = tab.evaluate(LOOK)
            seen += [f"{FAULTS[what]}, {scheme}: {hit}" for what in FAULTS for hit in hits[what]]
        yield Visit(path, tab, drawn, [*self.happened, *seen])
        tab.close()

    def faults(self, path: Path, act: str = "") -> list[str]:
        """Return what is wrong with a page."""
        with self.opened(path, act) as visit:
            return visit.faults

    def _stop(self, route: Route) -> None:
        if route.request.url.startswith(("file:", "data:", "blob:")):
            route.continue_()
        else:
            self.happened.append(f"asks the network: {route.request.url}")
            route.abort()

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not any(words in message.text for words in HARMLESS):
            self.happened.append(f"{message.type}: {message.text}")
