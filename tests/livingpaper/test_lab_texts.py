"""What the roles say in JupyterLab: by hand on a small paper, and against the pages that Sphinx numbered."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from book.built import SITE, need
from book.chapters import ROOT
from lab_paper import lab_paper
from livingpaper.book.show import TRIAL, Sheet
from livingpaper.build.project import Project
from livingpaper.lab.texts import (
    Session,
    chapters,
    cited,
    committed_session,
    inline_html,
    numbered,
    replies,
    titles,
    typed_for,
)  # fmt: skip
from livingpaper.ledger.ledger import entry

CAPTION_NUMBER = re.compile(r'<span class="caption-number">((?:Figure|Table) S?\d+)')


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return lab_paper(tmp_path_factory.mktemp("texts") / "paper")


def said(session: Session, role: str, text: str) -> dict:
    return replies([(role, text)], session)[0]


def with_row(session: Session, id_: str, estimate: float, **columns: object) -> Session:
    """The session after a cell recorded a number."""
    row = entry(id_, "synthetic", "count", estimate, code="book/gaps.md::within", **columns)
    now = session.now.drop(index=id_, errors="ignore").to_dict("records")
    frame = pd.DataFrame([*now, row]).set_index("id", drop=False)
    return Session(session.project, frame, session.committed)


def test_a_committed_number_is_no_trial(paper: Project) -> None:
    found = said(committed_session(paper.root / "notebooks"), "result", "gaps.close.n")
    assert (found["text"], found["mark"], found["trial"], found["error"]) == ("3", "S", False, False)


def test_another_number_is_a_trial_and_says_what_the_paper_says(paper: Project) -> None:
    session = with_row(committed_session(paper.root), "gaps.close.n", 4, n=7)
    found = said(session, "result", "gaps.close.n")
    assert (found["text"], found["trial"]) == ("4", True)
    assert found["title"].endswith("a trial, the paper says 3")
    assert said(session, "result", "gaps.close.n n")["title"].endswith("the paper has no such number")
    assert not said(session, "result", "gaps.all.n")["trial"]


def test_a_number_that_only_the_session_has(paper: Project) -> None:
    found = said(with_row(committed_session(paper.root), "gaps.new.n", 9), "result", "gaps.new.n")
    assert (found["text"], found["trial"]) == ("9", True)


@pytest.mark.parametrize(
    ("role", "text", "error"),
    [
        ("result", "gaps.clsoe.n", "no number 'gaps.clsoe.n' in the ledger; correct the id, or record it in a cell and run that"),
        ("result", "gaps.close.n width", "a part must be one of"),
        ("choice", "matching.width", "no choice 'matching.width' in protocol.toml"),
        ("numref", "tbl-none", "no figure or table 'tbl-none' in the chapters; correct the name"),
        ("doc", "nowhere", "no chapter 'nowhere'; correct the name"),
        ("cite", "nobody2000", "no reference 'nobody2000' in book/*.bib; correct the key or add it"),
        ("stamp", "weight", "a stamp has the parts"),
        ("eval", "1 + 1", "a role must be one of"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_says_why(paper: Project, role: str, text: str, error: str) -> None:
    found = said(committed_session(paper.root), role, text)
    assert found["error"]
    assert found["text"] == text
    assert found["title"].startswith(error)


def test_a_typed_choice_is_a_trial(paper: Project) -> None:
    committed = committed_session(paper.root)
    cells = ("score.match(caliper_sd=0.3)", "score.match_optimal(caliper_sd=plan.matching.caliper_sd)")
    tried = Session(paper, committed.now, committed.committed, cells)
    found = said(tried, "choice", "matching.caliper_sd")
    assert (found["text"], found["trial"]) == ("0.3", True)
    assert found["title"] == "protocol.toml: matching.caliper_sd; a trial, the paper says 0.2"
    assert not said(tried, "choice", "outcome.horizon_days")["trial"]


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        (["f(width=2)"], 2),
        (["f(width=2)", "g()"], 2),
        (["f(width=2)", "f(width=plan.width)"], 2),
        (["f(width=plan.width)", "f(width = 3)"], 3),
        (["f(width=2", "f(width='3')"], "3"),
        (["f(other_width=2)", "width = 4"], None),
        ([], None),
    ],
)
def test_a_value_typed_for_a_keyword_is_found(cells: list[str], value: object) -> None:
    assert typed_for("width", cells) == value


def test_references_of_a_small_paper(paper: Project) -> None:
    session = committed_session(paper.root)
    assert said(session, "numref", "tbl-gaps")["text"] == "Table 1"
    assert said(session, "doc", "index")["href"] == "../book/index.md"
    named = said(session, "doc", "the front page <index>")
    assert (named["text"], named["href"]) == ("the front page", "../book/index.md")
    assert said(session, "cite", "li2018")["title"] == "Li and Morgan. Balancing. JASA. 2018"
    assert titles(paper.root) == {"index": "A small paper", "gaps": "How far apart pairs may be"}
    assert [path.stem for path in chapters(paper.root)] == ["index", "gaps"]


def test_an_edited_chapter_is_numbered_anew(tmp_path: Path) -> None:
    paper = lab_paper(tmp_path / "paper")
    before = numbered(paper.root)["tbl-gaps"].text
    (paper.root / "book" / "index.md").write_text(
        "# A small paper\n\n:::{table} One.\n:name: tbl-first\n:::\n"
    )
    assert (before, numbered(paper.root)["tbl-gaps"].text) == ("Table 1", "Table 2")


def test_a_caption_is_marked_up_and_its_roles_are_known(
    paper: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(paper.root)
    monkeypatch.setattr("livingpaper.chapters.session._current", [])
    assert inline_html("*A* < `b`, $x<1$, {result}`gaps.close.n`{cite}`austin2011`") == (
        "<em>A</em> &lt; <code>b</code>, $x&lt;1$, "
        '<span data-lp="result gaps.close.n">3</span><span data-lp="cite austin2011">Austin 2011</span>'
    )
    frame = pd.DataFrame({"Gaps": ["close"], "n": ["3"]})
    sheet = Sheet(frame, "lr", name="tbl-gaps", caption="Few.", trial=True)
    html = sheet._repr_mimebundle_()["text/html"]
    assert html.startswith('<figure class="lp-show lp-show-trial" id="tbl-gaps"><figcaption>')
    assert '<td style="text-align: right">3</td>' in html
    assert f">Table 1</span></strong> {TRIAL} Few.</figcaption>" in html


def test_every_reference_of_the_paper_can_be_said() -> None:
    keys = set(re.findall(r"\{cite\}`([^`]+)`", "".join(path.read_text("utf-8") for path in chapters(ROOT))))
    for key in {part.strip() for several in keys for part in several.split(",")}:
        short, full = cited(ROOT, key)
        assert re.fullmatch(r"[^{}\\]+ \d{4}", short), key
        assert "{" not in full, key


@pytest.mark.book
def test_numbers_are_those_that_sphinx_gave() -> None:
    """Every caption of the built pages has the number that JupyterLab shows."""
    page = need(SITE / "book" / "index.html").parent
    ours: dict[str, list[str]] = {}
    for found in numbered(ROOT).values():
        ours.setdefault(found.chapter, []).append(found.text)
    for path in chapters(ROOT):
        shown = CAPTION_NUMBER.findall((page / f"{path.stem}.html").read_text("utf-8"))
        assert sorted(shown) == sorted(ours.get(path.stem, [])), path.stem
