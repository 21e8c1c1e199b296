"""Interpreter, library and folder belong together: what is foreign is left out, or named in one line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from livingpaper.build.project import Project
from livingpaper.build.surroundings import (
    OF_GIT,
    SurroundingsError,
    check_surroundings,
)

DOOR_SECONDS = 0.05


def test_this_checkout_is_in_order_and_the_check_is_quick(project: Project) -> None:
    check_surroundings(project)
    began = time.process_time()
    check_surroundings(project)
    assert time.process_time() - began < DOOR_SECONDS


def test_a_paper_without_a_library_of_its_own_uses_the_installed_one(tmp_path: Path) -> None:
    (tmp_path / "paper.toml").write_text("")
    check_surroundings(Project(tmp_path))


@pytest.mark.parametrize("package", ["headtohead", "livingpaper", "study"])
def test_a_copied_folder_does_not_compute_with_the_old_library(tmp_path: Path, package: str) -> None:
    own = tmp_path / "lib" / package
    own.mkdir(parents=True)
    (own / "__init__.py").write_text("raise RuntimeError\n")
    with pytest.raises(
        SurroundingsError, match=rf"{package} must be that of {tmp_path / 'lib'}, .* would be used; run make"
    ):
        check_surroundings(Project(tmp_path))


@pytest.mark.parametrize(
    ("line", "other"),
    [("pandas==0.1", "pandas"), ("Altair==9", "altair"), ("jupyter_core==1", "jupyter-core")],
)
def test_a_package_in_another_version_than_the_locked_one_is_named(
    tmp_path: Path, line: str, other: str
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "requirements.txt").write_text(f"{line} \\\n    --hash=sha256:00\nnot-installed==1.0\n")
    with pytest.raises(SurroundingsError, match=rf"1 have not, first {other} \S+ for .*; run make"):
        check_surroundings(Project(tmp_path))


def test_another_copy_of_the_library_is_not_read(project: Project, tmp_path: Path) -> None:
    for package in ("headtohead", "study"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("raise RuntimeError('the foreign copy')\n")
    run = [Path(sys.executable).with_name("livingpaper"), "diff", "0.1.0", "0.1.0"]
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    foreign = plain | {"PYTHONPATH": str(tmp_path)}
    said = [
        subprocess.run(run, cwd=project.root, env=env, capture_output=True, text=True, check=False)
        for env in (plain, foreign)
    ]
    assert said[0].stdout == said[1].stdout != ""
    assert said[0].returncode == said[1].returncode == 0, said[1].stderr


def test_another_checkout_is_built_with_its_own_code(project: Project, tmp_path: Path) -> None:
    """As a version is: by the packages of this environment, and the code of the other checkout."""
    shutil.copytree(project.root / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("paper.toml", "protocol.toml", "requirements.txt"):
        shutil.copy(project.root / name, tmp_path)
    run = [sys.executable, "-m", "livingpaper", "diff", "none", "none"]
    said = {}
    for lib in (tmp_path / "lib", project.root / "lib"):
        env = os.environ | {"PYTHONPATH": str(lib)}
        done = subprocess.run(run, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        said[lib.parent] = done.stderr
    assert "'none' is none of them" in said[tmp_path]
    assert f"must be that of {tmp_path / 'lib'}" in said[project.root]


def test_a_foreign_repository_in_the_environment_is_not_asked(project: Project, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    run = [Path(sys.executable).with_name("livingpaper"), "diff", "HEAD", "HEAD"]
    clean = {name: value for name, value in os.environ.items() if name not in OF_GIT}
    for foreign in (
        {},
        {"GIT_DIR": str(tmp_path / ".git")},
        {"GIT_DIR": str(tmp_path / ".git"), "GIT_WORK_TREE": str(tmp_path)},
    ):
        done = subprocess.run(
            run, cwd=project.root, env=clean | foreign, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("here", [True, False])
def test_make_makes_the_environment_of_a_moved_folder_anew(
    project: Project, tmp_path: Path, here: bool
) -> None:
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        shutil.copy(project.root / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").write_text(f"{tmp_path if here else project.root}\n")
    done = subprocess.run(["make", "-n", "ledger"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ("venv --clear .venv" in done.stdout) != here
