"""The paper is short: words, figures and tables of the main text, and words and numbers of its abstract."""

from __future__ import annotations

import re

import pytest
from book.chapters import ROLE, ROOT, Chapter, chapter
from livingpaper.build.project import Project, pages

pytestmark = pytest.mark.gate
LIMITS = {
    "words": 5000,
    "figures": 8,
    "tables": 6,
    "words of the abstract": 300,
    "numbers of the abstract": 12,
}
WORD = re.compile(r"[^\W\d_][\w'’-]*|0")


def main_text() -> list[Chapter]:
    """Return the front page and the chapters of the first part."""
    return [chapter(name.removeprefix("book/")) for name in pages(Project(ROOT), parts=1)]


def words_in(text: str) -> int:
    """Return how many words a reader counts; a number is one, a citation and the label of a reference are none."""
    text = re.sub(r"\{(cite|stamp)\}`[^`]*`|\]\([^)]*\)", " ", text)
    return len(WORD.findall(ROLE.sub(" 0 ", text)))


def words_of(found: Chapter) -> int:
    """Return the words of prose and captions; the cells of tables are counted as tables."""
    prose = re.sub(r"^\|.*$", "", found.prose, flags=re.M)
    return words_in("\n".join([prose, *(text for source, text in found.exhibits.values() if source)]))


def abstract_of(front: Chapter) -> str:
    return re.search(r"^:::\{div\} abstract\n(.*?)^:::$", front.text, flags=re.M | re.S)[1]


def faults(found: list[Chapter]) -> list[str]:
    """Return each limit that the main text, the front page first, exceeds."""
    labels, abstract = [name for each in found for name in each.exhibits], abstract_of(found[0])
    count = {
        "words": sum(map(words_of, found)),
        "figures": sum(name.startswith("fig-") for name in labels),
        "tables": sum(name.startswith("tbl-") for name in labels),
        "words of the abstract": words_in(abstract),
        "numbers of the abstract": len(re.findall(r"\{(?:result|choice)\}`", abstract)),
    }
    return [
        f"{what}: {count[what]}, at most {limit}" for what, limit in LIMITS.items() if count[what] > limit
    ]


def test_the_main_text_is_short() -> None:
    assert faults(main_text()) == []


SMALL = "# Title\n\n:::{div} abstract\nOf few patients {result}`a.b` died{cite}`a2020`.\n:::\n"
TABLES = "".join(f":::{{table}} A table is here.\n:name: tbl-{n}\n:::\n" for n in range(7))
FIGURES = "".join(
    f'```{{code-cell}} ipython3\nshow(drawn, "fig-{n}", "A figure is here.")\n```\n' for n in range(9)
)


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("word " * 4994, "words: 5001, at most 5000"),  # beside seven in the front page
        (TABLES, "tables: 7, at most 6"),
        (FIGURES, "figures: 9, at most 8"),
    ],
)
def test_too_much_is_seen(planted: str, fault: str) -> None:
    front = Chapter("index", SMALL)
    assert faults([front]) == []
    assert faults([front, Chapter("methods", planted)]) == [fault]


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ("word " * 296, "words of the abstract: 301, at most 300"),
        ("{choice}`a.b` " * 12, "numbers of the abstract: 13, at most 12"),
    ],
)
def test_a_long_abstract_is_seen(planted: str, fault: str) -> None:
    assert faults([Chapter("index", SMALL.replace("Of few", f"{planted}Of few"))]) == [fault]
