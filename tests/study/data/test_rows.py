"""Rows in and rows out are counted, and a loss is told with a status that is not 0."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from livingpaper.build.project import Project
from study.data.rows import count_rows, main

FILES = 7
SPREADSHEET = {
    "data/published.csv": "\ufeffsep=,\r\n",
    "data/evidence.csv": "# exported on a Monday, by hand\n\n",
}


@pytest.fixture
def copy(project: Project, tmp_path: Path) -> Path:
    for name in ("paper.toml", "protocol.toml"):
        shutil.copy(project.root / name, tmp_path)
    shutil.copytree(project.data, tmp_path / "data", ignore=shutil.ignore_patterns("truth", "own"))
    return tmp_path


def test_every_reader_returns_what_is_in_its_file(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(copy)
    before = count_rows()
    assert (before["rows_in"] == before["rows_out"]).all()
    assert len(before) == FILES
    assert before.set_index("file").loc["data/synthetic/cohort_null.csv", "rows_in"] == 408
    for name, above in SPREADSHEET.items():
        text = (copy / name).read_text("utf-8")
        (copy / name).write_text(above + text + "\n,,,\n", "utf-8", newline="")
    assert count_rows().equals(before)


@pytest.mark.parametrize("id_", ["#17", "#N/A", '"#REF!"', " NULL ", "None", "-"])
def test_a_first_cell_that_looks_like_nothing_is_a_row(
    copy: Path, id_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Comments stand above the header only, and an identifier is text."""
    monkeypatch.chdir(copy)
    file = copy / "data" / "published.csv"
    header, first, *rest = file.read_text("utf-8").splitlines()
    cells = first.split(",")
    file.write_text("\n".join([header, ",".join([id_, *cells[1:]]), *rest]) + "\n", "utf-8")
    counted = count_rows().set_index("file").loc["data/published.csv"]
    assert counted["rows_in"] == counted["rows_out"] == len(rest) + 1


def test_the_command_prints_them_and_says_what_stops_it(
    copy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = [sys.executable, "-m", "study.data.rows"]
    done = subprocess.run(run, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == FILES
    assert "data/synthetic/cohort_null.csv: 408 rows in, 408 rows out\n" in done.stdout
    (copy / "data" / "published.csv").write_text("a;b\n1;2\n")
    monkeypatch.chdir(copy)
    assert main() == 1
    assert capsys.readouterr().err.startswith("data/published.csv must be separated by commas")
