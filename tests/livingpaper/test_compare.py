"""What moved between two ledgers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from livingpaper.config import Config
from livingpaper.ledger.claims import Claim, Rules
from livingpaper.ledger.compare import TOLERANCE, as_markdown, as_text, compare, reading, summary
from livingpaper.ledger.ledger import entry, ledger_frame, read_ledger


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


def test_nothing_moved(settings: Config) -> None:
    result = compare(OLD, OLD.copy(), claims=[CLAIM], paper=settings)
    assert result.status == 0
    assert summary(result) == "0 estimates moved, 0 conclusions changed"


def test_an_estimate_moved_and_no_conclusion(settings: Config) -> None:
    new = ledger(
        difference("a.rd", 0.031, -0.02, 0.08),
        *[OLD.loc[i].to_dict() for i in ("b.rd", "c.rd", "n")],
    )
    result = compare(OLD, new, claims=[CLAIM], paper=settings)
    assert result.status == 1
    assert list(result.moved.index) == ["a.rd"]
    assert result.moved["change"].iloc[0] == pytest.approx(0.001)
    assert summary(result) == "1 estimate moved, 0 conclusions changed"


def test_another_origin_of_the_same_number_is_told_and_only_then(settings: Config) -> None:
    """The line said "58 → 58"."""
    marked = OLD.assign(origin=OLD["origin"].where(OLD.index != "n", "real"))
    marked.loc["a.rd", "text"] = "3 points"
    result = compare(OLD, marked, claims=[CLAIM], paper=settings)
    told = as_text(result, "old", "new", {}, settings)
    assert "n: 10 → 10; origin: counts → real" in told
    assert told.count("origin:") == 1
    assert result.n_conclusions == 0


def test_an_interval_that_crosses_zero_and_the_claim_on_it_are_conclusions(settings: Config) -> None:
    new = ledger(
        difference("a.rd", 0.05, 0.001, 0.1),
        *[OLD.loc[i].to_dict() for i in ("b.rd", "c.rd", "n")],
    )
    result = compare(OLD, new, claims=[CLAIM], paper=settings)
    assert result.status == 2
    assert result.n_conclusions == 2  # the row's reading and the sentence
    assert "is above no effect (before: includes no effect)" in as_text(result, "old", "new", {}, settings)
    assert '"index: a includes zero" no longer holds' in as_markdown(result, "old", "new", {}, settings)


def test_an_interval_that_enters_the_margin_is_a_conclusion(settings: Config) -> None:
    margin = Rules(settings).margins["margin"]
    new = ledger(
        difference("c.rd", 0.01, -0.9 * margin, 0.9 * margin),
        *[OLD.loc[i].to_dict() for i in ("a.rd", "b.rd", "n")],
    )
    result = compare(OLD, new, claims=[], paper=settings)
    assert (
        result.moved.loc["c.rd", "conclusion"]
        == "the interval lies inside the margin (before: reaches beyond the margin)"
    )


def test_new_and_removed_rows_are_told(settings: Config) -> None:
    new = ledger(
        *[OLD.loc[i].to_dict() for i in ("a.rd", "b.rd", "c.rd")], entry("m", "counts", "count", 3, code="x")
    )
    result = compare(OLD, new, claims=[], paper=settings)
    assert (list(result.added.index), list(result.removed.index)) == (["m"], ["n"])
    assert result.status == 1
    assert summary(result) == "0 estimates moved, 0 conclusions changed, 1 number new, 1 removed"


def test_the_last_digit_is_within_tolerance(settings: Config) -> None:
    new = OLD.copy()
    new.loc["a.rd", "estimate"] *= 1 + TOLERANCE / 2
    result = compare(OLD, new, claims=[], paper=settings)
    assert (result.status, result.n_within) == (0, 1)


def test_a_claim_on_a_number_that_is_gone_is_told(settings: Config) -> None:
    result = compare(OLD, OLD.drop(index="a.rd"), claims=[CLAIM], paper=settings)
    assert result.claims["after"].tolist() == [None]
    assert "can no longer be judged" in as_text(result, "old", "new", {}, settings)


def test_swapping_the_ledgers_swaps_the_news(settings: Config) -> None:
    new = ledger(difference("a.rd", 0.05, 0.001, 0.1), entry("m", "counts", "count", 3, code="x"))
    there = compare(OLD, new, claims=[CLAIM], paper=settings)
    back = compare(new, OLD, claims=[CLAIM], paper=settings)
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
def test_reading_of_an_interval(low: float, high: float, words: str, rules: Rules) -> None:
    row = pd.Series(difference("a", 0.0, low, high))
    assert reading(row, rules) == (words, "lies inside the margin")


def test_the_committed_ledger_equals_itself(project: Project, settings: Config) -> None:
    committed = read_ledger(project.ledger)
    assert compare(committed, committed, claims=[], paper=settings).status == 0


OF_ONE_ARM = {"risk, treated", "risk, control", "mean days, treated", "mean days, control", "tau squared"}


def test_every_scale_with_an_interval_has_its_reading(project: Project, settings: Config) -> None:
    ledger = read_ledger(project.ledger)
    scales = set(ledger.loc[ledger["conf_low"].notna(), "scale"])
    read = {name for name, scale in settings.scales.items() if scale.no_effect is not None}
    assert scales <= read | OF_ONE_ARM
    assert not read & OF_ONE_ARM


def test_sentences_that_come_and_go_are_told(settings: Config) -> None:
    other = Claim(file="index", says="b is above zero", ids=("b.rd",), each="low > 0")
    result = compare(OLD, OLD, claims=[CLAIM, other], paper=settings, old_claims=[CLAIM])
    assert (result.stated, result.withdrawn, result.status) == (("index: b is above zero",), (), 1)
    assert summary(result) == "0 estimates moved, 0 conclusions changed (1 new, 0 withdrawn)"
    assert "index: b is above zero" in as_text(result, "old", "new", {}, settings)
    back = compare(OLD, OLD, claims=[CLAIM], paper=settings, old_claims=[CLAIM, other])
    assert back.withdrawn == ("index: b is above zero",)
    assert compare(OLD, OLD, claims=[CLAIM, other], paper=settings).status == 0


def test_a_long_list_is_cut_in_a_terminal_and_whole_in_markdown(settings: Config) -> None:
    many = [entry(f"a.x.n{i}", "counts", "count", i, code="x") for i in range(60)]
    result = compare(
        OLD, ledger(*[OLD.loc[i].to_dict() for i in OLD.index], *many), claims=[], paper=settings
    )
    text, whole = (write(result, "old", "new", {}, settings) for write in (as_text, as_markdown))
    assert "Chapter x: 60 new" in text
    assert "and 20 more" in text
    assert sum(line.startswith("- a.x.n") for line in whole.splitlines()) == 60  # nothing is cut off


def test_what_is_printed_the_same_is_no_change(settings: Config) -> None:
    new = OLD.copy()
    new.loc["a.rd", ["estimate", "std_error"]] = (0.03001, 0.025)
    result = compare(OLD, new, claims=[], paper=settings)
    assert (result.status, result.n_within, len(result.moved)) == (0, 1, 0)
    for column, value in (("n", 12.0), ("events", 3.0)):
        counted = OLD.copy()
        counted.loc["a.rd", column] = value  # printed where a caption asks for it
        assert compare(OLD, counted, claims=[], paper=settings).status == 1


def test_the_order_is_that_of_the_weight(settings: Config) -> None:
    """Choices, inputs, conclusions, numbers followed, the primary result, then chapter by chapter."""
    followed = "counts.death.rd"
    primary = f"{settings.primary_ids.removesuffix('.*')}.rd"
    ids = [primary, followed, "z.rd", "y.rd", "b.rd"]
    old = ledger(*[difference(id_, 0.03, -0.02, 0.08) | {"code": "book/methods.md::x"} for id_ in ids])
    new = ledger(
        *[difference(id_, 0.035, -0.02, 0.08) | {"code": "book/methods.md::x"} for id_ in ids[:3]],
        difference("y.rd", 0.035, -0.02, 0.08) | {"code": "book/cohort.md::x"},
        difference("b.rd", 0.05, 0.01, 0.08) | {"code": "book/cohort.md::x"},
    )
    told = {"Choices that changed": ["matching.caliper_sd: 0.2 → 0.1"], "Inputs that changed": ["data/x.csv"]}
    result = compare(old, new, claims=[], paper=settings)
    titles = [
        "Choices that changed", "Inputs that changed", "Conclusions that changed", "Numbers that are followed",
        "Primary result", "Chapter cohort: 1 moved", "Chapter methods: 1 moved",
    ]  # fmt: skip
    for write in (as_text, as_markdown):
        said = write(result, "old", "new", told, settings)
        places = [said.index(title) for title in titles]
        assert places == sorted(places)
        assert said.count(f"{followed}:") == said.count(f"{primary}:") == said.count("z.rd:") == 1
