"""What is timed runs: the copy that is timed with its own code, and the first task of every part that needs no copy."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from types import ModuleType

import jupytext
import nbformat
import pytest
from livingpaper.build.project import Project

QUIET = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning", "ignore::ResourceWarning"
)  # Jupyter's client


@pytest.fixture
def speed(project: Project, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(project.root / "bench")
    import speed

    return speed


@QUIET
def test_a_copy_is_timed_with_its_own_code(speed: ModuleType, tmp_path: Path) -> None:
    """Commands and kernels: in both the copy's library can do what that of this checkout cannot."""
    copy = speed.copied(tmp_path / "paper")
    (copy / "lib" / "study" / "copied.py").write_text("def say(project, words): print(project.root)\n")
    with (copy / "paper.toml").open("a") as own:
        own.write('[hooks.commands.copied]\nrun = "study.copied:say"\n')
    assert speed.command(speed.PAPER, copy, "copied", 9.0, "copied").seconds > 0
    for path in (copy / "book").glob("*.md"):
        path.unlink()
    cell = nbformat.v4.new_code_cell("from study.copied import say")
    chapter = nbformat.v4.new_notebook(
        cells=[cell], metadata={"kernelspec": {"name": "python3", "display_name": ""}}
    )
    jupytext.write(chapter, copy / "book" / "only.md", fmt="md:myst")
    assert speed.run_all(copy).what == "run all of only, the slowest of 1 chapters"


@pytest.mark.whole
@pytest.mark.parametrize("part", ["kernels", "doors", "hospital"])
def test_a_part_starts(speed: ModuleType, part: str) -> None:
    found = next(iter(speed.PARTS[part]()))
    assert found.target > 0
    assert isfinite(
        found.seconds
    )  # of a door it is a difference of two calls, which a busy machine turns round


def test_what_fails_is_no_time(speed: ModuleType, project: Project) -> None:
    with pytest.raises(SystemExit, match="ls none failed:\n.*none"):
        speed.command(["ls"], project.root, "nothing", 9.0, "none")


def test_the_targets_of_make_are_there(speed: ModuleType, project: Project) -> None:
    for target in ("check", "test"):
        assert speed.command([*speed.MAKE, "-n"], project.root, target, 9.0, target).seconds > 0
