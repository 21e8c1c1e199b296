"""What a reader moves on a built page, against the library: interval, verdict and posterior to the printed digit."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from book.browser import DRAW, NO_BROWSER, open_browser
from book.built import SITE, need
from headtohead.outcomes.posterior import normal_posterior
from headtohead.proportions.two_by_two import newcombe
from livingpaper.ledger.format import interval_text, points, probability
from playwright.sync_api import Page
from study.protocol.protocol import Protocol

pytestmark = [
    pytest.mark.book,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
FORM = "form.controls"
DEATHS, PATIENTS = (22, 36), (125, 217)  # of the abstract, anakinra first
CHOICES = [
    dict(zip(("margin", "prior_mean", "prior_sd", "imbalance", "harm", "further"), values, strict=True))
    for values in [
        (5, 4, 10, 0, 0, 0), (1, -10, 0.5, -50, 40, 5000), (15, 10, 25, 50, 40, 0), (10, 0, 3, 0, 0, 0),
        (5, 0, 5, 20, 20, 2000), (2.5, -4, 1.5, -15, 7, 150), (15, 0, 25, 0, 10, 5000), (3, 2, 8, 5, 20, 1000),
        (1, 0, 25, 50, 40, 5000), (1.5, 0, 25, -30, 20, 5000), (3, 0, 25, -10, 20, 5000),
    ]
]  # fmt: skip


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser() as browser:
        tab = browser.new_context(offline=True).new_page()
        tab.goto(need(SITE / "book" / "index.html").resolve().as_uri())
        come_into_view(tab)
        yield tab


def come_into_view(page: Page) -> None:
    """Charts are drawn, and their controls shown, when a reader comes near them."""
    page.evaluate(DRAW)
    page.wait_for_selector(f"{FORM}:not([hidden])", timeout=20_000)


def said(page: Page) -> dict[str, str]:
    page.wait_for_timeout(350)  # it is announced where the hand stops
    lines = page.locator(f"{FORM} [data-parameter]").all()
    return {str(line.get_attribute("data-parameter")): line.inner_text() for line in lines}


def move(page: Page, choice: dict[str, float]) -> None:
    for name, value in choice.items():
        page.locator(f"{FORM} input[name={name}]").fill(f"{value:g}")


def limits(choice: dict[str, float], level: float) -> tuple[float, float]:
    """Newcombe's interval at the same risks in more patients, less the confounding that is supposed."""
    shift = choice["imbalance"] * choice["harm"] / 1e4
    arms = [
        (x / n * (n + choice["further"]), n + choice["further"])
        for x, n in zip(DEATHS, PATIENTS, strict=True)
    ]
    low, high = newcombe(*arms[0], *arms[1], conf_level=level)
    return low - shift, high - shift


def expected_verdict(choice: dict[str, float], level: float, inner: float) -> str:
    (low, high), (low_in, high_in), margin = (
        limits(choice, level),
        limits(choice, inner),
        choice["margin"] / 100,
    )
    if low > margin or high < -margin:
        return ("More" if low > 0 else "Fewer") + " deaths with anakinra than with baricitinib, by more"
    if low_in > -margin and high_in < margin:
        return "Similar within the margin"
    if low > 0 or high < 0:
        return ("More" if low > 0 else "Fewer") + " deaths with anakinra than with baricitinib, by an amount"
    return "Open: neither"


def belief(choice: dict[str, float]) -> list[str]:
    p1, p0 = (x / n for x, n in zip(DEATHS, PATIENTS, strict=True))
    n1, n0 = (n + choice["further"] for n in PATIENTS)
    error = (p1 * (1 - p1) / n1 + p0 * (1 - p0) / n0) ** 0.5
    prior = {"prior_mean": choice["prior_mean"] / 100, "prior_sd": choice["prior_sd"] / 100}
    law = normal_posterior(p1 - p0 - choice["imbalance"] * choice["harm"] / 1e4, error, **prior)
    margin = choice["margin"] / 100
    return [
        probability(law.cdf(margin) - law.cdf(-margin)),
        probability(law.sf(margin)),
        probability(law.cdf(-margin)),
    ]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "-".join(f"{v:g}" for v in choice.values()))
def test_sentences_follow_the_controls(page: Page, protocol: Protocol, choice: dict[str, float]) -> None:
    level, inner = protocol.inference.conf_level, 1 - 2 * protocol.equivalence.alpha
    move(page, choice)
    words = said(page)
    low, high = limits(choice, level)
    difference = (
        DEATHS[0] / PATIENTS[0] - DEATHS[1] / PATIENTS[1] - choice["imbalance"] * choice["harm"] / 1e4
    )
    assert f": {points(difference)} percentage points" in words["interval"]
    assert f"interval {interval_text(low, high, 'risk difference')})" in words["interval"]
    assert words["verdict"].startswith(expected_verdict(choice, level, inner))
    within, worse, better = belief(choice)
    assert (
        f"{within} with the counts; anakinra worse by more, {worse}, better by more, {better}."
        in words["belief"]
    )


def test_choices_reach_every_verdict(protocol: Protocol) -> None:
    level, inner = protocol.inference.conf_level, 1 - 2 * protocol.equivalence.alpha
    assert len({expected_verdict(choice, level, inner) for choice in CHOICES}) == 6


def test_whose_choice_it_is_and_the_way_back(page: Page) -> None:
    back = page.get_by_role("button", name="Back to the paper's choices")
    if back.is_enabled():
        back.click()
    start = said(page)
    assert "These are the paper's choices." in page.inner_text(FORM)
    slider = page.get_by_role("slider", name="Margin of similarity")
    slider.focus()
    for _ in itertools.repeat(None, 2):
        slider.press("ArrowRight")
    assert said(page) != start
    assert "This is your choice, not the paper's." in page.inner_text(FORM)
    assert slider.get_attribute("aria-valuetext") == "6 points"
    back.click()
    assert said(page) == start
    assert "These are the paper's choices." in page.inner_text(FORM)


def test_the_start_is_the_papers_own_number(page: Page, protocol: Protocol) -> None:
    """The published difference as the ledger prints it, and the protocol's margin."""
    from livingpaper.build.project import find_project
    from livingpaper.ledger.ledger import read_ledger

    text = str(read_ledger(find_project().ledger).at["counts.death.rd", "text"])
    page.reload()
    come_into_view(page)
    printed = text.replace("95% CI", f"{100 * protocol.inference.conf_level:.0f}% interval")
    assert printed in said(page)["interval"]
    margin = page.locator(f"{FORM} input[name=margin]").input_value()
    assert float(margin) == protocol.equivalence.margin_pp


def test_controls_are_heard_and_not_hidden_in_a_picture(page: Page) -> None:
    assert page.locator("[role=img] input").count() == 0
    assert page.locator(f"{FORM} [role=status][aria-live=polite]").count() == page.locator(FORM).count()
    inputs = page.locator(f"{FORM} input")
    assert inputs.count() >= 6
    for at in range(inputs.count()):
        assert page.locator(f"label[for='{inputs.nth(at).get_attribute('id')}']").count() == 1


def test_on_paper_the_papers_values_stand(page: Page) -> None:
    move(page, {"margin": 12})
    page.emulate_media(media="print")
    try:
        assert page.locator(f"{FORM}:visible").count() == 0
        assert page.locator(".live-chart:visible").count() == 0
        assert page.locator("figure.chart img:visible").count() == page.locator("script[data-chart]").count()
    finally:
        page.emulate_media(media="screen")
