"""Freezing a version, in a small repository of its own."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from livingpaper.__main__ import main
from livingpaper.build.project import Project
from livingpaper.ledger.claims import load_claims
from livingpaper.ledger.ledger import LedgerError
from livingpaper.versions.release import ReleaseError, release, set_version
from livingpaper.versions.site import ArchiveError, assemble, thaw
from livingpaper.versions.sources import read_claims, read_source, version_key, versions

pytestmark = pytest.mark.whole

PAGE = (
    '<!doctype html><html><head></head><body class="x"><div class="article-header-buttons"></div>'
    "<script>const DOCUMENTATION_OPTIONS = {};</script>PAGE</body></html>"
)


def git(project: Project, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(project.root), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


def build(copy: Path) -> None:
    """Make the smallest paper: what a release freezes, without Sphinx and LaTeX."""
    book = copy / "_build" / "html" / "book"
    book.mkdir(parents=True)
    book.joinpath("index.html").write_text(PAGE)
    (copy / "_build" / "html" / "_static").mkdir()
    (copy / "_build" / "html" / "_static" / "a.css").write_text("a{}")
    (copy / "_build" / "paper.pdf").write_bytes(b"%PDF-1.5 small")


@pytest.fixture
def small(project: Project, tmp_path: Path) -> Project:
    """Return a repository with everything a release reads."""
    root = tmp_path / "paper"
    (root / "results").mkdir(parents=True)
    for name in (
        "paper.toml",
        "protocol.toml",
        "claims.toml",
        "CITATION.cff",
        "pyproject.toml",
        ".gitignore",
    ):
        shutil.copy(project.root / name, root / name)
    shutil.copy(project.ledger, root / "results")
    (root / "CHANGELOG.md").write_text(
        "## [9.1.0] - 2026-12-02\nMore.\n\n## [9.0.0] - 2026-12-01\nFirst, because.\n"
    )
    made = Project(root)
    git(made, "init", "-q")
    git(made, "config", "user.email", "maintainers@example.org")
    git(made, "config", "user.name", "The maintainers")
    commit(made, "Start")
    return made


def commit(project: Project, message: str) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", message)


def move_an_estimate(project: Project) -> None:
    text = project.ledger.read_text()
    lines = text.splitlines(keepends=True)
    i = next(i for i, line in enumerate(lines) if line.startswith("worlds.null.death28.ato.rd,"))
    lines[i] = lines[i].replace("+2.7", "+2.8", 1)
    project.ledger.write_text("".join(lines))


def test_a_release_freezes_tags_and_commits(small: Project) -> None:
    archive = release(small, "9.0.0", build=build)
    assert versions(small) == ["9.0.0"]
    assert git(small, "status", "--porcelain") == ""
    assert git(small, "tag", "--list").split() == ["v9.0.0"]
    assert "version: 9.0.0\n" in git(small, "show", "v9.0.0:CITATION.cff")
    files = thaw(archive, small.root / "versions" / "assets")
    assert files["ledger.csv"] == small.ledger.read_bytes()
    assert files["protocol.toml"] == small.protocol.read_bytes()


def test_two_versions_make_a_site(small: Project) -> None:
    release(small, "9.0.0", build=build)
    frozen = (small.root / "versions" / "v9.0.0.tar.xz").read_bytes()
    move_an_estimate(small)
    commit(small, "Move an estimate")
    release(small, "9.1.0", build=build)
    site = assemble(small)
    old, new = ((site / f"v{v}" / "book" / "index.html").read_text() for v in ("9.0.0", "9.1.0"))
    assert "1 estimate moved, 0 conclusions changed since" in old
    assert "versions.html#" in (site / "switcher.json").read_text()
    assert "old-version" not in new
    assert (site / "latest" / "book" / "index.html").read_text() == new
    page = (site / "versions.html").read_text()
    assert "First, because." in page
    assert "worlds.null.death28.ato.rd: +2.7" in page
    assert "<svg" in page
    assert "Version 9.1.0: 1 estimate moved, 0 conclusions changed" in (site / "feed.xml").read_text()
    assert (small.root / "versions" / "v9.0.0.tar.xz").read_bytes() == frozen
    assert next(iter((site / "switcher.json").read_text().split('"version": ')[1:])).startswith('"latest"')


def test_an_interrupted_release_is_completed_by_running_it_again(small: Project) -> None:
    def fail(copy: Path) -> None:
        build(copy)
        raise ReleaseError("the power went")

    with pytest.raises(ReleaseError, match="the power went"):
        release(small, "9.0.0", build=fail)
    assert versions(small) == []
    assert git(small, "tag", "--list") == ""
    release(small, "9.0.0", build=build)
    assert versions(small) == ["9.0.0"]


@pytest.mark.parametrize("undo", [["tag", "-d", "v9.0.0"], ["reset", "-q", "--soft", "HEAD~1"]])
def test_a_release_that_stopped_before_its_last_step_is_completed(small: Project, undo: list[str]) -> None:
    release(small, "9.0.0", build=build)
    git(small, *undo)  # as if it had stopped before the tag, or before the commit
    release(small, "9.0.0", build=build)
    assert git(small, "status", "--porcelain") == ""
    assert "v9.0.0" in git(small, "tag", "--list")


def test_a_dirty_tree_is_refused(small: Project) -> None:
    move_an_estimate(small)
    with pytest.raises(ReleaseError, match=r"the tree must be clean, 1 file\(s\) differ"):
        release(small, "9.0.0", build=build)


def test_a_release_that_stopped_after_setting_the_version_is_completed(small: Project) -> None:
    set_version(small, "9.0.0", "2026-12-01")
    git(small, "reset", "-q", "--soft", "HEAD~1")  # as if it had stopped before the commit
    assert git(small, "status", "--porcelain") != ""
    release(small, "9.0.0", build=build)
    assert "version: 9.0.0\n" in git(small, "show", "v9.0.0:CITATION.cff")
    assert git(small, "status", "--porcelain") == ""


def test_another_edit_beside_the_version_is_refused(small: Project) -> None:
    set_version(small, "9.0.0", "2026-12-01")
    git(small, "reset", "-q", "--soft", "HEAD~1")
    with (small.root / "CITATION.cff").open("a") as file:
        file.write("abstract: more\n")
    with pytest.raises(ReleaseError, match=r"the tree must be clean, 1 file\(s\) differ .*CITATION"):
        release(small, "9.0.0", build=build)


def test_what_a_stopped_release_left_half_written_is_cleared(small: Project) -> None:
    for place in ("versions/.v9.0.0.tar.xz.abc", "versions/assets/.0a.xz.abc"):
        (small.root / place).parent.mkdir(parents=True, exist_ok=True)
        (small.root / place).write_text("half")
    release(small, "9.0.0", build=build)
    assert list((small.root / "versions").rglob(".*")) == []
    assert "abc" not in git(small, "ls-files", "versions")


def test_a_tag_that_stands_elsewhere_is_refused_before_the_build(small: Project) -> None:
    git(small, "tag", "v9.0.0")
    (small.root / "more.txt").write_text("more")
    commit(small, "More")

    def never(_copy: Path) -> None:
        raise AssertionError("it was built")

    with pytest.raises(ReleaseError, match=r"the tag v9\.0\.0 must point to .*git tag -d v9\.0\.0"):
        release(small, "9.0.0", build=never)


def test_a_tag_above_the_version_is_refused(small: Project) -> None:
    git(small, "tag", "v9.9.9")
    with pytest.raises(ReleaseError, match=r"9\.0\.0 is not above 9\.9\.9"):
        release(small, "9.0.0", build=build)


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ("## [9.2.0] - 2026-13-45\nMore.\n\n", "no such day"),
        ("## [9.2.0] - 2026-12-03\n\n", "no text below it"),
    ],
)
def test_a_version_needs_a_day_and_a_reason(small: Project, section: str, fault: str) -> None:
    path = small.root / "CHANGELOG.md"
    path.write_text(section + path.read_text())
    commit(small, "Describe")
    with pytest.raises(ReleaseError, match=f"found {fault}; write it"):
        release(small, "v9.2.0", build=build)


def test_a_version_that_exists_is_refused(small: Project) -> None:
    release(small, "9.0.0", build=build)
    with pytest.raises(ReleaseError, match=r"9\.0\.0 is released already"):
        release(small, "9.0.0", build=build)


def test_a_version_that_is_not_newer_is_refused(small: Project) -> None:
    release(small, "9.1.0", build=build)
    with pytest.raises(ReleaseError, match=r"9\.0\.0 is not above 9\.1\.0"):
        release(small, "9.0.0", build=build)


def test_a_version_without_a_reason_is_refused(small: Project) -> None:
    with pytest.raises(ReleaseError, match=r"found no such heading; write it"):
        release(small, "9.2.0", build=build)


@pytest.mark.parametrize("name", ["1.0", "one", "1.0.0rc1"])
def test_a_version_is_three_numbers(name: str) -> None:
    with pytest.raises(ValueError, match="three numbers"):
        version_key(name)


def test_ledgers_are_found_by_file_version_and_revision(small: Project) -> None:
    release(small, "9.0.0", build=build)
    by = [read_source(small, name) for name in (str(small.ledger), "9.0.0", "v9.0.0", "HEAD")]
    assert all(found.equals(by[0]) for found in by)


def test_what_is_no_ledger_is_told(small: Project) -> None:
    with pytest.raises(LedgerError, match="a file, a version or a git revision, 'nowhere' is none"):
        read_source(small, "nowhere")
    small.ledger.write_text("id,text\n")
    commit(small, "Damage the ledger")
    with pytest.raises(LedgerError, match=r"HEAD:results/ledger\.csv must have the columns"):
        read_source(small, "HEAD")


def test_a_tag_whose_version_is_not_there_publishes_nothing(
    small: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    release(small, "9.0.0", build=build)
    monkeypatch.chdir(small.root)
    assert main(["site", "--newest", "v9.1.0"]) == 1
    assert "the newest version must be 9.1.0, it is 9.0.0" in capsys.readouterr().err
    assert not (small.build / "site").exists()
    assert main(["site", "--newest", "v9.0.0"]) == 0


def test_a_site_without_versions_is_refused(small: Project) -> None:
    with pytest.raises(ValueError, match="needs at least one version"):
        assemble(small)


def test_claims_are_found_by_version_and_revision(small: Project) -> None:
    claims = load_claims(small.claims)
    assert read_claims(small, str(small.ledger)) == claims
    assert read_claims(small, "HEAD") == claims
    release(small, "9.0.0", build=build)
    assert read_claims(small, "9.0.0") == claims
    (small.root / "versions" / "v9.0.0" / "claims.toml").unlink()
    assert read_claims(small, "9.0.0") is None
    other = small.root / "other.csv"
    shutil.copy(small.ledger, other)
    assert read_claims(small, str(other)) is None


def test_a_plain_ledger_that_is_not_the_frozen_one_is_refused(small: Project) -> None:
    release(small, "9.0.0", build=build)
    plain = small.root / "versions" / "v9.0.0" / "ledger.csv"
    plain.write_text(plain.read_text().replace("+2.7", "+2.8", 1))
    with pytest.raises(ArchiveError, match=r"v9\.0\.0/ledger\.csv must equal the ledger in the archive"):
        assemble(small)
    assert not (small.build / "site").exists()
