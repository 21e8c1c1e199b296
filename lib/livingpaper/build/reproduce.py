"""Two cold builds of one commit, compared byte by byte.

Each build has a worktree of its own, in a folder of another name, so a path, a clock, a random id or an
order of files that gets into the pages shows.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from livingpaper.build.project import Project
from livingpaper.build.worktree import worktree

MADE = ("html", "paper.pdf", "machine")
AROUND = 40


class ReproductionError(RuntimeError):
    """A build failed, or two builds of the same commit are not the same."""


def build_cold(copy: Path) -> None:
    """Build everything of a checkout from nothing, the study included."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "lib")}
    for name in (["html", "--cold"], ["pdf", "--cold"], ["machine"]):
        command = [sys.executable, "-m", "livingpaper", *name]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
            raise ReproductionError(f"the {name[0]} of {copy} could not be built:\n{words}")


def reproduce(project: Project, *, build: Callable[[Path], None] = build_cold) -> int:
    """Build the present commit twice and return how many files were compared.

    Raises
    ------
    ReproductionError
        If a build fails, or names every file that differs and where it first does.
    """
    with ExitStack() as open_:
        copies = [open_.enter_context(worktree(project, "HEAD", name)) for name in ("one", "other")]
        for copy in copies:
            build(copy)
        made = [copy / "_build" for copy in copies]
        faults = differences(*made)
        if faults:
            raise ReproductionError(
                "two builds of one commit must be the same, they differ:\n" + faults_text(faults)
            )
        return len(contents(made[0]))


def contents(made: Path) -> dict[str, str]:
    """Return name and sha256 of every file of a build that readers get."""
    files = [
        path
        for name in MADE
        for path in ((made / name).rglob("*") if (made / name).is_dir() else [made / name])
    ]
    return {
        path.relative_to(made).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file()
    }


def differences(one: Path, other: Path) -> list[str]:
    """Return what differs between two builds, one line per file, with the first bytes that do."""
    left, right = contents(one), contents(other)
    faults = [f"{name}: only in one of the two" for name in sorted(set(left) ^ set(right))]
    faults += [
        f"{name}: {_first_difference((one / name).read_bytes(), (other / name).read_bytes())}"
        for name in sorted(set(left) & set(right))
        if left[name] != right[name]
    ]
    return faults if left else ["nothing was built"]


def faults_text(faults: list[str]) -> str:
    """Return the faults as lines of a message."""
    return "\n".join(f"  - {fault}" for fault in faults)


def _first_difference(left: bytes, right: bytes) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    around = slice(max(at - AROUND, 0), at + AROUND)
    return f"byte {at} of {len(left)} and {len(right)}: {left[around]!r} and {right[around]!r}"
