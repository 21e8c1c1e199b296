"""Each sentence about how the work was done stands in ``claims.toml``, with a rule over the protocol's history."""

from __future__ import annotations

import re

import pytest
from book.chapters import ROOT, chapters
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


COMPARING = re.compile(
    r"\b(?:[Mm]ore|[Ll]ess|[Ff]ewer|[Mm]ost|wider|narrower|smaller|larger|largest|smallest|widest|narrowest|higher|lower|highest"
    r"|lowest|stronger|weaker|thinner|closer|closest|better|worse|best|[Nn]early|almost|hardly|roughly|mostly|little|widely|alike"
    r"|contains|includes?|excludes?|favours?|agrees?|disagrees?|contradicts?|overlap(?![- ]weight)|rarely|than"
    r"|[Tt]wo (?:trials|studies)|[Nn]o (?:trial|study|choice))\b"
)
OURS = re.compile(  # what results are about; other sentences are of methods
    r"\b(?:anakinra|baricitinib|trials?|stud(?:y|ies)|counts|worlds?|pairs|cohorts?|intervals?|estimat(?:es?|ors?)|weights|bias|arms?"
    r"|hospitals?|periods?|differences?|ratios?|deaths?|[Hh]ere|[Tt]h(?:is|ese)|[Oo]urs?|the (?:published|synthetic|primary))\b"
)
SUPPOSED = re.compile(r"\b(?:[Ii]f|would|could|may|might|can|cannot|should|must|[Ww]hether|[Hh]ow|asks?)\b")
SAID_BY_A_NUMBER = re.compile(  # "the largest is {}": true of whatever is printed
    r"(?:more|fewer|less) than (?:that )?\{\}|\{\} (?:more|fewer)|at most \{\}|the largest \{\}|worse by|better by"
    r"|(?:small|larg|wid|narrow)est[^;,.]*?(?:\{\}|gaps?|weight)|favours neither|had most|(?:one|rather|other) (?:of|than)"
)
REASONED = {  # sentences that compare and hold whatever the results, with the reason
    **dict.fromkeys(
        ("Overlap weights use everyone and count those most", "a drug that alters the way to ventilation alters deaths a little",
         "It also means that balance in means is no evidence", "and it is paid for with a little bias",
         "They are on the way from drug to death", "its ratio is above one exactly when the cumulative incidence is higher",
         "More deaths mean more variance", "closeness of the score is not closeness of each covariate",
         "where trials contradict each other", "the curves are flat because hardly anyone is left"),
        "of a method: true of any data",
    ),
    **dict.fromkeys(
        ("real data are worse", "Leaving out hospital and period, the mistake that matching",
         "whoever leaves the strategy differs from whoever stays", "the finding that matters most",
         "most of those who died", "We judged"),
        "what is supposed or judged",
    ),
    **dict.fromkeys(
        ("Its abstract compares", "The trials of baricitinib ran for nearly two years",
         "Two trials compared baricitinib with another", "Quitters were older",
         "Many women were followed for less than five years"),
        "of what others published or gave away, which does not change",
    ),
    **dict.fromkeys(
        ("Where the arms overlap poorly",
         "treated where and when anakinra was given more often than baricitinib", "and {} further from it than the margin",
         "of two studies, the other one", "share of the more frequent sign",
         "the largest standardised difference before adjustment", "Smallest and largest one-sided p-value",
         "the largest bias factor of a confounder with these ratios"),
        "says which ones are meant, or what is counted",
    ),
    "and agree to rounding error": "of the library: its tests hold it",
}  # fmt: skip


def compared(text: str, claimed: list[str]) -> list[str]:
    """Return the sentences, one on each line, that compare results in words which no claim holds to the numbers."""
    found = []
    for said in map(plain_text, text.splitlines()):
        left = said
        for words in claimed:
            left = "" if said in words else left.replace(words, "")
        left = SAID_BY_A_NUMBER.sub("", left)
        if COMPARING.search(left) and OURS.search(left) and not SUPPOSED.search(left):
            found.append(said)
    return found


def test_sentences_that_compare_have_a_rule() -> None:
    """Give a new one a claim, or say it with a number; only what no choice, cohort or trial can turn is listed."""
    claims, used = load_claims(ROOT / "claims.toml"), set[str]()
    for chapter in chapters():
        claimed = [claim.says for claim in claims if claim.file == chapter.name]
        text = "\n".join([chapter.prose, *chapter.captions.values()])
        text = re.sub(r"^(?:#|\||The maintainers).*$", "", text, flags=re.M)
        for said in compared(text, claimed):
            reasons = [words for words in REASONED if words in said]
            assert reasons, f"{chapter.name}: {said}"
            used |= {*reasons}
    assert used == set(REASONED)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The pairs are closer to the truth than the weights.", True),
        ("Three trials were added, and two trials agree.", True),
        ("Only few deaths happened in this cohort, fewer with anakinra.", True),
        ("The largest difference is {result}`a.b`.", False),
        ("If the arms overlap poorly, the interval would be wider.", False),
        ("A score holds more than one covariate.", False),
    ],
)
def test_a_comparison_is_found(text: str, found: bool) -> None:
    assert bool(compared(text, [])) is found
    assert compared(text, [plain_text(text)]) == []
