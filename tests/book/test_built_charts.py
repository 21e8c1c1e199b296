"""Charts in a browser: legible on every screen, named, saved with their origin, and on paper as on a light screen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from book.browser import DRAW, NO_BROWSER, SIZES, open_browser
from book.built import SITE, contents, need
from livingpaper.build.project import Project
from livingpaper.config import Config, config
from playwright.sync_api import Browser, Page

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
CHART = re.compile(r'<script type="application/json" data-chart="([^"]+)">(.*?)</script>', re.S)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def opened(browser: Browser, name: str, size: str, scheme: str = "light") -> Page:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        offline=True,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    tab = context.new_page()
    tab.goto(need(SITE / f"{name}.html").resolve().as_uri())
    return tab


def test_the_measure_sees_small_and_cut_letters(browser: Browser) -> None:
    """Break it once: a chart pressed into half of its width has letters of half the size."""
    tab = opened(browser, "book/index", "phone")
    tab.add_style_tag(content=".live-chart svg { width: 150px; }")
    found = tab.evaluate(DRAW)["faults"]
    assert any("px: " in fault for fault in found), found
    tab.context.close()


@pytest.mark.parametrize("size", SIZES)
def test_without_scripts_the_picture_for_the_width_stands(browser: Browser, size: str) -> None:
    width, height = SIZES[size]
    context = browser.new_context(
        viewport={"width": width, "height": height}, offline=True, java_script_enabled=False
    )
    tab = context.new_page()
    tab.goto(need(SITE / "book" / "index.html").resolve().as_uri())
    image = tab.locator("figure.chart img").first
    image.scroll_into_view_if_needed()
    drawn = Path(image.evaluate("(image) => image.currentSrc").removeprefix("file://")).name
    assert drawn.endswith("-narrow.svg") == (size == "phone")
    context.close()


def test_turning_a_phone_draws_the_other_width(browser: Browser) -> None:
    tab = opened(browser, "book/index", "phone")
    tab.evaluate(DRAW)
    svg = tab.locator("#fig-key .live-chart svg")
    before = float(str(svg.get_attribute("width")))
    tab.set_viewport_size({"width": 900, "height": 390})
    tab.wait_for_function(
        "(width) => document.querySelector('#fig-key .live-chart svg').getAttribute('width') > width",
        arg=before,
    )
    assert tab.locator("#fig-key .live-chart").count() == 1
    tab.context.close()


def test_the_menu_is_named_and_stands_outside_of_the_picture(browser: Browser) -> None:
    tab = opened(browser, "book/index", "desktop")
    tab.evaluate(DRAW)
    assert tab.locator("[role=img] :is(summary, a, button, input)").count() == 0
    menus = tab.locator(".live-chart summary")
    assert menus.count() == tab.locator("figure.chart").count()
    assert set(menus.all_inner_texts()) == {"Save chart"}
    live, svg = tab.locator("#fig-key .live-chart"), tab.locator("#fig-key .live-chart svg")
    wide, room = svg.bounding_box(), live.bounding_box()
    assert wide
    assert room
    assert wide["width"] == min(
        room["width"], float(str(svg.get_attribute("width")))
    )  # nothing is kept for the menu
    tab.context.close()


def test_the_specs_of_charts_are_found() -> None:
    """What the next two tests look through, page by page, is every chart that a page draws."""
    pages = [need(SITE / f"{name}.html").read_text("utf-8") for name in contents()]
    found = sum(len(CHART.findall(text)) for text in pages)
    assert found == sum(text.count("data-chart=") for text in pages) > 0


def unmarked(text: str, settings: Config) -> list[str]:
    """Return each drawing of a page that does not say within itself what it rests on, in the words of paper.toml."""
    names, found = {each.says: name for name, each in settings.origins.items()}, []
    for figure, spec in CHART.findall(text):
        given = json.loads(spec)
        origin = given["both"]["usermeta"]["origin"]
        must = settings.sentence(names.get(origin, origin))
        for which in ("wide", "narrow"):
            said = " ".join((given["both"] | given[which]).get("title", {}).get("text", []))
            if said.replace(" ", "") != must.replace(" ", ""):
                found.append(f"{figure}, {which}: {said!r} instead of {must!r}")
    return found


@pytest.mark.parametrize("name", contents())
def test_charts_carry_their_origin(name: str) -> None:
    """In both drawings, and so in what is saved of them."""
    settings = config(Project(SITE.parents[1]))
    assert unmarked(need(SITE / f"{name}.html").read_text("utf-8"), settings) == []


@pytest.mark.parametrize("planted", ["", '"title": {"text": ["Published numbers."]}, '])
def test_a_chart_without_its_own_mark_is_found(project: Project, planted: str) -> None:
    drawn = '{"both": {"title": {"text": ["Synthetic."]}, "usermeta": {"origin": "synthetic cohort"}}, "wide": {}, "narrow": {}}'
    page = f'<script type="application/json" data-chart="fig-a">{drawn}</script>'
    assert unmarked(page, config(project)) == []
    faults = unmarked(page.replace('"title": {"text": ["Synthetic."]}, ', planted), config(project))
    assert [fault.partition(":")[0] for fault in faults] == ["fig-a, wide", "fig-a, narrow"]


@pytest.mark.parametrize("name", contents())
def test_tooltips_speak_words(name: str) -> None:
    def titles(part: object) -> Iterator[str]:
        if isinstance(part, dict):
            for each in (
                [part["tooltip"]] if isinstance(part.get("tooltip"), dict) else part.get("tooltip") or ()
            ):
                yield each.get("title", each.get("field"))
            for value in part.values():
                yield from titles(value)
        elif isinstance(part, list):
            for value in part:
                yield from titles(value)

    for figure, spec in CHART.findall(need(SITE / f"{name}.html").read_text("utf-8")):
        for title in titles(json.loads(spec)):
            assert re.match(r"[A-Z]", title), (figure, title)
            assert "_" not in title, (figure, title)


def test_print_is_black_on_white_from_a_dark_screen(browser: Browser) -> None:
    tab = opened(browser, "book/index", "desktop", "dark")
    tab.evaluate(DRAW)
    tab.emulate_media(media="print", color_scheme="dark")
    assert tab.locator("html").get_attribute("data-theme") == "dark"
    for where in ("body", ".bd-article h1", ".bd-article .answer p"):
        assert tab.locator(where).first.evaluate("(e) => getComputedStyle(e).color") == "rgb(0, 0, 0)", where
    assert tab.locator("body").evaluate("(e) => getComputedStyle(e).backgroundColor") == "rgb(255, 255, 255)"
    image = tab.locator("figure.chart img").first
    assert image.is_visible()
    assert image.evaluate("(e) => getComputedStyle(e).filter") == "none"
    assert tab.locator(".bd-header-announcement").is_visible()
    assert tab.locator(".stamp").first.is_visible()
    assert tab.locator(".live-chart:visible").count() == 0
    tab.context.close()
