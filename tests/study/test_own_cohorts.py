"""Cohorts as hospitals may bring them: each is computed, every exhibit is drawn, and what is unknown says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.build.project import Project
from own_cohort import alive, from_a_hospital, project_with, rows_of, with_periods, with_sites
from project_copy import FEW
from running import OF_PATIENTS, Paper, broken, run_paper

pytestmark = pytest.mark.whole

VERY_FEW = FEW | {"bootstrap_replicates = 2000": "bootstrap_replicates = 4"}
UNKNOWN = "cannot be estimated, because"


@pytest.fixture
def run(project: Project, tmp_path: Path) -> Callable[[pd.DataFrame], Paper]:
    """Run the chapters on the patients, on other rows, and draw all."""

    def analysed(rows: pd.DataFrame) -> Paper:
        paper = run_paper(project_with(project, tmp_path / "p", rows, VERY_FEW), OF_PATIENTS)
        assert broken(paper) == []
        rows = paper.rows
        mine = rows.index.str.match(r"(outcomes|worlds|sensitivity)\.")
        lacking = mine & rows["estimate"].isna() & (rows["method"].isna() | (rows["method"] == ""))
        assert list(rows.index[lacking]) == []
        return paper

    return analysed


def test_a_hospitals_own_cohort(project: Project, run: Callable[[pd.DataFrame], Paper]) -> None:
    """Other sites, other names of the periods, and nobody ventilated in one arm."""
    paper = run(from_a_hospital(rows_of(project)))
    rows = paper.rows
    assert set(paper["cohort"]["strata"]["hospital"]) == {"Norte", "Sur", "Costa del Sol"}
    mine = rows.index.str.match(r"(cohort|matching|outcomes|sensitivity|robustness|multiverse|diagnostics)\.")
    assert set(rows.loc[mine, "origin"]) == {"real"}
    assert rows.at["sensitivity.subset.hospital_costa_del_sol.rd", "origin"] == "real"
    ratios = rows[rows.index.str.match(r"outcomes\.imv(28|_stay)\.\w+\.rr$")]
    assert len(ratios) == 20
    assert (ratios["method"] == f"{UNKNOWN} an arm has no event").all()
    hazards = rows[rows.index.str.match(r"outcomes\.imv28\.\w+\.hr\.ventilation$")]
    assert len(hazards) == 3
    assert hazards["method"].str.startswith(UNKNOWN).all()
    assert rows.at["outcomes.imv28.ato.rr", "text"].startswith("cannot be estimated")


def test_no_deaths(project: Project, run: Callable[[pd.DataFrame], Paper]) -> None:
    paper = run(alive(rows_of(project)))
    row = paper.rows.loc["outcomes.death28.pairs.rd"]
    half = 1.959964**2 / (
        row["n"] / 2 + 1.959964**2
    )  # Tango's interval without discordant pairs: z2 / (m + z2)
    assert (row["conf_low"], row["conf_high"]) == pytest.approx((-half, half), abs=1e-6)
    proportional = paper["outcomes"]["proportional"]
    assert proportional["p_value"].isna().all()
    assert proportional["method"].str.startswith(f"{UNKNOWN} a hazard ratio").all()
    modelled = paper["outcomes"]["modelled"]
    assert modelled["estimate"].isna().all()
    assert modelled["method"].str.startswith(f"{UNKNOWN} the outcome model needs events").all()


def test_nobody_ventilated_and_one_death_in_each_arm(
    project: Project, run: Callable[[pd.DataFrame], Paper]
) -> None:
    rows = run(alive(rows_of(project).assign(imv_day=""), but=1)).rows
    assert rows.at["outcomes.imv28.ato.rd", "estimate"] == 0
    assert rows.at["outcomes.imv28.ato.rr", "method"].startswith(UNKNOWN)
    assert (
        rows.at["outcomes.imv_or_death28.ato.rd", "estimate"]
        == rows.at["outcomes.death28.ato.rd", "estimate"]
    )
    assert rows.at["outcomes.death_stay.crude.rd", "events"] == 2
    assert rows.at["outcomes.death_stay.crude.rd", "estimate"] == pytest.approx(1 / 125 - 1 / 217, abs=5e-7)


def test_twelve_periods_and_five_sites(project: Project, run: Callable[[pd.DataFrame], Paper]) -> None:
    paper = run(with_sites(with_periods(rows_of(project), 12), 5))
    assert paper["cohort"]["strata"]["period"].nunique() == 12
    assert "sensitivity.subset.period_month_12.rd" in paper.rows.index
    assert set(paper["cohort"]["strata"]["hospital"]) == set("ABCDE")
    matched = paper["matching"]["pairs"].matched_set.dropna().astype(int)
    places = paper["cohort"]["patients"].loc[matched.index, "hospital"].groupby(matched).nunique()
    assert (places == 1).all()
