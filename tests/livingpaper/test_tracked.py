"""After any change of a choice the ledger is the one from nothing, and only chapters that read the choice run."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from livingpaper.build.project import Project
from livingpaper.chapters.cells import ChapterError
from livingpaper.chapters.run import run_chapters
from livingpaper.chapters.tracked import choices_read
from livingpaper.ledger.ledger import read_ledger
from small_book import small_book

LOADER = '''"""Choices as an object of sections, a step that reads one, and one that keeps a section."""
import tomllib
from types import SimpleNamespace

from livingpaper.config import config
from pydantic import BaseModel


class Matching(BaseModel, frozen=True):
    caliper: float
    ratio: int
    names: tuple[str, ...]

    @property
    def wide(self):
        return self.caliper * 2

    def narrow(self):
        return self.caliper / 2


class Study(BaseModel):
    blinded: bool
    draft: bool = False


class Plan(BaseModel, frozen=True, extra="allow"):
    study: Study
    matching: Matching
    seed: int
    replicates: int

    def few(self):
        return self.model_copy(update={"replicates": 1})


def load(path):
    return Plan(**tomllib.loads(path.read_text("utf-8")))


def step(plan):
    return plan.matching.caliper + plan.few().replicates


def section(plan):
    return SimpleNamespace(kept=plan.matching)
'''
PROTOCOL = """seed = 1
replicates = 10

[study]
blinded = false

[matching]
caliper = 0.2
ratio = 1
names = ["a", "b"]
"""
RAN = "import time, pathlib; ran = pathlib.Path(f'../ran-{pathlib.Path.cwd().parent.name}-NAME-{time.time_ns()}').touch()"
IMPORTS = ["from livingpaper import record, remember, take", "import choosing"]


def cell(name: str, *lines: str) -> list[list[str]]:
    record = f'record(float(value), "{name}.n", origin="synthetic", scale="value")'
    return [[RAN.replace("NAME", name), *IMPORTS, *lines, record]]


TAKEN = 'plan = take("plans", "plan")'
CHAPTERS = {  # name: its cells, and the choices that its number rests on
    "scalar": (cell("scalar", TAKEN, "value = plan.matching.caliper"), {"caliper"}),
    "listed": (cell("listed", TAKEN, "value = len(plan.matching.names)"), {"names"}),
    "computed": (cell("computed", TAKEN, "value = plan.matching.wide + plan.matching.narrow()"), {"caliper"}),
    "copied": (cell("copied", TAKEN, "value = plan.few().replicates + plan.few().seed"), {"seed"}),
    "stepped": (cell("stepped", TAKEN, "value = remember(choosing.step)(plan)"), {"caliper"}),
    "held": (
        cell("held", TAKEN, "value = remember(choosing.section)(plan).kept.ratio"),
        {"caliper", "ratio", "names"},
    ),
    "taken": (cell("taken", 'other = take("scalar", "value")', "value = other + 1"), {"caliper"}),
    "absent": (cell("absent", TAKEN, "value = getattr(plan, 'later', 5)"), {"later"}),
    "dumped": (
        cell("dumped", TAKEN, "value = len(str(plan.model_dump()))"),
        {"caliper", "ratio", "names", "seed", "replicates", "later"},
    ),
    "opened": (
        cell("opened", "value = len(pathlib.Path('../protocol.toml').read_text())"),
        {"caliper", "ratio", "names", "seed", "replicates", "later", "comment"},
    ),
    "none": (cell("none", "value = 3"), set()),
}
CHANGES = {
    "caliper": PROTOCOL.replace("0.2", "0.35"),
    "ratio": PROTOCOL.replace("ratio = 1", "ratio = 12"),
    "names": PROTOCOL.replace(', "b"', ""),
    "seed": PROTOCOL.replace("seed = 1", "seed = 22"),
    "replicates": PROTOCOL.replace("= 10", "= 111"),
    "later": f"later = 7\n{PROTOCOL}",
    "comment": f"{PROTOCOL}# a word\n",
}


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return a book with a chapter for each way to read a choice; its ledger is made."""
    from livingpaper.build.cache import home_of

    plans = [["import choosing", "from livingpaper.config import config", "plan = config().plan()"]]
    project = small_book(tmp_path, plans=plans, **{name: cells for name, (cells, _) in CHAPTERS.items()})
    (tmp_path / "choosing.py").write_text(LOADER)
    os.utime(tmp_path / "choosing.py", (1, 1))
    settings = (
        (tmp_path / "paper.toml").read_text().replace("[choices]\n", "[choices]\nload = 'choosing:load'\n")
    )
    (tmp_path / "paper.toml").write_text(settings)
    project.protocol.write_text(PROTOCOL)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    home_of.cache_clear()
    yield project
    home_of.cache_clear()
    sys.modules.pop("choosing", None)


def made(project: Project) -> tuple[dict[str, float], set[str]]:
    """Return the numbers after a run, and which chapters ran for it."""
    run_chapters(project)
    paths = list(project.root.glob("ran-*"))
    for path in paths:
        path.unlink()
    return read_ledger(project.ledger)["estimate"].to_dict(), {path.name.split("-")[-2] for path in paths}


def by_hand(text: str) -> dict[str, float]:
    """Return what the chapters record under these choices."""
    choices = tomllib.loads(text)
    caliper, ratio, names = choices["matching"].values()
    return {
        "scalar.n": caliper, "listed.n": len(names), "computed.n": caliper * 2 + caliper / 2,
        "copied.n": 1 + choices["seed"], "stepped.n": caliper + 1, "held.n": ratio, "taken.n": caliper + 1,
        "absent.n": choices.get("later", 5), "opened.n": len(text), "none.n": 3,
    }  # fmt: skip


@pytest.mark.whole
def test_after_each_change_the_ledger_is_right_and_no_chapter_ran_in_vain(book: Project) -> None:
    numbers, ran = made(book)
    assert ran == set(CHAPTERS)
    assert {id_: numbers[id_] for id_ in by_hand(PROTOCOL)} == pytest.approx(by_hand(PROTOCOL))
    for choice, text in CHANGES.items():
        book.protocol.write_text(text)
        numbers, ran = made(book)
        assert {id_: numbers[id_] for id_ in by_hand(text)} == pytest.approx(by_hand(text)), choice
        assert ran == {name for name, (_, reads) in CHAPTERS.items() if choice in reads}, choice
    book.protocol.write_text(PROTOCOL)
    assert made(book)[1] == set()


@pytest.mark.whole
def test_what_the_paper_says_is_an_input_and_impossible_choices_stop_in_the_cell_that_reads_them(
    book: Project,
) -> None:
    made(book)
    settings = book.root / "paper.toml"
    settings.write_text(settings.read_text() + "\n# scales may have changed\n")
    assert made(book)[1] == set(CHAPTERS)
    book.protocol.write_text(PROTOCOL.replace("0.2", "'wide'"))
    with pytest.raises(ChapterError, match=r"^book/\w+.md, cell \d.*: ValidationError"):
        made(book)


def test_the_file_counts_under_each_of_its_names(book: Project) -> None:
    (book.root / "link.toml").symlink_to(book.protocol)
    name = f"{book.protocol}\0plan.seed"
    assert choices_read(book, [name, str(book.root / "data" / "people.csv")]) == {"plan.seed"}
    assert choices_read(book, [str(book.root / "link.toml"), name]) == {"plan.seed", "file"}
