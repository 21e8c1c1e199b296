"""Published numbers on real people: Hernan & Robins (2020) What If, chapters 12 and 17."""

from __future__ import annotations

import pytest
from headtohead.evidence.effects import reproduction
from livingpaper.build.project import Project
from running import Ran, run_chapter
from study.protocol.protocol import Protocol
from study.real_cohorts.nhefs import load_nhefs, published_by_us


@pytest.fixture(scope="module")
def ran(project: Project, protocol: Protocol) -> Ran:
    return run_chapter(project, "real-cohorts", plan=protocol)


def test_people_as_in_the_book(ran: Ran) -> None:
    people, found = load_nhefs(), ran.rows["estimate"]
    assert (found["nhefs.n"], found["nhefs.n_complete"]) == (1629, 1566)  # chapter 12.1: both weights
    assert int((people.dropna(subset=["wt82_71"])["qsmk"] == 1).sum()) == 403  # chapter 12.1, quitters
    assert found["nhefs.pairs.n"] + found["nhefs.unmatched"] == 403


@pytest.mark.parametrize(
    ("estimand", "column", "printed"),
    [
        ("crude", "estimate", "2.541"),
        ("ate", "estimate", "3.441"),
        ("ate", "conf_low", "2.411"),
        ("ate", "conf_high", "4.470"),
    ],
)
def test_weight_change_to_the_printed_digit(ran: Ran, estimand: str, column: str, printed: str) -> None:
    assert f"{ran.rows.at[f'nhefs.weight.{estimand}', column]:.3f}" == printed


def test_death_by_1992_to_the_printed_digit(ran: Ran) -> None:
    assert f"{ran.rows.at['nhefs.death.log_rank', 'estimate']:.1f}" == "7.7"
    assert f"{ran.rows.at['nhefs.death.log_rank.p', 'estimate']:.3f}" == "0.005"  # program 17.1


def test_the_comparison_says_reproduced_only_where_it_is(ran: Ran) -> None:
    assert list(ran.shown["tbl-nhefs"].frame["Verdict"]) == ["reproduced"] * 5
    published = ran.variables["published"]
    other = published.assign(printed=published["printed"].mask(published["id"] == "weight.ate", "3.442"))
    ours = published_by_us(ran.variables["change"], ran.variables["log_rank"])
    verdicts = reproduction(other, ours).groupby("number")["method"].first()
    assert verdicts[verdicts == "differs"].index.tolist() == ["weight.ate"]


def test_every_adjustment_agrees_that_quitters_gained_more(ran: Ran) -> None:
    """Crude confounding is towards zero: each adjusted estimate lies above the crude one."""
    effect = ran.variables["change"].set_index("adjustment")
    assert (effect["estimate"].drop("crude") > effect.at["crude", "estimate"]).all()
    assert (effect["conf_low"] > 0).all()


def test_overlap_weights_balance_exactly(ran: Ran) -> None:
    """Li, Morgan & Zaslavsky (2018), theorem 3: the score is a maximum-likelihood logistic model."""
    # convergence of the score, nothing statistical
    assert ran.rows.at["nhefs.smd.largest.overlap_weights", "estimate"] < 1e-6


def test_the_design_is_the_books(ran: Ran) -> None:
    design = ran.variables["score"].design
    # sex, race, four continuous and their squares, education 5 - 1, exercise 3 - 1, active 3 - 1 levels
    assert design.shape == (1566, 2 + 8 + 4 + 2 + 2)
    assert ran.rows.at["nhefs.weight.crude", "n"] == 1566
