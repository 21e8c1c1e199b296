"""What cells record, select and show, by hand on a book of three small chapters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from livingpaper import Drawing, Sheet, crosstable, frame, ledger, record, show
from livingpaper.book.show import MIME, TRIAL
from livingpaper.build.project import Project
from livingpaper.chapters import session
from livingpaper.chapters.recording import key, select_rows
from livingpaper.lab.texts import replies, running_session
from livingpaper.ledger.ledger import LedgerError, ledger_frame, write_ledger
from small_book import small_book

RISKS = pd.DataFrame(
    {
        "outcome": "death",
        "adjustment": ["ato", "ato", "pairs"],
        "scale": ["risk, treated", "risk difference", "risk difference"],
        "estimate": [0.25, -0.05, 0.0512],
        "conf_low": [np.nan, -0.1, -0.02],
        "conf_high": [np.nan, 0.0, 0.12],
        "conf_level": [np.nan, 0.95, 0.95],
        "n": [100, 100, 80],
        "p_value": 0.5,
    }
)
DEATH = "outcomes.{outcome}28.{adjustment}.{scale}"

pytestmark = pytest.mark.usefixtures("book")


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Project]:
    project = small_book(tmp_path)
    session.start(project, strict=False)
    yield project
    session._current.clear()


def commit(project: Project) -> None:
    """Write what was recorded as the committed ledger, and begin another session."""
    write_ledger(ledger_frame(session.current().rows.values()), project.ledger)
    session.start(project, strict=False)


def test_a_frame_is_recorded_row_by_row() -> None:
    record(RISKS, DEATH, origin="synthetic", method="bootstrap")
    row = ledger["outcomes.death28.ato.rd"]
    assert row["text"] == "−5.0 percentage points (95% CI −10.0 to 0.0)"
    assert (row["estimate"], row["n"], row["method"], row["outcome"]) == (-0.05, 100, "bootstrap", "death")
    assert np.isnan(row["events"])
    assert set(session.current_ledger().index) == {
        "outcomes.death28.ato.risk_treated",
        "outcomes.death28.ato.rd",
        "outcomes.death28.pairs.rd",
    }


def test_series_dicts_and_numbers_are_recorded() -> None:
    record(pd.Series({"High Flow": 0.2}), "matching.smd.{name}", origin="synthetic", scale="smd")
    record({"a": 1, "b": 2}, "matching.{name}.n", origin="synthetic", scale="count")
    record(7, "matching.all.n", origin="counts", scale="count")
    assert ledger["matching.smd.high_flow"]["text"] == "0.20"
    assert ledger["matching.b.n"]["text"] == "2"
    assert ledger["matching.all.n"]["origin"] == "counts"


def test_a_column_can_be_named_as_the_value() -> None:
    record(RISKS[:1], "outcomes.{adjustment}.p", origin="synthetic", scale="p value", value="p_value")
    assert ledger["outcomes.ato.p"]["text"] == "0.500"


def test_a_result_that_cannot_be_had_says_why() -> None:
    missing = RISKS[:1].assign(estimate=np.nan, method="no pair within the caliper")
    record(missing, DEATH, origin="synthetic")
    assert ledger["outcomes.death28.ato.risk_treated"]["text"] == "no pair within the caliper"


def test_why_there_is_no_number_is_said_only_where_there_is_none() -> None:
    found = {"seen": 2.0, "unseen": np.nan}
    record(found, "gamma.{name}", origin="synthetic", scale="ratio", absent="no pair is discordant")
    assert ledger["gamma.unseen"]["text"] == ledger["gamma.unseen"]["method"] == "no pair is discordant"
    assert ledger["gamma.seen"]["text"] == "2.00"
    assert pd.isna(ledger["gamma.seen"]["method"])


@pytest.mark.parametrize(
    ("text", "part"), [("High Flow (L/min)", "high_flow_l_min"), (28.0, "28"), (0.25, "0_25"), ("ATO", "ato")]
)
def test_parts_of_ids(text: object, part: str) -> None:
    assert key(text) == part


@pytest.mark.parametrize(
    ("rows", "pattern", "more", "says"),
    [
        (
            RISKS,
            "outcomes.{arm}.{scale}",
            {},
            r"must have the columns \['arm'\], found \['outcome', 'adjustment'",
        ),
        (RISKS, DEATH, {"value": "mean"}, r"must have the columns \['mean'\]"),
        ({"a": 1}, "cohort.{name}", {}, r"must have the columns \['scale'\]"),
        (RISKS, DEATH, {"methods": "x"}, r"a column of the ledger must be one of .*, found \['methods'\]"),
        (RISKS, DEATH, {"origin": "made up"}, "the origin of .* must be one of"),
        ({"()": 1}, "cohort.{name}", {"scale": "count"}, "must give ids such as .*, found 'cohort.'"),
        ("text", "cohort.x", {"scale": "count"}, "takes a frame, a series, a dict or a number, found str"),
        (
            RISKS,
            "outcomes.death28.{adjustment}",
            {},
            "'outcomes.death28.ato' of .* is recorded already; rename one",
        ),
    ],
)
def test_what_cannot_be_recorded(rows: object, pattern: str, more: dict, says: str) -> None:
    with pytest.raises(LedgerError, match=says):
        record(rows, pattern, **{"origin": "synthetic"} | more)  # type: ignore[arg-type]
    assert not session.current().rows


def test_a_cell_may_run_again_but_two_patterns_may_not_give_one_id() -> None:
    record(RISKS, DEATH, origin="synthetic")
    record(RISKS.assign(estimate=0.01), DEATH, origin="synthetic")
    assert ledger["outcomes.death28.ato.rd"]["estimate"] == 0.01
    with pytest.raises(
        LedgerError,
        match="'outcomes.death28.ato.rd' of .* is recorded already by the pattern 'outcomes.{outcome}",
    ):
        record(RISKS[1:2], "outcomes.death28.{adjustment}.rd", origin="synthetic")


def test_while_the_ledger_is_made_an_id_is_recorded_once(book: Project) -> None:
    session.start(book)
    record(RISKS, DEATH, origin="synthetic")
    with pytest.raises(LedgerError, match="is recorded already by the pattern .*; rename one$"):
        record(RISKS, DEATH, origin="synthetic")


def test_a_number_says_which_section_made_it() -> None:
    record(2, "matching.close.n", origin="synthetic", scale="count")
    assert ledger["matching.close.n"]["code"] == "book/matching.md::pairs"


def test_select_gives_holes_as_columns() -> None:
    record(RISKS, DEATH, origin="synthetic")
    rows = ledger.select("outcomes.{endpoint}28.{way}.{measure}")
    assert rows[["endpoint", "way", "measure"]].to_numpy().tolist() == [
        ["death", "ato", "rd"],
        ["death", "ato", "risk_treated"],
        ["death", "pairs", "rd"],
    ]
    assert list(ledger.select("outcomes.death28.ato.rd")["id"]) == ["outcomes.death28.ato.rd"]
    assert len(ledger.select("outcomes.{x}.{y}.rd")) == 2
    assert "outcomes.death28.ato.rd" in ledger


def test_select_errors() -> None:
    record(RISKS, DEATH, origin="synthetic")
    with pytest.raises(
        LedgerError, match="must fit some number of the ledger, 'outcomes.{x}' fits none; correct it"
    ):
        ledger.select("outcomes.{x}")
    with pytest.raises(
        LedgerError, match=r"must not be named like a column of the ledger, found \['outcome'\]"
    ):
        ledger.select("outcomes.{outcome}28.ato.rd")
    with pytest.raises(LedgerError, match="must have the id 'outcomes.x', none has"):
        ledger["outcomes.x"]


PART = st.text("abcdefghij0123456789_", min_size=1, max_size=6).filter(lambda text: key(text) == text)


@given(st.lists(st.tuples(PART, PART), min_size=1, max_size=8, unique=True))
def test_what_is_recorded_by_a_pattern_is_selected_by_it(names: list[tuple[str, str]]) -> None:
    from livingpaper.chapters.recording import rows_of

    results = pd.DataFrame(names, columns=["arm", "term"]).assign(estimate=range(len(names)))
    rows = rows_of(results, "x.{arm}.y_{term}", origin="counts", code="", scale="count")
    found = select_rows(pd.DataFrame(rows), "x.{arm}.y_{term}")
    pd.testing.assert_frame_equal(found[["arm", "term", "estimate"]], results, check_dtype=False)


def test_crosstable() -> None:
    record(RISKS, DEATH, origin="synthetic")
    rows = ledger.select("outcomes.death28.{way}.{measure}")
    cells = crosstable(
        rows,
        ("way", {"pairs": "Pairs", "ato": "Overlap"}),
        ("measure", {"risk_treated": "Risk", "rd": "RD"}),
        corner="By",
    )
    assert cells.to_dict("list") == {
        "By": ["Pairs", "Overlap"],
        "Risk": ["not estimable", "25.0%"],
        "RD": ["+5.1 (−2.0 to +12.0)", "−5.0 (−10.0 to 0.0)"],
    }
    assert list(crosstable(rows, "way", "measure", cell=lambda row: row["text"][:4])["rd"]) == [
        "−5.0",
        "+5.1",
    ]


def test_crosstable_errors() -> None:
    record(RISKS, DEATH, origin="synthetic")
    rows = ledger.select("outcomes.death28.{way}.{measure}")
    with pytest.raises(
        LedgerError, match=r"each key of 'way' must have a row, \['att'\] have none; found \['ato', 'pairs'\]"
    ):
        crosstable(rows, ("way", {"att": "ATT"}), "measure")
    with pytest.raises(LedgerError, match="must go by one of .*, found 'arm'"):
        crosstable(rows, "arm", "measure")
    with pytest.raises(
        LedgerError, match="must stand for one number, two claim it: 'outcomes.death28.pairs.rd'"
    ):
        crosstable(rows, "outcome", "measure")


def test_a_frame_of_patients_is_refused() -> None:
    made = frame(pd.DataFrame({"day": [1], "risk": [0.1]}), "outcomes.curves", origin="synthetic")
    assert (made.attrs["frame"], made.attrs["origin"]) == ("outcomes.curves", "synthetic")
    for rows in (
        pd.DataFrame({"patient_id": [1]}),
        pd.DataFrame({"a": [1]}, index=pd.Index([1], name="nhc")),
        pd.DataFrame({"a": range(3001)}),
    ):
        with pytest.raises(LedgerError, match="at most 3000 aggregated rows and no identifier, 'a.b' has"):
            frame(rows, "a.b", origin="synthetic")
    with pytest.raises(LedgerError, match="the origin of 'a.b' must be one of"):
        frame(made, "a.b", origin="x")


def test_origin_follows_from_the_sources() -> None:
    record(1, "cohort.a.n", origin="counts", scale="count")
    record(1, "cohort.b.n", origin="published", scale="count")
    sources = [ledger["cohort.a.n"], ledger.select("cohort.b.n")]
    body = pd.DataFrame({"a": ["1"]})
    assert show(Sheet(body, sources=sources[:1]), "tbl-x", "A.").origin == "counts"
    both = show(Sheet(body, sources=sources), "tbl-x", "A.").myst()
    assert "A. Rests on published numbers and numbers computed from the published counts." in both
    assert ":class: origin-mixed" in both
    assert ":class: origin-design" in show(Sheet(body, sources=()), "tbl-x", "A.").myst()
    made = frame(body, "cohort.x", origin="synthetic")
    assert show(Sheet(body, sources=(made, *sources[:1])), "tbl-x", "").origin == "counts+synthetic"
    with pytest.raises(ValueError, match="tbl-x must say what it rests on"):
        show(Sheet(body), "tbl-x", "A.")
    with pytest.raises(LedgerError, match="must be rows of the ledger or what frame"):
        show(Sheet(body, sources=(body,)), "tbl-x", "A.")


def test_a_chart_may_hold_ids_of_numbers() -> None:
    record(1, "cohort.a.n", origin="counts", scale="count")
    rows = ledger.select("cohort.{x}.n")
    chart = alt.Chart(rows[["id", "estimate"]]).mark_bar().encode(x="estimate:Q", y="id:N")
    assert show(Drawing(chart, "A bar.", sources=(rows,)), "fig-x", "A.").spec()["usermeta"]["origin"]


def blind(project: Project) -> None:
    path = project.protocol
    path.write_text(path.read_text().replace("blinded = false", "blinded = true"))


def test_while_blinded_outcomes_are_withheld_where_they_are_recorded(book: Project) -> None:
    blind(book)
    record(RISKS, DEATH, origin="synthetic")
    record(2, "matching.close.n", origin="synthetic", scale="count")
    rows = ledger.select("outcomes.death28.{way}.{measure}")
    assert set(rows["text"]) == {"withheld"}
    assert rows["estimate"].isna().all()
    assert ledger["matching.close.n"]["text"] == "2"
    assert crosstable(rows, "way", "measure")["rd"].tolist() == ["withheld", "withheld"]
    curves = frame(pd.DataFrame({"risk": [0.1]}), "outcomes.curves", origin="synthetic")
    chart = alt.Chart(curves).mark_bar().encode(x="risk:Q")
    for sources in ((rows,), (curves,)):
        panel = show(Drawing(chart, "A bar.", sources=sources), "fig-x", "It is 10%.")
        assert panel.alt.startswith("Withheld until")
        assert "10%" not in panel.caption
        assert panel.origin == "design"
    assert show(Sheet(rows, sources=(rows,)), "tbl-x", "It is 10%.").frame.to_numpy().tolist() == [
        ["Withheld until the diagnostics are accepted."]
    ]


def test_a_trial_is_what_differs_from_the_committed_ledger(book: Project) -> None:
    record(RISKS, DEATH, origin="synthetic")
    record(2, "matching.close.n", origin="synthetic", scale="count")
    commit(book)
    record(
        RISKS.assign(estimate=[0.25, -0.05, 0.0612], conf_low=lambda d: d["conf_low"] * (1 + 1e-7)),
        DEATH,
        origin="synthetic",
    )
    assert session.current().trial_ids() == {"outcomes.death28.pairs.rd"}
    assert ledger["outcomes.death28.pairs.rd"]["estimate"] == 0.0612
    body = pd.DataFrame({"a": ["1"]})
    changed = show(Sheet(body, sources=(ledger.select("outcomes.death28.{way}.rd"),)), "tbl-x", "A.")
    assert changed.trial
    assert f"{TRIAL} A." in changed.myst()
    assert TRIAL in changed._repr_mimebundle_()["text/html"]
    assert TRIAL in changed._repr_mimebundle_()[MIME]["myst"]
    assert not show(Sheet(body, sources=(ledger["outcomes.death28.ato.rd"],)), "tbl-x", "A.").trial
    assert not show(Sheet(body, sources=(ledger["matching.close.n"],)), "tbl-x", "A.").trial
    record(RISKS, DEATH, origin="synthetic")
    assert not session.current().trial_ids()


def test_while_a_chapter_tries_something_it_is_known_which_numbers_are_those_of_others(book: Project) -> None:
    record(2, "matching.close.n", origin="synthetic", scale="count")
    record(RISKS, DEATH, origin="synthetic")
    others = {*session.current().rows} - {"matching.close.n"}
    commit(book)
    record(3, "matching.close.n", origin="synthetic", scale="count")
    assert running_session().others == others
    roles = [("result", "outcomes.death28.ato.rd"), ("result", "matching.close.n")]
    assert [reply["title"].partition("; ")[2] for reply in replies(roles, running_session())] == [
        "the paper's, another chapter computes it",
        "a trial, the paper says 2",
    ]
    record(2, "matching.close.n", origin="synthetic", scale="count")
    assert not running_session().others


def test_without_a_committed_ledger_every_number_is_a_trial() -> None:
    record(2, "matching.close.n", origin="synthetic", scale="count")
    assert session.current().trial_ids() == {"matching.close.n"}


def test_the_ledger_is_closed_while_chapters_record() -> None:
    session.current().readable = False
    with pytest.raises(LedgerError, match="the ledger can be read when all chapters have recorded theirs"):
        ledger.select("cohort.{x}")
