"""What no package of Python brings is named in one line where it cannot be installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from livingpaper.__main__ import main


def surrounded(monkeypatch: pytest.MonkeyPatch, **by: str | Path) -> None:
    for name, value in by.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.parametrize(
    ("program", "package"), [("chromium", "chromium"), ("latex", "texlive-xetex")], ids=["chromium", "latex"]
)
def test_one_line_says_what_to_install(
    tmp_path: Path,
    program: str,
    package: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    surrounded(monkeypatch, PATH=tmp_path, CHROMIUM=tmp_path / "none", HEADTOHEAD_NO_BROWSER="0")
    assert main([program]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert "is missing" in line
    assert "install it with: sudo apt-get install" in line
    assert package in line


def test_a_browser_whose_driver_does_not_start_is_none(tmp_path: Path) -> None:
    """On a bare Debian the driver lacks a library: the browser alone is there, and no page opens."""
    there = {"PATH": str(tmp_path), "CHROMIUM": sys.executable, "PLAYWRIGHT_NODEJS_PATH": "/bin/false"}
    command = [sys.executable, "-m", "livingpaper", "chromium"]
    done = subprocess.run(command, env=os.environ | there, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert "--no-install-recommends chromium libatomic1 fonts-liberation fonts-dejavu-core" in line


def test_without_browser_tests_none_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    surrounded(monkeypatch, CHROMIUM=tmp_path / "none", HEADTOHEAD_NO_BROWSER="1")
    assert main(["chromium"]) == 0


def test_a_command_of_a_paper_asked_for_elsewhere_says_where_to_go(tmp_path: Path) -> None:
    """An analyst stands beside the table, not in the clone."""
    command = [sys.executable, "-m", "livingpaper", "check", "mine.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert f"must stand in {tmp_path} or above it, found none; go to the folder of a paper" in done.stderr
