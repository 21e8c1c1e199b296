"""Every figure and table says what it shows, in a caption and in other words for those who cannot see it."""

from __future__ import annotations

import re

import pytest
from book.chapters import ROLE, chapters, words_of
from livingpaper.book.show import Figure, Table
from running import Paper

pytestmark = pytest.mark.gate
EXHIBITS = {name: found for chapter in chapters() for name, found in chapter.exhibits.items()}
LISTS = {  # tables that hold definitions and no result: their caption says what is listed
    "tbl-target", "tbl-eligibility", "tbl-terms",
    "tbl-dictionary-design", "tbl-dictionary-baseline", "tbl-dictionary-after",
}  # fmt: skip
SAYING = re.compile(  # a finding needs a finite verb; a new one is added here
    r"\b(is|are|was|were|has|have|do|does|can|cannot|could|would|changes?|differs?|follows?|settles?|gives?|leaves?|"
    r"leave|lies?|reach(es)?|bring|balances?|names?|steer|scatter|decides?|costs?|overstates?|finds?|share|overlap|"
    r"favours?|rests|wins?|looks?|tells?|concentrates|agree|runs|removes|cover|misses|shift|stands|allows?|"
    r"overlaps|go|went|ended|precede|lie|answers?|depends?|includes?|moves?|biases|spread|pass)\b"
)


@pytest.mark.parametrize("name", EXHIBITS)
def test_label_says_what_it_is_and_the_text_refers_to_it(name: str, paper: Paper) -> None:
    assert re.fullmatch(r"(fig|tbl)-[a-z0-9-]+", name)
    if EXHIBITS[name][0]:  # not written as a table in the text
        assert name.startswith("fig-") == isinstance(paper.shown[name], Figure)
    referred = {target for chapter in chapters() for role, target in chapter.roles if role == "numref"}
    assert name in referred, f"no {{numref}}`{name}` in any chapter"


def test_no_label_is_used_twice() -> None:
    names = [name for chapter in chapters() for name in chapter.exhibits]
    assert len(names) == len(set(names))


def test_every_reference_has_a_target() -> None:
    referred = {target for chapter in chapters() for role, target in chapter.roles if role == "numref"}
    assert referred - set(EXHIBITS) == set()


@pytest.mark.parametrize("name", EXHIBITS)
def test_caption_is_sentences_and_the_first_is_a_finding(name: str) -> None:
    caption = words_of(EXHIBITS[name][1])
    assert caption.endswith("."), caption
    assert caption[0].isupper()
    first = re.split(r"(?<=[.])\s", caption)[0]
    assert 4 <= len(first.split()) <= 30, first
    if name not in LISTS:
        assert SAYING.search(first), (
            f"the caption of {name} names a topic, it must state what is found: {first}"
        )


@pytest.mark.parametrize("name", [name for name in EXHIBITS if name.startswith("fig-")])
def test_alternative_text_tells_what_is_seen(name: str, paper: Paper) -> None:
    figure = paper.shown[name]
    assert isinstance(figure, Figure)
    caption = ROLE.sub("", EXHIBITS[name][1])
    seen = figure.alt.strip()
    assert 60 <= len(seen) <= 700, seen
    assert seen.endswith("."), seen
    assert not re.search(r"\b(nan|None|inf)\b|<[^>]+>|\{", seen), seen
    same = set(seen.lower().split()) & set(caption.lower().split())
    assert len(same) < 0.6 * len(set(seen.lower().split())), (
        "the alternative text must not repeat the caption"
    )


@pytest.mark.parametrize("name", [name for name in EXHIBITS if EXHIBITS[name][0] and name.startswith("tbl-")])
def test_tables_have_a_head_and_no_hole(name: str, paper: Paper) -> None:
    table = paper.shown[name]
    assert isinstance(table, Table)
    assert len(table.frame) > 0
    assert len(set(table.frame.columns)) == table.frame.shape[1]
    cells = table.frame.astype(str).stack()
    holes = cells[cells.str.fullmatch(r"\s*(nan|None|inf|-inf|NaT|<NA>)\s*")]
    assert holes.empty, holes
