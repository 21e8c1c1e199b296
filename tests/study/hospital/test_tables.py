"""A hospital's table is read whole in each form it comes in, and what was found is said."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

import duckdb
import pandas as pd
import pytest
from hospital_cohort import good
from livingpaper.build.project import Project
from openpyxl import Workbook
from study.hospital.bytes_of import read_csv
from study.hospital.checking import as_text, check_file
from study.hospital.settings import FileSection
from study.hospital.tables import filled, read_any

GOOD = good(120)
TABLE = "id;town;crp\nP1;Málaga;1,5\nP2;Cádiz;20,25\n"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (TABLE.encode(), "encoding: UTF-8"),
        (TABLE.encode("utf-8-sig"), "encoding: UTF-8 with a byte-order mark"),
        (TABLE.encode("utf-16"), "encoding: UTF-16 with a byte-order mark"),
        (TABLE.encode("utf-16-le"), "encoding: UTF-16"),
        (TABLE.encode("latin-1"), "encoding: Windows-1252 (it is not UTF-8"),
        (TABLE.replace("\n", "\r\n").encode(), "encoding: UTF-8"),
        (TABLE.replace("\n", "\r").encode(), "encoding: UTF-8"),
        (b"# made on Monday\n" + TABLE.encode(), "encoding: UTF-8"),
        (b"sep=;\n" + TABLE.encode(), "encoding: UTF-8"),
    ],
)
def test_encodings_and_line_ends(raw: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(raw)
    cells = read_any(tmp_path / "t.csv", FileSection())
    assert cells.frame.astype(str).to_numpy().tolist() == [["P1", "Málaga", "1,5"], ["P2", "Cádiz", "20,25"]]
    assert cells.facts[0].startswith(said)
    assert cells.facts[1] == "separator: semicolons"
    assert cells.findings == ()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^"])
def test_any_separator_and_quoted_cells(mark: str) -> None:
    cells = read_csv(f'a{mark}b\n"x{mark}y"{mark}"say ""no"""\n'.encode())
    assert cells.frame.astype(str).to_numpy().tolist() == [[f"x{mark}y", 'say "no"']]


def test_rows_keep_their_number_in_the_file(tmp_path: Path) -> None:
    """Line 1 is a comment, 2 the header, 3 a patient, 4 blank, 5 and 6 one patient, 7 commas only, 8 a patient."""
    (tmp_path / "t.csv").write_bytes(b'# comment\nid,x\nP1,1\n\nP2,"two\nlines"\n,\nP3,3\n')
    cells = read_any(tmp_path / "t.csv", FileSection())
    assert cells.lines.tolist() == [3, 5, 8]
    assert "blank lines left out: 1" in cells.facts
    assert cells.facts[-1] == "rows: 4 in the file, 3 read, 1 without any value left out"
    assert [each.code for each in cells.findings] == ["cell.newline"]


def test_rows_of_another_length_are_named_and_the_others_read() -> None:
    cells = read_csv(b"id,x\nP1,1\nP2\nP3,3,4\nP4,4\n")
    assert cells.lines.tolist() == [2, 5]
    assert [each.found for each in cells.findings] == ["2 of another length, first line 3, 4"]


def test_a_header_with_more_names_than_cells_is_named() -> None:
    """The last columns would be gone without a word; an end of separators only is no name."""
    assert [each.found for each in read_csv(b"id,x,y\nP1,1\nP2,2\n").findings] == ["3 names over 2 cells"]
    assert read_csv(b"id,x, ,\nP1,1\nP2,2\n").findings == ()


def test_a_header_that_begins_with_a_hash_is_the_header() -> None:
    cells = read_csv(b"#id,x\n#1,1\n#2,2\n")
    assert list(cells.frame.columns) == ["#id", "x"]
    assert cells.frame["#id"].tolist() == ["#1", "#2"]


def test_a_file_that_is_not_in_the_encoding_that_is_named() -> None:
    with pytest.raises(
        ValueError, match=r"must be text in utf-8, it is not; correct encoding under \[file\]"
    ):
        read_csv("é".encode("latin-1"), encoding="utf-8")


def workbook(path: Path, frame: pd.DataFrame, *sheets: str) -> None:
    book = Workbook()
    book.active.title = "patients"
    book.active.append([])
    book.active.append(list(frame.columns))
    for row in frame.itertuples(index=False):
        book.active.append([None if cell == "" else _cell(cell) for cell in row])
    for name in sheets:
        book.create_sheet(name)
    book.save(path)


def _cell(text: str) -> object:
    return float(text) if text.replace(".", "", 1).lstrip("-").isdigit() else text


def sheet(path: Path, *rows: list[str | None]) -> Path:
    """Write a sheet as programs that export do: no cell where there is nothing, and no size of the whole."""
    book = Workbook(write_only=True)
    book.create_sheet("patients")
    for row in rows:
        book.worksheets[0].append(row)
    book.save(path)
    return path


def test_a_cell_that_is_not_in_the_sheet_is_empty(tmp_path: Path) -> None:
    rows = [["P1", "1", "2"], ["P2"], [], [None, "1"]]
    cells = read_any(sheet(tmp_path / "t.xlsx", ["id", "x", "y"], *rows), FileSection())
    assert cells.frame.astype(str).to_numpy().tolist() == [["P1", "1", "2"], ["P2", "", ""], ["", "1", ""]]
    assert [filled(cells.frame[name]).tolist() for name in "xy"] == [
        [True, False, True],
        [True, False, False],
    ]
    assert cells.lines.tolist() == [2, 3, 5]


@pytest.mark.parametrize(
    ("header", "found"), [(["id", "x", "y"], []), (["id"], ["1 column with values and no name"])]
)
def test_rows_of_a_sheet_may_be_shorter_or_longer_than_its_header(
    header: list[str | None], found: list[str], tmp_path: Path
) -> None:
    cells = read_any(sheet(tmp_path / "t.xlsx", header, ["P1", "1"], ["P2", "2"]), FileSection())
    assert list(cells.frame) == header
    assert [each.found for each in cells.findings] == found


def test_a_sheet_that_says_a_wrong_size_is_read_whole(tmp_path: Path) -> None:
    workbook(tmp_path / "t.xlsx", pd.DataFrame({"id": ["P1"], "x": ["=1+1"]}))
    with ZipFile(tmp_path / "t.xlsx") as book, ZipFile(tmp_path / "wrong.xlsx", "w") as wrong:
        for name in book.namelist():
            wrong.writestr(name, re.sub(rb'(<dimension ref)="[^"]*"', rb'\1="A1"', book.read(name)))
    cells = read_any(tmp_path / "wrong.xlsx", FileSection())
    assert list(cells.frame) == ["id", "x"]
    assert cells.frame["id"].tolist() == ["P1"]
    assert [each.found for each in cells.findings] == ["formulas without one in 1 rows, first 3"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet", ".duckdb"])
def test_each_form_gives_the_same_cohort(suffix: str, project: Project, tmp_path: Path) -> None:
    path = tmp_path / f"cohort{suffix}"
    rows = GOOD.astype(object)
    if suffix == ".csv":
        rows.to_csv(path, index=False)
    elif suffix == ".xlsx":
        workbook(path, rows, "notes")
    else:
        base = duckdb.connect(path if suffix == ".duckdb" else ":memory:")
        base.register("rows", rows)
        base.sql("CREATE TABLE patients AS SELECT * FROM rows")
        if suffix == ".parquet":
            base.sql(f"COPY patients TO '{path}' (FORMAT parquet)")
        base.close()
    report = check_file(project, path)
    assert report.codes("error", "warning") <= {"score.terms"}, as_text(report)
    frame = report.made.frame
    assert frame["ferritin"].tolist() == pd.to_numeric(GOOD["ferritin"]).tolist()
    assert frame["patient_id"].tolist() == GOOD["patient_id"].tolist()
    assert frame["icu_day"].isna().tolist() == (GOOD["icu_day"] == "").tolist()
    assert report.made.lines[0] == {".csv": 2, ".xlsx": 3}.get(suffix, 1)


def test_one_sheet_or_table_must_be_chosen(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("other")
    book.save(tmp_path / "t.xlsx")
    with pytest.raises(
        ValueError,
        match=r"one sheet of t.xlsx must hold the patients, found \['Sheet', 'other'\]; name it as sheet",
    ):
        read_any(tmp_path / "t.xlsx", FileSection())
    with duckdb.connect(tmp_path / "t.duckdb") as base:
        base.sql("CREATE TABLE a (x INT); CREATE TABLE b (x INT)")
    with pytest.raises(
        ValueError,
        match=r"one table of t.duckdb must hold the patients, found \['a', 'b'\]; name it as table",
    ):
        read_any(tmp_path / "t.duckdb", FileSection())


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        (
            "t.xlsx",
            b"a,b\n1,2\n",
            "t.xlsx must be an Excel file, it cannot be opened (BadZipFile); save it anew",
        ),
        ("t.parquet", b"a,b\n1,2\n", "t.parquet must be what its name says, it cannot be opened"),
        (
            "t.xls",
            b"",
            "the cohort must be CSV, .xlsx, .parquet or .duckdb, found .xls; save it as one of them",
        ),
    ],
)
def test_what_cannot_be_opened_says_so(name: str, raw: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ValueError) as error:  # noqa: PT011  the words are asked below, whole
        read_any(tmp_path / name, FileSection())
    assert str(error.value).startswith(words)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no such file; correct the path"):
        read_any(tmp_path / "none.csv", FileSection())
