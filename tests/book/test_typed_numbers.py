"""No number of the paper is typed by hand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from book.chapters import FRONT, ROOT, Chapter, chapters
from book.typed import typed_numbers

pytestmark = pytest.mark.gate
CHAPTERS = [pytest.param(chapter, id=chapter.name) for chapter in chapters()]
DRAWINGS = sorted(
    path
    for path in (ROOT / "lib" / "study").rglob("*.py")
    if re.search(r"\b(Sheet|Drawing)\(", path.read_text("utf-8"))
)
SCREEN = {  # texts of charts and table heads that hold a digit, with the reason
    "datum.percent > 45": "when white letters are readable",
    "last within 48 hours": "a definition of the data dictionary",
    "worst within 24 hours": "a definition of the data dictionary",
    "1 - Kaplan-Meier: discharge censored (wrong)": "a formula",
    " of 100 died": "the squares of an icon array",
    ", Aalen-Johansen against 1 - Kaplan-Meier: ": "a formula",
    "true risk ratio 0.80 (benefit)": "a ratio chosen for illustration, in the name of the ledger id",
    "true risk ratio 1.25 (harm)": "a ratio chosen for illustration, in the name of the ledger id",
    "Pearson chi-square, N - 1": "the name of a test",
    "0, 1": "the codes of a binary column",
    "h = e(1 − e)": "a formula",
    "h = min(e, 1 − e)": "a formula",
    "h = 1": "a formula",
    "h = 1 − e": "a formula",
    ":1 pairs": "the ratio comes from the protocol",
    "To hide 0.80": "a ratio chosen for illustration, in the name of the ledger id",
    "To hide 1.25": "a ratio chosen for illustration, in the name of the ledger id",
    "To hide 1.50": "a ratio chosen for illustration, in the name of the ledger id",
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the risk was 17.6% and 22 died", ["17.6%", "22"]),
        ("a risk ratio of 1.06 (95% CI 0.65 to 1.72)", ["1.06", "(95%", "0.65", "1.72)"]),
        ("by day 28, 28-day mortality", ["28,", "28-day"]),
        ("p<.05, ten-to-1", ["p<.05,", "ten-to-1"]),
        ("10⁹ cells, 10{sup}`9` cells, ½", ["10⁹", "109", "½"]),
        ("COVID-19 and 19 others", ["19"]),
        ("COVID-19.5", ["COVID-19.5"]),
        ("5 `code 7` {result}`a.b28 value` $x_1$ [link 3](page-4.md)", ["5", "3]"]),
    ],
)
def test_typed_numbers_are_found(text: str, found: list[str]) -> None:
    assert typed_numbers(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "two hospitals, five per cent, IL-6, SpO2/FiO2, PaO2, SARS-CoV-2 and COVID-19.",
        "{result}`outcomes.death28.ato.rd value` {choice}`x.y`{cite}`a2021,b2022` {numref}`fig-1`",
        "`--seed 3` $1 - e$ [text](https://doi.org/10.1000/182) <https://x.org/2> doi:10.3390/jcm10174019",
        "1. first\n2. second",
        "Python 3.11 to 3.13 and Jupyter Book 1",
    ],
)
def test_names_links_code_and_maths_are_not(text: str) -> None:
    assert typed_numbers(text) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_prose_has_no_typed_number(chapter: Chapter) -> None:
    assert typed_numbers(chapter.prose) == []


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_front_matter_is_the_standard_one(chapter: Chapter) -> None:
    assert chapter.text.startswith(FRONT) or not chapter.text.startswith("---"), "no other front matter"


CELLS = {  # numbers that cells may hold, none of them a choice of the protocol or a result
    **dict.fromkeys((0, 1, 2, 3), "an index, or the first of several"),
    100: "per cent",
    **dict.fromkeys((0.2, 0.25, 6, 91, 181), "ends, digits and points of a grid on which a density is drawn"),
    **dict.fromkeys(
        (80, 125, 0.8, 1.25, 1.5), "a ratio chosen for illustration, in the name of the ledger id"
    ),
    110: "plausible pairs, as the text beside it says",
}


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_cells_hold_no_number_and_no_text_with_one(chapter: Chapter) -> None:
    for cell in chapter.cells:
        for node in ast.walk(ast.parse(cell)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert " " not in node.value or typed_numbers(node.value) == [], node.value
            elif isinstance(node, ast.Constant) and node.value is not None:
                assert node.value in CELLS, f"{node.value!r} in a cell: choices stand in protocol.toml"


def test_readme_has_no_typed_number() -> None:
    path = ROOT / "README.md"
    if path.is_file():
        assert typed_numbers(Chapter("README", path.read_text("utf-8")).prose) == []


def test_captions_are_seen() -> None:
    """The reader of the chapters sees what the other tests rely on."""
    assert sum(len(chapter.captions) for chapter in chapters()) >= 30
    assert all(chapter.prose.strip() for chapter in chapters())


def sentences(path: Path) -> list[str]:
    """Return the texts of a module that a reader of the paper may see and that hold a typed digit."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.FunctionDef, ast.ClassDef)
    documents = {
        ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)
    }
    texts = [n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    prose = [text for text in texts if " " in text and text not in documents]
    return [
        text
        for text in prose
        if any(character.isdigit() for word in typed_numbers(text) for character in word)
    ]


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_charts_and_tables_have_no_typed_number(path: Path) -> None:
    """Sentences, titles and alternative texts of the code: every number in them comes from a result."""
    assert sorted(set(sentences(path)) - set(SCREEN)) == []


def test_no_exception_is_left_over() -> None:
    used = {text for path in DRAWINGS for text in sentences(path)}
    assert set(SCREEN) - used == set()
