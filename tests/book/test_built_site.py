"""The assembled site of all versions: each version is whole, says what has moved since, and leads to the others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from book.browser import NO_BROWSER, Visits, open_browser
from book.built import Page
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.versions.site import assemble
from livingpaper.versions.sources import versions
from playwright.sync_api import Browser

from book import gates

pytestmark = [
    pytest.mark.book,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]


@pytest.fixture(scope="module")
def site(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site of the committed versions."""
    folder = tmp_path_factory.mktemp("site")
    elsewhere = Project(folder)
    for name in (
        "versions",
        "paper.toml",
        "claims.toml",
        "protocol.toml",
        "CITATION.cff",
        "CHANGELOG.md",
        "results",
    ):
        (folder / name).symlink_to(project.root / name)
    return assemble(elsewhere)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def chapters_of(site: Path, version: str) -> list[Page]:
    return [Page(path) for path in sorted((site / f"v{version}" / "book").glob("*.html"))]


def test_links_of_every_version_lead_somewhere(site: Path, project: Project) -> None:
    for version in versions(project):
        found = chapters_of(site, version)
        assert len(found) > 8
        assert gates.link_faults(found, site) == []
        assert [fault for page in found for fault in gates.outside_loads(page)] == []


def test_only_old_versions_say_that_they_are_old(site: Path, project: Project) -> None:
    *old, newest = versions(project)
    for version in (*old, newest):
        for path in [*(site / f"v{version}" / "book").glob("*.html"), site / f"v{version}" / "search.html"]:
            assert ("old-version" in path.read_text("utf-8")) is (version != newest), path


def test_every_version_can_be_chosen_and_read(site: Path, project: Project) -> None:
    listed = json.loads((site / "switcher.json").read_text("utf-8"))
    names = [entry["version"] for entry in listed]
    *old, _ = versions(project)
    assert names == ["latest", *reversed(old), "versions"]
    for entry in listed:
        assert (site / "latest" / "book" / entry["url"].rstrip("#")).resolve().exists()
    for version in versions(project):
        for name in ("book/index.html", "paper.pdf", "ledger.csv"):
            assert (site / f"v{version}" / name).is_file()


def test_the_page_of_versions_tells_every_followed_number(site: Path, project: Project) -> None:
    page = Page(site / "versions.html")
    assert gates.holes(page.everything) == []
    assert gates.link_faults([page], site) == []
    for id_, name in config(project).followed.items():
        assert id_ in page.everything
        assert name in page.everything


@pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1")
def test_the_pages_open_without_a_network(site: Path, project: Project, browser: Browser) -> None:
    desktop, phone = (Visits.of(browser, size) for size in ("desktop", "phone"))
    for window in (desktop, phone):
        assert window.faults(site / "versions.html") == []
    assert desktop.faults(site / f"v{versions(project)[0]}" / "book" / "index.html") == []
