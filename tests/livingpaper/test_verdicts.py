"""Sentences whose words follow the numbers: each alternative can be reached, none and two stop, all media say the same."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lab_paper import lab_paper
from livingpaper.book.drafts import withhold_rows
from livingpaper.build.project import Project
from livingpaper.disclosure.profiles import PROFILES
from livingpaper.disclosure.protect import protect
from livingpaper.lab.texts import Session, committed_session, inline_html, replies
from livingpaper.ledger.claims import ClaimError, Rules, load_claims
from livingpaper.ledger.compare import as_text, compare
from livingpaper.ledger.ledger import LEDGER_COLUMNS, entry, ledger_frame
from livingpaper.ledger.verdicts import check_verdicts, chosen, load_verdicts, parse_verdicts, stated

DEATH = '''
[[verdict]]
name = "death"
ids = ["a.rd"]
alternatives = [
  { each = "low > 0", says = "More died with the first drug, {result}`a.rd`." },
  { each = "high < 0", says = "Fewer died with the first drug, {result}`a.rd`." },
  { each = "-margin < low <= 0 <= high < margin", says = "The difference is within {choice}`equivalence.margin_pp` points." },
  { each = "low <= 0 <= high and not (-margin < low and high < margin)", says = "Neither is shown better, {result}`a.rd`." },
  { each = "state == 'not estimable'", says = "What the risks differ by cannot be estimated." },
  { each = "state == 'withheld'", says = "The risks are not known yet." },
  { each = "state == 'suppressed'", says = "The risks are not shown, because few died." },
]
'''  # fmt: skip
ALTERNATIVES = ["More", "Fewer", "The difference", "Neither", "What", "not known yet", "few died"]


def numbers(value: float, half: float = 0.02, **columns: object) -> pd.DataFrame:
    """Return a ledger of one risk difference, by id; half is that of its interval."""
    limits = {"conf_low": value - half, "conf_high": value + half, "n": 300, "events": 60} | columns
    row = entry("a.rd", "counts", "risk difference", value, code="a.py::a", **limits)
    return ledger_frame([row])[list(LEDGER_COLUMNS)].set_index("id", drop=False)


def blinded() -> pd.DataFrame:
    row = numbers(0.1).iloc[0].to_dict() | {"id": "outcomes.rd"}
    (hidden,) = withhold_rows([row], blinded=True)
    return pd.DataFrame([hidden | {"id": "a.rd"}]).set_index("id", drop=False)


LEDGERS = {
    "More": numbers(0.1),
    "Fewer": numbers(-0.1),
    "The difference": numbers(0.01),
    "Neither": numbers(0.01, 0.2),
    "What": numbers(np.nan, method="cannot be estimated, because nobody died"),
    "not known yet": blinded(),
    "few died": protect(numbers(0.01, events=3), PROFILES["publish"]).ledger,
}


@pytest.mark.parametrize("words", ALTERNATIVES)
def test_each_alternative_is_reached_and_alone(words: str, rules: Rules) -> None:
    verdict = parse_verdicts(DEATH)["death"]
    said = chosen(verdict, LEDGERS[words], rules)
    assert words in said
    assert [each for each in ALTERNATIVES if each in said] == [words]


def test_a_limit_on_a_bound_belongs_to_one_alternative(rules: Rules) -> None:
    verdict = parse_verdicts(DEATH)["death"]
    assert "Neither" in chosen(verdict, numbers(0.05, 0.05), rules)  # from 0 to ten points
    assert "Neither" in chosen(verdict, numbers(0.0, 0.05), rules)  # from margin to margin
    assert "The difference" in chosen(verdict, numbers(0.02, 0.02), rules)  # from 0 to four points


def test_none_and_two_stop_in_one_line(rules: Rules) -> None:
    none = parse_verdicts(DEATH.replace("high < 0", "high < -0.5"))["death"]
    with pytest.raises(ClaimError) as error:
        chosen(none, numbers(-0.1), rules)
    assert str(error.value) == (
        "of the alternatives of the verdict 'death' exactly one must hold, none does with a.rd "
        "−10.0 percentage points (95% CI −12.0 to −8.0); add one for it in claims.toml"
    )
    two = parse_verdicts(DEATH.replace("low > 0", "value > 0"))["death"]
    with pytest.raises(
        ClaimError, match=r"2 do, 'value > 0' and 'low <= 0.*make their rules exclude"
    ) as error:
        chosen(two, numbers(0.01, 0.2), rules)
    assert "\n" not in str(error.value)


def test_several_rows_are_lists(rules: Rules) -> None:
    text = '[[verdict]]\nname = "v"\nids = ["a.*"]\nalternatives = [\n' + "".join(
        f'  {{ all = "{rule}", says = "{says}" }},\n'
        for rule, says in (
            ("state == ['known', 'known'] and max(low) > 0", "A."),
            ("state == ['known', 'known'] and max(low) <= 0", "B."),
            ("'withheld' in state", "C."),
        )
    )
    verdict = parse_verdicts(text + "]\n")["v"]
    both = pd.concat([numbers(-0.1), numbers(0.1).assign(id="a.rr").set_index("id", drop=False)])
    assert chosen(verdict, both, rules) == "A."
    assert chosen(verdict, pd.concat([both.iloc[[1]], blinded()]), rules) == "C."


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "death"\n', "", r"\(no name\): needs a name, ids and two alternatives"),
        ('ids = ["a.rd"]', "ids = []", "death: needs a name, ids"),
        ('{ each = "low > 0", says', "{ says", r"needs says and a rule, each or all, has \['says'\]"),
        ('each = "low > 0"', 'each = "low > 0", all = "True"', "needs says and a rule"),
        (
            "few died.",
            "3 died.",
            "a number must be printed by a role, 'The risks are not shown, because 3 died",
        ),
        ("\n[[verdict]]", DEATH + "\n[[verdict]]", "death: occurs twice"),
        ("[[verdict]]", "[[verdict]", r"claims\.toml must be valid TOML, found: .*; correct that line"),
    ],
)
def test_a_broken_verdict_is_named(old: str, new: str, words: str) -> None:
    assert old in DEATH
    with pytest.raises(ClaimError, match=words):
        parse_verdicts(DEATH.replace(old, new, 1))


def test_names_with_digits_are_no_numbers() -> None:
    assert parse_verdicts(DEATH.replace("few died", "few died of COVID-19 in ward C3"))["death"]


def test_the_build_looks_at_every_verdict(tmp_path: Path, rules: Rules) -> None:
    path, chapter = tmp_path / "claims.toml", tmp_path / "a.md"
    path.write_text(
        DEATH.replace("cannot be estimated.", "cannot be estimated in {result}`a.gone n` people.")
    )
    chapter.write_text("# A\n\nNothing.\n")
    with pytest.raises(ClaimError) as error:
        check_verdicts(path, tmp_path, numbers(0.1), rules)
    assert str(error.value).splitlines() == [
        "the verdict 'death' must be printed by a chapter, none does; print it or delete it",
        "the verdict 'death' prints numbers that the ledger has not, ['a.gone']; correct the ids",
    ]
    path.write_text(DEATH)
    chapter.write_text("# A\n\n{verdict}`death`\n")
    assert check_verdicts(path, tmp_path, numbers(0.1), rules) == 1
    assert load_claims(path) == ()  # a paper may have verdicts alone
    with pytest.raises(ClaimError, match="none does with"):
        check_verdicts(path, tmp_path, numbers(0.1, conf_low=np.nan, conf_high=np.nan), rules)


def test_a_verdict_that_turned_is_a_conclusion_that_changed(tmp_path: Path, rules: Rules) -> None:
    path = tmp_path / "claims.toml"
    path.write_text(DEATH)
    found = compare(numbers(0.01, 0.2), numbers(0.1), claims=stated(path), paper=rules.paper)
    told = as_text(found, "old", "new", {}, rules.paper)
    assert (
        '"verdict death: More died with the first drug, {result}`a.rd`." holds (before: did not hold)' in told
    )
    assert "Neither is shown better, {result}`a.rd`." in told
    assert found.status == 2


GAPS = '''
[[verdict]]
name = "close"
ids = ["gaps.close.n"]
alternatives = [
  { each = "value > 3", says = "Many, {result}`gaps.close.n`, are close{cite}`li2018`." },
  { each = "value <= 3", says = "Few, {result}`gaps.close.n`, are within *{choice}`matching.caliper_sd`*." },
]
'''  # fmt: skip


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = lab_paper(tmp_path_factory.mktemp("verdicts") / "paper")
    made.claims.write_text(GAPS)
    page = "---\nfile_format: mystnb\n---\n\n# A small paper\n\nWe say: {verdict}`close`\n"
    (made.root / "book" / "index.md").write_text(page)
    return made


def test_jupyterlab_says_it_and_follows_a_trial(paper: Project) -> None:
    session = committed_session(paper.root)
    (reply,) = replies([("verdict", "close")], session)
    assert (reply["text"], reply["trial"], reply["error"]) == ("Few, 3, are within *0.2*.", False, False)
    row = entry("gaps.close.n", "synthetic", "count", 4, code="book/gaps.md::within")
    rows = [*session.now.drop(index="gaps.close.n").to_dict("records"), row]
    tried = Session(paper, pd.DataFrame(rows).set_index("id", drop=False), session.committed)
    (reply,) = replies([("verdict", "close")], tried)
    assert (reply["text"], reply["trial"]) == ("Many, 4, are closeLi 2018.", True)
    (reply,) = replies([("verdict", "gone")], session)
    assert reply["error"]
    assert "no verdict 'gone' in claims.toml" in reply["title"]


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_pages_pdf_and_lab_say_the_same(paper: Project, tmp_path: Path) -> None:
    """Built by Sphinx for pages and for LaTeX; numbers keep their links, and so their place in what machines read."""
    from sphinx.application import Sphinx
    from sphinx.util.docutils import docutils_namespace

    settings = {
        "extensions": ["myst_nb", "sphinx_book_theme", "sphinxcontrib.bibtex", "livingpaper"], "html_theme": "sphinx_book_theme",
        "root_doc": "book/index", "nb_execution_mode": "off", "bibtex_bibfiles": ["book/references.bib"],
        "exclude_patterns": ["book/gaps.md", "_build"], "project": "A", "author": "B",
    }  # fmt: skip
    made = {}
    for builder in ("html", "latex"):
        folder = tmp_path / builder
        with docutils_namespace():  # what Sphinx registers would be there for the next test
            Sphinx(
                str(paper.root),
                None,
                str(folder),
                str(tmp_path / "trees"),
                builder,
                settings,
                status=None,
                warning=None,
            ).build()
        (page,) = folder.rglob("index.html" if builder == "html" else "*.tex")
        made[builder] = page.read_text("utf-8")
    article = re.search(r"<article.*?</article>", made["html"], re.DOTALL)[0]
    assert re.search(r'href="[^"]*#n-gaps-close-n" data-id="gaps.close.n"[^>]*>3<sup', article)
    text = " ".join(re.sub(r"<[^>]+>", "", article).split())
    assert "We say: Few, 3S, are within 0.2." in text
    (line,) = [line for line in made["latex"].splitlines() if "We say" in line]
    assert "Few, 3" in line
    assert "are within" in line


def test_captions_say_it_in_jupyterlab(paper: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(paper.root / "book")
    from livingpaper.chapters.session import start

    start(paper)
    assert "Few, 3, are within" in inline_html("{verdict}`close`")


def test_the_paper_and_its_example_have_readable_verdicts(project: Project) -> None:
    for path in (project.claims, project.root / "examples" / "legislators" / "claims.toml"):
        assert isinstance(load_verdicts(path), dict)
