"""The six derived numbers of the abstract, and what else four counts say."""

from __future__ import annotations

import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.cohort.reanalysis import analyse_published
from study.data.load import load_published
from study.results import Reanalysis


def analyse(published: pd.DataFrame) -> Reanalysis:
    return analyse_published(
        published,
        treated="anakinra",
        control="baricitinib",
        margin=0.05,
        wide_margin=0.10,
        alpha=0.05,
        power=0.8,
        conf_level=0.95,
        pairs_low=100,
        pairs_high=110,
    )


@pytest.fixture(scope="module")
def published(project: Project) -> pd.DataFrame:
    return load_published(project.data / "published.csv")


@pytest.fixture(scope="module")
def found(published: pd.DataFrame) -> Reanalysis:
    return analyse(published)


@pytest.mark.parametrize(
    ("id_", "printed", "recomputed"),
    [
        ("published.imv.anakinra.percent", "10.4%", 100 * 13 / 125),
        ("published.imv.baricitinib.percent", "4.6%", 100 * 10 / 217),
        ("published.death.anakinra.percent", "17.6%", 100 * 22 / 125),
        ("published.death.baricitinib.percent", "16.6%", 100 * 36 / 217),
        # n (ad - bc)^2 / (row and column totals), 1 degree of freedom, without correction
        ("published.imv.p", "0.039", 0.0390),
        ("published.death.p", "0.811", 0.8109),
    ],
)
def test_number_of_the_abstract(found: Reanalysis, id_: str, printed: str, recomputed: float) -> None:
    row = found.comparison.set_index("id").loc[id_]
    assert row["printed"] == printed
    assert row["recomputed"] == pytest.approx(recomputed, abs=5e-4)  # the digits written above
    places = len(printed.rstrip("%").split(".")[1])
    assert f"{row['recomputed']:.{places}f}" == printed.rstrip("%")
    assert row["verdict"] == "reproduced"


def test_a_count_that_is_off_by_one_is_noticed(published: pd.DataFrame) -> None:
    other = published.copy()
    wrong = other["id"] == "published.death.anakinra"
    other.loc[wrong, "value"], other.loc[wrong, "printed"] = 23, "23"
    verdicts = analyse(other).comparison.set_index("id")["verdict"]
    assert verdicts["published.death.anakinra.percent"] != "reproduced"
    assert verdicts["published.death.p"] != "reproduced"
    assert verdicts["published.imv.p"] == "reproduced"


def test_only_the_uncorrected_chi_square_gives_both_p_values(found: Reanalysis) -> None:
    both = found.tests.groupby("test")["reproduces"].all()
    assert list(both[both].index) == ["Pearson chi-square"]


def test_margin_tests_follow_their_interval(found: Reanalysis) -> None:
    """Two one-sided tests at alpha pass exactly when the 1 - 2 alpha interval lies inside the margin."""
    assert len(found.equivalence) == 4
    for test in found.equivalence.values():
        assert test.equivalent == (-test.margin < test.conf_low and test.conf_high < test.margin)


def test_bounds_hold_the_counts(found: Reanalysis) -> None:
    bounds = found.bounds.set_index("arm")
    # at most 13 ventilated among 22 deaths: at least 22 - 13 = 9 died without; 10 of 36: at least 26
    assert list(bounds["deaths_without_imv_min"]) == [22 - 13, 36 - 10]
    # ventilated or dead: from the larger count, if nested, to the sum, if disjoint
    assert list(bounds["composite_min"]) == [22, 36]
    assert list(bounds["composite_max"]) == [22 + 13, 36 + 10]


def test_numbers_have_one_name_each_and_no_hole(found: Reanalysis) -> None:
    assert found.numbers["name"].is_unique
    assert found.numbers["value"].notna().all()
    chance = found.numbers[found.numbers["scale"] == "probability"]["value"]
    assert chance.between(0, 1).all()
