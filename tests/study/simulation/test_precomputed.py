from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.build.project import Project
from project_copy import copy_project
from study.protocol.protocol import Protocol
from study.simulation.precomputed import eligible, renew, require_repeated
from study.simulation.scenarios import WORLDS, replicates, scenarios
from study.simulation.stored import FILES, StaleError, read_precomputed, require_current


@pytest.fixture(scope="module")
def stored(project: Project) -> dict[str, pd.DataFrame]:
    return {name: read_precomputed(name, project=project) for name in FILES}


def wider(protocol: Protocol) -> Protocol:
    return protocol.model_copy(update={"matching": protocol.matching.model_copy(update={"caliper_sd": 0.3})})


def test_committed_results_belong_to_what_is_here(project: Project, protocol: Protocol) -> None:
    require_current(project, protocol)


def test_other_choices_make_them_stale(project: Project, protocol: Protocol) -> None:
    with pytest.raises(StaleError, match="\\['simulation', 'multiverse_nulls'\\] do not; run make simulate"):
        require_current(project, wider(protocol))


def test_missing_results_are_an_error(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root / "results", tmp_path / "results")
    (tmp_path / "results" / f"{FILES[0]}.csv").unlink()
    with pytest.raises(StaleError, match="simulation.csv is missing; run make simulate"):
        read_precomputed(FILES[0], project=Project(tmp_path))


def test_results_changed_by_hand_are_an_error(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root / "results", tmp_path / "results")
    path = tmp_path / "results" / "simulation.csv"
    path.write_text(path.read_text().replace("0.927", "0.947", 1))
    with pytest.raises(StaleError, match="simulation.csv must be as it was computed, it was changed"):
        read_precomputed("simulation", project=Project(tmp_path))


def test_fingerprints_are_renewed_after_the_first_replicates_came_out_as_stored(
    project: Project, protocol: Protocol, tmp_path: Path
) -> None:
    copy = copy_project(project, tmp_path / "copy")
    marks = copy.root / "results" / "artefacts.toml"
    committed = marks.read_text()
    marks.write_text(committed.replace('[inputs]\nsimulation = "', '[inputs]\nsimulation = "of other code, '))
    with pytest.raises(StaleError):
        require_current(copy, protocol)
    renew(copy, protocol)
    require_current(copy, protocol)
    assert marks.read_text().partition("[inputs]")[0] == committed.partition("[inputs]")[0]


def test_replicates_that_come_out_otherwise_are_an_error(
    protocol: Protocol, stored: dict[str, pd.DataFrame]
) -> None:
    first = stored["simulation_first"].query("scenario == 'harm'")
    require_repeated(first, protocol)
    moved = first.assign(estimate=first["estimate"] + 1e-4)
    with pytest.raises(StaleError, match="what is computed again must be as it is stored.*estimate"):
        require_repeated(moved, protocol)
    with pytest.raises(StaleError, match="as it is stored"):
        require_repeated(first.iloc[:-1], protocol)
    require_repeated(moved, wider(protocol))  # a trial: nothing to compare with


def test_every_cell_has_its_replicates(
    project: Project, protocol: Protocol, stored: dict[str, pd.DataFrame]
) -> None:
    table = stored["simulation"].set_index("scenario")
    for cell in scenarios(project.data, eligible(project, protocol), protocol):
        mine = table.loc[cell.name]
        assert ((mine["replicates"] + mine["failed"]) == replicates(cell, protocol)).all()
    assert stored["multiverse_nulls"]["number"].nunique() == protocol.multiverse.nulls


def test_the_primary_analysis_meets_its_targets(stored: dict[str, pd.DataFrame]) -> None:
    primary = (
        stored["simulation"].query("estimator == 'ow_bootstrap'").set_index("scenario").loc[list(WORLDS)]
    )
    assert (primary["bias"].abs() <= 0.005).all()
    assert primary["coverage"].between(0.935, 0.965).all()
    assert 0.035 <= primary.at["sharp null", "rejects"] <= 0.065


def test_the_crude_difference_is_biased_by_construction(stored: dict[str, pd.DataFrame]) -> None:
    crude = stored["simulation"].query("estimator == 'crude'").set_index("scenario")["bias"]
    assert crude["harm"] < -0.015
    assert crude["benefit"] > 0.03
