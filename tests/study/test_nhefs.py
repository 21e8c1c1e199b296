"""Published numbers on real people: Hernan & Robins (2020) What If, chapters 12 and 17."""

from __future__ import annotations

import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.data.load import load_published
from study.protocol.protocol import Protocol
from study.real_cohorts.nhefs import analyse_nhefs, load_nhefs, nhefs_design
from study.results import Nhefs


@pytest.fixture(scope="module")
def published(project: Project) -> pd.DataFrame:
    return load_published(project.data / "published_nhefs.csv")


@pytest.fixture(scope="module")
def found(published: pd.DataFrame, protocol: Protocol) -> Nhefs:
    return analyse_nhefs(
        published, conf_level=protocol.inference.conf_level, caliper_sd=protocol.matching.caliper_sd
    )


def test_people_as_in_the_book(found: Nhefs) -> None:
    people = load_nhefs()
    assert (found.n, found.n_complete) == (1629, 1566)  # chapter 12.1: 1,566 with both weights
    assert int((people.dropna(subset=["wt82_71"])["qsmk"] == 1).sum()) == 403  # chapter 12.1, quitters
    assert found.n_pairs + found.n_unmatched == 403


@pytest.mark.parametrize(
    ("estimand", "column", "printed"),
    [
        ("crude", "estimate", "2.541"),
        ("ATE", "estimate", "3.441"),
        ("ATE", "conf_low", "2.411"),
        ("ATE", "conf_high", "4.470"),
    ],
)
def test_weight_change_to_the_printed_digit(found: Nhefs, estimand: str, column: str, printed: str) -> None:
    assert f"{found.effects.set_index('estimand').at[estimand, column]:.3f}" == printed


def test_death_by_1992_to_the_printed_digit(found: Nhefs) -> None:
    assert f"{found.log_rank_chi_square:.1f}" == "7.7"
    assert f"{found.log_rank_p:.3f}" == "0.005"  # program 17.1 prints p = 0.005


def test_the_comparison_says_reproduced_only_where_it_is(
    found: Nhefs, published: pd.DataFrame, protocol: Protocol
) -> None:
    assert list(found.comparison["verdict"]) == ["reproduced"] * 5
    other = published.assign(value=published["value"] + 0.001 * (published["id"] == "weight.ate"))
    again = analyse_nhefs(other, conf_level=protocol.inference.conf_level, caliper_sd=0.2)
    assert list(again.comparison["verdict"]).count("differs") == 1


def test_every_way_agrees_that_quitters_gained_more(found: Nhefs) -> None:
    """Crude confounding is towards zero: each adjusted estimate lies above the crude one."""
    effect = found.effects.set_index("estimand")["estimate"]
    assert (effect.drop("crude") > effect["crude"]).all()
    assert (found.effects["conf_low"] > 0).all()


def test_overlap_weights_balance_exactly(found: Nhefs) -> None:
    """Li, Morgan & Zaslavsky (2018), theorem 3: the score is a maximum-likelihood logistic model."""
    overlap = found.balance[found.balance["adjustment"] == "Overlap weights"]
    assert overlap["smd"].abs().max() < 1e-6  # convergence of the score, nothing statistical


def test_the_design_is_the_books(found: Nhefs) -> None:
    design = nhefs_design(load_nhefs().dropna(subset=["wt82_71"]))
    # sex, race, four continuous and their squares, education 5 - 1, exercise 3 - 1, active 3 - 1 levels
    assert design.shape == (1566, 2 + 8 + 4 + 2 + 2)
    assert found.effects["n"].iloc[0] == 1566
