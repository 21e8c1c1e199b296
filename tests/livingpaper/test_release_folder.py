"""The folder that leaves: what output checkers open, whole, and never with a patient in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from pathlib import Path

import altair as alt
import pandas as pd
import pytest
from livingpaper.build.cache import files_of, mark_of
from livingpaper.build.project import Project
from livingpaper.build.state import state
from livingpaper.disclosure.profiles import DisclosureError
from livingpaper.disclosure.release_folder import make_release_folder, tree_digest
from livingpaper.disclosure.released import guard
from livingpaper.disclosure.rows import kind_of
from livingpaper.ledger.ledger import entry, ledger_frame, read_ledger, write_ledger
from planted import COHORT, OWN
from small_book import small_book

pytestmark = pytest.mark.whole

COUNTS = {"ward.a.n": 33, "ward.b.n": 4}


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Return a built paper of guarded patients, and beside it their table."""
    project = small_book(tmp_path / "p")
    path = project.root / "paper.toml"
    path.write_text(path.read_text() + OWN)
    monkeypatch.chdir(project.root)
    record_counts(project, COUNTS)
    bars = alt.Chart(pd.DataFrame({"arm": ["a"], "n": [35]})).mark_bar().encode(x="arm:N", y="n:Q")
    parts = bars.to_dict() | {"description": "One bar.", "usermeta": {"origin": "hospital"}}
    wide = {name: parts.pop(name) for name in ("mark", "encoding")}
    spec = json.dumps({"both": parts, "wide": wide})
    (project.build / "html").mkdir(parents=True)
    page = f'<html><script type="application/json" data-chart="fig-bars">{spec}</script></html>'
    (project.build / "html" / "index.html").write_text(page)
    mark_of(project.build / "html").write_text(state(project))
    COHORT.to_csv(tmp_path / "cohort.csv", index=False)
    return project


def record_counts(project: Project, counts: Mapping[str, int]) -> None:
    """Write the ledger of counts as a build does, and say that the pages are of it."""
    rows = ledger_frame(entry(id_, "own", "count", n, code="a.md::f") for id_, n in counts.items())
    write_ledger(guard(rows, project, keep=True), project.ledger)
    if (html := project.build / "html").is_dir():
        mark_of(html).write_text(state(project))


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
    numbers = pd.read_csv(folder / "numbers.csv", index_col="id")
    assert numbers.at["ward.b.n", "action"] == "withheld"
    assert set(numbers.columns) == {"kind", "action", "reason"}
    (folder / "read-me-first.html").unlink()
    assert tree_digest(folder) in said


def test_exact_counts_do_not_leave(built: Project) -> None:
    rows = [entry(id_, "own", "count", n, code="a.md::f") for id_, n in COUNTS.items()]
    write_ledger(ledger_frame(rows), built.ledger)
    mark_of(built.build / "html").write_text(state(built))
    with pytest.raises(DisclosureError, match=r"2 are not, the first of 'ward\.a\.n'"):
        made(built)
    (built.root / "private" / "exact.csv").unlink()
    with pytest.raises(DisclosureError, match="exact numbers must stand in private/exact.csv"):
        made(built)


def test_pages_of_other_numbers_do_not_leave(built: Project) -> None:
    record_counts(built, COUNTS)
    (built.root / "paper.toml").write_text((built.root / "paper.toml").read_text() + "\n# changed\n")
    with pytest.raises(DisclosureError, match="must be of what is there now"):
        made(built)


def test_a_few_more_patients_do_not_leave(built: Project) -> None:
    """After 33 of ward a left, 36 would show three of them; 45 show twelve at once."""
    path = built.root / "paper.toml"
    path.write_text(path.read_text() + '\n[disclosure]\npeople = "ward.a.n"\n')
    record_counts(built, COUNTS)
    made(built)
    made(built)
    assert len(left_before(built)) == 1
    left = pd.read_csv(built.root / "private" / "released" / "0001.csv")
    assert dict(zip(left["id"], left["estimate"], strict=True)) == {"ward.a.n": 33}
    record_counts(built, COUNTS | {"ward.a.n": 36})
    assert read_ledger(built.ledger).at["ward.a.n", "text"] == "suppressed"
    with pytest.raises(DisclosureError, match="it differs by fewer from release 1"):
        made(built)
    record_counts(built, COUNTS | {"ward.a.n": 45})
    made(built)
    assert len(left_before(built)) == 2


def test_exchanged_or_corrected_patients_do_not_leave(built: Project) -> None:
    """As many patients, three of them others, or one value put right: what moved would be theirs. Ten are enough."""
    table = built.root.parent / "cohort.csv"
    made(built)
    others = COHORT.assign(age=COHORT["age"].where(COHORT.index >= 3, 41.5))
    for frame in (
        others,
        COHORT.iloc[3:],
        pd.concat([COHORT, others.head(3)]),
        COHORT.replace({"record": {COHORT.at[7, "record"]: "HX-1"}}),
    ):
        frame.to_csv(table, index=False)
        with pytest.raises(DisclosureError, match="must differ by 10 rows or none .* fewer from release 1"):
            made(built)
    COHORT.assign(age=COHORT["age"].where(COHORT.index >= 10, 41.5)).sample(frac=1, random_state=1).to_csv(
        table, index=False
    )
    made(built)
    assert len(left_before(built)) == 1, "the same numbers are no other release"


def left_before(project: Project) -> list[Path]:
    return sorted((project.root / "private" / "released").glob("*.csv"))


CHART = '<script type="application/json" data-chart="fig-x">{}</script>'
BREAKS: dict[str, Callable[[Project], object]] = {  # each makes a step of the release fail in its own way
    "a torn earlier release": lambda p: (p.root / "private" / "released" / "0001.csv").write_text("torn"),
    "torn marks of patients": lambda p: (p.root / "private" / "released" / "0001-1.parquet").write_bytes(b"torn"),
    "lost marks of patients": lambda p: (p.root / "private" / "released" / "0001-1.parquet").unlink(),
    "a table that is none": lambda p: (p.root.parent / "cohort.csv").write_text("nothing"),
    "no table": lambda p: (p.root.parent / "cohort.csv").unlink(),
    "a torn ledger": lambda p: p.ledger.write_text("id,text\nx"),
    "torn exact numbers": lambda p: (p.root / "private" / "exact.csv").write_text("torn"),
    "a chart that cannot be drawn": lambda p: _with_page(p, CHART.format('{"mark": 3}')),
    "a chart that is no JSON": lambda p: _with_page(p, CHART.format("{")),
    "a page that cannot be copied": lambda p: (p.build / "html" / "x").symlink_to("nowhere"),
    "a page that cannot be read": lambda p: (p.build / "html" / "x.html").write_bytes(b"\xff\xfe\xff"),
    "what left cannot be kept": lambda p: (shutil.rmtree(p.root / "private" / "released"),
                                           (p.root / "private" / "released").write_text("a file")),
}  # fmt: skip


def _with_page(project: Project, text: str) -> None:
    (project.build / "html" / "x.html").write_text(text)


@pytest.mark.parametrize("fault", BREAKS)
def test_whatever_fails_nothing_is_written(built: Project, fault: str) -> None:
    """The last folder stays as it was, and no other one is begun."""
    folder = made(built)
    before = files_of(folder, ".")
    BREAKS[fault](built)
    with pytest.raises((ValueError, OSError, KeyError)):
        made(built)
    assert files_of(folder, ".") == before
    assert not list(built.build.glob("tmp*"))


def test_what_somebody_found_harmless(built: Project) -> None:
    (built.build / "html" / "beside.html").write_text(
        "<html><body><p>In that trial 3 of 45 died.</p></body></html>"
    )
    with pytest.raises(DisclosureError, match="small: counts below the threshold"):
        made(built)
    path = built.root / "paper.toml"
    path.write_text(path.read_text() + '\n[disclosure]\nharmless = ["^small pages/beside"]\n')
    mark_of(built.build / "html").write_text(state(built))
    said = (made(built) / "read-me-first.html").read_text()
    assert "<code>^small pages/beside</code>" in said


@pytest.mark.parametrize("plant", ["rows", "id", "date", "note", "path", "closed", "small", "mail"])
def test_nothing_of_a_patient_leaves_and_the_last_folder_stays(built: Project, plant: str) -> None:
    folder = made(built)
    before = (folder / "read-me-first.html").read_bytes()
    planted = {
        "rows": COHORT[["age", "ldh", "crp", "ferritin", "creatinine"]].head(20).to_csv(index=False),
        "id": COHORT.at[4, "record"],
        "date": COHORT.at[4, "admitted"],
        "note": COHORT.at[4, "note"],
        "path": "/home/ana/cohort.csv",
        "small": "Of these, 3 of 125 died.",
        "mail": "ana.garcia@hospital.org",
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
