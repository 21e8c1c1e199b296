"""A clean copy of a commit in a folder of its own."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from livingpaper.build.project import Project


@contextmanager
def worktree(project: Project, commit: str, name: str) -> Iterator[Path]:
    """Give a detached worktree of a commit and take it away afterwards.

    Parameters
    ----------
    project : Project
    commit : str
        Any revision git knows.
    name : str
        Name of the folder, which lies in a temporary one.

    Raises
    ------
    RuntimeError
        If git refuses, with its words.
    """
    folder = Path(tempfile.mkdtemp(prefix="paper-"))
    copy = folder / name
    try:
        _git(project, "worktree", "prune")
        _git(project, "worktree", "add", "-q", "--detach", str(copy), commit)
        yield copy
    finally:
        git = ["git", "-C", str(project.root), "worktree", "remove", "--force", str(copy)]
        subprocess.run(git, capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _git(project: Project, *arguments: str) -> None:
    done = subprocess.run(
        ["git", "-C", str(project.root), *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments[:2])} failed: {done.stderr.strip()}")
