"""The folder that leaves: what output checkers open, whole, and never with a patient in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from livingpaper.build.project import Project
from livingpaper.disclosure.profiles import PROFILES, DisclosureError
from livingpaper.disclosure.protect import protect
from livingpaper.disclosure.release_folder import make_release_folder
from livingpaper.disclosure.rows import kind_of
from livingpaper.ledger.ledger import entry, ledger_frame, write_ledger
from planted import COHORT, OWN
from small_book import small_book

COUNTS = {"ward.a.n": 33, "ward.b.n": 4}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return a built paper of guarded patients, and beside it their table."""
    project = small_book(tmp_path / "p")
    path = project.root / "paper.toml"
    path.write_text(path.read_text() + OWN)
    monkeypatch.chdir(project.root)
    rows = ledger_frame(entry(id_, "own", "count", n, code="a.md::f") for id_, n in COUNTS.items())
    write_ledger(protect(rows, PROFILES["publish"]).ledger, project.ledger)
    bars = alt.Chart(pd.DataFrame({"arm": ["a"], "n": [35]})).mark_bar().encode(x="arm:N", y="n:Q")
    spec = json.dumps(bars.to_dict() | {"description": "One bar.", "usermeta": {"origin": "hospital"}})
    (project.build / "html").mkdir(parents=True)
    page = f'<html><script type="application/json" data-chart="fig-bars">{spec}</script></html>'
    (project.build / "html" / "index.html").write_text(page)
    COHORT.to_csv(tmp_path / "cohort.csv", index=False)
    return project


def made(project: Project) -> Path:
    return make_release_folder(project, project.root.parent / "cohort.csv")


def test_what_the_viewer_asks_of_a_folder(built: Project) -> None:
    """Version and results; each output has files with names, a method, a status, a list of comments; checksums fit."""
    folder = made(built)
    outputs = json.loads((folder / "outputs.json").read_text())
    assert outputs["version"].startswith("0.4.")
    assert set(outputs["results"]) == {"table-ward", "fig-bars"}
    for key, one in outputs["results"].items():
        assert one["uid"] == key
        assert one["status"] == "review"
        assert one["properties"]["method"]
        assert isinstance(one["comments"], list)
        assert one["summary"].startswith("review; ")
        for file in one["files"]:
            content = (folder / file["name"]).read_bytes()
            assert (folder / "checksums" / f"{file['name']}.txt").read_text() == sha256(content).hexdigest()
    names = {file["name"] for one in outputs["results"].values() for file in one["files"]}
    assert names == {"table-ward.csv", "fig-bars.png", "fig-bars-data-1.csv"}
    assert (folder / "fig-bars.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((folder / "config.json").read_text())["safe_threshold"] == 10


def test_suppressed_cells_are_where_the_viewer_marks_them(built: Project) -> None:
    """Row 1 is the second one; column 1 is the second after the index, the estimate."""
    folder = made(built)
    table = json.loads((folder / "outputs.json").read_text())["results"]["table-ward"]
    sdc = table["files"][0]["sdc"]
    assert sdc["summary"]["threshold"] == 1
    assert sdc["cells"]["threshold"] == [[1, 1]]
    shown = pd.read_csv(folder / "table-ward.csv", index_col=0)
    assert shown.columns[1] == "estimate"
    assert shown.iloc[0, 1] == 35
    assert pd.isna(shown.iloc[1, 1])
    said = (folder / "read-me-first.html").read_text()
    assert "1 of 2 numbers" in said
    assert "rounded to 5" in said


def test_exact_counts_do_not_leave(built: Project) -> None:
    rows = [entry(id_, "own", "count", n, code="a.md::f") for id_, n in COUNTS.items()]
    write_ledger(ledger_frame(rows), built.ledger)
    with pytest.raises(DisclosureError, match="2 are not, the first of 'ward.a.n'"):
        made(built)


@pytest.mark.parametrize("plant", ["rows", "id", "date", "note", "path", "closed"])
def test_nothing_of_a_patient_leaves_and_the_last_folder_stays(built: Project, plant: str) -> None:
    folder = made(built)
    before = (folder / "read-me-first.html").read_bytes()
    planted = {
        "rows": COHORT[["age", "ldh", "crp", "ferritin", "creatinine"]].head(20).to_csv(index=False),
        "id": COHORT.at[4, "record"],
        "date": COHORT.at[4, "admitted"],
        "note": COHORT.at[4, "note"],
        "path": "/home/ana/cohort.csv",
        "closed": "7z\u00bc\u00af\u0027\u001c",
    }
    (built.build / "html" / "x.txt").write_bytes(planted[plant].encode("latin-1"))
    with pytest.raises(DisclosureError, match="no folder was made"):
        made(built)
    assert (folder / "read-me-first.html").read_bytes() == before
    assert not list(built.build.glob("tmp*"))


def test_a_guarded_paper_needs_the_table(built: Project) -> None:
    with pytest.raises(DisclosureError, match="give --cohort FILE"):
        make_release_folder(built)


def test_pages_must_be_built(built: Project) -> None:
    (built.build / "html" / "index.html").unlink()
    with pytest.raises(FileNotFoundError, match="run: headtohead html"):
        made(built)


@pytest.mark.parametrize(
    ("id_", "scale", "kind"),
    [
        ("a.n", "count", "Frequencies"),
        ("a.age.max", "value", "Endpoints"),
        ("a.age.q25", "value", "Position"),
        ("o.death.rr", "risk ratio", "CalculatedRatios"),
        ("o.death.risk", "risk", "Proportions"),
        ("o.death.p", "p value", "StatisticalHypothesisTests"),
        ("o.stay", "mean days", "LinearAggregations"),
    ],
)
def test_kinds(id_: str, scale: str, kind: str) -> None:
    assert kind_of({"id": id_, "scale": scale}) == kind
