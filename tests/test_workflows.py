"""Workflows, Binder and the development container run targets of the Makefile and nothing else."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from livingpaper.build.apt import LATEX_PACKAGES
from livingpaper.build.project import Project, find_project

ROOT = find_project(Path(__file__).parent).root
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
CONTAINER = ROOT / ".devcontainer" / "devcontainer.json"
POST_BUILD = ROOT / "binder" / "postBuild"
SETTING = re.compile(r"[A-Z]+=[^\s;&|<>`]*")


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(workflow.read_text())["jobs"].values():
        yield from job["steps"]


def commands() -> list[tuple[str, str]]:
    """Return every shell command line with the file it stands in."""
    found = [(path.name, line) for path in WORKFLOWS for step in steps(path)
             for line in step.get("run", "").splitlines()]  # fmt: skip
    container = json.loads(CONTAINER.read_text())
    found += [(CONTAINER.name, text) for key, text in container.items() if key.endswith("Command")]
    lines = [line for line in POST_BUILD.read_text().splitlines() if line and not line.startswith("#")]
    assert lines.pop(0) == "set -eu"  # a failed step must fail the image
    return found + [(POST_BUILD.name, line) for line in lines]


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))


def make(*arguments: str, tmp_path: Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run make with the packages that run this test, so that nothing is installed."""
    ready = tmp_path / "ready"
    ready.write_text(f"{ROOT}\n")
    settings = [f"BIN={Path(sys.executable).parent}", f"READY={ready}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), "MAKEFLAGS": ""}
    return subprocess.run(
        ["make", "-s", *arguments, *settings],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_are_commands_to_look_at() -> None:
    assert {name for name, _ in commands()} == {"check.yml", "publish.yml", "devcontainer.json", "postBuild"}


@pytest.mark.parametrize(("name", "command"), commands())
def test_every_command_is_make_with_a_target_that_exists(name: str, command: str, tmp_path: Path) -> None:
    first, *words = shlex.split(command.replace("$NB_PYTHON_PREFIX", "/srv/prefix"))
    assert first == "make", f"{name}: {command}"
    called = [word for word in words if not SETTING.fullmatch(word)]
    assert called, f"{name}: {command}"
    assert set(called) <= targets(), f"{name}: {command}"
    assert make("-n", *words, tmp_path=tmp_path).returncode == 0, f"{name}: {command}"


def test_every_target_is_declared_and_explained(tmp_path: Path) -> None:
    text = (ROOT / "Makefile").read_text()
    declared = set(re.search(r"^\.PHONY: (.*)$", text, flags=re.M)[1].split())  # type: ignore[index]
    assert declared == targets()
    shown = {line.split()[0] for line in make("help", tmp_path=tmp_path).stdout.splitlines()}
    assert shown == targets()


def test_make_diff_writes_what_a_pull_request_is_told(tmp_path: Path, project: Project) -> None:
    """A number that moved is news, not a failure; a ledger that is not there is a failure."""
    old = tmp_path / "old.csv"
    text = project.ledger.read_text()
    moved = text.replace("counts.death.rd,counts,+1.0", "counts.death.rd,counts,+1.1", 1)
    assert moved != text
    old.write_text(moved)
    out = tmp_path / "new" / "diff.md"
    done = make("diff", f"OLD={old}", "FORMAT=markdown", f"OUT={out}", tmp_path=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\*\*1 estimate moved, [1-9]\d* conclusions? changed\*\*", out.read_text())
    assert make("diff", "OLD=no-such-version", tmp_path=tmp_path).returncode != 0


def test_actions_are_pinned_by_major_version_and_come_from_github() -> None:
    used = [step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step]
    assert len(used) >= 10
    for action in used:
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", action), action


def test_permissions_are_minimal() -> None:
    """By default a job may read; the jobs that may write run no code of the change."""
    writing = {}
    for path in WORKFLOWS:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}, path.name
        for name, job in workflow["jobs"].items():
            if "permissions" in job:
                writing[name] = job["permissions"]
                assert not any(
                    "run" in step or "checkout" in step.get("uses", "") for step in job["steps"]
                ), name
    assert writing == {
        "comment": {"pull-requests": "write"},
        "deploy": {"pages": "write", "id-token": "write"},
    }


def test_nothing_that_others_may_write_is_pasted_into_a_command() -> None:
    for path in WORKFLOWS:
        for step in steps(path):
            assert "${{" not in step.get("run", "") + str(step.get("with", {}).get("script", "")), path.name


def test_binder_installs_latex_and_a_python_that_the_lock_is_made_for() -> None:
    packages = (ROOT / "binder" / "apt.txt").read_text().split()
    assert set(LATEX_PACKAGES) | {"make", "git"} == set(packages)
    assert re.fullmatch(r"python-3\.1[123]\n", (ROOT / "binder" / "runtime.txt").read_text())
    assert os.access(POST_BUILD, os.X_OK)
    assert subprocess.run(["sh", "-n", str(POST_BUILD)], check=False).returncode == 0


def test_make_kernel_puts_these_packages_behind_python3(tmp_path: Path) -> None:
    assert make("kernel", f"PREFIX={tmp_path}/jupyter", tmp_path=tmp_path).returncode == 0
    spec = json.loads((tmp_path / "jupyter/share/jupyter/kernels/python3/kernel.json").read_text())
    assert Path(spec["argv"][0]).parent == Path(sys.executable).parent
