"""What moved between two ledgers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from livingpaper.ledger.claims import Claim
from livingpaper.ledger.compare import NO_EFFECT, OF_ONE_ARM, TOLERANCE, compare, reading
from livingpaper.ledger.ledger import entry, ledger_frame, read_ledger
from livingpaper.ledger.report import as_markdown, as_text, summary
from study.protocol.protocol import Protocol


def ledger(*rows: dict[str, object]) -> pd.DataFrame:
    return ledger_frame(rows).set_index("id", drop=False)


def difference(id_: str, estimate: float, low: float, high: float) -> dict[str, object]:
    return entry(
        id_, "synthetic", "risk difference", estimate, conf_low=low, conf_high=high, conf_level=0.95, code="x"
    )


OLD = ledger(
    difference("a.rd", 0.03, -0.02, 0.08),
    difference("b.rd", 0.02, 0.01, 0.04),
    difference("c.rd", 0.01, -0.06, 0.08),
    entry("n", "counts", "count", 10, code="x"),
)
CLAIM = Claim(file="index", says="a includes zero", ids=("a.rd",), each="low < 0 < high")


def test_nothing_moved(protocol: Protocol) -> None:
    result = compare(OLD, OLD.copy(), claims=[CLAIM], protocol=protocol)
    assert result.status == 0
    assert summary(result) == "0 estimates moved, 0 conclusions changed"


def test_an_estimate_moved_and_no_conclusion(protocol: Protocol) -> None:
    new = ledger(
        difference("a.rd", 0.031, -0.02, 0.08),
        *[OLD.loc[i].to_dict() for i in ("b.rd", "c.rd", "n")],
    )
    result = compare(OLD, new, claims=[CLAIM], protocol=protocol)
    assert result.status == 1
    assert list(result.moved.index) == ["a.rd"]
    assert result.moved["change"].iloc[0] == pytest.approx(0.001)
    assert summary(result) == "1 estimate moved, 0 conclusions changed"


def test_an_interval_that_crosses_zero_and_the_claim_on_it_are_conclusions(protocol: Protocol) -> None:
    new = ledger(
        difference("a.rd", 0.05, 0.001, 0.1),
        *[OLD.loc[i].to_dict() for i in ("b.rd", "c.rd", "n")],
    )
    result = compare(OLD, new, claims=[CLAIM], protocol=protocol)
    assert result.status == 2
    assert result.n_conclusions == 2  # the row's reading and the sentence
    assert "is above no effect (before: includes no effect)" in as_text(result, "old", "new")
    assert '"index: a includes zero" no longer holds' in as_markdown(result, "old", "new")


def test_an_interval_that_enters_the_margin_is_a_conclusion(protocol: Protocol) -> None:
    margin = protocol.equivalence.margin_pp / 100
    new = ledger(
        difference("c.rd", 0.01, -0.9 * margin, 0.9 * margin),
        *[OLD.loc[i].to_dict() for i in ("a.rd", "b.rd", "n")],
    )
    result = compare(OLD, new, claims=[], protocol=protocol)
    assert (
        result.moved.loc["c.rd", "conclusion"]
        == "the interval lies inside the margin (before: reaches beyond the margin)"
    )


def test_new_and_removed_rows_are_told(protocol: Protocol) -> None:
    new = ledger(
        *[OLD.loc[i].to_dict() for i in ("a.rd", "b.rd", "c.rd")], entry("m", "counts", "count", 3, code="x")
    )
    result = compare(OLD, new, claims=[], protocol=protocol)
    assert (list(result.added.index), list(result.removed.index)) == (["m"], ["n"])
    assert result.status == 1
    assert summary(result) == "0 estimates moved, 0 conclusions changed, 1 number new, 1 removed"


def test_the_last_digit_is_within_tolerance(protocol: Protocol) -> None:
    new = OLD.copy()
    new.loc["a.rd", "estimate"] *= 1 + TOLERANCE / 2
    result = compare(OLD, new, claims=[], protocol=protocol)
    assert (result.status, result.n_within) == (0, 1)


def test_a_claim_on_a_number_that_is_gone_is_told(protocol: Protocol) -> None:
    result = compare(OLD, OLD.drop(index="a.rd"), claims=[CLAIM], protocol=protocol)
    assert result.claims["after"].tolist() == [None]
    assert "can no longer be judged" in as_text(result, "old", "new")


def test_swapping_the_ledgers_swaps_the_news(protocol: Protocol) -> None:
    new = ledger(difference("a.rd", 0.05, 0.001, 0.1), entry("m", "counts", "count", 3, code="x"))
    there = compare(OLD, new, claims=[CLAIM], protocol=protocol)
    back = compare(new, OLD, claims=[CLAIM], protocol=protocol)
    np.testing.assert_allclose(there.moved["change"], -back.moved["change"])
    assert list(there.added.index) == list(back.removed.index)
    assert there.claims["before"].tolist() == back.claims["after"].tolist()


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-0.01, 0.02, "includes no effect"),
        (0.01, 0.02, "is above no effect"),
        (-0.02, -0.01, "is below no effect"),
    ],
)
def test_reading_of_an_interval(low: float, high: float, words: str) -> None:
    row = pd.Series(difference("a", 0.0, low, high))
    assert reading(row, 0.05) == (words, "lies inside the margin")


def test_the_committed_ledger_equals_itself(project: Project, protocol: Protocol) -> None:
    committed = read_ledger(project.ledger)
    assert compare(committed, committed, claims=[], protocol=protocol).status == 0


def test_every_scale_with_an_interval_has_its_reading(project: Project) -> None:
    ledger = read_ledger(project.ledger)
    scales = set(ledger.loc[ledger["conf_low"].notna(), "scale"])
    assert scales <= set(NO_EFFECT) | OF_ONE_ARM
    assert not set(NO_EFFECT) & OF_ONE_ARM


def test_sentences_that_come_and_go_are_told(protocol: Protocol) -> None:
    other = Claim(file="index", says="b is above zero", ids=("b.rd",), each="low > 0")
    result = compare(OLD, OLD, claims=[CLAIM, other], protocol=protocol, old_claims=[CLAIM])
    assert (result.stated, result.withdrawn, result.status) == (("index: b is above zero",), (), 1)
    assert summary(result) == "0 estimates moved, 0 conclusions changed (1 new, 0 withdrawn)"
    assert "index: b is above zero" in as_text(result, "old", "new")
    back = compare(OLD, OLD, claims=[CLAIM], protocol=protocol, old_claims=[CLAIM, other])
    assert back.withdrawn == ("index: b is above zero",)
    assert compare(OLD, OLD, claims=[CLAIM, other], protocol=protocol).status == 0


def test_a_long_list_of_new_numbers_is_told_by_kind(protocol: Protocol) -> None:
    many = [entry(f"a.x.n{i}", "counts", "count", i, code="x") for i in range(60)]
    result = compare(
        OLD, ledger(*[OLD.loc[i].to_dict() for i in OLD.index], *many), claims=[], protocol=protocol
    )
    assert "a: 60 numbers" in as_text(result, "old", "new")
