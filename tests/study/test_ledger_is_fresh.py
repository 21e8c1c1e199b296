"""The committed numbers are what the committed code and data give, to the byte."""

from __future__ import annotations

import pytest
from livingpaper.build.project import Project

pytestmark = pytest.mark.gate


def test_the_committed_ledger_is_what_a_fresh_run_of_the_chapters_gives(
    fresh: Project, project: Project
) -> None:
    again, committed = (each.ledger.read_text("utf-8").splitlines() for each in (fresh, project))
    assert again == committed, "run make ledger and review the diff"
    assert fresh.ledger.read_bytes() == project.ledger.read_bytes()


def test_the_analysis_needs_no_truth_file(fresh: Project, project: Project) -> None:
    assert (project.data / "synthetic" / "truth").is_dir()
    assert not (fresh.data / "synthetic" / "truth").exists()  # where the chapters ran
