"""A canary: one patient with values nobody else has, who must not be found in anything shown or stored."""

from __future__ import annotations

import json
import math
import pickle
import re
import struct
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

import altair as alt
import nbformat
import pandas as pd
import pytest
from livingpaper.book.show import DisclosureError, Drawing, show
from livingpaper.build.project import Project
from livingpaper.chapters.cells import own_chapters
from livingpaper.chapters.executing import ChapterRun, store_executed
from livingpaper.chapters.run import merge
from livingpaper.chapters.session import current, start
from livingpaper.ledger.ledger import read_ledger, write_ledger
from own_cohort import eligible, project_with, rows_of
from study.data.load import load_cohort

pytestmark = pytest.mark.whole

ID, AGE, LDH = "SYN-9001", 103.37, 2777.31
PARTS = ("cohort", "matching", "outcomes", "sensitivity")
CHAPTERS = (*PARTS, *(f"supplement-{name}" for name in PARTS))


@dataclass(frozen=True)
class OnDisk:
    """What running the chapters on the canary leaves on disk, and the frames that exhibits rest on."""

    project: Project
    notebooks: list[Path]
    frames: dict[str, pd.DataFrame]


@pytest.fixture(scope="module")
def ran(project: Project, tmp_path_factory: pytest.TempPathFactory) -> OnDisk:
    rows = rows_of(project)
    canary = rows[eligible(rows) & (rows["drug"] == "anakinra")].head(1)
    rows = pd.concat([rows, canary.assign(patient_id=ID, age=AGE, ldh=LDH)])
    made = project_with(project, tmp_path_factory.mktemp("canary") / "p", rows)
    files, runs, recorded, frames = own_chapters(made), {}, {}, {}
    with chdir(made.root):
        for name in CHAPTERS:
            runs[name] = ChapterRun(made, files[name])
            recorded[name] = runs[name].record()
            frames |= current().frames
        write_ledger(merge(recorded), made.ledger)
        ran = {name: files[name] for name in runs}
        store_executed(made, ran, lambda names: [(name, runs[name].show()) for name in names])
    start(project, strict=False)
    notebooks = sorted((made.build / ".jupyter_cache").rglob("*.ipynb"))
    return OnDisk(made, notebooks, frames)


def traces(content: bytes) -> list[str]:
    """Return what of the canary is in the bytes: its id, or its values as text or as binary numbers."""
    numbers = (AGE, LDH, math.log(LDH))
    binary = {f"{v!r} as {order}double": struct.pack(f"{order}d", v) for v in numbers for order in "<>"}
    wanted = {ID: ID.encode(), str(AGE): str(AGE).encode(), str(LDH): str(LDH).encode(), **binary}
    return [name for name, sought in wanted.items() if sought in content]


def words(output: nbformat.NotebookNode) -> str:
    """Return what an output says: all its parts as text, without places in drawings and without the bytes of PDF."""
    said = json.loads(json.dumps(output))
    for part in said.get("data", {}).values():
        if isinstance(part, dict):
            part.pop("pdf", None)
    return re.sub(r"<[^>]+>", " ", json.dumps(said, ensure_ascii=False).replace('\\"', '"'))


def test_the_canary_is_analysed_and_the_search_finds_it(ran: OnDisk, dictionary: pd.DataFrame) -> None:
    cohort = load_cohort(ran.project.root / "cohort.csv", dictionary)
    assert {ID, f"{AGE!r} as <double", f"{LDH!r} as <double"} <= set(traces(pickle.dumps(cohort)))
    assert {ID, str(AGE), str(LDH)} <= set(traces(cohort.to_csv().encode()))
    assert read_ledger(ran.project.ledger).at["cohort.eligible.n", "estimate"] == 343, (
        "342 patients and the canary"
    )


def test_not_in_the_ledger(ran: OnDisk) -> None:
    assert traces(ran.project.ledger.read_bytes()) == []


def test_not_in_a_frame_that_exhibits_rest_on(ran: OnDisk) -> None:
    assert len(ran.frames) > 15
    for name, frame in ran.frames.items():
        assert traces(pickle.dumps(frame)) == [], name
        assert not frame.index.astype(str).str.startswith("SYN-").any(), name
        assert not frame.astype(str).apply(lambda column: column.str.startswith("SYN-")).any(axis=None), name


def test_not_in_an_executed_notebook(ran: OnDisk) -> None:
    assert len(ran.notebooks) == len(CHAPTERS)
    outputs = [
        output
        for path in ran.notebooks
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
    ]
    assert len(outputs) > 50
    for output in outputs:
        assert "SYN-" not in json.dumps(output)
        assert traces(words(output).encode()) == [], words(output)[:200]


def test_a_chart_of_patients_is_refused(ran: OnDisk, dictionary: pd.DataFrame) -> None:
    cohort = load_cohort(ran.project.root / "cohort.csv", dictionary)
    some = cohort.reset_index()[["patient_id", "age", "ldh"]].tail(100)
    for data in (some, cohort[["age", "ldh"]]):  # named, or one point per patient
        chart = alt.Chart(data).mark_point().encode(x="age:Q", y="ldh:Q")
        with pytest.raises(DisclosureError, match="aggregate before drawing"):
            show(Drawing(chart, "Points.", origin="real"), "fig-x", "").spec()
