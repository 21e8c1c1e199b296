"""A ledger named by a file, a version or a git revision."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from livingpaper.build.project import Project, git
from livingpaper.config import config
from livingpaper.ledger.claims import Claim, ClaimError, load_claims, parse_claims
from livingpaper.ledger.compare import TOLERANCE, compare
from livingpaper.ledger.ledger import LedgerError, parse_ledger, read_ledger
from livingpaper.ledger.report import as_markdown, as_text


def version_folder(project: Project, version: str) -> Path:
    """Return where a version is kept: ``versions/v1.2.3``."""
    return project.root / "versions" / f"v{version.removeprefix('v')}"


def read_source(project: Project, name: str) -> pd.DataFrame:
    """Return the ledger that a file, a version ("1.0.0") or a git revision ("HEAD~1") stands for.

    Raises
    ------
    LedgerError
        If it is none of them, or its ledger is damaged.
    """
    if not name:
        raise LedgerError("a ledger must be a file, a version or a git revision, found an empty name")
    path = Path(name)
    if path.is_dir():
        path = path / "ledger.csv"
    if path.is_file():
        return read_ledger(path)
    frozen = version_folder(project, name) / "ledger.csv"
    if frozen.is_file():
        return read_ledger(frozen)
    where = project.ledger.relative_to(project.root).as_posix()
    try:
        return parse_ledger(_shown(project, name, where), f"{name}:{where}")
    except RuntimeError:
        raise LedgerError(
            f"a ledger must be a file, a version or a git revision, {name!r} is none of them; "
            f"versions here: {', '.join(versions(project)) or 'none'}"
        ) from None


def _shown(project: Project, revision: str, path: str) -> bytes:
    """Return a file of a revision, from the paper's folder, wherever in a repository it stands."""
    return git(project, "show", f"{revision}:./{path}").encode("utf-8", "surrogateescape")


def read_claims(project: Project, name: str) -> tuple[Claim, ...] | None:
    """Return the conclusions that a version or revision states; None where they cannot be known.

    A plain file of numbers states none, unless it is the ledger of the project itself.
    """
    if Path(name).exists():
        return load_claims(project.claims) if Path(name).resolve() == project.ledger.resolve() else None
    folder = version_folder(project, name)
    if folder.is_dir():
        frozen = folder / project.claims.name
        return load_claims(frozen) if frozen.is_file() else None
    try:
        return parse_claims(_shown(project, name, project.claims.name).decode())
    except (RuntimeError, ClaimError, UnicodeDecodeError):
        return None  # there is none, or it was written for an older form of the file


def versions(project: Project) -> list[str]:
    """Return the frozen versions, oldest first, without the v."""
    folders = (project.root / "versions").glob("v*/ledger.csv")
    return sorted((path.parent.name[1:] for path in folders), key=version_key)


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are sorted by.

    Raises
    ------
    ValueError
        If a version is not three whole numbers.
    """
    parts = version.removeprefix("v").split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise ValueError(f"a version must be three numbers such as 1.1.0, found {version!r}")
    return tuple(int(part) for part in parts)


def diff(project: Project, old: str, new: str | None, format: str, tolerance: float | None) -> int:
    """Print what moved between two ledgers, as ``text`` or ``markdown``; return the status of the comparison."""
    here = new or str(project.ledger)
    names = [Path(name).name if Path(name).is_file() else name for name in (old, here)]
    result = compare(
        read_source(project, old),
        read_source(project, here),
        claims=read_claims(project, here) or load_claims(project.claims),
        old_claims=read_claims(project, old),
        paper=config(project),
        tolerance=TOLERANCE if tolerance is None else tolerance,
    )
    sys.stdout.write({"text": as_text, "markdown": as_markdown}[format](result, *names))
    return result.status
