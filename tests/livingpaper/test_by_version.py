"""The appendix on versions, before the first release and after."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.ledger.ledger import LedgerError
from livingpaper.versions.exhibits import (
    SHOWN,
    changes_myst,
    estimates,
    intervals,
    numbers_by_version,
)
from livingpaper.versions.sources import ABSENT

ID = "worlds.null.death28.ato.rd"
NAME = "Deaths, adjusted, no-effect world"


@pytest.fixture
def mine(project: Project, tmp_path: Path) -> Project:
    """Return a project without any version."""
    (tmp_path / "results").mkdir()
    shutil.copy(project.ledger, tmp_path / "results")
    for name in ("paper.toml", "protocol.toml", "claims.toml", "CITATION.cff", "CHANGELOG.md"):
        shutil.copy(project.root / name, tmp_path)
    return Project(tmp_path)


def freeze(project: Project, version: str, old: str = "", new: str = "") -> None:
    folder = project.root / "versions" / f"v{version}"
    folder.mkdir(parents=True)
    text = project.ledger.read_text()
    lines = [line.replace(old, new, 1) if line.startswith(f"{ID},") else line for line in text.splitlines()]
    (folder / "ledger.csv").write_text("\n".join(line for line in lines if line) + "\n")


def test_before_the_first_version_there_is_the_present_build(mine: Project) -> None:
    found = numbers_by_version(mine)
    assert dict(zip(found["id"], found["name"], strict=True)) == config(mine).followed
    assert found["version"].str.endswith("(this build)").all()
    assert changes_myst(mine).startswith("No version has been frozen yet")
    assert len(estimates(mine).frame) == len(found)
    assert "from 1 edition(s)" in intervals(mine).alt


def test_a_number_is_shown_as_it_stood_in_each_version(mine: Project) -> None:
    freeze(mine, "0.0.1", "+2.7", "+2.6")
    freeze(mine, "0.0.2")
    frame = estimates(mine).frame
    start = list(frame["Number"]).index(f"{NAME} (`{ID}`)")
    rows = frame.iloc[start : start + 3]
    assert list(rows["Number"]) == [f"{NAME} (`{ID}`)", "", ""]
    assert list(rows["Version"])[:2] == ["0.0.1", "0.0.2"]
    assert rows["Version"].iloc[2].endswith("(this build)")
    assert [text.split()[0] for text in rows["Value"]] == ["+2.6", "+2.7", "+2.7"]
    spec = intervals(mine).chart.to_dict()
    drawn = next(rows for rows in spec["datasets"].values() if len(rows) > 2 and "label" in rows[0])
    labels = [row["label"] for row in drawn if row["label"].startswith(NAME)]
    assert labels == [f"{NAME}, 0.0.1", f"{NAME}, 0.0.2", f"{NAME}, this build"]


def test_a_number_that_a_version_lacks_is_said_to_be_absent(mine: Project) -> None:
    row = next(line for line in mine.ledger.read_text().splitlines() if line.startswith(f"{ID},"))
    freeze(mine, "0.0.1", row, "")
    found = numbers_by_version(mine).query("id == @ID")
    assert found["text"].iloc[0] == ABSENT
    assert len(intervals(mine).chart.to_dict()["datasets"]) > 0  # drawn without it


def test_many_versions_do_not_make_the_table_endless(mine: Project) -> None:
    for patch in range(SHOWN + 4):
        freeze(mine, f"0.0.{patch}")
    found = numbers_by_version(mine).query("id == @ID")
    assert len(found) == SHOWN + 1
    assert (
        found["version"].iloc[0] == "0.0.4"
    )  # the oldest are left out, in the order of numbers, not of letters


def test_what_changed_and_why(mine: Project) -> None:
    freeze(mine, "0.0.1", "+2.7", "+2.6")
    freeze(mine, "0.0.2")
    log = "## [0.0.2] - 2026-12-02\n### Fixed\n\nA rounding.\n\n## [0.0.1] - 2026-12-01\nFirst, because.\n"
    (mine.root / "CHANGELOG.md").write_text(log)
    text = changes_myst(mine)
    assert text.index("0.0.2, 2026-12-02**: 1 estimate moved, 0 conclusions changed") < text.index(
        "First, because."
    )
    assert "*Fixed*" in text
    assert "#" not in text  # a heading inside a directive would break the page


def test_a_followed_number_that_does_not_exist_is_an_error(mine: Project) -> None:
    text = (mine.root / "paper.toml").read_text()
    (mine.root / "paper.toml").write_text(text.replace('"counts.death.rd" =', '"counts.death.rx" =', 1))
    with pytest.raises(LedgerError, match=r"\['counts.death.rx'\] are not"):
        numbers_by_version(mine)
