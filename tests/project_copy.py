"""A project of its own for a test: the same data and choices in another folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from livingpaper.build.project import Project

NEEDED = ("paper.toml", "CITATION.cff", "claims.toml")


def copy_project(source: Project, root: Path) -> Project:
    """Copy protocol, claims, lock, data and results, and the stored results if there are any.

    The truth of the synthetic worlds stays behind: no analysis may need it.
    """
    root.mkdir(parents=True)
    shutil.copytree(source.data, root / "data", ignore=shutil.ignore_patterns("truth"))
    shutil.copytree(source.ledger.parent, root / "results")
    for path in (source.protocol, source.lock, *(source.root / name for name in NEEDED)):
        target = root / path.relative_to(source.root)
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, target)
    for path in sorted((source.root / "results").iterdir()):
        if path.suffix in (".csv", ".toml"):
            shutil.copyfile(path, root / "results" / path.name)
    if (stored := source.build / "cache").is_dir() and not (source.root / "lib").is_dir():
        shutil.copytree(stored, root / "_build" / "cache")
    return Project(root)


def fingerprints(*folders: Path) -> dict[str, bytes]:
    """Return every file under the folders with its content."""
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}
