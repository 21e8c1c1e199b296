from __future__ import annotations

import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.data.load import load_published
from study.data.published import bounds_on_overlap, compare_published, published_tables, which_tests_reproduce


@pytest.fixture
def published(project: Project) -> pd.DataFrame:
    return load_published(project.data / "published.csv")


def test_the_six_derived_numbers_of_the_abstract_are_reproduced(published: pd.DataFrame) -> None:
    tables = published_tables(published, treated="anakinra", control="baricitinib")
    found = compare_published(published, tables, treated="anakinra").set_index("id")
    assert len(found) == 6
    assert (found["verdict"] == "reproduced").all()
    assert found.at["published.imv.p", "recomputed"] == pytest.approx(0.03945394020004616, rel=1e-12)
    assert found.at["published.death.p", "recomputed"] == pytest.approx(0.810546770058143, rel=1e-12)


def test_a_wrong_printed_number_is_seen(published: pd.DataFrame) -> None:
    wrong = published.assign(value=published["value"].where(published["id"] != "published.death.p", 0.812))
    tables = published_tables(wrong, treated="anakinra", control="baricitinib")
    found = compare_published(wrong, tables, treated="anakinra").set_index("id")["verdict"]
    assert found["published.death.p"] == "differs"
    assert (found.drop("published.death.p") == "reproduced").all()


def test_only_pearson_reproduces_both_p_values(published: pd.DataFrame) -> None:
    tables = published_tables(published, treated="anakinra", control="baricitinib")
    both = which_tests_reproduce(published, tables).groupby("test")["reproduces"].all()
    assert list(both[both].index) == ["Pearson chi-square"]


def test_bounds_by_hand(published: pd.DataFrame) -> None:
    # 22 deaths, 13 ventilated: at least 9 died without; ventilated or dead between 22 and 35
    tables = published_tables(published, treated="anakinra", control="baricitinib")
    found = bounds_on_overlap(tables).set_index("arm")
    assert found.loc["treated", ["deaths_without_imv_min", "composite_min", "composite_max"]].tolist() == [
        9,
        22,
        35,
    ]
    assert found.loc["control", ["deaths_without_imv_min", "composite_min", "composite_max"]].tolist() == [
        26,
        36,
        46,
    ]
