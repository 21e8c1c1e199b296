"""Each sentence about how the work was done stands in ``claims.toml``, with a rule over the protocol's history."""

from __future__ import annotations

import re

import pytest
from book.chapters import ROOT
from livingpaper.ledger.claims import load_claims, plain_text

WORDS = re.compile(
    r"pre-?specified|none of our choices|beforehand|in advance|was not chosen|did not vary|first version;"
    r"|fixed before|before (?:the )?outcomes|before (?:any|its) result|already been seen|before anything"
    r"|after (?:seeing|the) (?:outcomes|results)|never changed|unchanged since"
)
EXPLAINED = (  # general statements and conditions, which say nothing of what was done here
    "the primary analysis of this paper, fixed beforehand and run in several hospitals",
    "it was not fixed before them",
    "so nothing here is registered in advance",
    "A design can be judged before its result is known",
)
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("*.md"))


def unclaimed(chapter: str, text: str, claimed: list[str]) -> list[str]:
    """Return the sentences, one on each line of a chapter, that speak of the process without a rule."""
    found = []
    for line in re.sub(r"(?s)```\{code-cell\}.*?```", "", text).splitlines():
        said = plain_text(line)
        if WORDS.search(said) and not any(words in said or said in words for words in (*claimed, *EXPLAINED)):
            found.append(f"{chapter}: {said}")
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_sentences_about_the_process_have_a_rule(chapter: str) -> None:
    claims = load_claims(ROOT / "claims.toml")
    claimed = [claim.says for claim in claims if claim.file == chapter and claim.process]
    text = (ROOT / "book" / f"{chapter}.md").read_text("utf-8")
    assert unclaimed(chapter, text, claimed) == []


def test_a_planted_sentence_is_found() -> None:
    text = "The caliper was fixed before the results were known.\nA margin is pre-specified.\nNothing else."
    assert len(unclaimed("x", text, [])) == 2
    assert unclaimed("x", text, ["A margin is pre-specified"]) == [
        "x: The caliper was fixed before the results were known."
    ]


TITLE = re.compile(r'(?s)show\([^"]*?"((?:fig|tbl)-[\w-]+)", """\n(.*?)\n')
DESCRIBED = {  # titles that state nothing which a choice could make false, with the reason
    **dict.fromkeys(
        ("tbl-ends", "tbl-eligibility", "tbl-terms", "tbl-mv-grid"),
        "says what the table holds",
    ),
    **dict.fromkeys(("fig-design", "fig-dag", "tbl-estimands", "fig-hiding"), "holds by construction"),
    **dict.fromkeys(
        ("tbl-bounds", "fig-missing"), "printed from the numbers, or true of how the worlds were made"
    ),
    "fig-try": "whatever the start values, which follow the choices",
}


def titles_without_a_rule(text: str, claimed: list[str]) -> list[str]:
    """Return the names of figures and tables whose title states a conclusion that no claim holds to the numbers."""
    found = [(name, plain_text(title)) for name, title in TITLE.findall(text)]
    return [name for name, title in found if not any(words in title or title in words for words in claimed)]


def test_titles_of_figures_and_tables_have_a_rule() -> None:
    """A title is read first and believed: under other choices it must stop the build, or be true."""
    claims, lacking = load_claims(ROOT / "claims.toml"), set[str]()
    for chapter in CHAPTERS:
        claimed = [claim.says for claim in claims if claim.file == chapter]
        text = (ROOT / "book" / f"{chapter}.md").read_text("utf-8")
        lacking |= {*titles_without_a_rule(text, claimed)}
    assert lacking == set(DESCRIBED)
    assert titles_without_a_rule('show(x, "fig-x", """\nAll is well.\nOf ten.\n""")', []) == ["fig-x"]


CHOSEN = re.compile(r"overlap-weighted|under overlap weights|largest score first|pooled SD", re.I)


def test_captions_name_no_choice_that_may_change() -> None:
    """The exhibits follow ``estimand.primary``: their captions print it, or a claim stops them."""
    claims = load_claims(ROOT / "claims.toml")
    for chapter in {*CHAPTERS} - {"real-cohorts", "worked-example"}:  # which choose for themselves
        claimed = [
            c.says for c in claims if c.file == chapter and "choice.estimand.primary" in c.all + c.each
        ]
        text = (ROOT / "book" / f"{chapter}.md").read_text("utf-8")
        captions = plain_text("\n".join(re.findall(r'(?s)"(?:fig|tbl)-[\w-]+", """\n(.*?)\n"""', text)))
        for words in claimed:
            captions = captions.replace(words, "")
        assert CHOSEN.findall(captions) == [], chapter


def test_choices_are_not_called_fixed_in_advance_outside_the_chapters() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "protocol.toml", "data/README.md", "book/checklists.yml"):
        said = (ROOT / name).read_text("utf-8")
        assert not re.search(r"pre-?specified|in advance|beforehand", said), name
