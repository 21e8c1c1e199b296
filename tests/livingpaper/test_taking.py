"""Variables of another chapter: what its cells give, and nothing run that they do not need."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from livingpaper import frame, take
from livingpaper.build.project import Project
from livingpaper.chapters import session
from livingpaper.chapters.cells import ChapterError, chapter_files, read_cells
from small_book import OUTCOME, PAIRS, PATIENTS, PEOPLE, small_book

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    project = small_book(tmp_path)
    monkeypatch.chdir(tmp_path / "book")
    session.start(project, strict=False)
    yield project
    session._current.clear()


def whole(project: Project, name: str) -> dict:
    """Run all cells of a chapter but those that show."""
    namespace: dict = {}
    for cell in read_cells(chapter_files(project)[name], project.root):
        if "show(" not in cell.source:
            exec(cell.source, namespace)
    return namespace


def test_take_gives_what_the_whole_chapter_gives(book: Project) -> None:
    close = take("matching", "close")
    assert list(close["age"]) == [41, 42, 61]  # 40, 41, 42 and 60, 61: those within 2 years of the one before
    pd.testing.assert_frame_equal(close, whole(book, "matching")["close"])
    adults, caliper = take("matching", "adults", "caliper")
    assert (len(adults), caliper) == (5, 2)


def test_nothing_is_recorded_by_cells_of_other_chapters() -> None:
    take("outcomes", "risks")
    assert not session.current().rows


def test_what_is_given_replaces_the_statements_that_bind_it_all_along_the_chain(book: Project) -> None:
    (book.data / "people.csv").unlink()
    twins = pd.DataFrame({"age": [50, 50], "arm": ["A", "B"], "died": [1, 0]})
    risks = take("outcomes", "risks", everyone=twins)
    assert risks.to_dict("list") == {"arm": ["B"], "estimate": [0.0]}
    assert take("cohort", "everyone", everyone=twins) is not None
    with pytest.raises(ChapterError, match="book/cohort.md, cell 1: FileNotFoundError"):
        take("outcomes", "risks")
    with pytest.raises(ChapterError, match=r"must rest on what is given, they do not on \['evryone'\]"):
        take("outcomes", "risks", evryone=twins)


def test_a_preset_of_another_chapter_does_not_hide_what_is_bound_beside_it(tmp_path: Path) -> None:
    small_book(tmp_path, cohort=[["everyone, adults = 1, 2", "both = everyone + adults"]])
    assert take("cohort", "both", everyone=10) == 12


def test_results_are_kept_until_a_cell_the_data_or_a_choice_changes(tmp_path: Path, book: Project) -> None:
    adults = [
        "caliper = config().plan().matching.caliper_sd",
        "adults = everyone[everyone.age >= (Path(f'../run-{time.time_ns()}').touch() or 18 + caliper)]",
    ]
    imports = ["import time", "from pathlib import Path", "from livingpaper.config import config"]
    small_book(tmp_path, cohort=[[*PATIENTS[0], *imports], adults])

    def runs() -> int:
        return len(list(tmp_path.glob("run-*")))

    take("cohort", "adults")
    take("cohort", "adults")
    take("matching", "close")
    assert runs() == 1
    small_book(
        tmp_path,
        cohort=[
            ["# a comment", *PATIENTS[0], *imports],
            adults,
            ["unrelated = 1"],
        ],
    )
    take("cohort", "adults")
    assert runs() == 1
    choices = book.protocol.read_text()
    for path, text in (
        (book.protocol, f"{choices}ratio = 2\n"),  # not read
        (book.protocol, choices.replace("0.2", "0.25")),
        (book.protocol, choices),
        (book.data / "people.csv", f"{PEOPLE}\n"),
    ):
        path.write_text(text)
        take("cohort", "adults")
    assert runs() == 3
    kept = [path for path in book.steps.glob("take-*.pickle") if "-reads-" not in path.name]
    assert len(kept) == 4


def test_errors_name_chapter_and_cell(tmp_path: Path) -> None:
    small_book(tmp_path, matching=[PAIRS[0], ["close = adults.no_such_column"]])
    with pytest.raises(
        ChapterError, match=r"^book/matching.md, cell 2 \(pairs\): AttributeError: .*no_such_column'$"
    ):
        take("outcomes", "risks")
    small_book(tmp_path, matching=[["from livingpaper import ledger"], ["close = ledger.select('a.{x}')"]])
    with pytest.raises(
        ChapterError, match="LedgerError: the ledger can be read when all chapters have recorded theirs"
    ):
        take("matching", "close")
    small_book(tmp_path, matching=[["close = (lambda: 1)"]])
    with pytest.raises(
        ValueError, match="take-matching must give what pickle can keep, it does not: .*; give data"
    ):
        take("matching", "close")


def test_a_frame_keeps_its_origin_when_it_is_taken(tmp_path: Path) -> None:
    made = "curve = frame(pd.DataFrame({'day': [1]}), 'cohort.curve', origin='counts')"
    small_book(tmp_path, cohort=[["import pandas as pd", "from livingpaper import frame", made]])
    for _ in range(2):
        assert take("cohort", "curve").attrs["origin"] == "counts"
    assert not session.current().frames
    frame(pd.DataFrame({"day": [1]}), "cohort.curve", origin="counts")


def test_the_chapters_of_the_helper_are_as_the_tests_suppose() -> None:
    assert "close = adults" in PAIRS[1][1]
    assert 'take("matching", "close")' in OUTCOME[0][1]
