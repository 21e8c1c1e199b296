"""All chapters of a small book run for real: processes, ledger, executed notebooks, and every way to fail."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import chdir, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import jupytext
import pytest
from jupyter_cache import get_cache
from livingpaper.book.show import MIME
from livingpaper.build.project import Project
from livingpaper.build.state import inputs_digest
from livingpaper.chapters import run, session
from livingpaper.chapters.cells import ChapterError, check_literals
from livingpaper.chapters.executing import ChapterRun
from livingpaper.chapters.run import main, run_chapters
from livingpaper.ledger.ledger import read_ledger
from small_book import OUTCOME, PAIRS, PATIENTS, PEOPLE, small_book

pytestmark = pytest.mark.whole

RAN = "import time, pathlib; ran = pathlib.Path(f'../ran-{time.time_ns()}').touch()"


def executed(project: Project, name: str) -> list:
    """Return the code cells of a chapter as Sphinx will find them."""
    store = get_cache(str(project.build / ".jupyter_cache" / inputs_digest(project)))
    _, notebook = store.merge_match_into_notebook(jupytext.read(project.root / "book" / f"{name}.md"))
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


SHOWS_LATER = [  # what a later chapter records, and the variables as they were
    ["from livingpaper import Sheet, ledger, show", "word = 'early'"],
    ["late = ledger.select('outcomes.death.{drug}.risk')", "table = late.assign(word=word)[['drug', 'text', 'word']]"],
    ["show(Sheet(table, sources=(late,)), 'tbl-late', 'Later.')"],
    ["word = 'late'"],
]  # fmt: skip


def test_the_chapters_make_the_ledger_and_show(tmp_path: Path) -> None:
    values = [["import livingpaper, pandas as pd"], ["pd.DataFrame({'a': [1]})"], ["1 + 1"], ["None"]]
    plain = [["print('Hello')"], ["%matplotlib inline"]]  # does not use the package: left to Sphinx
    book = small_book(tmp_path, cohort=[*PATIENTS, *SHOWS_LATER], values=values, plain=plain)
    assert run_chapters(book, exhibits=True)
    ledger = read_ledger(book.ledger)
    assert ledger["text"].to_dict() == {
        "cohort.adults.n": "5",
        "matching.close.n": "3",
        "outcomes.death.a.risk": "0.0%",  # 42 years: survived
        "outcomes.death.a_plus.risk": "50.0%",  # 41 survived, 61 died
    }
    assert ledger["code"].to_dict()["outcomes.death.a.risk"] == "book/outcomes.md::death"
    cells = executed(book, "outcomes")
    assert [len(cell.outputs) for cell in cells] == [0, 0, 1]
    table = cells[2].outputs[0].data[MIME]["myst"]
    assert "| a | 0.0% |" in table
    assert ":class: origin-synthetic" in table
    assert "Trial" not in table
    assert "| a | 0.0% | early |" in executed(book, "cohort")[4].outputs[0].data[MIME]["myst"]
    frame, number, nothing = executed(book, "values")[1:]
    assert "<table" in frame.outputs[0].data["text/html"]
    assert number.outputs[0].data == {"text/plain": "2"}
    assert not nothing.outputs
    with pytest.raises(KeyError):
        executed(book, "plain")
    assert not run_chapters(book, exhibits=True)


def test_a_chapter_runs_again_only_if_what_it_rests_on_changed(tmp_path: Path) -> None:
    cells = {"cohort": [[RAN], *PATIENTS], "matching": [[RAN], *PAIRS], "outcomes": [[RAN], *OUTCOME]}

    def ran() -> int:
        run_chapters(small_book(tmp_path, **cells))
        made = list(tmp_path.glob("ran-*"))
        for path in made:
            path.unlink()
        return len(made)

    assert ran() == 3
    assert ran() == 0
    cells["matching"] = [*cells["matching"], ["unused = 3"]]
    assert ran() == 1  # the outcomes take nothing that this statement makes
    cells["matching"][2] = ["caliper = 1", PAIRS[1][1]]
    assert ran() == 2
    assert read_ledger(tmp_path / "results" / "ledger.csv").loc["outcomes.death.a_plus.risk", "n"] != 3


def test_a_cohort_that_is_kept_elsewhere_is_an_input(tmp_path: Path) -> None:
    own = [[line.replace("data/people", "own") for line in PATIENTS[0]], PATIENTS[1]]
    project = small_book(tmp_path, cohort=own)
    project.protocol.write_text(f"[study]\nblinded = false\ncohort = 'own.csv'\nwhy = \"{'word ' * 99}\"\n")
    seen = []
    for people in (PEOPLE, PEOPLE.replace("17,", "18,")):
        (tmp_path / "own.csv").write_text(people)
        run_chapters(project)
        text = read_ledger(project.ledger).at["cohort.adults.n", "text"]
        project.ledger.unlink()  # so that it is not what tells the exhibits apart
        seen.append((text, inputs_digest(project)))
    assert [text for text, _ in seen] == ["5", "6"]
    assert seen[0][1] != seen[1][1]


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (["raise KeyError('no')"], r"^book/outcomes.md, cell 3 \(death\): KeyError: 'no'$"),
        (["import sys", "sys.exit('bye')"], r"^book/outcomes.md, cell 3 \(death\): SystemExit: bye$"),
        (["import warnings", "warnings.warn('odd')"], r"^book/outcomes.md, cell 3 \(death\): UserWarning: odd$"),
        (["print(1)"], r"^book/outcomes.md, cell 3 \(death\): a cell must print nothing, it printed '1'; show"),
        (["a = = 1"], r"^book/outcomes.md, cell 3 \(death\): SyntaxError: invalid syntax \(line 1\)$"),
        (["record(1, 'outcomes.a.n', origin='counts', scale='count')"] * 2,
         r"^book/outcomes.md, cell 3 \(death\): LedgerError: each id stands for one number, 'outcomes.a.n' of .* already"),
        (["rows = ledger.select('cohort.{x}.n')", "record(rows, 'outcomes.{x}.n', origin='counts')"],
         r"^book/outcomes.md, cell 3 \(death\): a number that is recorded must rest on data, it rests on \['rows'\]"),
        (["close = take('matching', 'clse')"], r"^take: a cell of book/matching.md must bind \['clse'\], none does$"),
        (["show(1)", "a = 1"], r"^book/outcomes.md, cell 3 \(death\): show must stand alone as the last"),
        (["for x in 'ab':", "    show(x)"], r"^book/outcomes.md, cell 3 \(death\): show must stand alone as the last"),
    ],
)  # fmt: skip
def test_what_fails_is_said_in_one_line(tmp_path: Path, cell: list[str], says: str) -> None:
    project = small_book(tmp_path, outcomes=[*OUTCOME[:2], cell])
    with pytest.raises(ChapterError, match=says), here():
        ChapterRun(project, project.root / "book" / "outcomes.md").record()


@contextmanager
def here() -> Iterator[None]:
    """Run a chapter in this process, and leave no trace."""
    with chdir(Path.cwd()):
        yield
    session._current.clear()


def test_after_an_error_the_ledger_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    again = "record(1, 'cohort.adults.n', origin='counts', scale='count')"
    project = small_book(tmp_path, outcomes=[*OUTCOME[:2], [again]])
    project.ledger.write_text("the last one")
    with pytest.raises(ChapterError, match=(
        r"^each id stands for one number, 'cohort.adults.n' is recorded by book/cohort.md::people and by "
        r"book/outcomes.md::death; rename one$"
    )):  # fmt: skip
        run_chapters(project)
    small_book(tmp_path, outcomes=[*OUTCOME[:2], ["import os", "os.write(2, b'Fatal\\n') and os._exit(3)"]])
    with pytest.raises(ChapterError, match="^book/outcomes.md: its process ended with status 3"):
        run_chapters(project)
    small_book(tmp_path, outcomes=[*OUTCOME[:2], ["f(caliper_sd=0.1)"]])
    assert main([str(project.root)]) == 1
    assert capsys.readouterr().err == (
        "stop: book/outcomes.md, cell 3 (death): caliper_sd is a choice of protocol.toml, it is typed as 0.1; "
        "write plan.matching.caliper_sd, and change it there\n"
    )
    assert project.ledger.read_text() == "the last one"


def test_what_a_program_prints_hides_no_change(tmp_path: Path) -> None:
    project = small_book(tmp_path, outcomes=[*OUTCOME[:2], ["import os", "done = os.system('printf hello')"]])
    assert run_chapters(project)


def test_a_failed_exhibit_is_said_in_one_line(tmp_path: Path) -> None:
    project = small_book(
        tmp_path, outcomes=[*OUTCOME[:2], ["show(Sheet(ledger.select('a.{x}')), 'tbl-x', 'X.')"]]
    )
    with here():
        run = ChapterRun(project, project.root / "book" / "outcomes.md")
        run.record()
        with pytest.raises(
            ChapterError, match=r"^book/outcomes.md, cell 3 \(death\): LedgerError: a pattern must fit"
        ):
            run.show()


def test_choices_may_not_change_while_chapters_run(tmp_path: Path) -> None:
    changing = ["import pathlib", "pathlib.Path('../protocol.toml').open('a').write('# changed')"]
    project = small_book(tmp_path, outcomes=[*OUTCOME[:2], changing])
    with pytest.raises(
        ChapterError, match="must stay the same while the chapters run, they changed; run it again"
    ):
        run_chapters(project)
    assert not project.ledger.exists()


def is_held(lock: Path) -> bool:
    with lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def until(is_so: Callable[[], bool]) -> bool:
    """Return whether something comes about within 20 seconds."""
    for _ in range(400):
        if is_so():
            return True
        time.sleep(0.05)
    return False


def test_no_chapter_outlives_who_runs_it(tmp_path: Path) -> None:
    """Neither one that works nor one that has recorded and waits until it may show."""
    hold = [
        "import fcntl, os, time",
        "held = os.open(f'../{name}.lock', os.O_CREAT | os.O_RDWR)",
        "fcntl.flock(held, fcntl.LOCK_EX)",
    ]
    first, second = (["name = 'cohort'", *hold], ["name = 'outcomes'", *hold, "time.sleep(60)"])
    project = small_book(tmp_path, cohort=[*PATIENTS, first], outcomes=[*OUTCOME[:2], second])
    locks = [tmp_path / f"{name}.lock" for name in ("cohort", "outcomes")]
    run = [sys.executable, "-m", "livingpaper.chapters.run", str(project.root)]
    with subprocess.Popen(run) as process:
        assert until(lambda: all(lock.is_file() and is_held(lock) for lock in locks))
        process.kill()
    assert until(lambda: not any(map(is_held, locks)))


def test_literals_are_refused_and_names_are_not(tmp_path: Path) -> None:
    def check(cell: str) -> None:
        check_literals(small_book(tmp_path, outcomes=[["import livingpaper"], [cell]]))

    check("f(caliper_sd=plan.caliper_sd, other=1); take('a', 'b', caliper_sd=1); f(caliper_sd=None)")
    for typed in ("0.1", "-0.1", "[0.1, 0.2]", "'all'"):
        with pytest.raises(ChapterError, match="caliper_sd is a choice of protocol.toml, it is typed as"):
            check(f"a = [g(f(caliper_sd={typed}))]")


CHART = [
    "import altair as alt",
    "from livingpaper import Drawing",
    "chart = alt.Chart(ledger.select('cohort.adults.n')[['n']]).mark_point().encode(x='n:Q')",
]
DRAWS = [*OUTCOME[:2], CHART, ["show(Drawing(chart, 'A point.', sources=()), 'fig-point', 'A point.')"]]


@pytest.mark.parametrize("cores", [None, 1])
def test_charts_are_drawn_with_however_many_cores(cores: int | None, tmp_path: Path) -> None:
    book = small_book(tmp_path, outcomes=DRAWS)
    one = tmp_path / "run.py"
    one.write_text(
        f"import os, sys\nos.cpu_count = lambda: {cores}\nfrom livingpaper.chapters.run import main\n"
        f"sys.exit(main([{str(book.root)!r}, '--exhibits']))\n"
    )
    subprocess.run([sys.executable, one], check=True, capture_output=True)
    assert "<svg" in executed(book, "outcomes")[3].outputs[0].data[MIME]["svg"]


def test_a_process_that_dies_while_chapters_show_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = ["import os", "ledger.select('cohort.adults.n').pipe(lambda _: os._exit(4))"]
    project = small_book(tmp_path, outcomes=[*OUTCOME[:2], late])
    assert main([str(project.root), "--exhibits"]) == 1
    assert capsys.readouterr().err == (
        "stop: book/outcomes.md: its process ended with status 4; is memory short?\n"
    )

    def dies(pipe: Connection) -> None:
        pipe.recv()
        os._exit(4)

    monkeypatch.setattr(run, "paint_for_others", dies)
    small_book(tmp_path, outcomes=DRAWS)
    assert main([str(project.root), "--exhibits"]) == 1
    assert capsys.readouterr().err == (
        "stop: book/outcomes.md, cell 4 (death): RuntimeError: the process that draws charts must live while "
        "chapters show, it ended; is memory short?\n"
    )
    assert not multiprocessing.active_children()


@pytest.mark.parametrize("size", [8_000, 30_000], ids=["as its database is made", "as a chapter is written"])
def test_after_a_full_disk_what_cells_show_is_whole(size: int, tmp_path: Path) -> None:
    """Where a file may grow no further, its writing ends like on a full disk: a part stays behind."""
    book = small_book(tmp_path, outcomes=[*OUTCOME[:2], ["'word' * 20_000"]])
    one = tmp_path / "run.py"
    one.write_text(
        f"import resource, sys\nfrom livingpaper.chapters.run import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        f"sys.exit(main([{str(book.root)!r}, '--exhibits']))\n"
    )
    full = subprocess.run([sys.executable, "-B", one], capture_output=True, text=True, check=False)
    assert (full.returncode, full.stdout) == (1, "")
    assert re.fullmatch(
        r"stop: .*(disk I/O error; make room, or delete that folder|File too large)\n", full.stderr
    )
    run_chapters(book, exhibits=True)
    assert "wordword" in executed(book, "outcomes")[2].outputs[0].data["text/plain"]
