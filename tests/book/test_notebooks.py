"""A chapter can be edited as a notebook: the way there and back changes nothing but the edit."""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from book.chapters import BOOK, ROOT, notebooks
from livingpaper.build.project import Project
from livingpaper.lab.serve import pair


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the chapters and of the pairing rules, paired once, as ``make lab`` does."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(BOOK, folder / "book")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path in (folder / "book").iterdir():
        os.utime(path, (1_600_000_000, 1_600_000_000))
    pair(Project(folder))
    return folder


def changes(before: str, after: str) -> list[str]:
    """Return the lines removed and added."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[0] in "+-" and not line.startswith(("+++", "---"))]


@pytest.mark.parametrize("name", notebooks())
def test_pairing_leaves_the_chapter_as_it_is(desk: Path, name: str) -> None:
    assert (desk / "notebooks" / f"{name}.ipynb").is_file()
    assert (
        changes((BOOK / f"{name}.md").read_text("utf-8"), (desk / "book" / f"{name}.md").read_text("utf-8"))
        == []
    )


def test_notebooks_lie_in_their_own_folder(desk: Path) -> None:
    assert list((desk / "book").glob("*.ipynb")) == []
    assert sorted(path.stem for path in (desk / "notebooks").iterdir()) == sorted(notebooks())


def test_an_edit_in_the_notebook_changes_only_its_lines(desk: Path) -> None:
    before = {name: (desk / "book" / f"{name}.md").read_text("utf-8") for name in notebooks()}
    edited = {}
    for name in before:
        path = desk / "notebooks" / f"{name}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        code = next(cell for cell in notebook.cells if cell.cell_type == "code")
        first = code.source.splitlines()[0]
        code.source = code.source.replace(first, f"{first}  # edited", 1)
        edited[name] = first
        text = [cell for cell in notebook.cells if cell.cell_type == "markdown"][-1]
        text.source += "\nA sentence more."
        notebook.metadata["kernelspec"]["display_name"] = "Python 3 (ipykernel)"  # as Jupyter calls it
        nbformat.write(notebook, path)
    pair(Project(desk))
    for name, old in before.items():
        found = changes(old, (desk / "book" / f"{name}.md").read_text("utf-8"))
        first = edited[name]
        assert sorted(found) == ["+A sentence more.", f"+{first}  # edited", f"-{first}"], name
