"""The history of the paper: its frozen versions, what moved between them, and why."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from study.protocol.protocol import load_protocol

from livingpaper.build.project import Project
from livingpaper.ledger.claims import load_claims
from livingpaper.ledger.compare import Comparison, compare
from livingpaper.versions.sources import read_claims, read_source, versions

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
    now, protocol = load_claims(project.claims), load_protocol(project.protocol)
    changes = changelog(project.root / "CHANGELOG.md")

    def between(old: str, new: str) -> Comparison:
        stated = claims[new] or now
        return compare(ledgers[old], ledgers[new], claims=stated, protocol=protocol, old_claims=claims[old])

    return [
        Version(
            name=name,
            date=changes.get(name, ("", ""))[0],
            reason=changes.get(name, ("", ""))[1],
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


def followed(project: Project) -> dict[str, str]:
    """Return the numbers whose history is shown, id to the name that readers see: ``followed`` in ``claims.toml``."""
    return dict(tomllib.loads((project.root / "claims.toml").read_text(encoding="utf-8")).get("followed", {}))


def by_version(history_: list[Version], id_: str) -> pd.DataFrame:
    """Return one number in every version that has it: ``version``, ``date`` and the columns of the ledger."""
    rows = [
        {"version": version.name, "date": version.date, **version.ledger.loc[id_].to_dict()}
        for version in history_
        if id_ in version.ledger.index
    ]
    return pd.DataFrame(rows)
