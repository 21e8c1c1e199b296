"""A new paper: its files, its numbers by hand, and what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.__main__ import main
from livingpaper.build.numbers import check_conclusions
from livingpaper.build.project import Project
from livingpaper.chapters.run import run_chapters
from livingpaper.ledger.ledger import read_ledger


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Return a new paper, gone into as its README says."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "paper"]) == 0
    monkeypatch.chdir(tmp_path / "paper")
    return Project(tmp_path / "paper")


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "_build" not in path.parts
    }


def test_a_paper_is_twelve_files_that_read_no_other(fresh: Project) -> None:
    found = files_in(fresh.root)
    assert len(found) == 12
    assert {".gitignore", "paper.toml", "book/index.md", "data/admissions.csv"} <= set(found)
    assert not any(b"@TODAY@" in content for content in found.values())
    assert re.search(rb"^date-released: \d{4}-\d\d-\d\d$", found["CITATION.cff"], re.M)


def test_its_numbers_are_those_of_its_data(fresh: Project) -> None:
    assert run_chapters(fresh)
    ledger = read_ledger(fresh.ledger)
    # men: 512 + 353 + 120 + 138 + 53 + 22 = 1198 of 2691; women: 89 + 17 + 202 + 131 + 94 + 24 = 557 of 1835
    assert ledger.loc["admitted.men", "estimate"] == pytest.approx(1198 / 2691, rel=1e-5)
    assert ledger.loc["admitted.difference", "text"] == "−14.2"
    assert ledger.loc["admitted.f.women", "text"] == "7.0%"  # 24 of 341
    assert ledger.loc["admitted.men", "code"] == "book/index.md::all-departments"
    check_conclusions(fresh)


def test_other_data_stop_the_sentence_that_they_do_not_bear_out(fresh: Project) -> None:
    data = fresh.data / "admissions.csv"
    rows = pd.read_csv(data)
    rows.loc[rows["sex"] == "women", "admitted"] = rows["applied"]
    rows.to_csv(data, index=False)
    run_chapters(fresh)
    with pytest.raises(ValueError, match=r"fewer of the women than of the men were admitted' is not true of"):
        check_conclusions(fresh)


@pytest.mark.parametrize("name", ["full", "file"])
def test_what_is_there_is_not_written_over(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "full").mkdir()
    for path in (tmp_path / "full" / "mine.txt", tmp_path / "file"):
        path.write_text("mine")
    before = files_in(tmp_path)
    assert main(["new", str(tmp_path / name)]) == 1
    said = capsys.readouterr()
    assert (
        said.err == f"a new paper needs an empty folder, {tmp_path / name} is none; name another\n"
    )  # one line
    assert not said.out
    assert files_in(tmp_path) == before


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert main(["new", str(tmp_path / "empty")]) == 0
    assert (tmp_path / "empty" / "paper.toml").is_file()


@pytest.mark.whole
def test_its_numbers_are_compared_with_those_of_a_commit(
    fresh: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@b.org"]
    assert main(["ledger"]) == 0
    for step in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "Start"]):
        subprocess.run(["git", *step], cwd=fresh.root, check=True)
    (fresh.data / "years").mkdir()  # a folder is no input
    assert main(["diff"]) == 0
    data = fresh.data / "admissions.csv"
    data.write_text(data.read_text("utf-8").replace("A,women,108,89", "A,women,108,79"), "utf-8")
    assert main(["ledger"]) == 0
    capsys.readouterr()
    assert main(["diff"]) == 1
    said = capsys.readouterr().out
    assert "data/admissions.csv" in said
    assert "−14.2 → −14.7" in said  # 547 of 1835 less 1198 of 2691


@pytest.mark.book
@pytest.mark.whole
def test_it_builds_as_it_is(fresh: Project) -> None:
    command = [str(Path(sys.executable).with_name("livingpaper")), "html"]
    done = subprocess.run(command, cwd=fresh.root, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    page = (fresh.build / "html" / "book" / "index.html").read_text("utf-8")
    shown = re.search(r'href="ledger.html#([\w-]+)"[^>]*>−14\.2<sup class="origin"[^>]*>R</sup>', page)
    assert shown, "the front page must print the difference, marked"
    listed = (fresh.build / "html" / "book" / "ledger.html").read_text("utf-8")
    row = re.search(rf'<tr id="{shown[1]}">.*?</tr>', listed)
    assert row is not None
    assert "−14.2" in row[0]
    assert "book/index.md::all-departments" in row[0]
    assert "http://" not in page.replace("http://www.w3.org", "")


def edited(paper: Project, page: str, old: str, new: str) -> None:
    path = paper.root / "book" / f"{page}.md"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def pages_made(paper: Project, *options: str) -> tuple[dict[str, bytes], set[str]]:
    """Return every file of the site, and the pages that Sphinx wrote for it."""
    command = [sys.executable, "-m", "livingpaper", "html", *options]
    done = subprocess.run(command, cwd=paper.root, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    log = re.sub(r"\x1b\[[0-9;]*m", "", (paper.build / "html.log").read_text("utf-8"))
    said = " ".join(re.findall(r"writing output\.\.\. \[ *\d+%\] (.*)", log))
    html = paper.build / "html"
    files = {
        path.relative_to(html).as_posix(): path.read_bytes() for path in html.rglob("*") if path.is_file()
    }
    return files, set(re.findall(r"book/(\w+)", said))


@pytest.mark.whole
def test_pages_after_an_edit_are_those_of_a_build_from_nothing(fresh: Project) -> None:
    """What no other page can show is written alone; what others show, a title or a number, on all of them."""
    pages_made(fresh)
    first = re.search(r"^# (.*)$", (fresh.root / "book/versions.md").read_text("utf-8"), re.M)
    assert first is not None
    steps = [
        ("versions", first[0], f"{first[0]}\n\nA quokka.", False),  # no other page shows it
        ("versions", "A quokka.", "A wombat.", False),  # and the search forgets the word
        ("versions", first[0], "# What was before", True),  # in the list of pages at the side
        ("versions", "A wombat.", "(here)=\n\n## A wombat", True),  # a place to which others may lead
    ]
    for page, old, new, everywhere in steps:
        edited(fresh, page, old, new)
        made, written = pages_made(fresh)
        assert ("ledger" in written) is everywhere, written
        again, _ = pages_made(fresh, "--cold")
        assert {name for name in made.keys() | again.keys() if made.get(name) != again.get(name)} == set(), (
            new
        )
    assert b"quokka" not in made["searchindex.js"]
    assert b"wombat" in made["searchindex.js"]
