"""Which files an exhibit rests on: as its code says, and as changing those parts of the results confirms."""

from __future__ import annotations

import dataclasses
import inspect
from pathlib import Path

import pytest
from exhibits import makers
from livingpaper.book.provenance import exhibits
from livingpaper.build.project import Project
from livingpaper.exports.inputs import FILES, files_behind, parts_read
from project_copy import copy_project
from study.results import Paper


def test_every_part_of_the_results_has_its_files(project: Project) -> None:
    assert set(FILES) == {field.name for field in dataclasses.fields(Paper)}
    for patterns in FILES.values():
        for pattern in patterns:
            assert pattern == "(cohort)" or list(project.root.glob(pattern)), pattern


class Watched:
    """Results that note which of their parts are looked at."""

    def __init__(self, paper: Paper) -> None:
        self.paper, self.read = paper, set()

    def __getattr__(self, name: str) -> object:
        self.read.add(name)
        return getattr(self.paper, name)


@pytest.mark.parametrize("name", [name for name in makers() if name.split(".")[0] in ("figures", "tables")])
def test_the_code_tells_what_a_run_looks_at(name: str, paper: Paper, project: Project) -> None:
    watched = Watched(paper)
    makers()[name](watched)
    module, _, function = name.partition("(")[0].rpartition(".")
    assert watched.read <= parts_read(project, f"paper.{module}", function)


@pytest.mark.parametrize(
    ("function", "files"),
    [
        ("paper.figures.methods.causal_diagram", []),
        ("paper.tables.methods.eligibility", ["protocol.toml"]),
        ("paper.tables.published.tests", ["data/published.csv", "protocol.toml"]),
        ("paper.tables.matching.balance", ["data/dictionary.csv", "data/synthetic/cohort_null.csv", "protocol.toml"]),
        ("living.by_version.estimates", ["results/ledger.csv", "versions/v0.1.0/ledger.csv"]),
    ],
)  # fmt: skip
def test_files_by_hand(function: str, files: list[str], project: Project) -> None:
    later = [
        path.as_posix()
        for path in project.root.glob("versions/v*/ledger.csv")
        if "v0.1.0" not in path.as_posix()
    ]
    found = files_behind(project, function)
    assert [path for path in found if not any(other.endswith(path) for other in later)] == files


def test_a_hospitals_cohort_is_not_named(fresh: Project, tmp_path: Path) -> None:
    made = copy_project(fresh, tmp_path / "p")
    (made.root / "lib").symlink_to(Path(inspect.getfile(Project)).parents[1])
    (made.data / "own").mkdir()
    (made.data / "own" / "us.csv").write_text("patient\n")
    text = made.protocol.read_text("utf-8").replace("data/synthetic/cohort_null.csv", "data/own/us.csv")
    made.protocol.write_text(text, "utf-8")
    assert files_behind(made, "paper.tables.matching.balance") == ["data/dictionary.csv", "protocol.toml"]


def test_every_exhibit_of_the_chapters_is_found(project: Project) -> None:
    """All but the drawn causal diagram rest on files."""
    shown = [
        function
        for path in (project.root / "book").glob("*.md")
        for function in exhibits(path.read_text("utf-8"))["function"]
    ]
    assert len(shown) > 70
    assert {f for f in shown if not files_behind(project, f)} == {"paper.figures.methods.causal_diagram"}
