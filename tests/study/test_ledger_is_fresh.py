"""The committed numbers are what the committed code and data give, to the byte."""

from __future__ import annotations

from livingpaper.build.project import Project
from livingpaper.ledger.ledger import ledger_csv
from study.numbers import paper_ledger
from study.results import Paper


def test_the_committed_ledger_is_what_a_fresh_computation_gives(paper: Paper, project: Project) -> None:
    again = ledger_csv(paper_ledger(paper)).splitlines()
    assert again == project.ledger.read_text("utf-8").splitlines(), "run make ledger and review the diff"
    assert project.ledger.read_bytes() == ("\n".join(again) + "\n").encode()


def test_the_analysis_needs_no_truth_file(fresh: Project, project: Project, paper: Paper) -> None:
    assert (project.data / "synthetic" / "truth").is_dir()
    assert not (fresh.data / "synthetic" / "truth").exists()  # where ``paper`` was computed
    assert set(paper.worlds) == {"null", "harm", "benefit"}
