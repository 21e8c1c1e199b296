"""The cells of the chapter: what they record is what is committed, and they work under other choices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from livingpaper.book.show import Figure, Table, show
from livingpaper.build.project import Project
from livingpaper.chapters import session
from livingpaper.chapters.cells import chapter_files, read_cells, statements
from livingpaper.ledger.ledger import ledger_csv, ledger_frame, read_ledger
from study.protocol.protocol import Protocol
from study.simulation.scenarios import DEPARTURES, PLASMODE, WORLDS
from study.simulation.tables import SCENARIOS
from study.simulation.tables import WORLDS as NAMES

COLUMNS = ["text", "scale", "estimate", "std_error", "n", "method"]
OTHERS = {
    "estimand": {"primary": "ATT"},
    "matching": {"caliper_sd": 0.1},
    "inference": {"conf_level": 0.9},
}


@pytest.fixture
def paper_session(project: Project) -> Iterator[session.Session]:
    yield session.start(project)
    session.start(project, strict=False)


def run_chapter(project: Project, plan: Protocol) -> dict[str, Figure | Table]:
    """Run the cells with a given plan and return what they show."""
    shown: dict[str, Figure | Table] = {}
    namespace: dict[str, Any] = {"plan": plan}
    for cell in read_cells(chapter_files(project)["simulation"], project.root):
        for statement in statements(cell):
            if "plan" not in statement.binds:
                statement.run(namespace)
                namespace["show"] = lambda thing, name, said: shown.update({name: show(thing, name, said)})
    return shown


def test_what_the_cells_record_is_what_is_committed(
    project: Project, protocol: Protocol, paper_session: session.Session, tmp_path: Any
) -> None:
    run_chapter(project, protocol)
    (tmp_path / "ledger.csv").write_text(ledger_csv(ledger_frame(paper_session.rows.values())))
    mine, committed = read_ledger(tmp_path / "ledger.csv"), read_ledger(project.ledger)
    committed = committed[committed["id"].str.startswith("simulation.")]
    assert set(committed.index) <= set(mine.index)
    pd.testing.assert_frame_equal(mine.loc[committed.index, COLUMNS], committed[COLUMNS], check_dtype=False)
    assert (mine["origin"] == "synthetic").all()


@pytest.mark.usefixtures("paper_session")
@pytest.mark.parametrize("section", OTHERS)
def test_the_exhibits_can_be_made_under_other_choices(
    section: str, project: Project, protocol: Protocol
) -> None:
    part = getattr(protocol, section).model_copy(update=OTHERS[section])
    shown = run_chapter(project, protocol.model_copy(update={section: part}))
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


@pytest.mark.usefixtures("paper_session")
def test_a_table_prints_the_ledger(project: Project, protocol: Protocol) -> None:
    table = run_chapter(project, protocol)["tbl-sim-bias"]
    assert isinstance(table, Table)
    row = read_ledger(project.ledger).loc["simulation.harm.crude.bias"]
    cell = table.frame.set_index("Bias, points").at["Crude", "Harm"]
    assert cell == f"{row['text'].removesuffix(' percentage points')} ({100 * row['std_error']:.1f})"


def test_every_scenario_has_its_line() -> None:
    named = [name.replace(" ", "_") for name in (*WORLDS, *DEPARTURES, PLASMODE)]
    assert set(named) == {*NAMES, *SCENARIOS}
