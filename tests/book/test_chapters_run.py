"""Each chapter runs alone, as in a notebook, and says nothing on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from book.chapters import BOOK, notebooks
from livingpaper.build.project import Project
from livingpaper.config import MIME
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

pytestmark = pytest.mark.whole

QUIET = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning"
)  # of the kernel's client


def run(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    return client.execute()


def faults(name: str, cells: list[dict[str, Any]]) -> list[str]:
    """Return what is wrong with a chapter that ran: of each cell its source, what it said, the formats of what it shows."""
    found = [] if cells else [f"{name} has no cells"]
    for cell in cells:
        shows = "show(" in cell["source"]
        if cell["said"]:
            found.append(f"{name}: a cell prints, warns or fails: {cell['said'][-500:]}")
        if len(cell["shown"]) != shows:
            found.append(f"{name}: a cell shows one thing or nothing:\n{cell['source']}")
        if shows and not {MIME, "text/html", "text/plain"} <= {*cell["shown"][0]}:  # for book, lab, terminal
            found.append(f"{name}: a format lacks, there are {cell['shown'][0]}")
    return found


def test_each_chapter_runs_alone(fresh: Project) -> None:
    """In the copy whose results are computed once for all tests, each in a process of its own."""
    run = [sys.executable, str(Path(__file__).with_name("alone.py")), str(fresh.root), *notebooks()]
    done = subprocess.run(run, capture_output=True, text=True, check=True)
    ran = dict(zip(notebooks(), map(json.loads, done.stdout.splitlines()), strict=True))
    assert [fault for name, cells in ran.items() for fault in faults(name, cells)] == []


@QUIET
def test_a_kernel_runs_a_chapter_as_that_does(fresh: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = run(jupytext.read(BOOK / "matching.md"), fresh.root)
    cells = [
        {
            "source": cell.source,
            "said": "".join(str(each) for each in cell.outputs if each.output_type in ("stream", "error")),
            "shown": [[*each.data] for each in cell.outputs if "data" in each],
        }
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    assert faults("matching", cells) == []


@QUIET
def test_a_broken_cell_is_seen() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("load_paper()")])
    with pytest.raises(CellExecutionError, match="NameError"):
        run(notebook, BOOK)
