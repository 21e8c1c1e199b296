"""The followed numbers in every version and in the present build, as the appendix shows them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from livingpaper.book.meta import citation_file
from livingpaper.book.show import Drawing, Sheet
from livingpaper.book.theme import INK, TREATED
from livingpaper.build.project import Project, find_project
from livingpaper.ledger.ledger import MARKS, LedgerError, read_ledger
from livingpaper.versions.history import changelog, followed
from livingpaper.versions.sources import read_source, versions

SHOWN = 6  # versions in table and figure, the newest; the page of all versions has the rest
ABSENT = "not in this version"


def numbers_by_version(project: Project) -> pd.DataFrame:
    """Return every followed number in each version, numbers in the order of ``claims.toml``, oldest version first.

    Returns
    -------
    DataFrame
        ``name`` (what readers see), ``version`` (the last one is this build), ``present`` and the columns of the
        ledger; NaN and ``ABSENT`` where a version did not have the number.

    Raises
    ------
    LedgerError
        If a followed number is not in the present ledger.
    """
    now = read_ledger(project.ledger)
    names = followed(project)
    unknown = [id_ for id_ in names if id_ not in now.index]
    if unknown:
        raise LedgerError(f"a followed number must be in the ledger, {unknown} are not; correct claims.toml")
    here = f"{citation_file(project)['version']} (this build)"
    editions = [(version, False, read_source(project, version)) for version in versions(project)]
    editions = [*editions[-SHOWN:], (here, True, now)]
    rows: list[dict[str, Any]] = []
    for id_, name in names.items():
        for version, present, ledger in editions:
            row = ledger.loc[id_].to_dict() if id_ in ledger.index else {"id": id_, "text": ABSENT}
            rows.append({"name": name, "version": version, "present": present, **row})
    return pd.DataFrame(rows)


def estimates(project: Project | None = None) -> Sheet:
    """Return the table: one row per number and version, the number named where it starts."""
    found = numbers_by_version(project or find_project())
    first = ~found["id"].duplicated()
    frame = pd.DataFrame(
        {
            "Number": (found["name"] + " (`" + found["id"] + "`)").where(first, ""),
            "Version": found["version"],
            "Value": found["text"],
            "Origin": found["origin"].map(MARKS).fillna(""),
        }
    )
    return Sheet(frame, "mixed", "p{5.7cm}p{2.7cm}p{5.9cm}l")


def intervals(project: Project | None = None) -> Drawing:
    """Return the forest of the followed risk differences, one line per version, the present build in colour."""
    from livingpaper.book.forest import forest  # heavy: altair

    found = numbers_by_version(project or find_project())
    found = found[(found["scale"] == "risk difference") & found["conf_low"].notna()]
    rows = pd.DataFrame(
        {
            "label": found["name"] + ", " + found["version"].str.removesuffix(" (this build)"),
            "estimate": found["estimate"],
            "conf_low": found["conf_low"],
            "conf_high": found["conf_high"],
            "colour": [TREATED if present else INK for present in found["present"]],
        }
    )
    rows.loc[found["present"].to_numpy(), "label"] = found["name"] + ", this build"
    edge = 1.15 * 100 * float(max(rows["conf_high"].max(), -rows["conf_low"].min()))
    chart = forest(
        rows, scale="risk difference", title="Risk difference, percentage points", domain=(-edge, edge),
        label_width=310, text_width=140, row_height=26,
    )  # fmt: skip
    n_versions, crossing = (
        found["version"].nunique(),
        int(((rows["conf_low"] < 0) & (rows["conf_high"] > 0)).sum()),
    )
    alt = (
        f"Horizontal lines, one per number and edition, {len(rows)} in all from {n_versions} edition(s), "
        f"the present one in blue and earlier ones in black. Of them {crossing} cross the vertical line at zero."
    )
    return Drawing(chart, alt, "mixed")


def changes_myst(project: Project) -> str:
    """Return, newest first, what changed in each version and why, as MyST; one sentence if there is no version yet."""
    from livingpaper.ledger.report import summary
    from livingpaper.versions.history import history

    if not versions(project):
        return "No version has been frozen yet: what stands here is the present build alone.\n"
    known = history(project)
    version = str(citation_file(project)["version"])
    told = []
    if version not in {edition.name for edition in known}:
        date, reason = changelog(project.root / "CHANGELOG.md").get(version, ("", ""))
        told = [f"**Version {version}{', ' + date if date else ''}** (this build).\n\n{_flat(reason)}"]
    for edition in reversed(known):
        since = summary(edition.since) if edition.since else "first version"
        told.append(f"**Version {edition.name}, {edition.date}**: {since}.\n\n{_flat(edition.reason)}")
    return "\n\n".join(told) + "\n"


def _flat(reason: str) -> str:
    """Return a section of the changelog with its headings as plain paragraphs: a directive holds no sections."""
    lines = [f"*{line.lstrip('# ')}*\n" if line.startswith("#") else line for line in reason.splitlines()]
    return "\n".join(lines)
