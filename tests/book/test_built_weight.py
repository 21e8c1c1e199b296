"""What a page costs before it can be read, counted over HTTP: bytes at first sight, and bytes that the first paint waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from book.browser import NO_BROWSER, open_browser
from book.built import SITE, contents, need
from livingpaper.book.weight import lean, only_what_is_used
from playwright.sync_api import Browser, Response

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
FIRST_LOAD = 1_200_000  # bytes
ELEMENT, ELEMENTS = re.compile("<[a-z]"), 8_000  # of a page: each is styled and placed before the first paint
BLOCKING = (
    105_000  # bytes; with as many of the page they take a second at 1.6 Mbit/s, latencies most of the rest
)


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


def too_heavy(loaded: dict[str, int], charts: int) -> list[str]:
    """Return what a page loads beyond its need: bytes by file, and how many charts it has."""
    found = [f"{sum(loaded.values())} bytes"] if sum(loaded.values()) >= FIRST_LOAD else []
    found += [url for url in loaded if "fontawesome" in url]
    return found + [url for url in loaded if not charts and url.endswith(("vega-bundle.js", "charts.js"))]


def waited_for(page: Path) -> dict[str, int]:
    """Return the bytes of each file for which the first paint of a page waits, and of what stands before the styles."""
    head = page.read_text("utf-8").partition("</head>")[0]
    sheets = re.findall(r'<link[^>]*href="([^"?]+\.css)', head)
    tags = re.findall(r'(<script[^>]*src="([^"?]+)[^>]*>)', head)
    scripts = [src for tag, src in tags if "defer" not in tag]
    sizes = {src: (page.parent / src).stat().st_size for src in [*sheets, *scripts]}
    return sizes | {"before the styles": head.index(sheets[0])}


@pytest.mark.parametrize("name", contents())
def test_first_load(browser: Browser, address: str, name: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab = context.new_page()
    answers: list[Response] = []
    tab.on("response", lambda answer: answers.append(answer))
    tab.goto(f"{address}/{name}.html", wait_until="networkidle")
    loaded = {answer.url.partition("?")[0].removeprefix(address): len(answer.body()) for answer in answers}
    assert too_heavy(loaded, tab.locator("script[data-chart]").count()) == [], loaded
    context.close()


@pytest.mark.parametrize("name", contents())
def test_the_first_paint_waits_for_little(name: str) -> None:
    sizes = waited_for(need(SITE / f"{name}.html"))
    assert len([file for file in sizes if file.endswith(".css")]) == 1, sizes
    assert sum(sizes.values()) < BLOCKING, sizes
    assert len(ELEMENT.findall(need(SITE / f"{name}.html").read_text("utf-8"))) < ELEMENTS


def test_what_is_too_heavy_is_found(tmp_path: Path) -> None:
    assert too_heavy({"/a.html": 900_000, "/vega-bundle.js": 200_000}, charts=1) == []
    assert too_heavy({"/a.html": 900_000, "/vega-bundle.js": 200_000}, charts=0) == ["/vega-bundle.js"]
    assert too_heavy({"/a.html": 900_000, "/vega-bundle.js": 900_000}, charts=1) == ["1800000 bytes"]
    for name, size in {"a.css": 5, "b.js": 7, "c.js": 9}.items():
        (tmp_path / name).write_bytes(b"x" * size)
    page = tmp_path / "page.html"
    page.write_text(
        '12345<link href="a.css"><script src="b.js"></script><script defer src="c.js"></script></head>'
    )
    assert waited_for(page) == {"a.css": 5, "b.js": 7, "before the styles": 17}


def test_styles_lose_only_what_no_page_uses() -> None:
    css = "@media print{.a .gone{x:1}.a,.gone{y:2}}p:not(.gone){z:3}"
    css += "a:after{font:var(--fa-font-solid)}@font-face{src:FontAwesome}.fa-x{w:4}"
    assert only_what_is_used(css, {"a", "p"}) == "@media print{.a{y:2}}p:not(.gone){z:3}"


def test_variables_lose_only_what_nothing_asks_for() -> None:
    css = ":root { --a: 1px; --b: 1; --d: 3 }\n\n@media print { } p { top: var(--a); --e: 4 }"
    assert lean(css, {"--d"}) == ":root{--a: 1px;--d: 3}p{top: var(--a);}"


def test_every_icon_of_the_theme_is_drawn() -> None:
    drawn = set(re.findall(r"\.(fa-[a-z-]+)\{--icon", need(SITE / "_static" / "page.css").read_text("utf-8")))
    used = {
        icon
        for name in contents()
        for icon in re.findall(r"fa-[a-z-]+", need(SITE / f"{name}.html").read_text("utf-8"))
    }
    assert used - {"fa-solid", "fa-lg"} <= drawn
