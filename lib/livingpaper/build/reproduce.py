"""A commit built from nothing in a clean folder of its own; two such builds, compared byte by byte.

The two folders have other names, so a path, a clock, a random id or an order of files that gets into the
pages shows.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from livingpaper.build.project import Project, git

MADE = ("html", "paper.pdf", "machine")
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
    """Give a detached worktree of a commit, in a temporary folder of a name, and take it away afterwards.

    Raises
    ------
    RuntimeError
        If git refuses, with its words.
    """
    check_root(project)
    folder = Path(tempfile.mkdtemp(prefix="paper-"))
    copy = folder / name
    try:
        git(project, "worktree", "prune")
        git(project, "worktree", "add", "-q", "--detach", str(copy), commit)
        yield copy
    finally:
        with suppress(RuntimeError):
            git(project, "worktree", "remove", "--force", str(copy))
        shutil.rmtree(folder, ignore_errors=True)


def run_steps(copy: Path, steps: Mapping[str, Sequence[str]], error: type[RuntimeError]) -> Iterator[str]:
    """Run commands of a checkout's own code, ``python -m ...``; yield the name of each when it is done.

    Raises
    ------
    RuntimeError
        Of the class ``error``, with the last lines of the command that failed.
    """
    environment = {**os.environ, "PYTHONPATH": str(copy / "lib")}
    environment.pop("HEADTOHEAD_NO_BROWSER", None)  # a release is looked at in a browser
    for name, arguments in steps.items():
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
            raise error(f"{name} of {copy} must pass, it did not:\n{words}")
        yield name


def steps_of(copy: Path) -> dict[str, list[str]]:
    """Return the commands that build everything of a checkout, the study included; older ones had another module."""
    module = next((name for name in ("livingpaper", "headtohead") if _has_main(copy, name)), "livingpaper")
    made = {name: [module, name, "--cold"] for name in ("html", "pdf")}
    old = module == "headtohead" and not (copy / "lib" / "headtohead" / "living" / "machine.py").is_file()
    return made if old else made | {"machine": [module, "machine"]}


def _has_main(copy: Path, name: str) -> bool:
    return (copy / "lib" / name / "__main__.py").is_file()


def build_cold(copy: Path) -> None:
    """Build everything of a checkout from nothing."""
    for _ in run_steps(copy, steps_of(copy), ReproductionError):
        pass


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
                "two builds of one commit must be the same, they differ:\n"
                + "\n".join(f"  - {fault}" for fault in faults)
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


def _first_difference(left: bytes, right: bytes) -> str:
    at = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    around = slice(max(at - AROUND, 0), at + AROUND)
    return f"byte {at} of {len(left)} and {len(right)}: {left[around]!r} and {right[around]!r}"
