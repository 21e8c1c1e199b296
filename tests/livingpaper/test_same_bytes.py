"""What could make two builds of the same commit differ: clock, order inside a chart's PDF, folder, line ends."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from livingpaper.book.show import in_order
from livingpaper.book.stamp import citation_file
from livingpaper.build.cache import files_of
from livingpaper.build.jupyter_book import build_environment
from livingpaper.build.project import Project, commit, plain
from pypdf import PdfReader

RESOURCES = (
    b"<<\n    /XObject <<\n      /xo2 12 0 R\n      /xo0 8 0 R\n      /xo1 10 0 R\n    >>\n/Length 9\n>>\n"
)


def test_resources_are_sorted_and_the_length_stays() -> None:
    found = in_order(RESOURCES)
    assert found == RESOURCES.replace(
        b"      /xo2 12 0 R\n      /xo0 8 0 R\n      /xo1 10 0 R\n",
        b"      /xo0 8 0 R\n      /xo1 10 0 R\n      /xo2 12 0 R\n",
    )
    assert len(found) == len(RESOURCES)
    assert in_order(found) == found


def test_what_is_no_list_of_resources_stays() -> None:
    rest = b"/Kids [4 0 R]\n/Parent 3 0 R\n/F1 5 0 R\nstream\nx\xff\nendstream\n"
    assert in_order(rest) == rest


@pytest.mark.parametrize("clock", [None, "86400", "no clock"])
def test_the_clock_stands_at_the_release(
    project: Project, monkeypatch: pytest.MonkeyPatch, clock: str | None
) -> None:
    """Whatever the environment says, as that of a package builder does: pages are of their commit."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    if clock:
        monkeypatch.setenv("SOURCE_DATE_EPOCH", clock)
    found = build_environment(project)
    clock = datetime.fromtimestamp(int(found["SOURCE_DATE_EPOCH"]), tz=UTC)
    assert f"{clock:%Y-%m-%d %H:%M:%S}" == f"{citation_file(project)['date-released']} 00:00:00"
    assert found["FORCE_SOURCE_DATE"] == "1"


EXAMPLE = Path(__file__).parents[2] / "examples" / "legislators"
LATEX = ("pdf",) if shutil.which("latexmk") else ()
BINARY = (".xz", ".ico")


def sh(*command: str | Path) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr


def repository(root: Path) -> Path:
    """Return the second paper as a repository of its own, without ``.gitattributes``."""
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("_build", ".ipynb_checkpoints"))
    sh("git", "init", "-q", root)
    sh("git", "-C", root, "add", "-A")
    sh("git", "-C", root, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "one")
    return root


def built(root: Path) -> dict[str, bytes]:
    """Build pages, PDF and formats for machines; return them with the ledger, named by the commit without a plus."""
    for step in ("html", "machine", *LATEX):
        done = subprocess.run(
            [Path(sys.executable).with_name("livingpaper"), step],
            cwd=root, capture_output=True, text=True, check=False, timeout=900,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    stamp = commit(Project(root)).encode()
    made = ["_build/html", "_build/machine", "results/ledger.csv"]
    made += ["_build/paper.pdf"] * (
        LATEX != () and not stamp.endswith(b"+")
    )  # in which nothing can be replaced
    found = files_of(root, *made)
    assert len(found) > 50
    assert sum(stamp in content for content in found.values()) > 2
    found["results/ledger.csv"] = plain(found["results/ledger.csv"])  # stays as it was checked out
    return {name: content.replace(stamp, stamp.rstrip(b"+")) for name, content in found.items()}


def as_on_windows(root: Path) -> None:
    """Put mark and line ends into every text file, as an editor would that saves them all."""
    for path in root.rglob("*"):
        inside = path.is_file() and not {".git", "_build"} & {*path.relative_to(root).parts}
        content = path.read_bytes() if inside and path.suffix not in BINARY else b"\0"
        if b"\0" not in content:
            path.write_bytes(b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n"))


def says_what_it_must(example: Project) -> None:
    """Look at the second paper as it is built: pages, PDF, formats for machines, site."""
    pages = {path.stem: path.read_text("utf-8") for path in (example.build / "html" / "book").glob("*.html")}
    assert {"index", "experiment", "comparison", "ledger", "versions"} <= set(pages)
    assert re.search(r'data-id="answers\.everyone\.drop_other\.size"[^>]*>27\.5<sup', pages["index"])
    assert "−7.3 percentage points" in pages["versions"], "the number of version 1.0.0"
    assert "−12.0 percentage points" in pages["versions"], "the number of this build"
    assert not [name for name, page in pages.items() if "COVID" in page or "patient" in page]
    jats = (example.build / "machine" / "paper.jats.xml").read_text("utf-8")
    assert "ledger:answers.everyone.drops.size" in jats
    moved = (example.build / "site" / "versions.html").read_text("utf-8")
    assert "pairs of legislators from similar districts" in moved
    if LATEX:
        text = " ".join(page.extract_text() for page in PdfReader(example.build / "paper.pdf").pages)
        assert "Who answers a stranger?" in text
        assert "import headtohead" not in text, "code that pages fold is not on paper"


@pytest.mark.whole
def test_every_checkout_of_a_commit_builds_the_same_bytes(tmp_path: Path) -> None:
    """A plain one, one with Windows line ends inside another repository, and a moved and a copied one that go on."""
    origin, plain = repository(tmp_path / "origin"), tmp_path / "plain"
    sh("git", "clone", "-q", origin, plain)
    want = built(plain)
    sh("sh", "-c", f"cd {plain} && {Path(sys.executable).with_name('livingpaper')} site")
    says_what_it_must(Project(plain))

    def same(root: Path) -> None:
        found = built(root)
        assert want.keys() - found.keys() <= (
            {"_build/paper.pdf"} if commit(Project(root)).endswith("+") else set()
        )
        assert found.keys() <= want.keys()
        assert [name for name in found if found[name] != want[name]] == [], root.name

    repository(tmp_path / "outer")
    nested = tmp_path / "outer" / "in side" / "nested"
    sh("git", "clone", "-q", "-c", "core.autocrlf=true", origin, nested)
    assert b"\r\n" in (nested / "data" / "legislators.csv").read_bytes()
    assert b"\r\n" in (nested / "book" / "index.md").read_bytes()
    same(nested)
    assert not commit(Project(nested)).endswith("+"), "a ledger that is the same is not written anew"
    copied, moved = tmp_path / "copied", tmp_path / "moved"
    shutil.copytree(plain, copied, symlinks=True)
    plain.rename(moved)  # the folder of which the pages' cache knows the name is gone
    (moved / "_build" / ".html-state").unlink()
    same(moved)
    as_on_windows(copied)
    same(copied)
