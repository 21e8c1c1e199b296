from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.protocol.protocol import Protocol
from study.sensitivity.multiverse import null_curves
from study.simulation.artefacts import (
    FILES,
    SHOWN,
    StaleError,
    eligible,
    first_replicates,
    read_artefacts,
    require_current,
)
from study.simulation.replicates import run_replicates
from study.simulation.scenarios import WORLDS, replicates, scenarios

PRINTED = 2e-5  # six significant digits are stored; quantiles of resamples may move by one rounding


@pytest.fixture(scope="module")
def stored(project: Project) -> dict[str, pd.DataFrame]:
    return read_artefacts(project)


@pytest.fixture(scope="module")
def frame(project: Project, protocol: Protocol) -> pd.DataFrame:
    return eligible(project, protocol)


def test_committed_results_belong_to_what_is_here(project: Project, protocol: Protocol) -> None:
    require_current(project, protocol)


def test_other_choices_make_them_stale(project: Project, protocol: Protocol) -> None:
    wider = protocol.model_copy(update={"matching": protocol.matching.model_copy(update={"caliper_sd": 0.3})})
    with pytest.raises(StaleError, match="\\['simulation', 'multiverse_nulls'\\] do not; run make simulate"):
        require_current(project, wider)


def test_missing_results_are_an_error(project: Project, tmp_path: Path) -> None:
    shutil.copytree(project.root / "results", tmp_path / "results")
    (tmp_path / "results" / f"{FILES[0]}.csv").unlink()
    with pytest.raises(StaleError, match="simulation.csv.* are missing; run make simulate"):
        read_artefacts(Project(tmp_path))


def test_the_first_replicates_are_what_was_stored(
    project: Project, protocol: Protocol, frame: pd.DataFrame, stored: dict[str, pd.DataFrame]
) -> None:
    for cell in scenarios(project.data, frame, protocol):
        again = first_replicates(cell, run_replicates(cell, protocol.inference.seed, 0, SHOWN)[0])
        before = stored["simulation_first"]
        before = before[before["scenario"] == cell.name]
        assert before["estimator"].tolist() == again["estimator"].tolist()
        numbers = ["estimate", "std_error", "conf_low", "conf_high"]
        np.testing.assert_allclose(before[numbers], again[numbers], atol=PRINTED)


def test_the_first_null_curve_is_what_was_stored(
    protocol: Protocol, frame: pd.DataFrame, stored: dict[str, pd.DataFrame]
) -> None:
    again = null_curves(frame, protocol).statistics(0, 1)
    before = stored["multiverse_nulls"].query("number == 0")
    assert before["facet"].tolist() == again["facet"].tolist()
    numbers = ["n", "median", "small_p", "one_sign"]
    np.testing.assert_allclose(before[numbers].astype(float), again[numbers].astype(float), atol=PRINTED)


def test_every_cell_has_its_replicates(
    project: Project, protocol: Protocol, frame: pd.DataFrame, stored: dict[str, pd.DataFrame]
) -> None:
    table = stored["simulation"].set_index("scenario")
    for cell in scenarios(project.data, frame, protocol):
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
