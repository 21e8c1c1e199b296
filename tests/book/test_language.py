"""What the paper may not say, and how much it says."""

from __future__ import annotations

import re

import pytest
from book.chapters import ROLE, ROOT, Chapter, chapter, chapters

pytestmark = pytest.mark.gate
CHAPTERS = [pytest.param(found, id=found.name) for found in chapters()]
FORBIDDEN = {
    r"significan(t|tly|ce)": "a verdict by a p-value: give the difference with its interval",
    r"insignificant(ly)?": "a verdict by a p-value",
    r"no (evidence of|evidence for) (a |any )?(difference|effect)": "absence of evidence read as evidence of absence",
    r"(no|not) differen(ce|t)": "a large p-value shows no such thing",
    r"did not differ": "a large p-value shows no such thing",
    r"prov(es|ed|en) (that|to|the|superior|safe|effective)": "one study proves nothing",
    r"trend(s|ed)? (to|toward|towards)": "a verdict by a p-value",
    r"(borderline|marginally|highly|statistically)": "a verdict by a p-value",
    r"superior(ity)? to": "no trial was made",
    r"obviously|clearly|of course|it is well known": "says nothing",
    r"easy-to-use|state-of-the-art|robust results|comprehensive|powerful": "praise",
}
SAID_OF_OTHERS = {'For a result read as "no difference" the other question matters more'}
MARKED_AND_CITED = r"\{result\}`[^`]*`\{cite\}`[^`]*`"
ANALYSES = ("methods", "cohort", "matching", "outcomes", "sensitivity")


def text_of(found: Chapter) -> str:
    text = ROLE.sub(" ", found.prose + "\n" + "\n".join(found.captions.values()))
    text = " ".join(text.split())
    for words in SAID_OF_OTHERS:
        text = text.replace(words, "")
    return text


@pytest.mark.parametrize("found", CHAPTERS)
@pytest.mark.parametrize("words", FORBIDDEN)
def test_nothing_is_claimed_that_no_data_can_carry(found: Chapter, words: str) -> None:
    texts = [m.group(0) for m in re.finditer(rf"[^.]*\b(?:{words})\b[^.]*", text_of(found), flags=re.I)]
    assert texts == [], f"{FORBIDDEN[words]}"


def test_exceptions_are_used() -> None:
    whole = " ".join(" ".join(found.text.split()) for found in chapters())
    assert all(words in whole for words in SAID_OF_OTHERS)


@pytest.mark.parametrize(
    "text", ["a significant effect", "There was no difference.", "which proves that", "Statistically, it is"]
)
def test_the_patterns_bite(text: str) -> None:
    assert any(re.search(rf"\b(?:{words})\b", text, flags=re.I) for words in FORBIDDEN)


@pytest.mark.parametrize("name", [*ANALYSES, "real-cohorts"])
def test_chapters_begin_with_what_they_found(name: str) -> None:
    assert re.search(r"\A\s*(\([\w-]+\)=\n)?# [^\n]+\n+:::\{admonition\} In short\n", _body(name)), name


@pytest.mark.parametrize("name", ANALYSES)
def test_supplements_end_with_doubts(name: str) -> None:
    headings = re.findall(r"^## (.*)$", chapter(f"supplement-{name}").text, flags=re.M)
    assert headings[-1] == "What could be wrong"


def _body(name: str) -> str:
    return "\n" + chapter(name).text.split("---\n", 2)[-1].lstrip("\n")


@pytest.mark.parametrize("found", CHAPTERS)
def test_one_sentence_per_line(found: Chapter) -> None:
    """A line of prose is one sentence, so that a text diff shows the sentences that changed."""
    prose = ROLE.sub("0", found.prose)
    prose = "\n".join(
        line for line in prose.splitlines() if not re.match(r"\||#|\*\*|\d+\. |The maintainers", line)
    )
    double = re.findall(r"^.*[a-z]{3}[.?!] [A-Z][a-z]+ .*$", prose, flags=re.M)
    assert double == []


@pytest.mark.parametrize("found", CHAPTERS)
def test_no_reference_stands_at_the_mark_of_a_number(found: Chapter) -> None:
    """Both are raised: a C before the reference 29 reads as C29."""
    assert re.findall(MARKED_AND_CITED, found.text) == []


def test_a_reference_at_a_mark_is_seen() -> None:
    assert re.findall(MARKED_AND_CITED, "of {result}`a.b`{cite}`c2020`.") == ["{result}`a.b`{cite}`c2020`"]


def test_no_notebook_lies_beside_a_chapter() -> None:
    assert list((ROOT / "book").rglob("*.ipynb")) == []
