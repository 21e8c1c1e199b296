"""Provenance is this project's or none, and what git refuses is said in git's own words."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from livingpaper.__main__ import main
from livingpaper.build.project import Project, commit, digest, git
from livingpaper.build.together import together

AS = ("-c", "user.name=A", "-c", "user.email=a@example.org")


def run(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *AS, *arguments], check=True, capture_output=True)


@pytest.fixture
def paper(tmp_path: Path) -> Project:
    """Return a committed paper."""
    made = Project(tmp_path / "paper")
    (made.root / "data").mkdir(parents=True)
    (made.root / "paper.toml").write_text("")
    (made.root / "data" / "a.csv").write_text("a\n1\n")
    (made.root / ".gitignore").write_text("data/own/\n__pycache__/\n")
    run(made.root, "init", "-q")
    run(made.root, "add", "-A")
    run(made.root, "commit", "-qm", "one")
    return made


def test_the_commit_of_the_paper(paper: Project) -> None:
    assert commit(paper) == git(paper, "rev-parse", "--short=10", "HEAD").strip()


def test_a_result_that_waits_for_its_pages_already_counts(paper: Project) -> None:
    """The pages print the commit before the new ledger is in its place."""
    paper.ledger.parent.mkdir()
    paper.ledger.write_text("old\n")
    (paper.root / ".gitignore").write_text("_build/\n")
    run(paper.root, "add", "-A")
    run(paper.root, "commit", "-qm", "two")
    own = commit(paper)
    for text, want in (
        ("old\n", own),
        ("new\n", own + "+"),
        ("old\n", own),
    ):  # the last goes back to the commit
        with together(paper):
            assert commit(paper) == (own if paper.ledger.read_text() == "old\n" else own + "+")
            paper.ledger.write_text(text)
            assert commit(paper) == want
        assert commit(paper) == want
        assert paper.ledger.read_text() == text


def test_a_folder_without_git(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("")
    assert commit(Project(tmp_path)) == "no commit"


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("")
    run(tmp_path, "init", "-q")
    run(tmp_path, "add", "-A")
    assert commit(Project(tmp_path)) == "no commit"


@pytest.mark.parametrize("ignored", [True, False])
def test_unpacked_inside_another_repository(paper: Project, ignored: bool) -> None:
    inner = paper.root / "unpacked"
    inner.mkdir()
    (inner / "paper.toml").write_text("")
    if ignored:
        (paper.root / ".gitignore").write_text("unpacked/\n")
    assert commit(Project(inner)) == "no commit"


def test_a_paper_that_is_part_of_a_repository_is_its_own(paper: Project) -> None:
    inner = paper.root / "examples" / "other"
    inner.mkdir(parents=True)
    (inner / "paper.toml").write_text("")
    run(paper.root, "add", "-A")
    run(paper.root, "commit", "-qm", "two")
    assert commit(Project(inner)) == commit(paper) != "no commit"


def test_the_environment_names_no_other_repository(
    paper: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    run(other, "init", "-q")
    own = commit(paper)
    for name, value in {
        "GIT_DIR": other / ".git",
        "GIT_WORK_TREE": other,
        "GIT_INDEX_FILE": other / "i",
    }.items():
        monkeypatch.setenv(name, str(value))
        assert commit(paper) == own


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("data/a.csv", "a\n2\n"),
        ("data/new.csv", "untracked"),
        ("data/own/cohort.csv", "ignored, and an input all the same"),
        ("new/deep/file.md", "untracked"),
        ("data/a.csv", None),
    ],
)
@pytest.mark.parametrize("hides", [True, False])
def test_a_tree_that_differs_says_so(paper: Project, path: str, text: str | None, hides: bool) -> None:
    if hides:
        run(paper.root, "config", "status.showUntrackedFiles", "no")
    file, own = paper.root / path, commit(paper)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink() if text is None else file.write_text(text)
    assert commit(paper) == own + "+"


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_that_git_was_told_not_to_look_at_is_no_clean_tree(paper: Project, flag: str) -> None:
    own = commit(paper)
    run(paper.root, "update-index", flag, "data/a.csv")
    (paper.root / "data" / "a.csv").write_text("a\n2\n")
    assert commit(paper) == own + "+"


def test_a_ceiling_a_worktree_and_a_shallow_clone_have_their_commit(
    paper: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = paper.root / "examples"
    inner.mkdir()
    (inner / "paper.toml").write_text("")
    run(paper.root, "add", "-A")
    run(paper.root, "commit", "-qm", "two")
    own = commit(paper)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(paper.root))
    assert commit(Project(inner)) == own
    run(paper.root, "worktree", "add", "-q", "--detach", str(tmp_path / "tree"))
    run(tmp_path, "clone", "-q", "--depth", "1", f"file://{paper.root}", str(tmp_path / "shallow"))
    assert {commit(Project(tmp_path / name)) for name in ("tree", "shallow")} == {own}


@pytest.mark.parametrize("made", ["data/__pycache__/a.pyc", "data/.ipynb_checkpoints/a.csv"])
def test_what_programs_leave_is_no_input(paper: Project, made: str) -> None:
    (paper.root / ".gitignore").write_text("data/own/\n__pycache__/\n.ipynb_checkpoints/\n")
    run(paper.root, "commit", "-qam", "ignore")
    own, file = commit(paper), paper.root / made
    file.parent.mkdir()
    file.write_text("x")
    assert commit(paper) == own


def test_what_git_refuses_is_said(paper: Project) -> None:
    (paper.root / ".git" / "HEAD").write_text("nonsense")
    with pytest.raises(RuntimeError, match="git ls-files paper.toml failed: fatal: not a git repository"):
        commit(paper)


def test_a_comparison_passes_on_why_git_refuses_a_checkout(
    paper: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(paper.root)
    assert main(["diff", "HEAD"]) == 3
    assert (
        "'HEAD' is none of them" in capsys.readouterr().err
    )  # the commit holds no ledger: not a matter of git
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)  # no safe.directory
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    assert main(["diff", "HEAD"]) == 3
    assert re.match(
        r"git rev-parse --git-dir failed: fatal: detected dubious ownership .*safe\.directory",
        capsys.readouterr().err,
    )


@pytest.mark.parametrize(
    "change", [lambda raw: raw.replace(b"\n", b"\r\n"), lambda raw: b"\xef\xbb\xbf" + raw]
)
def test_a_fingerprint_is_of_the_text_and_not_of_its_line_ends(
    paper: Project, change: Callable[[bytes], bytes]
) -> None:
    file = paper.root / "data" / "a.csv"
    before = digest([paper.root / "data"], paper.root)
    file.write_bytes(change(file.read_bytes()))
    assert digest([paper.root / "data"], paper.root) == before
    file.write_bytes(b"\0" + file.read_bytes())
    binary = digest([paper.root / "data"], paper.root)
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n").replace(b"\r\r", b"\r") + b"\r\n")
    assert digest([paper.root / "data"], paper.root) not in (before, binary)


def test_a_checkout_with_windows_line_ends_has_the_same_bytes(project: Project, tmp_path: Path) -> None:
    """Of this repository, cloned as git for Windows does by default."""
    if not (project.root / ".git").exists():
        pytest.skip("an unpacked copy cannot be cloned")
    run(tmp_path, "clone", "-q", "-c", "core.autocrlf=true", str(project.root), str(tmp_path / "clone"))
    text = git(project, "ls-files", "*.csv", "*.toml", "*.md", "*.py").splitlines()
    clone = tmp_path / "clone"
    assert len(text) > 100
    assert [
        name for name in text if (clone / name).is_file() and b"\r\n" in (clone / name).read_bytes()
    ] == []
