"""Every kind of fault in a hospital's cohort is named by its cause; every legitimate oddity passes."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hospital_cohort import good, numbers
from hospital_faults import FAULTS, Fault, swap
from livingpaper.build.project import Project
from study.hospital.checking import Report, as_text, check_file

pytestmark = pytest.mark.whole

GOOD = good()


def checked(
    project: Project, folder: Path, frame: pd.DataFrame, settings: str = "", fault: Fault | None = None
) -> Report:
    raw = frame.to_csv(index=False).encode()
    path = folder / "cohort.csv"
    path.write_bytes(fault.raw(raw) if fault else raw)
    (folder / "cohort.toml").write_text(settings)
    return check_file(project, path)


def test_nothing_stands_against_the_good_cohort(project: Project, tmp_path: Path) -> None:
    report = checked(project, tmp_path, GOOD)
    assert [each.said(report.made.lines) for each in report.findings] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_named(fault: Fault, project: Project, tmp_path: Path) -> None:
    report = checked(project, tmp_path, fault.frame(GOOD), fault.settings, fault)
    assert report.stands
    mine = [
        e for e in report.findings if (e.code, e.column) == (fault.code, fault.column) and e.level != "note"
    ]
    assert mine, as_text(report)
    if fault.rows is not None:
        assert [len(each.rows) for each in mine] == [fault.rows]


def a_single_hospital(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(hospital="Norte")


def fifty_hospitals(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(hospital=[f"Hospital {1 + i % 50}" for i in range(len(f))])


def a_hospital_called_na(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(hospital=f["hospital"].replace("Norte", "NA"))


def death_on_day_0(f: pd.DataFrame) -> pd.DataFrame:
    dead = (f["end_state"] == "dead") & ((f["end_state"] == "dead").cumsum() <= 3)
    return f.assign(
        followup_day=f["followup_day"].mask(dead, "0"),
        stop_day=f["stop_day"].mask(dead, "0"),
        stop_reason=f["stop_reason"].mask(dead, "death"),
        icu_day=f["icu_day"].mask(dead, ""),
    )


def transfers(f: pd.DataFrame) -> pd.DataFrame:
    moved = (f["end_state"] == "discharged") & (f.index % 40 == 0)
    return f.assign(end_state=f["end_state"].mask(moved, "transferred"))


def open_stays(f: pd.DataFrame) -> pd.DataFrame:
    still = (f["stop_reason"] == "completed") & (f.index % 9 == 0)
    return f.assign(end_state=f["end_state"].mask(still, "in hospital"))


def a_crp_of_700(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(crp=f["crp"].mask(f.index == 3, "700"))


def blank_rows(f: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([f, pd.DataFrame("", index=range(4), columns=f.columns)])


def ids_that_begin_with_a_hash(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(patient_id="#" + f["patient_id"])


def eleven_periods(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(period=[str(1 + i % 11) for i in range(len(f))])


def the_core_and_the_score_alone(f: pd.DataFrame) -> pd.DataFrame:
    score = ["barthel", "charlson", "spo2_fio2", "high_flow_oxygen", "ldh", "ferritin", "egfr", "period"]
    return f[["patient_id", "drug", "end_state", "followup_day", "age", "sex", "hospital", *score]]


def nobody_in_intensive_care(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(icu_day="", stop_reason=f["stop_reason"].replace("icu", "toxicity"))


def laboratory_values_missing_in_many(f: pd.DataFrame) -> pd.DataFrame:
    holes = pd.Series(range(len(f))) % 5 < 2
    return f.assign(**{name: f[name].mask(holes, "") for name in ("ldh", "ferritin", "crp", "il6")})


def deaths_on_day_0_of_many(f: pd.DataFrame) -> pd.DataFrame:
    dead = f["end_state"] == "dead"
    return f.assign(
        followup_day=f["followup_day"].mask(dead, "0"), stop_day=f["stop_day"].mask(dead, "0"),
        stop_reason=f["stop_reason"].mask(dead, "death"), icu_day=f["icu_day"].mask(dead, ""),
    )  # fmt: skip


def fifty_hospitals_of_like_names(f: pd.DataFrame) -> pd.DataFrame:
    saints = [
        "Juan",
        "Pedro",
        "Luis",
        "Marta",
        "Rosa",
        "Elena",
        "Isabel",
        "Gloria",
        "Carmen",
        "Lucia",
        "Sara",
        "Olga",
        "Ines",
    ]
    return f.assign(
        hospital=[f"{('San', 'Santa', 'Reina')[i % 3]} {saints[i // 3 % 13]}" for i in range(len(f))]
    )


def periods_that_sort(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(period=[("2020-03", "2020-11", "2021-02")[i % 3] for i in range(len(f))])


def all_the_living_transferred(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(end_state=f["end_state"].replace("discharged", "transferred"))


def an_arm_without_ventilation(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(imv_day=f["icu_day"].mask(f["drug"] == "anakinra", ""))


def a_hospital_of_one_patient(f: pd.DataFrame) -> pd.DataFrame:
    return f.assign(hospital=f["hospital"].mask(f.index == 4, "Sur"))


def _three_digits(frame: pd.DataFrame) -> pd.DataFrame:
    """Return measurements as laboratories round them: 130, 95.3 and 5.32."""
    names = ["crp", "ferritin", "ddimer", "il6"]
    return frame.assign(
        **{
            name: numbers(frame, name).map(
                lambda value: "" if value != value else f"{float(f'{value:.3g}'):g}"
            )
            for name in names
        }
    )


def _some_in_bed(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(
        barthel=frame["barthel"].mask(frame.index < 14, [str(5 * (at % 3)) for at in frame.index])
    )


LEGITIMATE = (
    _three_digits,
    _some_in_bed,
    deaths_on_day_0_of_many, fifty_hospitals_of_like_names, periods_that_sort, all_the_living_transferred,
    an_arm_without_ventilation, a_hospital_of_one_patient,
    a_single_hospital, fifty_hospitals, a_hospital_called_na, death_on_day_0, transfers, open_stays, a_crp_of_700, blank_rows,
    ids_that_begin_with_a_hash, eleven_periods, the_core_and_the_score_alone, nobody_in_intensive_care,
    laboratory_values_missing_in_many,
)  # fmt: skip


@pytest.mark.parametrize("oddity", LEGITIMATE, ids=lambda oddity: oddity.__name__)
def test_what_is_legitimate_passes(
    oddity: Callable[[pd.DataFrame], pd.DataFrame], project: Project, tmp_path: Path
) -> None:
    report = checked(project, tmp_path, oddity(GOOD))
    assert not report.stands, as_text(report)
    assert len(report.made.frame) == len(GOOD)


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (lambda raw: raw.replace(b"\n", b"\r\n"), ""),
        (lambda raw: raw.replace(b"\n", b"\r"), ""),
        (lambda raw: raw.replace(b"\n", b"\r", 5), ""),
        (lambda raw: raw + b"\x1a", ""),
        (lambda raw: raw.decode().encode("utf-16"), ""),
        (lambda raw: raw.decode().encode("utf-16-be"), ""),
        (lambda raw: raw.replace(b",", b":"), '[file]\nseparator = ":"'),
    ],
    ids=[
        "Windows",
        "old Mac",
        "both ends of lines",
        "the end of DOS",
        "UTF-16",
        "UTF-16 without a mark",
        "colons",
    ],
)
def test_each_kind_of_text_is_read(
    change: Callable[[bytes], bytes], settings: str, project: Project, tmp_path: Path
) -> None:
    report = checked(project, tmp_path, GOOD, settings, Fault("", "", "", raw=change))
    assert not report.stands, as_text(report)
    assert len(report.made.frame) == len(GOOD)


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"PK\x03\x04", "Excel"),
        (b"%PDF-1.4", "PDF"),
        (b"\x1f\x8b\x08", "compressed"),
        (b"<!DOCTYPE html>", "a web page"),
        (b'[{"age": 1}]', "JSON"),
    ],
)
def test_another_kind_of_file_is_named(first: bytes, kind: str, project: Project, tmp_path: Path) -> None:
    (tmp_path / "cohort.csv").write_bytes(first + b"\n\rx,y\n1,2\n")
    with pytest.raises(ValueError, match=f"must be CSV text if its name says so, it is {kind}"):
        check_file(project, tmp_path / "cohort.csv")


def test_a_formula_that_was_never_calculated_is_no_empty_cell(project: Project, tmp_path: Path) -> None:
    from openpyxl import load_workbook

    path = tmp_path / "cohort.xlsx"
    GOOD.to_excel(path, sheet_name="patients", index=False)
    book = load_workbook(path)
    for row in (5, 9):
        book["patients"].cell(row=row, column=1 + list(GOOD).index("crp")).value = "=A1"
    book.save(path)
    said = [
        each.said(np.arange(400))
        for each in check_file(project, path).findings
        if each.code == "cell.formula"
    ]
    assert len(said) == 1
    assert "formulas without one in 2 rows, first 5, 9" in said[0]


def test_a_first_row_of_a_patient_is_not_said(project: Project, tmp_path: Path) -> None:
    """A file without names of columns has a patient's values in their place."""
    report = checked(project, tmp_path, GOOD, fault=Fault("", "", "", raw=lambda raw: raw.split(b"\n", 1)[1]))
    for value in GOOD.iloc[0]:
        if len(value) > 3:
            assert value not in as_text(report, ids=True)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", [120, 400, 3000])
def test_chance_alone_raises_no_alarm(seed: int, size: int, project: Project, tmp_path: Path) -> None:
    report = checked(project, tmp_path, good(size, 100 + seed))
    assert report.codes("error", "warning") <= {"score.terms"}, as_text(report)


@pytest.mark.parametrize("world", ["null", "harm", "benefit"])
def test_nothing_stands_against_the_synthetic_worlds(world: str, project: Project, tmp_path: Path) -> None:
    frame = pd.read_csv(project.data / f"synthetic/cohort_{world}.csv", comment="#", dtype=str)
    report = checked(project, tmp_path, frame.fillna("").assign(synthetic="0"))
    assert not report.stands, as_text(report)


def test_the_swaps_that_are_not_listed_are_seen(project: Project, tmp_path: Path) -> None:
    """The list of swaps that nothing would show leaves out those that the check does find, and no other."""
    listed = checked(project, tmp_path, GOOD).unseen
    assert ("ferritin", "ddimer") in listed
    for one, other in itertools.combinations(
        ("crp", "alt", "il6", "ldh", "ferritin", "ddimer", "platelets"), 2
    ):
        report = checked(project, tmp_path, swap(one, other)(GOOD))
        hidden = any({one, other} <= set(each) for each in listed)
        assert ("columns.swapped" in report.codes("warning")) is not hidden, (one, other)


def test_what_alike_patients_cannot_carry_is_left_out_by_name(project: Project, tmp_path: Path) -> None:
    report = checked(project, tmp_path, GOOD.assign(hospital="Norte"))
    assert {"exact matching by hospital", "subgroups by hospital"} <= {
        each.analysis for each in report.left_out
    }


def test_few_deaths_are_said_before_anything_is_analysed(project: Project, tmp_path: Path) -> None:
    few = GOOD.assign(end_state=GOOD["end_state"].mask(GOOD["drug"] == "anakinra", "discharged"))
    few["stop_reason"] = few["stop_reason"].replace("death", "discharge")
    few = few.assign(stop_reason=few["stop_reason"].mask(few["end_state"] == "dead", "toxicity"))
    said = as_text(checked(project, tmp_path, few))
    assert "must have 10 deaths in 'anakinra' for its risks to be shown; found fewer" in said


@pytest.mark.parametrize("mark", [b",", b";", b"\t"])
@pytest.mark.parametrize("title", [b"COVID-19, export of May", b"COVID-19", b"Ward; May"])
def test_lines_above_the_names_are_left_out_and_said(
    project: Project, tmp_path: Path, title: bytes, mark: bytes
) -> None:
    titled = Fault("", "", "", raw=lambda raw: title + b"\n" + raw.replace(b",", mark))
    report = checked(project, tmp_path, GOOD, fault=titled)
    assert not report.stands, as_text(report)
    assert "lines above the names of columns left out: 1" in as_text(report)
    assert report.made.lines[0] == 3


def test_rows_above_the_names_in_excel_and_hidden_sheets(project: Project, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active.title = "Datos"
    book.active.append(["Identification", None, None, None, "Baseline"])
    book.active.merge_cells("A1:D1")
    for row in [list(GOOD), *GOOD.to_numpy().tolist()]:
        book.active.append(row)
    book.create_sheet("old").sheet_state = "hidden"
    book.save(tmp_path / "cohort.xlsx")
    report = check_file(project, tmp_path / "cohort.xlsx")
    assert not report.stands, as_text(report)
    assert "names of columns: row 2" in as_text(report)


def test_several_faults_are_named_at_once(project: Project, tmp_path: Path) -> None:
    """A missing column hides no value fault, nor that a wrong level, nor these what the choices ask."""
    frame = GOOD.drop(columns="hospital").assign(crp="pending", sex="x")
    report = checked(project, tmp_path, frame, '[units]\nldh = "stone"')
    assert {"column.core", "number.text", "value.level", "unit.unknown"} <= report.codes("error")


def test_one_is_said_as_one(project: Project, tmp_path: Path) -> None:
    one = GOOD.assign(age=GOOD["age"].where(GOOD.index != GOOD.index[3], "-4"))
    said = as_text(checked(project, tmp_path, one))
    assert "\n1 error:\n" in said
    assert said.endswith("\n1 error, 0 warnings\n")


def test_a_warning_stands_until_it_is_acknowledged(project: Project, tmp_path: Path) -> None:
    slip = GOOD.assign(
        crp=(numbers(GOOD, "crp") / 10).where(GOOD["hospital"] == "Costa", numbers(GOOD, "crp")).map(str)
    )
    assert checked(project, tmp_path, slip).stands
    reason = '[[acknowledged]]\nwarning = "unit.group"\ncolumn = "crp"\nreason = "the second hospital treats milder disease"'
    report = checked(project, tmp_path, slip, reason)
    assert "unit.group" not in report.codes()
    assert [(each.code, why) for each, why in report.acknowledged] == [
        ("unit.group", "the second hospital treats milder disease")
    ]


def test_no_value_of_a_patient_is_said_and_ids_only_on_request(project: Project, tmp_path: Path) -> None:
    frame = GOOD.assign(
        crp=GOOD["crp"].mask(GOOD.index == 6, "hidden word"),
        ferritin=GOOD["ferritin"].mask(GOOD.index == 6, "87654321"),
    )
    report = checked(project, tmp_path, frame)
    said, named = as_text(report), as_text(report, ids=True)
    for text in (said, named):
        assert "hidden" not in text
        assert "87654321" not in text
    assert GOOD.at[6, "patient_id"] not in said
    assert f"first 8 (id {GOOD.at[6, 'patient_id']})" in named


def test_what_lacks_is_left_out_by_name(project: Project, tmp_path: Path) -> None:
    report = checked(project, tmp_path, GOOD.drop(columns=["pressure_injury", "contraindication"]))
    said = {each.analysis: each.columns for each in report.left_out}
    assert said["the negative control"] == ("pressure_injury",)
    assert said["eligibility: No contraindication to either drug"] == ("contraindication",)
    assert "invasive ventilation, and ventilation or death" in said
