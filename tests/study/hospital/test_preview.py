"""The preview shows no small count, no single patient and no extreme value."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from hospital_cohort import good
from livingpaper.build.project import Project
from study.hospital.checking import Report, check_file
from study.hospital.preview import as_page, shown

GOOD = good(400)


class _Cells(HTMLParser):
    """The texts of all table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.inside, self.rows = False, []

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self.inside = tag in ("td", "th")
        if tag == "tr":
            self.rows.append([])
        if self.inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.inside = False

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.rows[-1][-1] += data


def cells(page: str) -> list[list[str]]:
    reader = _Cells()
    reader.feed(page)
    return [row for row in reader.rows if row]


def report_of(project: Project, folder: Path, frame: pd.DataFrame, settings: str = "") -> Report:
    frame.to_csv(folder / "c.csv", index=False)
    (folder / "cohort.toml").write_text(settings)
    return check_file(project, folder / "c.csv")


@pytest.mark.parametrize(
    ("count", "total", "said"),
    [
        (0, 50, "0"),
        (1, 50, "<10"),
        (9, 50, "<10"),
        (10, 50, "10"),
        (41, 50, "—"),
        (50, 50, "50"),
        (1200, 5000, "1,200"),
    ],
)
def test_small_counts_and_small_complements(count: int, total: int, said: str) -> None:
    assert shown(count, total, 10) == said


def test_no_cell_of_the_page_is_small(project: Project, tmp_path: Path) -> None:
    """Three of the hospital in no unit, seven ventilated, a rare level, one unknown age: none is told."""
    few = GOOD.assign(
        o2_device=GOOD["o2_device"].mask(GOOD.index < 3, "non-invasive"),
        high_flow_oxygen=GOOD["high_flow_oxygen"].mask(GOOD.index < 3, "1"),
        imv_day=["0" if i < 7 else "" for i in range(len(GOOD))],
        ckd=GOOD["ckd"].mask(GOOD.index < 4, ""),
        hospital=GOOD["hospital"].mask(GOOD.index < 5, "Sur"),
    )
    page = as_page(report_of(project, tmp_path, few), "c.csv")
    counts = [
        int(number)
        for row in cells(page)
        for cell in row[1:]
        for number in re.findall(r"(?:^|: )(\d+)(?=, |$)", cell)
        if ": " in cell or cell == number
    ]
    assert len(counts) > 30
    assert [count for count in counts if 0 < count < 10] == []
    row = next(row for row in cells(page) if row[0] == "hospital" and len(row) == 5)
    assert "others: <10" in row[4]  # a label of few may be a slip, or a name
    assert "Sur" not in row[4]
    assert row[4].count("—") == 1  # else the total would give the small one away
    assert GOOD.at[0, "patient_id"] not in page


def test_extremes_are_not_shown_and_quantiles_need_patients_beyond(project: Project, tmp_path: Path) -> None:
    oldest = GOOD.assign(age=GOOD["age"].mask(GOOD.index == 9, "109")).head(60)
    page = as_page(report_of(project, tmp_path, oldest), "c.csv")
    row = next(row for row in cells(page) if row[0] == "age")
    assert "109" not in page
    assert row[4].count(",") == 2  # the quartiles: 15 of 60 lie beyond each, three beyond 5%


def test_another_threshold(project: Project, tmp_path: Path) -> None:
    seven = GOOD.assign(imv_day=["1" if i < 7 else "" for i in range(len(GOOD))], icu_day="")
    for settings, said in (
        ("", "<10"),
        ("[disclosure]\nsmallest_cell = 7", "7"),
        ('[disclosure]\nprofile = "internal"', "7"),
    ):
        page = as_page(report_of(project, tmp_path, seven, settings), "c.csv")
        assert next(row for row in cells(page) if row[0] == "imv_day")[3] == said


def test_text_of_the_file_is_escaped(project: Project, tmp_path: Path) -> None:
    page = as_page(report_of(project, tmp_path, GOOD.assign(**{"<script>alert(1)</script>": "1"})), "<b>.csv")
    assert "<script>" not in page
    assert "&lt;b&gt;.csv" in page
