"""The ledgers and conclusions of files, versions and git revisions, and what moved from version to version."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise, product
from pathlib import Path

import pandas as pd

from livingpaper.build.project import LEDGER, Project, git, in_repository, plain, text_of
from livingpaper.config import config
from livingpaper.ledger.claims import Claim, ClaimError
from livingpaper.ledger.compare import Comparison, as_text, compare, summary
from livingpaper.ledger.ledger import LedgerError, parse_ledger, read_ledger
from livingpaper.ledger.verdicts import stated

ABSENT = "not in this version"
SECTION = re.compile(r"^## \[([^\]]+)\](?: - (\S+))?\n(.*?)(?=^## |\Z)", re.M | re.S)  # version, date, text


@dataclass(frozen=True, slots=True)
class Version:
    """One frozen version."""

    name: str  # for example 1.1.0
    date: str  # of release, as in CHANGELOG.md
    reason: str  # its section of CHANGELOG.md, Markdown
    ledger: pd.DataFrame
    told: str  # what moved since the version before, in one sentence
    moved: str  # the same number by number; empty for the first
    to_latest: str  # what has moved from it to the latest version, in one sentence


def version_folder(project: Project, version: str) -> Path:
    """Return where a version is kept: ``versions/v1.2.3``."""
    return project.root / "versions" / f"v{version.removeprefix('v')}"


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are sorted by; ``ValueError`` unless a version is three whole numbers."""
    parts = version.removeprefix("v").split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        raise ValueError(f"a version must be three numbers such as 1.1.0, found {version!r}")
    return tuple(map(int, parts))


def versions(project: Project) -> list[str]:
    """Return the frozen versions, oldest first, without the v."""
    folders = (project.root / "versions").glob("v*/ledger.csv")
    return sorted((path.parent.name[1:] for path in folders), key=version_key)


def read_source(project: Project, name: str) -> pd.DataFrame:
    """Return the ledger that a file, a version ("1.0.0") or a git revision ("HEAD~1") stands for, or ``LedgerError``."""
    given = Path(name) / "ledger.csv" if Path(name).is_dir() else Path(name)
    for path in (given, version_folder(project, name) / "ledger.csv") if name else ():
        if path.is_file():
            return read_ledger(path)
    content = _shown(project, name, LEDGER) if name else None
    if content is None:
        must = f"a ledger must be a file, a version or a git revision, {name!r} is none of them"
        raise LedgerError(f"{must}; versions here: {', '.join(versions(project)) or 'none'}")
    return parse_ledger(content, f"{name}:{LEDGER}")


def read_claims(project: Project, name: str) -> tuple[Claim, ...] | None:
    """Return the conclusions of a version, a revision or the project's own ledger; None where they cannot be known."""
    if Path(name).exists():
        return stated(project.claims) if Path(name).resolve() == project.ledger.resolve() else None
    folder = version_folder(project, name)
    if folder.is_dir():
        frozen = folder / project.claims.name
        return stated(frozen) if frozen.is_file() else None
    try:
        return stated(project.claims, plain(_shown(project, name, project.claims.name) or b"").decode())
    except (ClaimError, UnicodeDecodeError):
        return None  # there is none, or it was written for an older form of the file


def _shown(project: Project, revision: str, path: str) -> bytes | None:
    """Return a file of a revision, from the paper's folder, wherever in a repository it stands; None if it has none."""
    try:
        return git(project, "show", f"{revision}:./{path}").encode("utf-8", "surrogateescape")
    except RuntimeError:
        if in_repository(project):
            git(project, "rev-parse", "--git-dir")  # to be told, should git refuse the whole checkout
        return None


def history(project: Project) -> list[Version]:
    """Return the versions, oldest first; ``ValueError`` if there is none."""
    names = versions(project)
    if not names:
        raise ValueError("a site needs at least one version, there is none; run: livingpaper release VERSION")
    ledgers = {name: read_source(project, name) for name in names}
    claims = {name: read_claims(project, name) for name in names}
    now, paper, told = stated(project.claims), config(project), changelog(project)

    def between(old: str, new: str) -> Comparison:
        made = claims[new] or now
        return compare(ledgers[old], ledgers[new], claims=made, paper=paper, old_claims=claims[old])

    found = []
    for before, name in pairwise(["", *names]):
        since, to_latest = between(before, name) if before else None, summary(between(name, names[-1]))
        news = (summary(since), as_text(since, before, name, {}, paper)) if since else ("first version", "")
        found.append(Version(name, *told.get(name, ("", "")), ledgers[name], *news, to_latest))
    return found


def changelog(project: Project) -> dict[str, tuple[str, str]]:
    """Return date and text of every version in ``CHANGELOG.md``."""
    found = SECTION.findall(text_of(project.root / "CHANGELOG.md"))
    return {version: (date, text.strip()) for version, date, text in found}


def by_version(editions: Mapping[str, pd.DataFrame], followed: Mapping[str, str]) -> pd.DataFrame:
    """Return numbers by id and name in ledgers by name: ``name``, ``version`` and the ledger's columns, or ``ABSENT``."""
    rows = []
    for (id_, name), (version, ledger) in product(followed.items(), editions.items()):
        row = ledger.loc[id_].to_dict() if id_ in ledger.index else {"id": id_, "text": ABSENT}
        rows.append({"name": name, "version": version, **row})
    return pd.DataFrame(rows)
