"""What a guarded origin lets into ledger, tables and charts, in a book of three small chapters."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from livingpaper import Drawing, Safe, Sheet, crosstable, frame, ledger, record, show
from livingpaper.book.numbers import ledger_html
from livingpaper.build.project import Project
from livingpaper.chapters import session
from livingpaper.chapters.cells import ChapterError
from livingpaper.chapters.executing import ChapterRun
from livingpaper.chapters.run import run_chapters
from livingpaper.config import Choices, ConfigError, config
from livingpaper.disclosure.profiles import PROFILES, DisclosureError
from livingpaper.disclosure.safe import require_safe
from livingpaper.exports.exports import ledger_json
from livingpaper.lab.texts import committed_session, replies
from livingpaper.ledger.claims import Claim, ClaimError, Rules, check_claims
from livingpaper.ledger.compare import as_text, compare
from livingpaper.ledger.ledger import ledger_csv, ledger_part, parse_ledger, read_ledger
from planted import OWN
from small_book import chapter, small_book

COUNTS = pd.DataFrame({"arm": ["a", "b"], "estimate": [33, 4]})


@pytest.fixture(autouse=True)
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    project = small_book(tmp_path)
    path = project.root / "paper.toml"
    path.write_text(path.read_text() + OWN)
    monkeypatch.chdir(project.root)
    session.start(project, strict=False)
    yield project
    session._current.clear()


def test_only_what_may_be_shown_is_recorded() -> None:
    record(COUNTS, "ward.{arm}.n", origin="own", scale="count")
    assert ledger["ward.a.n"]["text"] == "35"
    small = ledger["ward.b.n"]
    assert small["text"] == "suppressed"
    assert small["method"] == "a count below 10, or the rest of its group"
    assert ledger_part(small, "value") == "suppressed"
    written = ledger_csv(session.current_ledger())
    assert "33" not in written
    assert ",4," not in written
    assert len(parse_ledger(written.encode(), "ledger.csv")) == 2


def test_other_origins_stay_as_they_are() -> None:
    record(COUNTS, "ward.{arm}.n", origin="synthetic", scale="count")
    assert (ledger["ward.a.n"]["text"], ledger["ward.b.n"]["text"]) == ("33", "4")


def test_a_later_total_takes_an_earlier_part_along() -> None:
    """33 and 4 are 37 together: with the total there, 33 gives 4 away."""
    record(COUNTS.assign(estimate=[330, 4]), "ward.{arm}.n", origin="own", scale="count")
    assert ledger["ward.a.n"]["text"] == "330"
    record(334, "ward.n", origin="own", scale="count")
    assert ledger["ward.a.n"]["text"] == "suppressed"


def test_a_table_says_what_is_suppressed() -> None:
    record(COUNTS, "ward.{arm}.n", origin="own", scale="count")
    rows = ledger.select("ward.{arm}.n")
    table = crosstable(rows, "arm", "scale")
    with pytest.raises(DisclosureError, match="tbl-x does not"):
        show(Sheet(table, sources=(rows,)), "tbl-x", "Counts.")
    table = Safe.of_rows(rows).then(lambda f: crosstable(f, "arm", "scale")).frame
    made = show(Sheet(table, sources=(rows,)), "tbl-x", "Counts.")
    assert made.frame["count"].tolist() == ["35", "suppressed"]
    assert made.origin == "own"


def test_a_frame_of_patients_is_refused() -> None:
    with pytest.raises(DisclosureError, match="must have passed disclosure control, 'a.b' did not"):
        frame(COUNTS, "a.b", origin="own")
    safe = Safe.of_means(pd.DataFrame({"ward": ["a"] * 33 + ["b"] * 52, "days": 7.0}), ["ward"], "days")
    assert frame(safe, "a.b", origin="own")["n"].tolist() == [35, 50]


def drawn(data: pd.DataFrame) -> dict[str, object]:
    chart = alt.Chart(data).mark_bar().encode(x="arm:N", y="n:Q")
    return show(Drawing(chart, "Bars.", origin="own"), "fig-x", "").spec()


def test_charts_accept_only_what_passed() -> None:
    table = pd.DataFrame({"arm": ["a", "b", "c"], "n": [33, 52, 41]})
    with pytest.raises(DisclosureError, match="fig-x shows 3 rows that did not"):
        drawn(table)
    record(table, "ward.{arm}.n", origin="own", scale="count", value="n")
    rows = Safe.of_rows(ledger.select("ward.{arm}.n"))
    safe = rows.then(lambda f: f[["arm", "estimate"]].rename(columns={"estimate": "n"}))
    assert drawn(safe.frame)
    assert drawn(safe.frame.query("n > 40")[["n", "arm"]])
    with pytest.raises(DisclosureError):
        drawn(safe.frame.assign(n=[33, 52, 41]))
    with pytest.raises(DisclosureError):
        drawn(safe.frame.assign(share=1))
    assert drawn(safe.then(lambda f: f.assign(n=f["n"] / 10)).frame)
    assert drawn(pickle.loads(pickle.dumps(safe)).frame)


def test_no_way_around() -> None:
    with pytest.raises(DisclosureError, match="must come from a rule"):
        Safe(COUNTS)
    with pytest.raises(DisclosureError, match="at an address"):
        require_safe({"data": {"url": "rows.csv"}}, "fig-x")
    with pytest.raises(DisclosureError, match="shows 1 rows"):
        require_safe({"layer": [{"data": {"values": [{"age": 97.123}]}}]}, "fig-x")
    with pytest.raises(DisclosureError, match="shows 1 rows"):
        require_safe({"datasets": {"x": [{"ldh": 2777.31}]}}, "fig-x")


def test_rows_of_a_chart_are_those_of_the_ledger() -> None:
    record(COUNTS.assign(estimate=[33, 44]), "ward.{arm}.n", origin="own", scale="count")
    rows = ledger.select("ward.{arm}.n")
    assert len(Safe.of_rows(rows).frame) == 2
    with pytest.raises(DisclosureError, match=r"ward\.a\.n"):
        Safe.of_rows(rows.assign(estimate=[33, 45]))
    with pytest.raises(DisclosureError, match=r"ward\.b\.n"):
        Safe.of_rows(rows.assign(text=["35", "44"]))


@pytest.mark.parametrize(
    ("words", "says"),
    [('profile = "none"', "must be one of"), ("threshold = 4", "must be 5 at least, found 4")],
)
def test_the_profile_stands_in_paper_toml_and_cannot_be_lowered(book: Project, words: str, says: str) -> None:
    path = book.root / "paper.toml"
    path.write_text(path.read_text() + f"\n[disclosure]\n{words}\n")
    with pytest.raises(ConfigError, match=says):
        config(book)


def test_a_threshold_of_the_paper(book: Project) -> None:
    path = book.root / "paper.toml"
    path.write_text(path.read_text() + '\n[disclosure]\nprofile = "strict"\nthreshold = 50\n')
    record(COUNTS, "ward.{arm}.n", origin="own", scale="count")
    assert {ledger["ward.a.n"]["text"], ledger["ward.b.n"]["text"]} == {"suppressed"}


# a whole run: what the chapters know exactly stands in no file that is made, and in no message

PATIENTS = [
    ["import pandas as pd", "from livingpaper import record"],
    [
        'arms = pd.DataFrame({"arm": ["treated", "control"], "n": [1237, 617], "events": [213, 7]})',
        'arms = arms.assign(estimate=arms["events"] / arms["n"], scale="risk, " + arms["arm"], outcome="death")',
        'both = {"n": 1854, "events": 220, "estimate": 213 / 1237 - 7 / 617, "outcome": "death", "conf_low": 0.1379,',
        '        "conf_high": 0.1841, "method": "of 1854 patients, 7 deaths in the smaller arm"}',
    ],
    [
        'record(arms[["arm", "n"]], "ward.{arm}.n", origin="own", scale="count", value="n")',
        'record(arms, "ward.death.crude.{scale}", origin="own")',
        'record(pd.DataFrame([both]), "ward.death.crude.rd", origin="own", scale="risk difference")',
        'record(pd.DataFrame([both]).drop(columns="n"), "ward.death.p", origin="own", scale="p value", value="conf_low")',
        'record({"smallest_seven": 7 / 617}, "ward.share.{name}", origin="own", scale="percent", n=617)',
    ],
]
EXHIBITS = [
    [
        "import altair as alt",
        "from livingpaper import Drawing, Safe, Sheet, crosstable, ledger, show",
    ],
    [
        'rows = ledger.select("ward.{arm}.n")',
        'table = Safe.of_rows(rows).then(lambda f: crosstable(f, "arm", "scale"))',
        'show(Sheet(table.frame, sources=(rows,)), "tbl-arms", "Patients.")',
    ],
    [
        'every = ledger.select("ward.death.crude.{measure}")',
        'safe = Safe.of_rows(every).then(lambda f: f[["measure", "estimate", "n", "events", "method"]])',
        'bars = safe.chart().mark_bar().encode(x="measure:N", y="estimate:Q")',
        'show(Drawing(bars, "Bars.", sources=(every,)), "fig-arms", "Risks.")',
    ],
]
EXACT = re.compile(
    r"(?<![\d.])(?:1,?237|617|213|1,?854|220|0\.17219\d*|17\.2|0\.01134\d*|1\.13|0\.160846|0\.1379|0\.1841)(?!\d)"
)


def guarded_book(root: Path, **chapters: list[list[str]]) -> Project:
    project = small_book(root, **({"cohort": PATIENTS, "matching": EXHIBITS} | chapters))
    (root / "book" / "outcomes.md").unlink()
    toc = root / "_toc.yml"
    toc.write_text(toc.read_text().replace("      - file: book/outcomes\n", ""))
    (root / "paper.toml").write_text((root / "paper.toml").read_text() + OWN)
    return project


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = guarded_book(tmp_path_factory.mktemp("ran"))
    project.protocol.write_text(
        project.protocol.read_text() + "\n[equivalence]\nmargin_pp = 5\nwide_margin_pp = 9\n"
    )
    with chdir(project.root):
        assert run_chapters(project, exhibits=True)
    return project


def test_a_run_keeps_exact_numbers_in_the_house_alone(ran: Project) -> None:
    shown = read_ledger(ran.ledger)["text"].to_dict()
    assert shown == {
        "ward.treated.n": "1,235", "ward.control.n": "615", "ward.death.crude.rd": "suppressed", "ward.death.p": "suppressed",
        "ward.death.crude.risk_treated": "suppressed", "ward.death.crude.risk_control": "suppressed",
        "ward.share.smallest_seven": "suppressed"}  # fmt: skip
    assert EXACT.search((ran.root / "private" / "exact.csv").read_text())
    assert {path.parent.name for path in ran.root.rglob("*.pickle")} == {"steps"}
    assert not list((ran.root / "_build").rglob("*.pickle"))
    files = [path for path in (ran.root / "_build").rglob("*") if path.suffix in (".ipynb", ".json", ".db")]
    books = [json.loads(path.read_text())["cells"] for path in files if path.suffix == ".ipynb"]
    outputs = [json.dumps([cell.get("outputs") for cell in book]) for book in books]
    assert any("1,235" in text for text in outputs)
    rest = [path.read_text("latin-1") for path in [*files, ran.ledger] if path.suffix != ".ipynb"]
    rest = [text.replace(str(ran.root), "") for text in rest]  # where a folder of tests may have any number
    assert [text for text in outputs + rest if EXACT.search(text)] == []


def test_no_consumer_of_the_ledger_knows_more(ran: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page of numbers and its cards, the lab, exports, diff, claims: each reads the protected ledger."""
    monkeypatch.chdir(ran.root)
    rows, paper = read_ledger(ran.ledger), config(ran)
    paper = paper.model_copy(update={"choices": Choices(), "primary": ""})
    claim = Claim(file="cohort", says="more died", ids=("ward.death.crude.rd",), each="low > 0.5")
    with pytest.raises(ClaimError) as broken:
        check_claims([claim], ran.root / "book", rows, Rules(paper))
    asked = [
        ("result", f"{id_} {part}") for id_ in rows.index for part in ("text", "value", "n", "events", "ci")
    ]
    said = [
        str(broken.value),
        ledger_html(ran),
        json.dumps(ledger_json(rows, title="t", version="1.0.0")),
        json.dumps(replies(asked, committed_session(ran.root))),
        as_text(compare(rows.assign(text="1"), rows, claims=[], paper=paper), "a", "b", {}, paper),
    ]
    for text in said:
        assert "suppressed" in text or "1,235" in text
        assert not EXACT.search(text)


FAULTS = {
    "a printed frame": "print(arms)",
    "a frame at the end": "arms",
    "a chart without show": 'alt.Chart(arms).mark_bar().encode(x="n:Q")',
    "a drawing without show": 'Drawing(alt.Chart(arms).mark_bar().encode(x="n:Q"), "Bars.")',
    "a caption that counts": 'show(Sheet(table.frame, sources=(rows,)), "tbl-x", f"Of {arms.n.sum()} patients.")',
    "an alternative text that counts": 'show(Drawing(bars, f"{arms.n.sum()} patients.", sources=(every,)), "fig-x", "Bars.")',
    "a table that is not safe": 'show(Sheet(arms, sources=(rows,)), "tbl-x", "Patients.")',
    "a chart that is not safe": 'show(Drawing(alt.Chart(arms).mark_bar(), "Bars.", sources=(rows,)), "fig-x", "Bars.")',
    "an error of python": 'float("1237 617 Ana Garcia")',
    "an error with a number": "raise ValueError(f'{arms.n.sum()} patients, 0.172191 died')",
    "an error of pandas": 'arms.set_index("n").loc[213]',
    "a warning": "import warnings; warnings.warn('617 patients')",
    "a name of a patient": "{'617': 1}['Ana Garcia 617']",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_no_message_repeats_a_number(ran: Project, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = [
        "from livingpaper import take",
        'arms = take("cohort", "arms")',
        'rows = ledger.select("ward.{arm}.n")',
    ]
    path = ran.root / "book" / "fault.md"
    path.write_text(chapter([EXHIBITS[0], taken, FAULTS[fault].split("; ")], "fault"))
    monkeypatch.chdir(ran.root)
    run = ChapterRun(ran, path)
    with pytest.raises(ChapterError) as error:
        (run.record(), run.show())
    path.unlink()
    assert "cell 3" in str(error.value)
    assert not EXACT.search(str(error.value))
    assert "Ana" not in str(error.value)


LOWERED = {
    "a field": "from livingpaper.disclosure.profiles import PROFILES; object.__setattr__(PROFILES['publish'], 'threshold', 0)",
    "other profiles": "from livingpaper.disclosure import profiles; profiles.PROFILES = {'publish': None}",
    "the configuration": "from livingpaper.config import Config; Config.guarded = Config.guards = lambda *_: False",
    "the rules": "from livingpaper.disclosure import protect; protect.protect = lambda *_, **__: None",
    "the session": "from livingpaper.chapters.session import Session; Session._shown = lambda _, frame: frame",
}


def test_no_cell_lowers_the_profile(tmp_path: Path) -> None:
    """Chapters run in processes of their own; the ledger is protected where none of their code runs."""
    attempts = [PATIENTS[0], *([line] for way in LOWERED.values() for line in way.split("; ")), *PATIENTS[1:]]
    project = guarded_book(tmp_path, cohort=attempts)
    with chdir(project.root):
        run_chapters(project)
    assert read_ledger(project.ledger).at["ward.treated.n", "text"] == "1,235"
    assert read_ledger(project.ledger).at["ward.death.crude.rd", "text"] == "suppressed"
    with pytest.raises(TypeError, match="does not support item assignment"):
        PROFILES["publish"] = PROFILES["internal"]  # type: ignore[index]
