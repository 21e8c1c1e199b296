"""A kernel of JupyterLab has loaded, before its first cell runs, what the chapters import and what draws."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from livingpaper.build.project import Project
from livingpaper.lab.serve import kernel
from nbclient import NotebookClient

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning"
)  # of the client
LOADED = "import sys; print(*sorted(sys.modules)); print(*dir())"


class LabKernel(AsyncKernelManager):
    kernel_spec = property(lambda _: KernelSpec(**kernel()))


def first_cell(folder: Path) -> tuple[set[str], set[str]]:
    """Return the modules that a kernel in a folder has loaded, and the names that a first cell finds."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(LOADED)])
    where = {"metadata": {"path": str(folder)}}
    NotebookClient(notebook, kernel_manager_class=LabKernel, timeout=120, resources=where).execute()
    modules, names = "".join(each["text"] for each in notebook.cells[0].outputs).splitlines()
    return {*modules.split()}, {*names.split()}


@pytest.fixture(autouse=True)
def no_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")


def test_it_has_loaded_what_chapters_import_and_binds_nothing(project: Project) -> None:
    modules, names = first_cell(project.root / "book")
    assert {
        "study.cells",
        "study.sensitivity.multiverse_figures",
        "headtohead.matching",
        "altair",
        "vl_convert",
    } <= modules
    assert not {"livingpaper", "study", "alt", "pd"} & names


def test_without_a_paper_it_starts_all_the_same(tmp_path: Path) -> None:
    modules, _ = first_cell(tmp_path)
    assert "study.cells" not in modules
