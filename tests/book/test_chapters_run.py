"""Each chapter runs alone, in a kernel of its own, and says nothing on the way."""

from __future__ import annotations

from pathlib import Path

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


@QUIET
@pytest.mark.parametrize("name", notebooks())
def test_chapter_runs_alone(name: str, fresh: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the copy whose results are computed once for all tests."""
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    notebook = run(jupytext.read(BOOK / f"{name}.md"), fresh.root)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert cells
    for cell in cells:
        said = [output for output in cell.outputs if output.output_type in ("stream", "error")]
        assert not said, f"{name}: a cell prints or warns: {said}"
        shows = "show(" in cell.source
        assert len(cell.outputs) == shows, f"{name}: a cell shows one thing or nothing:\n{cell.source}"
        if shows:
            data = cell.outputs[0].data
            assert {MIME, "text/html", "text/plain"} <= set(data), (
                "for the book, for JupyterLab, for a terminal"
            )


@QUIET
def test_a_broken_cell_is_seen() -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("load_paper()")])
    with pytest.raises(CellExecutionError, match="NameError"):
        run(notebook, BOOK)
