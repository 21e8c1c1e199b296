"""Where the project is on disk, and the fingerprints of its inputs."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CONFIG = "paper.toml"
hashing: list[bool] = []  # not empty while a fingerprint is taken: that is not reading


class _Below:
    """A place below the folder of a paper."""

    def __init__(self, *parts: str) -> None:
        self.parts = parts

    def __get__(self, project: Project, _owner: type) -> Path:
        return project.root.joinpath(*self.parts)


@dataclass(frozen=True)
class Project:
    """The checkout of a paper: ``root`` holds its ``paper.toml``."""

    root: Path
    protocol = _Below("protocol.toml")  # the pre-specified choices
    claims = _Below("claims.toml")  # the conclusions of the text, and the rules under which they hold
    data = _Below("data")
    lock = _Below("requirements.txt")  # exact versions of all packages
    ledger = _Below("results", "ledger.csv")
    key_figure = _Below("results", "key-figure.svg")  # of README.md
    build = _Below("_build")  # everything made; can be deleted


def find_project(start: Path | None = None) -> Project:
    """Return the paper around ``start`` (default: the working folder).

    Raises
    ------
    FileNotFoundError
        If no folder above holds a ``paper.toml``.
    """
    here = start.resolve() if start else Path.cwd()
    for folder in (here, *here.parents):
        if (folder / CONFIG).is_file():
            return Project(folder)
    raise FileNotFoundError(
        f"a {CONFIG} must stand in {here} or above it, found none; go to the folder of a paper"
    )


def pages(project: Project) -> list[str]:
    """Return the pages that ``_toc.yml`` lists, the root first."""
    return list(_files_in(yaml.safe_load((project.root / "_toc.yml").read_text(encoding="utf-8"))))


def _files_in(entry: Any) -> Iterator[str]:
    for key, value in entry.items():
        if key in ("root", "file"):
            yield value.removesuffix(".md")
        elif isinstance(value, list):
            for part in value:
                yield from _files_in(part)


def git(project: Project, *arguments: str, error: type[RuntimeError] = RuntimeError) -> str:
    """Return what git says in the folder of a paper; what it refuses is a ``RuntimeError`` of the class ``error``."""
    command = ["git", "-C", str(project.root), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except FileNotFoundError:
        raise error("git is needed and not found; install it") from None
    if done.returncode:
        raise error(f"git {' '.join(arguments[:2])} failed: {done.stderr.decode().strip()}")
    return done.stdout.decode("utf-8", "surrogateescape")


def digest(paths: Iterable[Path], root: Path) -> str:
    """Return the sha256 of files by relative name and content, folders taken with all they hold."""
    total = hashlib.sha256()
    hashing.append(True)
    try:
        for path in sorted(_files(paths)):
            name = path.relative_to(root) if path.is_relative_to(root) else path.name  # data kept elsewhere
            total.update(str(name).encode() + b"\0" + path.read_bytes() + b"\0")
    finally:
        hashing.pop()
    return total.hexdigest()


def _files(paths: Iterable[Path]) -> set[Path]:
    found: set[Path] = set()
    for path in paths:
        inside = path.rglob("*") if path.is_dir() else [path]
        found |= {
            p for p in inside if p.is_file() and not {"__pycache__", ".ipynb_checkpoints"} & set(p.parts)
        }
    return {p for p in found if ".egg-info" not in str(p) and p.suffix not in (".pyc", ".nbi", ".nbc")}
