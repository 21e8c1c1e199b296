"""The history of the paper: its frozen versions, what moved between them, and why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.ledger.claims import load_claims
from livingpaper.ledger.compare import Comparison, compare
from livingpaper.versions.sources import read_claims, read_source, versions

ABSENT = "not in this version"
SECTION = re.compile(
    r"^## \[(?P<version>[^\]]+)\](?: - (?P<date>\S+))?\n(?P<body>.*?)(?=^## |\Z)", re.M | re.S
)


@dataclass(frozen=True, slots=True)
class Version:
    """One frozen version.

    Attributes
    ----------
    name : str
        For example ``1.1.0``.
    date : str
        Of release, as in ``CHANGELOG.md``.
    reason : str
        Its section of ``CHANGELOG.md``, Markdown.
    ledger : DataFrame
    since : Comparison or None
        What moved since the version before.
    to_latest : Comparison
        What has moved from it to the latest version.
    """

    name: str
    date: str
    reason: str
    ledger: pd.DataFrame
    since: Comparison | None
    to_latest: Comparison


def history(project: Project) -> list[Version]:
    """Return the versions, oldest first.

    Raises
    ------
    ValueError
        If there is none.
    """
    names = versions(project)
    if not names:
        raise ValueError("a site needs at least one version, there is none; run: make release VERSION=...")
    ledgers = {name: read_source(project, name) for name in names}
    claims = {name: read_claims(project, name) for name in names}
    now, paper = load_claims(project.claims), config(project)
    changes = changelog(project.root / "CHANGELOG.md")

    def between(old: str, new: str) -> Comparison:
        stated = claims[new] or now
        return compare(ledgers[old], ledgers[new], claims=stated, paper=paper, old_claims=claims[old])

    return [
        Version(
            name,
            *changes.get(name, ("", "")),
            ledger=ledgers[name],
            since=between(names[i - 1], name) if i else None,
            to_latest=between(name, names[-1]),
        )
        for i, name in enumerate(names)
    ]


def changelog(path: Path) -> dict[str, tuple[str, str]]:
    """Return date and text of every version in a changelog."""
    found = SECTION.finditer(path.read_text(encoding="utf-8"))
    return {m["version"]: (m["date"] or "", m["body"].strip()) for m in found}


def by_version(editions: Mapping[str, pd.DataFrame], followed: Mapping[str, str]) -> pd.DataFrame:
    """Return numbers in several ledgers: ``name``, ``version`` and the columns of the ledger, number by number.

    Parameters
    ----------
    editions : mapping of str to DataFrame
        Name of an edition, in order, to its ledger. One without the number gets the text ``ABSENT``.
    followed : mapping of str to str
        Id to the name that readers see.
    """
    rows = [
        {"name": name, "version": version}
        | (ledger.loc[id_].to_dict() if id_ in ledger.index else {"id": id_, "text": ABSENT})
        for id_, name in followed.items()
        for version, ledger in editions.items()
    ]
    return pd.DataFrame(rows)
