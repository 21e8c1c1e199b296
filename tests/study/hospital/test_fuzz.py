"""Corrupted tables by the hundred: each ends in a named cause or passes, and no message says what a patient has."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hospital_fuzz import PLANTED, SECRET, corrupted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from livingpaper.build.project import Project
from study.hospital.checking import FOUND, UNREADABLE, command

pytestmark = pytest.mark.whole

TABLES = int(os.environ.get("TABLES", "60"))
LINE = re.compile(r"  - \[[a-z_0-9]+\.[a-z_0-9]+\] (column .+|the file): must .+; found .+; .+")


@settings(
    max_examples=TABLES,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.integers(0, 2**40))
def test_whatever_a_table_holds_its_cause_is_named(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    for old in tmp_path.iterdir():
        old.unlink()
    path = corrupted(seed).written(tmp_path)
    status = command(project, [str(path)])
    out, err = capsys.readouterr()
    pages = [page.read_text("utf-8") for page in tmp_path.glob("*.html")]
    assert status in (0, FOUND, UNREADABLE)
    for said in (out, err, *pages):
        assert PLANTED not in said
        assert SECRET not in said
    if status == UNREADABLE:
        assert "must" in err or "impossible entries" in err, err
        assert not out
    if status == FOUND:
        assert any(LINE.fullmatch(line) for line in out.splitlines()), out
