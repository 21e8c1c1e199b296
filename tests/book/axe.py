"""What axe finds on a page: whatever may keep a person out, of any impact."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.base import AXE_FILE_PATH
from book.browser import DRAW
from playwright.sync_api import BrowserContext

AXE = Path(AXE_FILE_PATH).read_text("utf-8")
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations
  .flatMap((rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.target.join(" ")}`))"""
STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"


def barriers(context: BrowserContext, path: Path, act: str = "") -> list[str]:
    """Return what axe finds on a page, with a light and with a dark system; ``act`` is run before it looks."""
    tab = context.new_page()
    tab.goto(path.resolve().as_uri(), wait_until="load")
    tab.evaluate(DRAW)
    tab.add_style_tag(content=STILL)
    tab.evaluate(AXE)
    if act:
        tab.evaluate(act)
    found = []
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{scheme}: {fault}" for fault in tab.evaluate(RUN)]
    tab.close()
    return found
