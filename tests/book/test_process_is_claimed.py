"""Each sentence about how the work was done stands in ``claims.toml``, with a rule over the protocol's history."""

from __future__ import annotations

import re

import pytest
from book.chapters import ROOT
from livingpaper.ledger.claims import load_claims, plain_text

WORDS = re.compile(
    r"pre-?specified|none of our choices|beforehand|in advance|was not chosen|did not vary|first version;"
    r"|fixed before|before (?:the )?outcomes|before (?:any|its) result"
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
