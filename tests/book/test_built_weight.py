"""What a page costs before it can be read, counted over HTTP: bytes at first sight, and bytes that the first paint waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from book.browser import NO_BROWSER, open_browser
from book.built import SITE, contents, need
from livingpaper.book.weight import only_what_is_used
from playwright.sync_api import Browser, Response

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
FIRST_LOAD = 1_200_000  # bytes
BLOCKING = 200_000  # bytes that 1.6 Mbit/s carry in one second; latencies take most of the other


class Quiet(SimpleHTTPRequestHandler):
    """Serves the site and says nothing."""

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(need(SITE))))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.mark.parametrize("name", contents())
def test_first_load(browser: Browser, address: str, name: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab = context.new_page()
    answers: list[Response] = []
    tab.on("response", lambda answer: answers.append(answer))
    tab.goto(f"{address}/{name}.html", wait_until="networkidle")
    loaded = {answer.url.partition("?")[0].removeprefix(address): len(answer.body()) for answer in answers}
    assert sum(loaded.values()) < FIRST_LOAD, loaded
    assert not any("fontawesome" in url for url in loaded), loaded
    charts = tab.locator("script[data-chart]").count()
    assert charts or not any(url.endswith(("vega-bundle.js", "charts.js")) for url in loaded), loaded
    context.close()


@pytest.mark.parametrize("name", contents())
def test_the_first_paint_waits_for_little(name: str) -> None:
    head = need(SITE / f"{name}.html").read_text("utf-8").partition("</head>")[0]
    sheets = re.findall(r'<link[^>]*href="([^"?]+\.css)', head)
    scripts = [
        src for tag, src in re.findall(r'(<script[^>]*src="([^"?]+)[^>]*>)', head) if "defer" not in tag
    ]
    folder = (SITE / name).parent
    sizes = {src: (folder / src).stat().st_size for src in [*sheets, *scripts]}
    assert sheets
    assert sum(sizes.values()) < BLOCKING, sizes


def test_styles_lose_only_what_no_page_uses() -> None:
    css = "@media print{.a .gone{x:1}.a,.gone{y:2}}p:not(.gone){z:3}"
    css += "a:after{font:var(--fa-font-solid)}@font-face{src:FontAwesome}.fa-x{w:4}"
    assert only_what_is_used(css, {"a", "p"}) == "@media print{.a{y:2}}p:not(.gone){z:3}"


def test_every_icon_of_the_theme_is_drawn() -> None:
    drawn = set(
        re.findall(r"\.(fa-[a-z-]+) \{ --icon", need(SITE / "_static" / "charts.css").read_text("utf-8"))
    )
    used = {
        icon
        for name in contents()
        for icon in re.findall(r"fa-[a-z-]+", need(SITE / f"{name}.html").read_text("utf-8"))
    }
    assert used - {"fa-solid", "fa-lg"} <= drawn
