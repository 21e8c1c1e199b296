"""The cells of the chapter: what they record is what is committed, and they work under other choices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from livingpaper.book.show import Figure, Table
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import read_ledger
from running import run_chapter
from study.labels import SCENARIOS
from study.labels import SIMULATED as NAMES
from study.protocol.protocol import Protocol
from study.simulation.scenarios import DEPARTURES, PLASMODE, WORLDS

SIX_DIGITS = 1e-5  # of the committed ledger, relative
OTHERS = {
    "estimand": {"primary": "ATT"},
    "matching": {"caliper_sd": 0.1},
    "inference": {"conf_level": 0.9},
}


def test_what_the_cells_record_is_what_is_committed(project: Project, protocol: Protocol) -> None:
    mine, committed = run_chapter(project, "simulation", plan=protocol).rows, read_ledger(project.ledger)
    committed = committed[committed["id"].str.startswith("simulation.")]
    assert set(mine.index) == set(committed.index)
    texts, numbers = ["origin", "text", "scale", "method", "code"], ["estimate", "std_error", "n"]
    mine = mine.loc[committed.index]
    pd.testing.assert_frame_equal(mine[texts], committed[texts], check_dtype=False)
    np.testing.assert_allclose(mine[numbers].astype(float), committed[numbers].astype(float), rtol=SIX_DIGITS)


@pytest.mark.parametrize("section", OTHERS)
def test_the_exhibits_can_be_made_under_other_choices(
    section: str, project: Project, protocol: Protocol
) -> None:
    part = getattr(protocol, section).model_copy(update=OTHERS[section])
    shown = run_chapter(project, "simulation", plan=protocol.model_copy(update={section: part})).shown
    assert list(shown) == ["fig-simulation", "tbl-sim-bias", "tbl-sim-coverage", "tbl-sim-power",
                           "tbl-sim-departures", "tbl-sim-mistakes"]  # fmt: skip
    figure = shown.pop("fig-simulation")
    assert isinstance(figure, Figure)
    level = "90" if section == "inference" else "95"
    assert f"Coverage of {level}% intervals" in str(figure.spec())
    for table in shown.values():
        assert isinstance(table, Table)
        assert table.origin == "synthetic"
        missing = table.frame.isin(["–", ""]).to_numpy().sum()
        assert missing == (3 if table.name == "tbl-sim-mistakes" else 0)  # valid only without an effect


def test_a_table_prints_the_ledger(project: Project, protocol: Protocol) -> None:
    table = run_chapter(project, "simulation", plan=protocol).shown["tbl-sim-bias"]
    assert isinstance(table, Table)
    row = read_ledger(project.ledger).loc["simulation.harm.crude.bias"]
    cell = table.frame.set_index("Bias, points").at["Crude", "Harm"]
    assert cell == f"{row['text'].removesuffix(' percentage points')} ({100 * row['std_error']:.1f})"


def test_every_scenario_has_its_line() -> None:
    named = [name.replace(" ", "_") for name in (*WORLDS, *DEPARTURES, PLASMODE)]
    assert set(named) == {*NAMES, *SCENARIOS}
