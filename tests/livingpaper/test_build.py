"""A tiny book through the real command: what is run again, what stops the build, what survives it."""

from __future__ import annotations

import contextlib
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
from livingpaper.build.cache import write_whole
from livingpaper.build.jupyter_book import BuildError, _complaints
from livingpaper.build.project import LEDGER, Project
from livingpaper.build.state import state
from livingpaper.build.together import PAGES, alone, recover, together
from livingpaper.chapters.run import run_chapters
from livingpaper.ledger.ledger import read_ledger
from project_copy import copy_project, fingerprints
from small_book import PATIENTS, small_book
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
    assert {path.name for path in made.root.iterdir()} == given | {"_build", "results"}


def an_old_copy_and_a_chapter_left_out(made: Project) -> None:
    """A file put back with its old time is read; a page without chapter, and an image that no page shows, go."""
    write_page(made, PROSE)
    os.utime(made.root / "book" / "index.md", (1, 1))
    toc = made.root / "_toc.yml"
    toc.write_text(toc.read_text().replace("      - file: book/references\n", ""))
    (made.build / "work" / "_build" / "html" / "_images" / "old.svg").parent.mkdir(parents=True)
    (made.build / "work" / "_build" / "html" / "_images" / "old.svg").write_text("<svg/>")
    assert html(made).returncode == 0
    assert "One more sentence." not in text_of(made)
    assert not (made.build / "html" / "book" / "references.html").exists()
    assert not (made.build / "html" / "_images" / "old.svg").exists()


TRACEBACK = """\
reading sources... [ 50%] index
    said = ROLES[self.name](self.text, session)
KeyError: 'x'
During handling of the above exception, another exception occurred:
    raise SphinxError("index.md:15: no number 'x' in the ledger") from None
sphinx.errors.SphinxError: index.md:15: no number 'x' in the ledger
    raise RuntimeError(_message_box(msg, color="red", doprint=False)) from result
RuntimeError: \n
==== There was an error in building your book. Look above for the cause. ====
"""


def test_of_a_traceback_only_what_went_wrong_is_said(tmp_path: Path) -> None:
    (tmp_path / "log").write_text(TRACEBACK)
    said = ["  KeyError: 'x'", "  sphinx.errors.SphinxError: index.md:15: no number 'x' in the ledger"]
    assert _complaints(tmp_path / "log").splitlines() == said


def small_project(root: Path) -> Project:
    """Return a project of which only the ledger is there."""
    made = Project(root)
    made.ledger.parent.mkdir(parents=True)
    made.ledger.write_text("old")
    return made


def made_aside(staged: Path) -> None:
    """Make a new ledger and a new page where a build does."""
    (staged / LEDGER).write_text("new")
    (staged / PAGES).mkdir()
    (staged / PAGES / "page").write_text("new")


def there(project: Project) -> tuple[str, str]:
    """Return the ledger and the page that lie in their places."""
    return project.ledger.read_text(), (project.build / "html" / "page").read_text()


def test_the_ledger_changes_with_the_pages_or_not_at_all(tmp_path: Path) -> None:
    made = small_project(tmp_path / "p")
    (made.build / "html").mkdir(parents=True)
    (made.build / "html" / "page").write_text("old")

    def build(fault: str = "") -> None:
        with together(made) as staged:
            made_aside(staged)
            assert made.ledger.read_text() == "new", "what builds sees what it builds"
            assert (made.root / LEDGER).read_text() == "old"
            if fault:
                raise BuildError(fault)

    with pytest.raises(BuildError, match="a page is missing"):
        build("a page is missing")
    assert there(made) == ("old", "old")
    build()
    assert there(made) == ("new", "new")


KILLED = """
import os, signal, sys
from pathlib import Path
from test_build import made_aside
from livingpaper.build.project import Project
from livingpaper.build.together import together

made, left = Project(Path(sys.argv[1])), int(sys.argv[2])

def dying(call):
    def counted(*given, **more):
        global left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*given, **more)
    return counted

with together(made) as staged:
    made_aside(staged)
    Path.rename, Path.replace = dying(Path.rename), dying(Path.replace)
    __import__("shutil").rmtree = dying(lambda *_, **__: None)
"""
STEPS = ["nothing moved", "all is ready", "no pages", "pages before ledger", "all in place"]


@pytest.mark.whole
@pytest.mark.parametrize("step", range(5), ids=STEPS)
def test_after_a_kill_ledger_and_pages_are_of_one_build(tmp_path: Path, step: int) -> None:
    """Whatever the next command is: each finishes what was ready. Before it, only the step between the two is mixed."""
    made = small_project(tmp_path / "p")
    (made.build / "html").mkdir(parents=True)
    (made.build / "html" / "page").write_text("old")
    env = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    }
    run = [sys.executable, "-c", KILLED, str(made.root), str(step)]
    assert subprocess.run(run, env=env, check=False).returncode == -signal.SIGKILL
    if step in (0, 1, 4):
        assert there(made) == (("new", "new") if step == 4 else ("old", "old"))
    recover(made)
    assert there(made) == (("new", "new") if step else ("old", "old"))
    assert not list(made.build.glob(".ready"))


@pytest.mark.whole
def test_a_build_killed_at_any_moment_leaves_ledger_and_pages_of_one_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at before any other command, five times while a real paper with other data is built."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "paper"]) == 0
    made = Project(tmp_path / "paper")
    assert html(made).returncode == 0
    index, data = made.build / "html" / "book" / "index.html", made.data / "admissions.csv"

    def lies() -> tuple[bool, bool]:
        found = made.ledger.read_text(), index.read_text()
        return "−14.2" in found[0], "−14.2" in found[1]

    assert lies() == (True, True)
    data.write_text(data.read_text().replace("A,men,825,512", "A,men,825,520"))
    began = time.monotonic()
    assert html(made).returncode == 0
    whole = time.monotonic() - began
    assert lies() == (False, False)
    other = [data.read_text(), data.read_text().replace("A,men,825,520", "A,men,825,512")]
    for moment in range(5):
        data.write_text(other[(moment + 1) % 2])
        command = [sys.executable, "-m", "livingpaper", "html"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, cwd=made.root, start_new_session=True, **quiet) as build:
            with contextlib.suppress(subprocess.TimeoutExpired):
                build.wait(whole * (moment + 0.5) / 5)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(build.pid, signal.SIGKILL)
        ledger, pages = lies()
        assert ledger == pages, f"killed in part {moment + 1} of five"
    data.write_text(other[0])
    assert html(made).returncode == 0
    assert lies() == (False, False)
    assert "html: up to date" in html(made).stdout


def test_the_door_of_every_command_finishes_what_was_ready(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = copy_project(project, tmp_path / "p")
    new = made.ledger.read_bytes()
    write_whole(made.build / ".ready" / LEDGER, new)
    made.ledger.write_bytes(new[: len(new) // 2])
    monkeypatch.chdir(made.root)
    assert main(["diff", "results/ledger.csv"]) == 0
    assert made.ledger.read_bytes() == new


def test_a_build_that_works_is_left_alone(tmp_path: Path) -> None:
    made = small_project(tmp_path / "p")
    write_whole(made.build / ".ready" / LEDGER, b"new")
    with (made.build / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        recover(made)
        assert made.ledger.read_text() == "old"
    recover(made)
    assert made.ledger.read_text() == "new"


def test_one_build_at_a_time_and_a_dead_one_holds_nothing(tmp_path: Path) -> None:
    """A killed build holds the lock as long as its child works, for that may still write, and no longer."""
    made = Project(tmp_path)
    code = (
        "import subprocess, sys; from pathlib import Path\n"
        "from livingpaper.build.together import alone; from livingpaper.build.project import Project\n"
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


KINDS = [
    "book/index.md", "book/references.bib", "book/own.sty", "book/images/a.svg", "_config.yml", "_toc.yml", "claims.toml",
    "protocol.toml", "paper.toml", "CITATION.cff", "CHANGELOG.md", "README.md", "references.bib", "logo.png",
    "_static/own.css", "_templates/own.html", "data/a.csv", "tables/a.xlsx", "results/simulated.csv", "results/marks.toml",
    "results/ledger.csv", "lib/own/module.py", "tests/test_own.py", "versions/v1.0.0/ledger.csv",
    "versions/v1.0.0/claims.toml", "requirements.txt", "figures/plan.pdf",
]  # fmt: skip
MADE = [
    "_build/x",
    ".idea/x",
    ".venv/lib/x.py",
    "env/lib/x.py",
    "notebooks/a.ipynb",
    "lib/own/__pycache__/a.pyc",
]


@pytest.mark.parametrize("name", KINDS)
def test_an_older_copy_of_anything_is_another_state(tmp_path: Path, name: str) -> None:
    """With its time of then, and as long as before: content alone counts, wherever a file lies."""
    made = Project(tmp_path)
    for each in (*KINDS, *MADE, "env/pyvenv.cfg"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).write_bytes(b"root: book/index\n" if each == "_toc.yml" else b"a = 1\n")
        os.utime(tmp_path / each, (9, 9))
    before, old = state(made), (tmp_path / name).read_bytes()
    for other in MADE:
        (tmp_path / other).write_bytes(b"b = 2\n")
    assert state(made) == before
    new = b"root: book/other\n" if name == "_toc.yml" else b"b = 2\n"
    (tmp_path / name).write_bytes(new)
    os.utime(tmp_path / name, (9, 9))
    assert state(made) != before
    (tmp_path / name).write_bytes(old)
    assert state(made) == before
    (tmp_path / name).unlink()
    assert name == "_toc.yml" or state(made) != before


@pytest.mark.whole
def test_a_table_that_lies_anywhere_is_an_input_of_the_chapter_that_reads_it(tmp_path: Path) -> None:
    places = {
        "book": "book/own.csv",
        "tables": "tables/own.csv",
        "root": "own.csv",
        "results": "results/own.csv",
    }
    read = {name: f'pd.read_csv("../{place}")["number"].sum()' for name, place in places.items()}
    records = [f'record({read[name]}, "{name}.n", origin="counts", scale="count")' for name in places]
    made = small_book(tmp_path, cohort=[PATIENTS[0], records], matching=[[]], outcomes=[[]])

    def said(name: str, number: int) -> dict[str, str]:
        table = made.root / places[name]
        table.parent.mkdir(exist_ok=True)
        table.write_text(f"number\n{number}\n")
        os.utime(table, (9, 9))
        run_chapters(made)
        return {id_.removesuffix(".n"): text for id_, text in read_ledger(made.ledger)["text"].items()}

    for place in places.values():
        (made.root / place).parent.mkdir(exist_ok=True)
        (made.root / place).write_text("number\n1\n")
    for name in places:
        assert said(name, 2) == {other: "2" if other == name else "1" for other in places}
        (made.root / places[name]).write_text("number\n1\n")


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


@pytest.mark.whole
def test_a_renamed_section_is_where_its_numbers_come_from(tmp_path: Path) -> None:
    """The label above a cell is prose, but the ledger names it: what is kept of the cell must not hide that."""
    made = small_book(tmp_path)
    assert run_chapters(made, exhibits=True)
    assert not run_chapters(made, exhibits=True)
    page = made.root / "book" / "matching.md"
    page.write_text(page.read_text().replace("(pairs)=", "(couples)="))
    assert run_chapters(made, exhibits=True)
    assert read_ledger(made.ledger).loc["matching.close.n", "code"] == "book/matching.md::couples"
