"""No reader loses a row: what spreadsheets do to a table changes nothing, or is refused by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.data.contract import ContractError
from study.data.load import load_cohort, load_dictionary, load_published, load_worlds
from study.data.reading import are_numbers, read_table
from study.evidence.contract import load_evidence

Read = Callable[[Path], pd.DataFrame]
READERS: dict[str, tuple[str, Read]] = {
    "cohort": (
        "data/synthetic/cohort_null.csv",
        lambda path: load_cohort(path, load_dictionary()).reset_index(names="patient_id"),
    ),
    "dictionary": ("data/dictionary.csv", load_dictionary),
    "evidence": ("data/evidence.csv", load_evidence),
    "published": ("data/published.csv", load_published),
    "worlds": ("data/synthetic/worlds.csv", load_worlds),
}
SAME: dict[str, Callable[[str], str]] = {
    "byte-order mark": lambda text: "\ufeff" + text,
    "Windows line ends": lambda text: text.replace("\n", "\r\n"),
    "old Mac line ends": lambda text: text.replace("\n", "\r"),
    "separator declared": lambda text: "sep=,\n" + text,
    "mark and separator": lambda text: "\ufeffsep=,\r\n" + text.replace("\n", "\r\n"),
    "empty columns at the right": lambda text: text.replace("\n", ",,\n"),
    "empty lines at the end": lambda text: text + "\n\n" + ",,,\n",
    "no line end at the end": lambda text: text.rstrip("\n"),
    "a comment above": lambda text: "# exported on a Monday, by hand\n" + text,
}
REFUSED: dict[str, tuple[Callable[[str], bytes], str]] = {
    "semicolons": (
        lambda text: text.replace(",", ";").encode(),
        "separated by commas, its header is separated by semicolons; export it again",
    ),
    "tabs": (lambda text: text.replace(",", "\t").encode(), "its header is separated by tabs; export"),
    "UTF-16": (lambda text: text.encode("utf-16"), "text in UTF-8, found UTF-16; export it again"),
    "Latin-1": (
        lambda text: text.replace("a", "á").encode("latin-1", "replace"),
        "text in UTF-8, found 'utf-8' codec",
    ),
    "open quote": (lambda text: (text + '"open').encode(), "have its quotes in pairs, found line"),
    "a comma in a cell": (lambda text: (text + "a,b" + ",c" * 60).encode(), "cells in each line, line"),
    "a short line": (lambda text: (text + "a,b").encode(), "cells in each line, line .* has 2; quote"),
    "nothing": (lambda _: b"", "have a header line, found none"),
    "a column twice": (
        lambda text: "\n".join(
            f"{line},{'x' if i else line.split(',')[0]}" for i, line in enumerate(text.splitlines())
        ).encode(),
        "name each column once, found",
    ),
}


@pytest.fixture(params=READERS)
def table(request: pytest.FixtureRequest, project: Project) -> tuple[str, Read]:
    name, read = READERS[request.param]
    lines = (project.root / name).read_text("utf-8").splitlines(keepends=True)
    while not lines[0].strip() or lines[0].startswith("#"):
        del lines[0]
    return "".join(lines), read


@pytest.mark.parametrize("change", SAME)
def test_what_changes_nothing(table: tuple[str, Read], change: str, tmp_path: Path) -> None:
    text, read = table
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8", newline="")
    plain = read(path)
    path.write_text(SAME[change](text), "utf-8", newline="")
    pd.testing.assert_frame_equal(read(path), plain)
    assert len(plain) > 3


@pytest.mark.parametrize("change", REFUSED)
def test_what_is_refused_names_the_file_and_the_cure(
    table: tuple[str, Read], change: str, tmp_path: Path
) -> None:
    text, read = table
    path = tmp_path / "table.csv"
    make, said = REFUSED[change]
    path.write_bytes(make(text))
    with pytest.raises(ContractError, match=f"table.csv must .*{said}"):
        read(path)


def ids(project: Project, tmp_path: Path, dictionary: pd.DataFrame, *new: str) -> pd.DataFrame:
    """Return the cohort with new ids for its last patients."""
    lines = (project.data / "synthetic" / "cohort_null.csv").read_text("utf-8").splitlines()
    header = next(i for i, line in enumerate(lines) if "patient_id" in line)
    place = lines[header].split(",").index("patient_id")
    for i, id_ in enumerate(new, 1):
        cells = lines[-i].split(",")
        cells[place] = id_
        lines[-i] = ",".join(cells)
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines), "utf-8")
    return load_cohort(path, dictionary)


@pytest.mark.parametrize("id_", ["#17", "# 17", '"#1, 7"', "0017", "1e3", "-", "sep=1"])
def test_ids_that_look_like_something_else_are_patients(
    project: Project, tmp_path: Path, dictionary: pd.DataFrame, cohort: pd.DataFrame, id_: str
) -> None:
    own = ids(project, tmp_path, dictionary, id_)
    assert id_.strip('"') in own.index
    assert len(own) == len(cohort)


@pytest.mark.parametrize("id_", ["#N/A", "NA", "", " "])
def test_a_patient_without_an_id_is_refused(
    project: Project, tmp_path: Path, dictionary: pd.DataFrame, id_: str
) -> None:
    with pytest.raises(ContractError, match="column patient_id: must have a value in every row; 1 row"):
        ids(project, tmp_path, dictionary, id_)


@pytest.mark.parametrize(
    "twin", ["H0004 ", " H0004", "H0004\u00a0", "H\u200b0004", "\ufeffH0004", "H0004\u200e", "H0004\x00"]
)
def test_ids_that_differ_in_what_cannot_be_seen_are_one_patient(
    project: Project, tmp_path: Path, dictionary: pd.DataFrame, twin: str
) -> None:
    with pytest.raises(
        ContractError, match="column patient_id: must have each value once; 2 row.*H0004, H0004"
    ):
        ids(project, tmp_path, dictionary, "H0004", twin)


@pytest.mark.parametrize(
    "twin", ["h0004", "\uff280004", "H\uff10\uff10\uff10\uff14", "H\u00a00004", "H 0004"]
)
def test_ids_that_differ_in_capitals_width_or_spaces_are_refused(
    project: Project, tmp_path: Path, dictionary: pd.DataFrame, twin: str
) -> None:
    with pytest.raises(
        ContractError,
        match="an id that differs from the others in more than capitals, width and spaces; 1 row",
    ):
        ids(project, tmp_path, dictionary, "H0004", twin)


def test_ids_that_differ_in_composed_letters_are_one_patient(
    project: Project, tmp_path: Path, dictionary: pd.DataFrame
) -> None:
    with pytest.raises(ContractError, match="must have each value once"):
        ids(project, tmp_path, dictionary, "N\u00fa1", "Nu\u03011")


@pytest.mark.parametrize(
    "digits", ["６２", "٦٢", "62,5", "6 2", "62 years", "0x3e", "1_0", "inf", "1e999", "six"]
)
def test_what_is_no_number_in_plain_digits_is_refused_where_it_is_read(
    project: Project, tmp_path: Path, dictionary: pd.DataFrame, digits: str
) -> None:
    text = (project.data / "synthetic" / "cohort_null.csv").read_text("utf-8")
    lines = text.splitlines()
    header = next(i for i, line in enumerate(lines) if "patient_id" in line)
    place = lines[header].split(",").index("age")
    cells = lines[header + 3].split(",")
    cells[place] = f'"{digits}"'
    lines[header + 3] = ",".join(cells)
    path = tmp_path / "own.csv"
    path.write_text("\n".join(lines), "utf-8")
    with pytest.raises(
        ContractError, match="column age: must have numbers only; 1 row.s. have not, first SYN-"
    ):
        load_cohort(path, dictionary)


def test_rows_in_are_rows_out(tmp_path: Path) -> None:
    """By hand: two patients, one of them over two lines, and an empty line between."""
    path = tmp_path / "two.csv"
    path.write_text('id,age,note\n#1,60,"two\nlines"\n\n2,.5e1,\n', "utf-8")
    frame = read_table(path, numbers=["age"])
    assert frame["id"].tolist() == ["#1", "2"]
    assert frame["age"].tolist() == [60, 5]
    assert frame["note"].isna().tolist() == [False, True]


@pytest.mark.parametrize("dtype", ["float", "object", "string"])
def test_no_infinite_value_is_a_number_however_it_is_kept(dtype: str) -> None:
    cells = pd.Series([1.5, None, float("inf"), -3]).astype(dtype)
    assert are_numbers(cells).tolist() == [True, True, False, True]
