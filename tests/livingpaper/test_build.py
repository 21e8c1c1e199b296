"""A tiny book through the real command: what is run again, what stops the build, what survives it."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from livingpaper.__main__ import main
from livingpaper.book.stamp import citation_file
from livingpaper.build.build import BuildError
from livingpaper.build.cache import alone, write_whole
from livingpaper.build.project import Project
from livingpaper.build.together import recover, together
from livingpaper.ledger.ledger import read_ledger
from project_copy import copy_project, fingerprints
from tiny_book import runs, text_of, tiny_project, write_page

PROSE = """Deaths: {result}`counts.death.rd`, n = {result}`counts.death.rd n`.
Caliper {choice}`matching.caliper_sd`, level {choice}`inference.conf_level`.
Version {stamp}`version` of {stamp}`released`."""
RAISES = '```{code-cell} ipython3\nraise ArithmeticError("the chapter fails")\n```\n\n'


def html(project: Project) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "livingpaper", "html"],
        cwd=project.root,
        env={**os.environ, "PYDEVD_DISABLE_FILE_VALIDATION": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def last_good(project: Project) -> dict[str, bytes]:
    good = fingerprints(project.build / "html", project.ledger.parent)
    return {**good, "pdf": (project.build / "paper.pdf").read_bytes()}


@pytest.mark.whole
def test_a_tiny_book_through_its_life(fresh: Project, tmp_path: Path) -> None:
    """One test, because a build takes seconds and each step goes on from the one before."""
    made = tiny_project(fresh, tmp_path / "p", PROSE)
    done = html(made)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ledger: unchanged" in done.stdout
    assert runs(made) == 1
    (made.build / "paper.pdf").write_bytes(b"%PDF the last good paper")
    roles_print_numbers_choices_and_the_stamp(made)

    good = last_good(made)
    assert "html: up to date" in html(made).stdout
    assert (last_good(made), runs(made)) == (good, 1)

    write_page(made, PROSE, RAISES)
    done = html(made)
    assert done.returncode == 1
    assert done.stderr.startswith("html: the book has warnings or errors:\n")
    assert "ArithmeticError: the chapter fails" in done.stderr
    assert last_good(made) == good, "a failed build must leave the last good paper as it is"

    write_page(made, PROSE + "\n\nOne more sentence.")
    assert html(made).returncode == 0
    assert "One more sentence." in text_of(made)
    assert runs(made) == 1, "other prose is no reason to run the code again"

    an_old_copy_and_a_chapter_left_out(made)

    (made.root / "lib" / "analysis.py").write_text("A = 2\n")
    assert html(made).returncode == 0
    assert runs(made) == 2, "other code must be run"

    given = {
        "_config.yml",
        "_toc.yml",
        "CITATION.cff",
        "claims.toml",
        "paper.toml",
        "protocol.toml",
        "requirements.txt",
        "book",
        "data",
        "lib",
    }
    assert {path.name for path in made.root.iterdir()} == given | {"_build", "results", "runs.txt"}


def an_old_copy_and_a_chapter_left_out(made: Project) -> None:
    """A file put back with its old time is read; a page without chapter, and an image that no page shows, go."""
    write_page(made, PROSE)
    os.utime(made.root / "book" / "index.md", (1, 1))
    toc = made.root / "_toc.yml"
    toc.write_text(toc.read_text().replace("      - file: book/references\n", ""))
    (made.build / "work" / "_build" / "html" / "_images" / "old.svg").parent.mkdir(exist_ok=True)
    (made.build / "work" / "_build" / "html" / "_images" / "old.svg").write_text("<svg/>")
    assert html(made).returncode == 0
    assert "One more sentence." not in text_of(made)
    assert not (made.build / "html" / "book" / "references.html").exists()
    assert not (made.build / "html" / "_images" / "old.svg").exists()


def small_project(root: Path) -> Project:
    """Return a project of which only the ledger is there."""
    made = Project(root)
    made.ledger.parent.mkdir(parents=True)
    made.ledger.write_text("old")
    return made


def test_the_ledger_changes_with_the_pages_or_not_at_all(tmp_path: Path) -> None:
    made = small_project(tmp_path / "p")

    def fail() -> None:
        with together(made):
            made.ledger.write_text("new")
            raise BuildError("a page is missing")

    with pytest.raises(BuildError, match="a page is missing"):
        fail()
    assert made.ledger.read_text() == "old"
    with together(made):
        made.ledger.write_text("new")
    assert made.ledger.read_text() == "new"


KILLED = """
import os, signal, sys
from pathlib import Path
from livingpaper.build.cache import made_whole
from livingpaper.build.project import Project
from livingpaper.build.together import together

made, when = Project(Path(sys.argv[1])), sys.argv[2]
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
with together(made):
    made.ledger.write_text("new")
    if when == "before the pages":
        die()
    with made_whole(made.build / "html") as fresh:
        fresh.mkdir()
        (fresh / "page").write_text("new")
        rename = Path.rename
        turn = iter([rename, die] if when == "between the pages" else [rename, rename])
        Path.rename = lambda self, to: next(turn)(self, to)
        __import__("shutil").rmtree = die
"""


@pytest.mark.parametrize(
    ("when", "left"), [("before the pages", "old"), ("between the pages", "old"), ("after the pages", "new")]
)
def test_after_a_kill_ledger_and_pages_are_of_one_build(tmp_path: Path, when: str, left: str) -> None:
    """Whatever the next command is: each recovers before it does anything else."""
    made = small_project(tmp_path / "p")
    (made.build / "html").mkdir(parents=True)
    (made.build / "html" / "page").write_text("old")
    run = [sys.executable, "-c", KILLED, str(made.root), when]
    assert subprocess.run(run, check=False).returncode == -signal.SIGKILL
    recover(made)
    assert (made.ledger.read_text(), (made.build / "html" / "page").read_text()) == (left, left)
    assert not list(made.build.glob(".*-old")) + list(made.build.glob(".before"))


def test_the_door_of_every_command_takes_back_what_a_killed_build_left(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = copy_project(project, tmp_path / "p")
    old = made.ledger.read_bytes()
    write_whole(made.build / ".before" / "results" / "ledger.csv", old)
    made.ledger.write_bytes(old[: len(old) // 2])
    monkeypatch.chdir(made.root)
    assert main(["diff", "results/ledger.csv"]) == 0
    assert made.ledger.read_bytes() == old


def test_a_build_that_works_is_left_alone(tmp_path: Path) -> None:
    made = small_project(tmp_path / "p")
    with together(made), (made.build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made.ledger.write_text("new")
        recover(made)
        assert made.ledger.read_text() == "new"


def test_one_build_at_a_time_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    """A killed build holds the lock as long as its child works, for that may still write, and no longer."""
    made = Project(tmp_path)
    code = (
        "import subprocess, sys; from pathlib import Path\n"
        "from livingpaper.build.cache import alone; from livingpaper.build.project import Project\n"
        "@alone\ndef build(project):\n"
        "    child = subprocess.Popen(['sleep', '60'], stdout=-3, close_fds=False); print(child.pid, flush=True)\n"
        "    child.wait()\n"
        "build(Project(Path(sys.argv[1])))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(made.root)], stdout=subprocess.PIPE) as build:
        assert build.stdout
        child = int(build.stdout.readline())
        assert not is_free(made)
        build.kill()
        build.wait()
        assert not is_free(made)
        os.kill(child, signal.SIGKILL)
    for _ in range(100):
        if is_free(made):
            break
        time.sleep(0.05)
    assert is_free(made)
    ran: list[Project] = []
    alone(ran.append)(made)
    assert ran == [made]


def is_free(project: Project) -> bool:
    with (project.build / ".lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def roles_print_numbers_choices_and_the_stamp(made: Project) -> None:
    said, number = text_of(made), read_ledger(made.ledger).loc["counts.death.rd"]
    assert f"Deaths: {number['text']} C , n = 342 C ." in said
    assert "Caliper 0.2 , level 95% ." in said
    assert f"Version {citation_file(made)['version']} of {citation_file(made)['date-released']}" in said
    page = (made.build / "html" / "book" / "index.html").read_text("utf-8")
    led = re.search(r'class="result origin-counts" href="(ledger[\w-]*\.html)#n-counts-death-rd"', page)
    assert led, "a number leads to its row"
    ledger = (made.build / "html" / "book" / led[1]).read_text("utf-8")
    assert 'id="n-counts-death-rd"' in ledger
