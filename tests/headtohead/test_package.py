"""The library alone: its wheel in an environment that holds nothing but what it declares runs the lines of its README."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
import venv
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import headtohead as hh
import pytest
from packaging.requirements import Requirement

SOURCE = Path(hh.__file__).parent
LINES = 15
FACTS = """
import sys, json, headtohead
from importlib.metadata import version
found = risks[risks["scale"] == "risk difference"].set_index("adjustment")["estimate"]
print(json.dumps({
    "file": headtohead.__file__, "version": headtohead.__version__, "installed": version("headtohead"),
    "differences": found.to_dict(), "smd": balance.groupby("adjustment")["smd"].agg(lambda s: s.abs().max()).to_dict(),
    "hazards": hazards["estimate"].notna().all().item(), "curves": curves["day"].max().item(),
    "rows": table["column"].tolist(), "book": sorted({"livingpaper", "study", "sphinx", "pydantic"} & set(sys.modules)),
}))
"""


def example(text: str) -> str:
    """Return the one block of Python of a README."""
    (block,) = re.findall(r"^```python\n(.*?)^```", text, re.M | re.S)
    return block


def needed(names: Iterable[str]) -> dict[str, Distribution]:
    """Return the installed distributions that some requirements reach."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement(name) for name in names]
    while waiting:
        asked = waiting.pop()
        if asked.marker is not None and not asked.marker.evaluate({"extra": ""}):
            continue
        one = distribution(asked.name)
        assert asked.specifier.contains(one.version, prereleases=True), f"{asked} is not what is installed"
        if one.name not in found:
            found[one.name] = one
            waiting += [Requirement(each) for each in one.requires or ()]
    return found


def linked(found: dict[str, Distribution], folder: Path) -> None:
    """Put the files of distributions into a folder, and of nothing else."""
    folder.mkdir()
    for one in found.values():
        for top in {Path(file).parts[0] for file in one.files or ()} - {"..", "__pycache__"}:
            if not (folder / top).exists():
                (folder / top).symlink_to(Path(str(one.locate_file(top))))


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with the wheel and what it declares; no network is asked."""
    place = tmp_path_factory.mktemp("package")
    copy, pip = place / "headtohead", [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    build = ["wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(place), str(copy)]
    subprocess.run([*pip, *build], check=True, capture_output=True)
    (wheel,) = place.glob("headtohead-*.whl")
    venv.create(place / "empty", with_pip=False)
    inside = place / "empty" / "bin" / "python"
    subprocess.run(
        [*pip, "--python", str(inside), "install", "--no-deps", "--no-index", str(wheel)], check=True
    )
    declared = tomllib.loads((copy / "pyproject.toml").read_text())["project"]["dependencies"]
    linked(needed(declared), place / "declared")
    (site,) = (place / "empty" / "lib").glob("python*/site-packages")
    (site / "declared.pth").write_text(str(place / "declared"))
    return inside


@pytest.mark.whole
def test_the_lines_of_the_readme_run_where_only_the_wheel_and_what_it_declares_are(
    python: Path, tmp_path: Path
) -> None:
    lines = example((SOURCE / "README.md").read_text("utf-8"))
    assert len(lines.strip().splitlines()) <= LINES
    (tmp_path / "analysis.py").write_text(lines + FACTS)
    done = subprocess.run(
        [str(python), "-I", "analysis.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout.splitlines()[-1])
    assert Path(facts["file"]).is_relative_to(python.parents[1])
    assert facts["version"] == facts["installed"] == hh.__version__
    assert facts["book"] == []
    assert set(facts["rows"]) == {"age", "race", "mar", "paro", "prio"}
    crude, pairs, weighted = (abs(facts["differences"][key]) for key in ("crude", "pairs", "ato"))
    assert 0.4 < pairs / crude < 0.6, "the README says about half"
    assert weighted < crude / 5, "the README says hardly any"
    assert facts["smd"]["crude"] > 0.5
    assert facts["smd"]["ato"] < 0.1
    assert facts["hazards"]
    assert facts["curves"] == 52
    assert {path.name for path in tmp_path.glob("*.html")} == {"balance.html", "curves.html"}


@pytest.mark.whole
def test_the_wheel_holds_every_package_and_the_marker_of_its_types(python: Path) -> None:
    (site,) = (python.parents[1] / "lib").glob("python*/site-packages")
    parts = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py")} | {"py.typed"}
    assert {each for each in parts if not (site / "headtohead" / each).is_file()} == set()


def test_the_paper_asks_for_what_the_library_asks_for() -> None:
    root = SOURCE.parents[1] / "pyproject.toml"
    if not root.is_file():
        pytest.skip("the paper is not around the library")
    asked, ours = (
        set(tomllib.loads(path.read_text())["project"]["dependencies"])
        for path in (root, SOURCE / "pyproject.toml")
    )
    assert ours <= asked, (
        "the lock is made from the paper's list: the library's belong on it, with the same limits"
    )


def test_the_readme_of_the_paper_shows_the_same_lines() -> None:
    paper = (SOURCE.parents[1] / "README.md").read_text("utf-8")
    ours = example((SOURCE / "README.md").read_text("utf-8")).splitlines()
    theirs = example(paper).splitlines()
    assert [line for line in theirs if line not in ours] == [], (
        "the short form leaves lines out and changes none"
    )


def test_a_distribution_that_is_not_declared_is_not_reached() -> None:
    assert "jupyter-book" not in needed(["numpy>=2", "lifelines"])
    with pytest.raises(AssertionError, match="is not what is installed"):
        needed(["numpy<1"])
    with pytest.raises(PackageNotFoundError):
        needed(["no-such-package-here"])
