"""When a page first shows something on a slow phone: 1.6 Mbit/s, 150 ms away, a processor slowed fourfold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from playwright.sync_api import Browser, sync_playwright
from timing import Timing

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
LINE = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 200_000,
    "uploadThroughput": 93_750,
}  # bytes a second
FIRST = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None: ...


def paints(site: Path, times: int = 3) -> Iterator[Timing]:
    """Time every page of a built book, served without compression, the slowest first; the best of several visits."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    Thread(target=server.serve_forever, daemon=True).start()
    names = sorted(path.stem for path in (site / "book").glob("*.html"))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = {
            name: min(
                first_paint(browser, f"http://127.0.0.1:{server.server_port}/book/{name}.html")
                for _ in range(times)
            )
            for name in names
        }
        browser.close()
    server.shutdown()
    for name, seconds in sorted(found.items(), key=lambda each: -each[1]):
        yield Timing(f"first paint of {name}, slow phone", seconds, 2.0)


def first_paint(browser: Browser, address: str) -> float:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    tab = context.new_page()
    session = context.new_cdp_session(tab)
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", LINE)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    tab.goto(address, wait_until="load", timeout=60_000)
    milliseconds = float(tab.evaluate(FIRST))
    context.close()
    return milliseconds / 1000
