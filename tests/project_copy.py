"""A project of its own for a test: the same data and choices in another folder."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from livingpaper.build.project import Project

NEEDED = ("paper.toml", "CITATION.cff", "claims.toml", "_toc.yml")
FEW = {  # repetitions on whose number no test here depends
    "bootstrap_replicates = 2000": "bootstrap_replicates = 20",
    "bootstrap_replicates = 200\n\n# Versions": "bootstrap_replicates = 20\n\n# Versions",
    "subgroup_bootstraps = 500": "subgroup_bootstraps = 20",
    "imputation_bootstraps = 200": "imputation_bootstraps = 20",
    "imputations = 20 ": "imputations = 3 ",
    "imputation_rounds = 10": "imputation_rounds = 2",
}


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
        shutil.copytree(stored, root / "_build" / "cache", symlinks=True)
    return Project(root)


def fingerprints(*folders: Path) -> dict[str, bytes]:
    """Return every file under the folders with its content."""
    return {str(p): p.read_bytes() for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()}


def links_to(source: Project, root: Path, changes: Mapping[str, str] = FEW) -> Project:
    """Return a project of links to the committed files, without ledger and truth, under other choices.

    Folders are its own: from a linked one the committed project would be found.

    Parameters
    ----------
    source : Project
    root : Path
        New folder.
    changes : mapping of str to str
        What stands in ``protocol.toml`` to what shall stand there.
    """
    committed = source.ledger.parent
    links = [source.lock, *(source.root / name for name in NEEDED), *(source.root / "book").iterdir()]
    links += [path for path in source.data.iterdir() if path.name != "synthetic"]
    links += [path for path in (source.data / "synthetic").iterdir() if path.name != "truth"]
    links += [
        path for path in committed.iterdir() if path.suffix in (".csv", ".toml") and path != source.ledger
    ]
    for path in links:
        link = root / path.relative_to(source.root)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(path)
    change(Project(root), source.protocol.read_text("utf-8"), changes)
    return Project(root)


def change(project: Project, text: str, changes: Mapping[str, str]) -> None:
    """Write a protocol with other words in some places."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    project.protocol.write_text(text, "utf-8")
