"""The book of a hospital's own paper: its conclusions follow the numbers of whoever the patients are, and name nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass

import pandas as pd
import pytest
from hospital_book import Case, cases, own_paper, pages
from livingpaper.book.carried import tables_of
from livingpaper.book.show import Drawing, Sheet
from livingpaper.build.project import Project
from livingpaper.chapters.session import start
from livingpaper.config import config
from livingpaper.disclosure.profiles import Profile
from running import Paper, broken

pytestmark = pytest.mark.whole

CASES = cases()
OPEN = "Neither drug is shown to have the lower risk of death by day 28: the difference, {} minus {}, is"
SIMILAR = "By the margin of the protocol the risks are similar: its test excludes a difference of 5 percentage points or more."
NOT_SIMILAR = "That the risks are similar, within 5 percentage points of each other, is not shown."
UNDECIDED = "The cohort decides neither which drug is better nor that they are alike"
HIDDEN = "is not shown, because it would tell of too few patients."
HELD = "is withheld until the checks of the design are accepted."
SAYS = {  # by case and page, what must be said
    "unclear": {
        "index": [
            OPEN.format("anakinra", "baricitinib"),
            NOT_SIMILAR,
            UNDECIDED,
            "in 2 hospitals",
            "The risk of death by day 28 was",
        ],
        "sensitivity": [
            "None of their intervals excludes zero.",
            "too uncertain to show that the arms are alike",
        ],
        "beside": [
            "the two intervals overlap",
        ],
    },
    "benefit": {
        "index": [
            "The risk of death by day 28 was lower with anakinra than with baricitinib: a difference of −",
            "anakinra had the lower risk",
        ],
        "outcomes": [
            "hazard of death was lower with anakinra",
        ],
        "sensitivity": [
            "Under every adjustment that can be shown the estimated risk is lower with anakinra. Each of their intervals",
        ],
        "beside": [
            "the two intervals do not overlap",
        ],
    },
    "harm": {
        "index": [
            "The risk of death by day 28 was higher with anakinra than with baricitinib: a difference of +",
            "baricitinib had the lower risk",
        ],
        "outcomes": [
            "hazard of death was higher with anakinra",
        ],
        "sensitivity": [
            "Under every adjustment that can be shown the estimated risk is higher with anakinra. Each of their intervals",
        ],
    },
    "inside": {
        "index": [
            SIMILAR,
            "includes zero and lies inside the margin",
            "a difference that the protocol calls relevant is unlikely",
        ],
        "sensitivity": [
            "inside the margin, as it should be",
        ],
    },
    "other drugs": {
        "index": [
            OPEN.format("tocilizumab", "JAK inhibitor"),
            "in 3 hospitals",
            "the negative control (`pressure_injury`)",
        ],
        "beside": [
            "There is nothing to set side by side",
        ],
        "cohort": [
            "Hospital: West",
            "JAK inhibitor, n =",
        ],
        "sensitivity": [
            "could explain the estimate away",
        ],
        "matching": [
            "Of 8 checks",
        ],
    },
    "open stays": {
        "index": [
            "Patients who were transferred, or were still in hospital",
        ],
        "outcomes": [
            "Aalen-Johansen method",
        ],
    },
    "one hospital": {
        "index": [
            "in one hospital",
        ],
        "cohort": [
            "The calendar period was not recorded",
        ],
        "methods": [
            "Eligibility: Aged 18 years or older.",
        ],
    },
    "small": {
        "index": [
            f"The difference in the risk of death by day 28 {HIDDEN}",
            "With both drugs taken together, fewer than 10 of those analysed died by day 28.",
            "too few patients had the outcome, or had it not, for a comparison to be shown",
            "Nothing can be shown here without showing too few patients.",
        ],
        "sensitivity": [
            "Fewer than two adjustments can be shown",
            "No subgroup has enough patients",
        ],
    },
    "twenty in an arm": {
        "index": [
            "20 started anakinra and 20 baricitinib",
            "fewer than 10 of those analysed died by day 28",
        ],
        "matching": [
            "Of 8 checks of the design",
        ],
    },
    "laboratory missing": {
        "cohort": [
            "patients a covariate of the score is missing; it is filled from the others.",
        ],
        "index": [
            UNDECIDED,
        ],
    },
    "one arm ventilated": {
        "outcomes": [
            "Invasive mechanical ventilation or death",
        ],
        "index": [
            UNDECIDED,
        ],
    },
    "fifty hospitals": {
        "index": [
            "cannot be estimated, because in too many bootstrap samples no score can be fitted.",
            "These patients do not determine the difference, and nothing can be concluded from them.",
        ],
        "outcomes": [
            "Overlap weights,ATO,not estimable",
        ],
        "matching": [
            "pairs are formed",
        ],
    },
    "no death in an arm": {
        "index": [
            "was 0% (95% CI 0% to",
            "The risk ratio cannot be estimated, because an arm has no event.",
        ],
        "outcomes": [
            "A hazard ratio cannot be estimated",
        ],
        "sensitivity": [
            "The E-value of the estimate cannot be estimated, because an arm has no event.",
        ],
    },
    "few deaths in an arm": {
        "index": [
            f"The difference in the risk of death by day 28 {HIDDEN}",
            "With both drugs taken together, 40 of those analysed died by day 28.",
            "because with one drug or with both fewer than 10 patients had the outcome",
            "In an arm too few patients had the outcome, or had it not, for a comparison to be shown.",
        ],
        "outcomes": [
            f"The difference in matched pairs {HIDDEN}",
            "n, patients used. Nothing can be shown here without showing too few patients.",
            f"The smallest margin that would pass {HIDDEN}",
        ],
        "sensitivity": ["No subgroup has enough patients and events"],
    },
    "everyone alive": {
        "index": [
            SIMILAR,
            "was 0% (95% CI 0% to",
        ],
        "sensitivity": [
            "Under every adjustment that can be shown the estimated risks are the same.",
        ],
    },
    "blinded": {
        "index": [
            f"The difference in the risk of death by day 28 {HELD}",
            "Nothing is concluded before the checks",
            "With both drugs taken together, 50 of those analysed died by day 28.",
        ],
        "matching": [
            "Outcomes by arm are withheld until somebody accepts these checks",
            "Of 9 checks of the design",
        ],
        "outcomes": [
            "Withheld until the diagnostics are accepted.",
        ],
        "beside": [
            "the one here is withheld",
        ],
    },
    "excluded": {
        "index": [
            "Of 360 patients who started one of the two drugs, 45 meet an exclusion and 315 are analysed.",
        ],
        "cohort": [
            "45 were excluded for the reasons listed",
        ],
    },
    "no pairs": {
        "index": [
            OPEN.format("anakinra", "baricitinib"),
        ],
        "matching": [
            "Too few pairs are formed to be shown.",
            "Of 8 checks",
        ],
        "outcomes": [
            f"The difference in matched pairs {HIDDEN}",
        ],
    },
    "ventilated": {
        "outcomes": [
            "Secondary outcomes",
            "Invasive mechanical ventilation or death",
        ],
        "methods": [
            "Secondary outcomes: invasive mechanical",
        ],
    },
    "exact inside": {
        "index": [
            "44 meet an exclusion and 316 are analysed",
            "Counts of patients are exact, for readers inside the hospital",
        ],
    },
}
NEVER = ("synthetic", "truth", "hospital A", "!!", "{result}", "{verdict}", "<<", "%%", "nan")
CELL = re.compile(r"(?<![\d.,−-])([\d,]+) \((?:100|\d{1,2})%\)")


@dataclass(frozen=True, slots=True)
class Read:
    """A case by name, its paper, and what there is to read: rows of the ledger by id, pages by name, and the thresholds."""

    name: str
    case: Case
    paper: Paper
    rows: pd.DataFrame
    said: dict[str, str]
    limits: Profile


@pytest.fixture(scope="module", params=list(CASES))
def read(
    request: pytest.FixtureRequest, project: Project, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Read]:
    case = CASES[request.param]
    paper = own_paper(project, tmp_path_factory.mktemp("own") / "cohort", case)
    with chdir(paper.project.root):
        start(paper.project)
        yield Read(
            request.param, case, paper, paper.rows, pages(paper), config(paper.project).disclosure.limits()
        )
    start(project, strict=False)


def test_every_case_says_what_it_must(read: Read) -> None:
    said = read.said
    for page, sentences in SAYS[read.name].items():
        for sentence in sentences:
            assert sentence in said[page], f"{page}: {sentence}"
    for page, text in said.items():
        assert [word for word in NEVER if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)] == [], page
        assert not re.search(r"[Ww]orld\b", text), page
        for drug in {"anakinra", "baricitinib"} - {read.case.treated, read.case.control}:
            assert drug not in text.lower(), f"{page}: {drug}"
    others = [words for words in (SIMILAR, NOT_SIMILAR) if words in said["index"]]
    assert len(others) <= 1
    assert len(" ".join(said.values()).split()) < 5000


def test_exhibits_are_drawn_of_what_may_be_shown(read: Read) -> None:
    assert broken(read.paper) == []
    for label, thing in read.paper.shown.items():
        if isinstance(thing, Drawing):
            assert tables_of(thing.spec()), f"{label} must carry data for its table"


def test_no_small_count_is_printed(read: Read) -> None:
    rows, limits = read.rows, read.limits
    own = rows[rows["origin"] == "own"]
    counts = own.loc[own["scale"].isin(["count", "effective count"]), "estimate"].dropna()
    assert [n for n in counts if 0 < n < limits.threshold or n % limits.base] == []
    for column in ("n", "events"):
        assert [n for n in own[column].dropna() if 0 < n < limits.threshold or n % limits.base] == []
    for label, thing in read.paper.shown.items():
        if isinstance(thing, Sheet):
            cells = " ".join(map(str, thing.frame.to_numpy().ravel()))
            found = [int(n.replace(",", "")) for n in CELL.findall(cells)]
            assert [n for n in found if 0 < n < limits.threshold] == [], label


def test_a_withheld_risk_cannot_be_worked_out(read: Read) -> None:
    """The other arm, the difference and the ratio are gone with it."""
    rows = read.rows
    for id_ in rows.index[
        rows.index.str.match(r"outcomes\..*\.risk_(treated|control)$") & (rows["text"] == "suppressed")
    ]:
        stem = id_.rpartition(".")[0]
        assert {rows.at[f"{stem}.risk_{arm}", "text"] for arm in ("treated", "control")} == {"suppressed"}
        assert {rows.at[f"{stem}.{part}", "text"] for part in ("rd", "rr")} == {"suppressed"}


def test_a_blinded_paper_holds_no_outcome_by_arm(read: Read) -> None:
    name, rows = read.name, read.rows
    mine = rows[rows.index.str.match(r"(outcomes|robustness)\.")]
    assert len(mine) > 20
    known: pd.Series = mine["estimate"].notna()
    assert known.any() != (name == "blinded") or name in ("small", "twenty in an arm")
    assert (mine["text"] == "withheld").all() == (name == "blinded")


def test_the_words_of_an_alternative_are_few_and_each_names_its_subject(project: Project) -> None:
    text = (project.root / "hospital" / "claims.toml").read_text("utf-8")
    assert "significant" not in text
    assert "no difference" not in text
    words = sum(
        len(path.read_text("utf-8").split()) for path in (project.root / "hospital" / "book").glob("*.md")
    )
    assert words < 4500  # cells included: about 2,000 words are read
