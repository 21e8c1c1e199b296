"""What a guarded origin lets into ledger, tables and charts, in a book of three small chapters."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from livingpaper import Drawing, Safe, Sheet, crosstable, frame, ledger, record, show
from livingpaper.build.project import Project
from livingpaper.chapters import session
from livingpaper.config import ConfigError, config
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.disclosure.safe import require_safe
from livingpaper.ledger.ledger import ledger_csv, ledger_part, parse_ledger
from planted import OWN
from small_book import small_book

COUNTS = pd.DataFrame({"arm": ["a", "b"], "estimate": [33, 4]})

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
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
    safe = Safe.of_bins(pd.DataFrame({"low": [0, 1], "high": [1, 2], "n": [33, 52]}))
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
