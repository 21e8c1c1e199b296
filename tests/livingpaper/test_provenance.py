"""The panel of a chapter names what made it, and changes with its inputs alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from livingpaper.book import provenance
from livingpaper.book.provenance import behind_numbers, exhibits, panel_html
from livingpaper.build.project import Project, digest, find_project
from livingpaper.ledger.ledger import LEDGER_COLUMNS, entry, ledger_frame, read_ledger

CHAPTERS = sorted(
    path.stem
    for path in (find_project(Path(__file__).parent).root / "book").glob("*.md")
    if "{result}`" in path.read_text("utf-8") or "show(" in path.read_text("utf-8")
)
CHAPTER = """---
kernelspec: {name: python3}
---
# A
Of {result}`a.x low` and {result}`a.x`, {result}`b.y`.

```{code-cell} python
:tags: [remove-input]

from study.index import figures as drawn
from study.cohort.tables import table_one

show(drawn.key_figure(paper), "fig-key", "A.")
```

```{code-cell} python
show(table_one(paper), "tbl-one", "B.")
```
"""


def test_exhibits_by_hand() -> None:
    assert exhibits(CHAPTER).to_numpy().tolist() == [
        ["fig-key", "paper.figures.front.key_figure"],
        ["tbl-one", "paper.tables.cohort.table_one"],
    ]
    assert exhibits("# No cell").empty


def test_modules_behind_numbers_once_each_and_unknown_ones_left_out() -> None:
    rows = [entry("a.x", "counts", "risk", 0.2, code="outcomes/risk.py::newcombe")]
    ledger = ledger_frame(rows)[list(LEDGER_COLUMNS)].set_index("id", drop=False)
    assert behind_numbers(CHAPTER, ledger) == ["outcomes.risk"]


@pytest.mark.parametrize(
    "line", ["from headtohead.outcomes.risk import a", "from headtohead.outcomes import risk, cox"]
)
def test_tests_are_found_by_what_they_import(tmp_path: Path, line: str) -> None:
    tests = tmp_path / "tests"
    tests.mkdir()
    (tests / "test_a.py").write_text(f"{line}\n")
    (tests / "test_b.py").write_text("from headtohead.outcomes.risky import a\n")
    assert provenance.tests_of("outcomes.risk", tests) == ["tests/test_a.py"]


def test_every_function_behind_the_paper_exists(project: Project) -> None:
    """What the panel names as origin of a figure or table is a module of the library."""
    for path in sorted((project.root / "book").glob("*.md")):
        for function in exhibits(path.read_text("utf-8"))["function"]:
            module = project.root / "lib" / "headtohead" / Path(*function.split(".")[:-1])
            assert module.with_suffix(".py").is_file(), f"{path.name}: {function}"


def test_the_panel_names_inputs_functions_and_numbers(project: Project) -> None:
    panel = panel_html(project, "book/cohort")
    chapter = project.root / "book" / "cohort.md"
    assert digest([chapter], project.root)[:12] in panel
    assert digest([project.ledger], project.root)[:12] in panel
    assert all(label in panel for label in exhibits(chapter.read_text("utf-8"))["label"])
    modules = behind_numbers(chapter.read_text("utf-8"), read_ledger(project.ledger))
    assert modules
    assert all(module in panel for module in modules)


def test_the_panel_has_no_clock_no_folder_and_is_the_same_twice(project: Project) -> None:
    panel = panel_html(project, "book/cohort")
    assert panel == panel_html(project, "book/cohort")
    assert str(project.root) not in panel
    assert not re.search(r"\d\d:\d\d|20\d\d-\d\d-\d\d", panel)


def test_a_helper_beside_the_tests_counts_and_a_package_stands_for_its_modules(tmp_path: Path) -> None:
    tests = tmp_path / "tests"
    (tests / "paper").mkdir(parents=True)
    (tests / "paper" / "exhibits.py").write_text("from headtohead.paper import figures\n")
    (tests / "paper" / "test_all.py").write_text("from exhibits import makers\n")
    (tests / "test_other.py").write_text("from livingpaper.book.show import show\n")
    assert provenance.tests_of("paper.figures.front", tests) == ["tests/paper/test_all.py"]
    assert provenance.tests_of("paper.tables.front", tests) == []


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_exhibit_and_number_of_a_chapter_names_its_tests(project: Project, name: str) -> None:
    panel = panel_html(project, f"book/{name}")
    rows = re.findall(r"<tr><th>(.*?)</th><td>(.*?)</td></tr>", panel)
    made = [cell for head, cell in rows if head == "Numbers" or head.startswith("<a ")]
    assert made
    assert [cell for cell in made if "tested " not in cell and not cell.startswith("<code>data/")] == []
