"""A commit built from nothing, in two folders of other names, compared byte by byte: a path, clock or random id in it shows."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

from livingpaper.build.cache import files_of, mark_of, up_to_date
from livingpaper.build.project import Project, commit, git
from livingpaper.build.state import state

MADE = ("html", "paper.pdf", "supplement.pdf", "paper-accessible.pdf", "machine")
COLD = {name: ("livingpaper", name, "--cold") for name in ("html", "pdf")}
REST = {name: ("livingpaper", name) for name in ("accessible", "machine")}
STEPS: dict[str, Sequence[str]] = {**COLD, **REST}  # everything of a checkout
AROUND = 40  # bytes
Build = Callable[[Path], object]  # makes the ``_build`` of a checkout


class ReproductionError(RuntimeError):
    """A build failed, or two builds of the same commit are not the same."""


def check_root(project: Project) -> None:
    """Raise ``RuntimeError`` unless the paper is a repository: its tags and commits would be another paper's."""
    if not (project.root / ".git").exists():
        must = f"a version is a commit of a repository, and {project.root} is not the root of one"
        raise RuntimeError(f"{must}; give the paper its own: git init, git add, git commit")


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
    list(run_steps(copy, STEPS, ReproductionError))


def reproduce(project: Project, *, build: Build = build_cold) -> int:
    """Compare two builds of this commit, one of them that here if it is: return of how many files, or ``ReproductionError``."""
    with _built(project, build) as one, worktree(project, "HEAD", "other") as other:
        build(other)
        if faults := differences(one / "_build", other / "_build"):
            listed = "".join(f"\n  - {fault}" for fault in faults)
            raise ReproductionError(f"two builds of one commit must be the same, they differ:{listed}")
        return len(files_of(one / "_build", *MADE))


@contextmanager
def _built(project: Project, build: Build) -> Iterator[Path]:
    marks = [mark_of(project.build / name) for name in MADE]
    times = [mark.stat().st_mtime for mark in marks if mark.is_file()]
    whole = len(times) == len(MADE) and min(times) == times[0]  # what is made from pages is made after them
    if whole and not commit(project).endswith("+") and up_to_date(project.build / "html", state(project)):
        yield project.root
        return
    with worktree(project, "HEAD", "one") as copy:
        build(copy)
        yield copy


def differences(one: Path, other: Path) -> list[str]:
    """Return what differs between two builds, one line per file that readers get, with the first bytes that do."""
    left, right = files_of(one, *MADE), files_of(other, *MADE)
    faults = [f"{name}: only in one of the two" for name in sorted(left.keys() ^ right.keys())]
    for name in sorted(left.keys() & right.keys()):
        if (a := left[name]) != (b := right[name]):
            at = next(i for i, pair in enumerate(zip_longest(a, b)) if pair[0] != pair[1])
            part = slice(max(at - AROUND, 0), at + AROUND)
            faults.append(f"{name}: byte {at} of {len(a)} and {len(b)}: {a[part]!r} and {b[part]!r}")
    return faults if left else ["nothing was built"]
