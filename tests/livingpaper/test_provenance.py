"""The panel of a chapter names what made it, and changes with its inputs alone."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from livingpaper.book.numbers import printed, rows_html
from livingpaper.book.provenance import (
    Behind,
    behind,
    naming_tests,
    panel_html,
    running_tests,
    sources_of_numbers,
)
from livingpaper.book.reference import reference_myst
from livingpaper.build.cache import sha
from livingpaper.build.project import Project, content_of, digest, find_project
from livingpaper.build.reads import files_behind, files_read, keep_reads, note, public
from livingpaper.ledger.ledger import LEDGER_COLUMNS, entry, ledger_frame, read_ledger
from sphinx.search import WordCollector
from sphinx.search.en import SearchEnglish

CHAPTERS = sorted(
    path.stem
    for path in (find_project(Path(__file__).parent).root / "book").glob("*.md")
    if "{result}`" in path.read_text("utf-8") or "show(" in path.read_text("utf-8")
)
HEAD = "---\nkernelspec: {name: python3}\n---\n# A\n"
CHAPTER = (
    HEAD
    + """
Of {result}`a.x low` and {result}`a.x`, {result}`b.y`.

```{code-cell} ipython3
:tags: [hide-input]

import stats as st
from livingpaper import ledger, record, remember, show, take
from own.cohort import tables

pairs = take("earlier", "pairs")
record(remember(st.risks)(pairs, by=28), "a.{scale}", origin="counts")
```

```{code-cell} ipython3
show(tables.one(ledger), "tbl-one", "B.")
```

```{code-cell} ipython3
show(Sheet(pairs), "tbl-two", "B.")
```
"""
)


@pytest.fixture
def small(project: Project, tmp_path: Path) -> Project:
    """Return a paper of two chapters with code of its own."""
    shutil.copy(project.root / "paper.toml", tmp_path)
    for name, text in {
        "lib/stats/__init__.py": "from stats.risk import risks\n",
        "lib/stats/risk.py": "def risks(pairs, by): ...\n\n\ndef others(): ...\n",
        "lib/own/cohort/tables.py": "def one(ledger): ...\n",
        "tests/test_risk.py": "import stats as st\n\n\ndef test_a():\n    assert st.risks(1, 2) is None\n",
        "tests/test_tables.py": "from own.cohort import tables\n\n\ndef test_a():\n    tables.one(None)\n",
        "tests/test_none.py": "from stats.risk import others\n",
        "book/a.md": CHAPTER,
        "book/earlier.md": HEAD + "```{code-cell} ipython3\npairs = 1\n```\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Project(tmp_path)


def test_what_stands_behind_a_chapter_by_hand(small: Project) -> None:
    assert behind(small, "book/a") == Behind(
        functions=("own.cohort.tables.one", "stats.risk.risks"),
        shown={"tbl-one": "own.cohort.tables.one", "tbl-two": ""},
        chapters=("book/a", "book/earlier"),
    )
    assert behind(small, "book/earlier") == Behind((), {}, ("book/earlier",))


def test_the_tests_of_a_function_name_it_and_its_module_or_package(small: Project) -> None:
    tests = small.root / "tests"
    assert naming_tests("stats.risk.risks", tests) == ["tests/test_risk.py"]
    assert naming_tests("own.cohort.tables.one", tests) == ["tests/test_tables.py"]
    assert naming_tests("stats.risk.missing", tests) == ["tests/test_none.py"]


def test_what_computed_the_numbers_once_each_and_unknown_ones_left_out() -> None:
    rows = [entry("a.x", "counts", "risk", 0.2, code="book/b.md::risks")]
    ledger = ledger_frame(rows)[list(LEDGER_COLUMNS)].set_index("id", drop=False)
    assert sources_of_numbers(CHAPTER, ledger) == ["book/b.md::risks"]


def test_the_files_that_are_read_are_seen_whoever_opens_them(project: Project) -> None:
    with files_read() as outer:
        pd.read_csv(project.data / "published.csv")
        with files_read() as inner:
            project.claims.read_text("utf-8")
        digest([project.data], project.root)  # to know whether files changed is not to read them
        note([str(project.data / "real" / "stored.csv")])  # a stored result brings its files along
    (project.data / "evidence.csv").read_text("utf-8")
    assert public(project, outer) == ["data/published.csv", "data/real/stored.csv"]
    assert str(project.claims) in inner
    assert not any("evidence" in name for name in outer)


def test_a_hospitals_cohort_is_not_named(project: Project) -> None:
    mine = ["data/own.csv", "data/hospital/cohort.csv", "data/synthetic/cohort_null.csv", "/elsewhere/x.csv"]
    files = [str(project.root / name) for name in mine]
    assert public(project, files) == ["data/synthetic/cohort_null.csv"]


def test_the_data_of_a_chapter_are_those_of_the_chapters_it_takes_from(small: Project) -> None:
    assert files_behind(small, ["book/a"]) == []
    for chapter, names in {"a": ("x", "own/y"), "earlier": ("x", "w"), "other": ("v",)}.items():
        keep_reads(
            small, Path(f"{chapter}.md"), [str(small.root / "data" / "real" / f"{n}.csv") for n in names]
        )
    assert files_behind(small, behind(small, "book/a").chapters) == ["data/real/w.csv", "data/real/x.csv"]


def test_the_panel_names_inputs_functions_and_tests(project: Project, small: Project) -> None:
    (small.root / "results").mkdir()
    shutil.copy(project.ledger, small.ledger)
    panel = panel_html(small, "book/a")
    assert sha(content_of(small.root / "book" / "a.md"))[:12] in panel  # as the foot of each page gives it
    assert sha(content_of(small.ledger))[:12] in panel
    assert "<code>stats.risk.risks</code>; tested in <code>tests/test_risk.py</code>" in panel
    assert '<th scope="row">Takes from</th> <td><code>book/earlier</code></td>' in panel


def found_by_search(html: str) -> set[str]:
    """Return the words that Sphinx takes from HTML into its index: tags dropped, nothing put in their place."""
    collector = WordCollector(new_document(""), SearchEnglish({}))
    nodes.raw("", html, format="html").walk(collector)
    return set(collector.found_words)


def test_search_finds_every_word_of_every_cell(project: Project) -> None:
    reference = reference_myst(project, "headtohead", "hh")
    numbers = rows_html(project, printed(read_ledger(project.ledger)))
    for html in (panel_html(project, "book/outcomes"), numbers, reference):
        cells = BeautifulSoup(html, "html.parser").select("td, th, summary, pre")
        words = {word for cell in cells for word in SearchEnglish({}).split(cell.get_text(" "))}
        assert len(words) > 20
        assert words <= found_by_search(html)


@pytest.mark.parametrize("name", CHAPTERS)
def test_the_panel_has_no_clock_and_no_folder(project: Project, name: str) -> None:
    panel = panel_html(project, f"book/{name}")
    assert str(project.root) not in panel
    assert not re.search(r"\d\d:\d\d|20\d\d-\d\d-\d\d", panel)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_function_behind_a_chapter_is_tested(project: Project, name: str) -> None:
    found = behind(project, f"book/{name}")
    analysis = [
        function for function in found.functions if not re.search(r"\.\w*(tables|figures)\.", function)
    ]
    tests = project.root / "tests"
    untested = [function for function in analysis if not naming_tests(function, tests)]
    assert untested == [] or running_tests(f"book/{name}", tests), untested
    assert all(found.shown.values()) or "ledger" in (project.root / "book" / f"{name}.md").read_text("utf-8")
