"""What no package of Python brings is named in one line where it cannot be installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("program", "package"), [("chromium", "chromium"), ("latex", "texlive-xetex")], ids=["chromium", "latex"]
)
def test_one_line_says_what_to_install(tmp_path: Path, program: str, package: str) -> None:
    nothing = {"PATH": str(tmp_path), "CHROMIUM": str(tmp_path / "none"), "HEADTOHEAD_NO_BROWSER": "0"}
    command = [sys.executable, "-m", "livingpaper", program]
    done = subprocess.run(command, env=os.environ | nothing, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
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


def test_without_browser_tests_none_is_needed(tmp_path: Path) -> None:
    nothing = {"CHROMIUM": str(tmp_path / "none"), "HEADTOHEAD_NO_BROWSER": "1"}
    command = [sys.executable, "-m", "livingpaper", "chromium"]
    assert subprocess.run(command, env=os.environ | nothing, check=False).returncode == 0


def test_a_command_of_a_paper_asked_for_elsewhere_says_where_to_go(tmp_path: Path) -> None:
    """An analyst stands beside the table, not in the clone."""
    command = [sys.executable, "-m", "livingpaper", "check", "mine.csv"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert f"must stand in {tmp_path} or above it, found none; go to the folder of a paper" in done.stderr
