"""What a statement reads and binds, and which statements make a variable."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livingpaper.chapters.cells import Cell, ChapterError, chapter_files, read_cells, statements
from livingpaper.chapters.executing import split_deferred
from livingpaper.chapters.taking import backward, make_chain
from small_book import small_book


def parts(source: str):
    return statements(Cell("book/x.md", 1, "here", source))


@pytest.mark.parametrize(
    ("source", "binds", "reads"),
    [
        ("a = b + 1", {"a"}, {"b"}),
        ("a += 1", {"a"}, {"a"}),
        ("a['x'] = b", {"a"}, {"a", "b"}),
        ("a.b.c = d", {"a"}, {"a", "d"}),
        ("a.append(b)", {"a"}, {"a", "b"}),
        ("a, *b = c", {"a", "b"}, {"c"}),
        ("import numpy as np", {"np"}, set()),
        ("import a.b", {"a"}, set()),
        ("a = [x * k for x in b if x]", {"a"}, {"b", "k"}),
        ("a = (lambda x: x + k)(b)", {"a"}, {"b", "k"}),
        ("for i in b:\n    a = i", {"a", "i"}, {"b", "i"}),
        ("a = {n: f(v, k=n) for n, v in b.items()}", {"a"}, {"f", "b"}),
        ("print(a := b)", {"a"}, {"print", "b"}),
        ("show(a)", set(), {"show", "a"}),
    ],
)
def test_names(source: str, binds: set[str], reads: set[str]) -> None:
    (part,) = parts(source)
    assert (part.binds, part.reads) == (binds, reads)


def test_slice_keeps_what_is_needed_in_order() -> None:
    found = parts(
        "import m\na = m.f()\nb = a + 1\nc = 3\na = 5\nd = a\nd.sort()\nm.log(a)\nrecord(d)\nshow(d)"
    )
    kept, unbound = backward(found, ["d"])
    assert [part.source for part in kept] == ["a = 5", "d = a", "d.sort()"]
    assert not unbound
    assert [part.source for part in backward(found, ["b"])[0]] == ["import m", "a = m.f()", "b = a + 1"]
    assert [part.source for part in backward(found, ["b"], frozenset({"a"}))[0]] == ["b = a + 1"]
    assert backward(found, ["nowhere"])[1] == {"nowhere"}


def test_what_may_not_bind_does_not_end_the_search() -> None:
    found = parts("a = 1\nif b:\n    a = 2\nc = a")
    assert len(backward(found, ["c"])[0]) == 3


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.integers(0, 9)),
        min_size=1,
        max_size=12,
    )
)
def test_a_slice_gives_what_the_whole_gives(steps: list[tuple[str, str, int]]) -> None:
    """Run whole and sliced: each variable has the same value."""
    source = "a = b = c = d = 1\n" + "\n".join(
        f"{left} = {left} * 2 + {right} + {n}" for left, right, n in steps
    )
    whole: dict = {}
    exec(source, whole)
    for name in "abcd":
        sliced: dict = {}
        kept, unbound = backward(parts(source), [name])
        for part in kept:
            part.run(sliced)
        assert not unbound
        assert sliced[name] == whole[name]


def test_chapters_cells_and_labels(tmp_path: Path) -> None:
    project = small_book(tmp_path)
    assert list(chapter_files(project)) == ["cohort", "matching", "outcomes"]
    cells = read_cells(chapter_files(project)["outcomes"], project.root)
    assert [str(cell) for cell in cells] == [
        "book/outcomes.md, cell 1",
        "book/outcomes.md, cell 2 (death)",
        "book/outcomes.md, cell 3 (death)",
    ]
    assert cells[0].code == "book/outcomes.md"
    assert cells[1].code == "book/outcomes.md::death"
    assert cells[0].source.startswith("from livingpaper")


def test_yaml_options_of_a_cell_are_no_code(tmp_path: Path) -> None:
    path = tmp_path / "x.md"
    path.write_text("```{code-cell}\n---\ntags: [a]\n---\na = 1\n```\n")
    assert read_cells(path, tmp_path)[0].source == "a = 1"


def test_a_chain_goes_through_the_chapters(tmp_path: Path) -> None:
    chain = make_chain(small_book(tmp_path), "outcomes", ["risks"])
    assert [part.source for part in chain.behind][-2:] == [
        "everyone = pd.read_csv('../data/people.csv')",
        "adults = everyone[everyone.age >= 18]",
    ]
    assert not any("unused" in part.source for part in chain.own + chain.behind)


def test_faults_of_a_chain(tmp_path: Path) -> None:
    with pytest.raises(ChapterError, match=r"must be one of \['cohort', 'matching', 'outcomes'\], found 'x'"):
        make_chain(small_book(tmp_path), "x", ["a"])
    with pytest.raises(ChapterError, match=r"a cell of book/cohort.md must bind \['a'\], none does"):
        make_chain(small_book(tmp_path), "cohort", ["a"])
    book = small_book(tmp_path, cohort=[["b = 1"], ["a = c"]])
    with pytest.raises(
        ChapterError, match=r"must bind \['c'\], which book/cohort.md, cell 2 \(people\) reads"
    ):
        make_chain(book, "cohort", ["a"])
    book = small_book(tmp_path, cohort=[["take = name = print"], ["a = take(name, 'b')"]])
    with pytest.raises(ChapterError, match="must name a chapter and its variables in the text"):
        make_chain(book, "cohort", ["a"])


def test_chapters_may_not_rest_on_each_other(tmp_path: Path) -> None:
    take = "from livingpaper import take"
    book = small_book(
        tmp_path,
        cohort=[[take], ["a = take('matching', 'b')"]],
        matching=[[take], ["b = take('cohort', 'a')"]],
    )
    with pytest.raises(ChapterError, match="in a circle, found cohort -> matching -> cohort"):
        make_chain(book, "cohort", ["a"])


def test_what_rests_on_the_ledger_waits() -> None:
    found = parts(
        "from livingpaper import ledger, show\na = 1\nrows = ledger.select('x')\nb = a\nc = f(rows)\nshow(c)\nrows = 2\nd = rows"
    )
    assert split_deferred(found) == [False, False, True, False, True, True, False, False]


def test_a_recorded_number_may_not_rest_on_the_ledger() -> None:
    with pytest.raises(
        ChapterError,
        match=r"book/x.md, cell 1 \(here\): a number that is recorded must rest on data, it rests on \['rows'\]",
    ):
        split_deferred(parts("rows = ledger.select('x')\nrecord(rows, 'y')"))


def test_a_cell_that_is_no_python() -> None:
    with pytest.raises(ChapterError, match=r"book/x.md, cell 1 \(here\): SyntaxError: .* \(line 2\)"):
        parts("a = 1\nb = = 2")


def test_a_page_whose_head_only_names_the_word_does_not_run(tmp_path: Path) -> None:
    project = small_book(tmp_path)
    path = chapter_files(project)["cohort"]
    path.write_text(
        "---\ntitle: On the kernelspec of a notebook\n---\n" + path.read_text().partition("\n---\n")[2]
    )
    assert list(chapter_files(project)) == ["matching", "outcomes"]
