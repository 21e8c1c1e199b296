"""``cohort.toml`` makes a hospital's columns ours: names, levels, units, missing codes, dates; and says what it cannot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hospital_cohort import good, numbers
from livingpaper.__main__ import main
from livingpaper.build.project import Project
from study.hospital.checking import Report, as_text, check_file
from study.hospital.settings import SettingsError, load_settings
from study.hospital.units import CREATININE, FACTORS, factor, filtration_rate, normal

GOOD = good()
SETTINGS = """
[file]
sheet = "unused by a CSV"
[columns]
patient_id = "Estudio"
hospital = "Centro"
crp = "PCR (mg/dl)"
followup_day = "Fecha fin"
admission_to_dose = "Ingreso"
icu_day = "UCI"
[levels.sex]
Mujer = "F"
Hombre = "M"
[levels.end_state]
"Éxitus" = "dead"
Alta = "discharged"
[levels.ckd]
si = 1
no = 0
[units]
crp = "mg/dL"
[missing]
everywhere = ["ND"]
columns.ferritin = [0]
[dates]
reference = "Primera dosis"
"""


def spanish(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the cohort as a Spanish hospital exports it: dates, decimal commas, its own names, levels and codes."""
    first = pd.Timestamp("2021-01-20") + pd.to_timedelta(np.arange(len(frame)) % 40, unit="D")

    def date(days: pd.Series) -> list[str]:
        return [
            "" if pd.isna(d) else f"{t + pd.Timedelta(days=d):%d/%m/%Y}"
            for t, d in zip(first, days, strict=True)
        ]

    made = frame.assign(
        followup_day=date(numbers(frame, "followup_day")),
        icu_day=date(numbers(frame, "icu_day")),
        admission_to_dose=date(-numbers(frame, "admission_to_dose")),
        sex=frame["sex"].map({"F": "Mujer", "M": "Hombre"}),
        end_state=frame["end_state"].map({"dead": "Éxitus", "discharged": "Alta"}),
        ckd=frame["ckd"].map({"1": "si", "0": "no"}),
        crp=(numbers(frame, "crp") / 10).round(2).map(str),
        il6=frame["il6"].replace("", "ND"),
        ferritin=["0" if i % 9 == 0 else value for i, value in enumerate(frame["ferritin"])],
    )
    made["Primera dosis"] = first.strftime("%d/%m/%Y")
    for name in ("crp", "bmi", "il6", "lymphocytes", "neutrophils"):
        made[name] = made[name].str.replace(".", ",")
    names = {"patient_id": "Estudio", "hospital": "Centro", "crp": "PCR (mg/dl)", "followup_day": "Fecha fin",
             "admission_to_dose": "Ingreso", "icu_day": "UCI"}  # fmt: skip
    return made.rename(columns=names)


def checked(project: Project, folder: Path, frame: pd.DataFrame, settings: str) -> Report:
    frame.to_csv(folder / "export.csv", index=False, sep=";", encoding="latin-1")
    (folder / "cohort.toml").write_text(settings, "utf-8")
    return check_file(project, folder / "export.csv")


def test_their_export_becomes_our_cohort(project: Project, tmp_path: Path) -> None:
    report = checked(project, tmp_path, spanish(GOOD), SETTINGS)
    assert not report.stands, as_text(report)
    frame = report.made.frame
    for name in ("followup_day", "admission_to_dose", "bmi", "lymphocytes", "age"):
        assert frame[name].tolist() == numbers(GOOD, name).tolist(), name
    np.testing.assert_array_equal(frame["icu_day"], numbers(GOOD, "icu_day"))
    np.testing.assert_allclose(frame["crp"], numbers(GOOD, "crp"), atol=0.051)
    assert frame["sex"].tolist() == GOOD["sex"].tolist()
    assert frame["end_state"].tolist() == GOOD["end_state"].tolist()
    assert frame["ckd"].tolist() == numbers(GOOD, "ckd").tolist()
    assert frame["ferritin"].isna().sum() == 40
    assert frame["il6"].isna().sum() == (GOOD["il6"] == "").sum()
    said = report.made.facts
    assert "decimal mark: comma" in said
    assert "dates: day first, counted from 'Primera dosis': admission_to_dose, icu_day, followup_day" in said
    assert "crp: mg/dL times 10 is mg/L" in said


def test_a_finding_names_their_column_too(project: Project, tmp_path: Path) -> None:
    frame = spanish(GOOD)
    frame.loc[3, "PCR (mg/dl)"] = "pendiente"
    report = checked(project, tmp_path, frame, SETTINGS)
    words = "[number.text] column crp: must hold numbers only; found as 'PCR (mg/dl)' in the file, text, 1 row, first 5;"
    assert words in as_text(report)


def test_other_drugs(project: Project, tmp_path: Path) -> None:
    settings = '[arms]\ntreated = "tocilizumab"\ncontrol = "X"\ndoses.X = [1, 8]\n[levels.drug]\nRoActemra = "tocilizumab"\n'
    treated = GOOD["drug"] == "anakinra"
    other = GOOD.assign(drug=np.where(treated, "RoActemra", "X"), dose_mg_day=np.where(treated, "600", "4"))
    report = checked(project, tmp_path, other, settings)
    assert not report.stands, as_text(report)


def test_days_from_admission_are_made_days_from_the_dose(project: Project, tmp_path: Path) -> None:
    later = GOOD.assign(
        followup_day=(numbers(GOOD, "followup_day") + numbers(GOOD, "admission_to_dose")).map(str)
    )
    later = later.drop(columns=["icu_day", "stop_day", "stop_reason"])
    report = checked(project, tmp_path, later, '[dates]\ncounted_from = "admission"\n')
    assert report.made.frame["followup_day"].tolist() == numbers(GOOD, "followup_day").tolist()
    assert not report.stands, as_text(report)


def test_end_from_the_days_of_each_kind(project: Project, tmp_path: Path) -> None:
    days = {"death_day": GOOD["followup_day"].where(GOOD["end_state"] == "dead", ""),
            "discharge_day": GOOD["followup_day"].where(GOOD["end_state"] != "dead", "")}  # fmt: skip
    report = checked(project, tmp_path, GOOD.drop(columns=["end_state", "followup_day"]).assign(**days), "")
    assert not report.stands, as_text(report)
    assert report.made.frame["end_state"].tolist() == GOOD["end_state"].tolist()
    assert report.made.frame["followup_day"].tolist() == numbers(GOOD, "followup_day").tolist()


def test_every_fault_of_the_settings_at_once(tmp_path: Path) -> None:
    text = '[arms]\ntreated = "a"\ncontrol = "a"\n[disclosure]\nsmallest_cell = 2\n[dates]\norder = "any"\n[nothing]\nx = 1\n'
    (tmp_path / "cohort.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        load_settings(tmp_path / "cohort.toml")
    lines = str(error.value).splitlines()
    assert lines[0] == "cohort.toml has 4 impossible entries:"
    assert [line.split(":")[0] for line in sorted(lines[1:5])] == [
        "  - arms",
        "  - dates.order",
        "  - disclosure.smallest_cell",
        "  - nothing",
    ]
    (tmp_path / "cohort.toml").write_text("[arms")
    with pytest.raises(SettingsError, match=r"cohort.toml must be valid TOML in UTF-8, found: "):
        load_settings(tmp_path / "cohort.toml")


@pytest.mark.parametrize(
    ("column", "unit", "by"),
    [
        ("crp", "mg/dL", 10), ("ferritin", "µg/L", 1), ("ddimer", "mg/L FEU", 1000), ("ddimer", "ng/mL DDU", 2),
        ("lymphocytes", "/mm³", 0.001), ("platelets", "×10⁹/L", 1), ("neutrophils", "10^3/µL", 1), ("ldh", "µkat/L", 60),
        ("pao2_fio2", "kPa", 7.50062), ("steroid_dose", "mg prednisone/day", 0.15), ("icu_day", "hours", 1 / 24),
        ("crp", "stone", None),
    ],
)  # fmt: skip
def test_units_are_multiplied(column: str, unit: str, by: float | None, dictionary: pd.DataFrame) -> None:
    assert factor(column, unit, dictionary.set_index("name").at[column, "unit"]) == by


def test_our_own_unit_is_known_of_every_number(dictionary: pd.DataFrame) -> None:
    rows = dictionary[dictionary["unit"] != ""]
    assert {
        row.name_: factor(row.name_, row.unit, row.unit)
        for row in rows.rename(columns={"name": "name_"}).itertuples()
    } == dict.fromkeys(rows["name"], 1)
    assert set(FACTORS) <= set(dictionary["name"])


def test_filtration_rate_of_creatinine() -> None:
    """A woman of 50 with 0.6 mg/dL and a man of 60 with 1.8 mg/dL.

    142 * (0.6 / 0.7) ** -0.241 * 0.9938 ** 50 * 1.012 = 109.3 and 142 * (1.8 / 0.9) ** -1.2 * 0.9938 ** 60 = 42.6
    """
    age, female = pd.Series([50.0, 60.0]), pd.Series([True, False])
    assert filtration_rate(pd.Series([0.6, 1.8]), "creatinine mg/dL", age, female).tolist() == [109, 43]
    in_moles = pd.Series([0.6, 1.8]) / CREATININE[normal("creatinine µmol/L")]
    assert filtration_rate(in_moles, "creatinine µmol/L", age, female).tolist() == [109, 43]


def test_the_command_answers_by_its_status(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    file = tmp_path / "cohort.csv"
    GOOD.to_csv(file, index=False)
    assert main(["check", str(file)]) == 0
    said = capsys.readouterr().out
    assert "nothing stands against this cohort" in said
    assert f"preview: {tmp_path / 'cohort.check.html'}" in said
    GOOD.assign(sex="x").to_csv(file, index=False)
    assert main(["check", "--ids", str(file)]) == 1
    assert f"first 2 (id {GOOD.at[0, 'patient_id']})" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "none.csv")]) == 3
    assert "there is no such file" in capsys.readouterr().err


def test_a_preview_never_stands_in_the_repository(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.root)
    assert main(["check", str(project.data / "evidence.csv")]) != 0
    assert "outside the repository" in capsys.readouterr().err
    assert not (project.data / "evidence.check.html").exists()
