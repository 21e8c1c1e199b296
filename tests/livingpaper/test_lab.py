"""JupyterLab reads like the paper: in a browser, from opening a chapter to saving one changed line."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from book.browser import NO_BROWSER, open_browser
from book.chapters import ROOT
from lab_paper import lab_paper
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import read_ledger
from playwright.sync_api import Browser, Locator, Page, Route, expect

pytestmark = [
    pytest.mark.book,
    pytest.mark.whole,
    pytest.mark.skipif(NO_BROWSER, reason="HEADTOHEAD_NO_BROWSER=1"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),  # of playwright
]
TOKEN = "a-token-of-this-test"
PATIENCE_MS = 60_000  # a kernel that starts on a busy machine
NOT_NEEDED = (
    ".git",
    "lib",
    ".venv",
    "_build",
    "notebooks",
    "versions",
    "tests",
    "bench",
    "__pycache__",
    "*.egg-info",
)
CALIPER, WIDER = 'choices["caliper_sd"]', "0.3"


@contextmanager
def jupyter_lab(project: Project) -> Iterator[str]:
    """Open JupyterLab on a paper, as ``make lab`` does, and give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", f"--port={port}", f"--IdentityProvider.token={TOKEN}"]
    command = [sys.executable, "-m", "livingpaper", "lab", "--", *options, "--ServerApp.port_retries=0"]
    settings = {
        "JUPYTER_CONFIG_DIR": str(project.root / ".jupyter"),
        "JUPYTERLAB_WORKSPACES_DIR": str(project.root / ".workspaces"),
    }
    with (project.root / "lab.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=project.root, stdout=log, stderr=log, env=os.environ | settings
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/api", server, project.root / "lab.log")
        yield address
    finally:
        server.terminate()
        server.wait(30)


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Return when the server answers."""
    for _ in range(240):
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.25)
    pytest.fail(f"JupyterLab does not answer:\n{log.read_text('utf-8')[-2000:]}")


class Desk:
    """A chapter open in JupyterLab."""

    def __init__(self, page: Page, address: str, name: str) -> None:
        self.page, self.asked = page, list[str]()
        page.route("**/*", lambda route: self._stay_here(route, address))
        page.set_default_timeout(PATIENCE_MS)
        page.goto(f"{address}/lab/tree/notebooks/{name}.ipynb?token={TOKEN}")
        expect(self.prose.first).to_be_visible(timeout=PATIENCE_MS)

    def _stay_here(self, route: Route, address: str) -> None:
        if route.request.url.startswith((address, "data:", "blob:")):
            route.continue_()
        else:
            self.asked.append(route.request.url)
            route.abort()

    @property
    def prose(self) -> Locator:
        """The rendered cells of text."""
        return self.page.locator(".jp-MarkdownCell")

    @property
    def table(self) -> Locator:
        """The output of the chapter's ``show``."""
        return self.page.locator("figure.lp-show")

    def run_all(self) -> None:
        """Choose Run All Cells in the menu, once there is a kernel, and wait until it has nothing to do."""
        idle = self.page.get_by_text("Python 3 | Idle")
        expect(idle).to_be_visible(timeout=PATIENCE_MS)
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        expect(self.page.locator(".jp-InputPrompt", has_text="*")).to_have_count(0, timeout=PATIENCE_MS)
        expect(idle).to_be_visible(timeout=PATIENCE_MS)

    def change(self, old: str, new: str) -> None:
        """Put ``new`` for ``old`` in the first line of the cells that holds it."""
        line = self.page.locator(".jp-CodeCell .cm-line", has_text=old).first
        text = (line.text_content() or "").strip().replace(old, new)  # Home goes to where the text begins
        line.click()
        self.page.keyboard.press("Home")
        self.page.keyboard.press("Shift+End")
        self.page.keyboard.insert_text(text)

    def restart(self) -> None:
        """Choose Restart Kernel in the menu and agree."""
        self.page.get_by_role("menuitem", name="Kernel", exact=True).click()
        self.page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
        self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        expect(self.page.get_by_text("Python 3 | Idle")).to_be_visible(timeout=PATIENCE_MS)

    def save(self) -> None:
        """Save, and wait until the server has written."""
        with self.page.expect_response(
            lambda reply: reply.request.method == "PUT" and "/api/contents/" in reply.url
        ) as saved:
            self.page.keyboard.press("Control+s")
        assert saved.value.ok


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@contextmanager
def opened(paper: Project, name: str, browser: Browser) -> Iterator[Desk]:
    """Open a chapter of a paper in JupyterLab."""
    with jupyter_lab(paper) as address:
        page = browser.new_page(viewport={"width": 1300, "height": 1500})
        yield Desk(page, address, name)
        page.close()


def number(cell: Locator, id_: str) -> Locator:
    """The number of the ledger that a cell of prose prints."""
    return cell.locator(f".lp-result[title*='{id_}']")


def test_a_chapter_is_read_changed_and_saved(browser: Browser, tmp_path: Path) -> None:
    paper = lab_paper(tmp_path / "paper")
    with opened(paper, "gaps", browser) as desk:
        read_change_and_save(desk, paper)


def read_change_and_save(desk: Desk, paper: Project) -> None:
    above, below = desk.prose.filter(has_text="In short"), desk.prose.filter(has_text="That are")
    before = (paper.root / "book" / "gaps.md").read_text("utf-8")

    # opened: the committed numbers, before any cell has run
    expect(number(above, "gaps.close.n")).to_have_text("3S", timeout=PATIENCE_MS)
    expect(number(above, "gaps.all.n")).to_have_text("5S")
    expect(number(below, "gaps.close.n")).to_have_text("3S")
    expect(below.locator(".lp-choice")).to_have_text("0.2")
    expect(desk.page.locator("strong", has_text="A heading within the text")).to_be_visible()
    expect(desk.page.locator("em", has_text="Made when the book is built: changes.")).to_be_visible()
    expect(desk.page.get_by_text("Unknown Directive")).to_have_count(0)
    expect(above.locator(".lp-numref")).to_have_text("Table 1")
    expect(above.locator(".lp-cite")).to_have_text(["Austin 2011", "Li 2018"])
    expect(above.get_by_role("link", name="A small paper")).to_be_visible()
    expect(above.locator("aside, .admonition, [class*=callout]").first).to_be_visible()
    assert "gaps." not in " ".join(desk.page.locator(".jp-MarkdownCell .myst").all_inner_texts())

    # run: the same numbers, nothing is a trial
    desk.run_all()
    expect(desk.table).to_contain_text("Table 1", timeout=PATIENCE_MS)
    expect(desk.table.locator("figcaption .lp-result")).to_have_text("3S")
    expect(desk.page.locator(".lp-trial, .lp-show-trial")).to_have_count(0)

    # another caliper: prose above and below, table and caption follow and say that they are a trial
    desk.change(CALIPER, WIDER)
    desk.run_all()
    for cell in (above, below):
        expect(number(cell, "gaps.close.n")).to_have_text("4S", timeout=PATIENCE_MS)
        expect(cell.locator(".lp-result.lp-trial")).to_have_attribute(
            "title", "synthetic cohort: gaps.close.n; a trial, the paper says 3"
        )
    expect(below.locator(".lp-choice.lp-trial")).to_have_text("0.3")
    expect(number(above, "gaps.all.n")).to_have_text("5S")
    expect(desk.page.locator(".lp-show-trial td").nth(3)).to_have_text("4")
    expect(desk.table.locator("figcaption .lp-trial")).to_have_text("4S")

    # saved: one line of the chapter differs, and nothing committed
    desk.save()
    assert (paper.root / "book" / "gaps.md").read_text("utf-8") == before.replace(CALIPER, WIDER)
    assert ",3,,,,,,,," in paper.ledger.read_text("utf-8")
    assert desk.asked == []

    # a new kernel has recorded nothing: the paper's numbers are back
    desk.restart()
    for cell in (above, below):
        expect(number(cell, "gaps.close.n")).to_have_text("3S", timeout=PATIENCE_MS)
        expect(cell.locator(".lp-trial")).to_have_count(0)


def test_the_caliper_of_this_paper(browser: Browser, tmp_path: Path) -> None:
    """Who opens the chapter on matching and changes the caliper sees the paper's numbers move."""
    root = shutil.copytree(ROOT, tmp_path / "paper", ignore=shutil.ignore_patterns(*NOT_NEEDED))
    (root / "lib").symlink_to(ROOT / "lib")  # the code of this environment
    if (ROOT / "_build" / "cache").is_dir():
        shutil.copytree(ROOT / "_build" / "cache", root / "_build" / "cache")
    chapter, ledger = root / "book" / "matching.md", root / "results" / "ledger.csv"
    text, numbers = chapter.read_text("utf-8"), ledger.read_bytes()
    committed = read_ledger(ledger).at["matching.pairs.n", "text"]
    typed, tried = "caliper_sd=plan.matching.caliper_sd", "caliper_sd=0.05"
    with opened(Project(root), "matching", browser) as desk:
        pairs = number(desk.page, "matching.pairs.n").first
        expect(pairs).to_have_text(f"{committed}S", timeout=PATIENCE_MS)
        desk.run_all()
        expect(desk.page.locator(".jp-OutputArea-output[data-mime-type*=error], .lp-unknown")).to_have_count(
            0
        )
        expect(desk.page.locator(".lp-trial, .lp-show-trial")).to_have_count(0)
        desk.change(typed, tried)
        desk.run_all()
        expect(desk.page.locator("figure#fig-love.lp-show-trial")).to_be_visible(timeout=PATIENCE_MS)
        expect(pairs).to_have_class(re.compile("lp-trial"), timeout=PATIENCE_MS)
        expect(pairs).not_to_have_text(f"{committed}S")
        assert number(desk.prose.first, "matching.smd.largest.pairs").get_attribute("title").count("a trial")
        apart = number(desk.page, "matching.chance.expected_largest").get_attribute("title")
        assert apart.endswith("the paper's, another chapter computes it")
        desk.save()
        assert desk.asked == []
    assert chapter.read_text("utf-8") == text.replace(typed, tried, 1)
    assert ledger.read_bytes() == numbers
