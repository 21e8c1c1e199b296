"""What axe finds on a page: whatever may keep a person out, of any impact."""

from __future__ import annotations

from pathlib import Path

from axe_playwright_python.base import AXE_FILE_PATH
from book.browser import DRAW
from playwright.sync_api import BrowserContext, Page

AXE = Path(AXE_FILE_PATH).read_text("utf-8")
KINDS = Path(__file__).with_name("kinds.js").read_text("utf-8")
RUN = """async ([only, without]) => {
  const rules = Object.fromEntries(without.map((rule) => [rule, { enabled: false }]));
  const options = { resultTypes: ["violations"], rules, ...(only.length ? { runOnly: only } : {}) };
  return (await axe.run(document, options)).violations
    .flatMap((rule) => rule.nodes.map((node) => `${rule.id} (${rule.impact}): ${node.target.join(" ")}`));
}"""
OF_COLOURS = [
    "color-contrast",
    "link-in-text-block",
]  # nothing else differs between a light and a dark system
STILL = "*, *::before, *::after { transition: none !important; animation: none !important; }"


def barriers(context: BrowserContext, path: Path, act: str = "") -> list[str]:
    """Return what axe finds on a page, with a light and with a dark system; ``act`` is run before it looks."""
    tab = context.new_page()
    tab.goto(path.resolve().as_uri(), wait_until="load")
    tab.evaluate(DRAW)
    found = barriers_of(tab, act)
    tab.close()
    return found


def barriers_of(tab: Page, act: str = "", *, colours: bool = True) -> list[str]:
    """Return what axe finds on an open page, of ``colours`` or not: they are the same in a window of any width.

    Of texts that tags, classes and styles up to the body make alike it measures the contrast of three: it takes most of
    its time for that, and ``look.js`` measures all.
    """
    tab.add_style_tag(content=STILL)
    tab.evaluate(AXE)
    if act:
        tab.evaluate(act)
    tab.evaluate(KINDS)
    found = []
    looks = {"light": ([], []), "dark": (OF_COLOURS, [])} if colours else {"light": ([], OF_COLOURS)}
    for scheme, rules in looks.items():
        tab.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        found += [f"{scheme}: {fault}" for fault in tab.evaluate(RUN, rules)]
    return found
