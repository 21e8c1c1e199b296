"""A commit built from nothing in a clean folder of its own; two such builds, compared byte by byte.

The two folders have other names, so a path, a clock, a random id or an order of files that gets into the
pages shows.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from livingpaper.build.cache import files_of
from livingpaper.build.project import Project, git

MADE = ("html", "paper.pdf", "machine")
STEPS: dict[str, Sequence[str]] = {  # what builds everything of a checkout, the study included
    "html": ("livingpaper", "html", "--cold"),
    "pdf": ("livingpaper", "pdf", "--cold"),
    "machine": ("livingpaper", "machine"),
}
AROUND = 40


class ReproductionError(RuntimeError):
    """A build failed, or two builds of the same commit are not the same."""


def check_root(project: Project) -> None:
    """Raise ``RuntimeError`` unless the paper is a repository: its tags and commits would be another paper's."""
    if not (project.root / ".git").exists():
        raise RuntimeError(
            f"a version is a commit of a repository, and {project.root} is not the root of one; "
            "give the paper its own: git init, git add, git commit"
        )


@contextmanager
def worktree(project: Project, commit: str, name: str) -> Iterator[Path]:
    """Give a detached worktree of a commit, in a temporary folder of a name, and take it away afterwards."""
    check_root(project)
    with TemporaryDirectory(prefix="paper-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / name
        try:
            git(project, "worktree", "prune")
            git(project, "worktree", "add", "-q", "--detach", str(copy), commit)
            yield copy
        finally:
            with suppress(RuntimeError):
                git(project, "worktree", "remove", "--force", str(copy))


def run_steps(copy: Path, steps: Mapping[str, Sequence[str]], error: type[RuntimeError]) -> Iterator[str]:
    """Run commands of a checkout's own code, ``python -m ...``, and yield the name of each that is done, or ``error``."""
    environment = {**os.environ, "PYTHONPATH": str(copy / "lib")}
    environment.pop("HEADTOHEAD_NO_BROWSER", None)  # a release is looked at in a browser
    for name, arguments in steps.items():
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
            raise error(f"{name} of {copy} must pass, it did not:\n{words}")
        yield name


def build_cold(copy: Path) -> None:
    """Build everything of a checkout from nothing."""
    for _ in run_steps(copy, STEPS, ReproductionError):
        pass


def reproduce(project: Project, *, build: Callable[[Path], None] = build_cold) -> int:
    """Build the present commit twice and return how many files were compared.

    ``ReproductionError`` names every file that differs and where it first does.
    """
    with ExitStack() as open_:
        copies = [open_.enter_context(worktree(project, "HEAD", name)) for name in ("one", "other")]
        for copy in copies:
            build(copy)
        made = [copy / "_build" for copy in copies]
        if faults := differences(*made):
            listed = "\n".join(f"  - {fault}" for fault in faults)
            raise ReproductionError(f"two builds of one commit must be the same, they differ:\n{listed}")
        return len(files_of(made[0], *MADE))


def differences(one: Path, other: Path) -> list[str]:
    """Return what differs between two builds, one line per file that readers get, with the first bytes that do."""
    left, right = files_of(one, *MADE), files_of(other, *MADE)
    faults = [f"{name}: only in one of the two" for name in sorted(left.keys() ^ right.keys())]
    shared = sorted(left.keys() & right.keys())
    faults += [f"{name}: {_first(left[name], right[name])}" for name in shared if left[name] != right[name]]
    return faults if left else ["nothing was built"]


def _first(left: bytes, right: bytes) -> str:
    at = next(i for i, (a, b) in enumerate(zip_longest(left, right)) if a != b)
    around = slice(max(at - AROUND, 0), at + AROUND)
    return f"byte {at} of {len(left)} and {len(right)}: {left[around]!r} and {right[around]!r}"
