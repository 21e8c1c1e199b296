"""The template: filled in, it is a cohort that nothing stands against."""

from __future__ import annotations

from pathlib import Path

import pytest
from hospital_cohort import good
from livingpaper.build.project import Project
from openpyxl import load_workbook
from study.hospital.checking import as_text, check_file
from study.hospital.contract import CORE
from study.hospital.settings import load_settings
from study.hospital.template import instructions, write_template

GOOD = good(60)


@pytest.mark.parametrize("suffix", [".xlsx", ".csv"])
def test_the_template_filled_in_passes(suffix: str, project: Project, tmp_path: Path) -> None:
    file = tmp_path / f"mine{suffix}"
    write_template(project, file)
    if suffix == ".xlsx":
        book = load_workbook(file)
        sheet = book["patients"]
        names = [cell.value for cell in sheet[1]]
        for row in GOOD.to_dict("records"):
            sheet.append([row.get(name) or None for name in names])
        book.save(file)
    else:
        names = file.read_text("utf-8-sig").strip().split(",")
        GOOD.reindex(columns=names).to_csv(file, index=False)
    report = check_file(project, file)
    assert set(GOOD) <= set(names)
    assert report.codes("error", "warning") <= {"score.terms"}, as_text(report)
    assert len(report.made.frame) == len(GOOD)


def test_drop_downs_and_the_settings_beside_it(project: Project, tmp_path: Path) -> None:
    made = write_template(project, tmp_path / "mine.xlsx")
    assert [path.name for path in made] == ["mine.xlsx", "cohort.toml"]
    assert load_settings(made[1]).arms.treated == "anakinra"
    book = load_workbook(made[0])
    assert book.sheetnames == ["patients", "instructions"]
    names = [cell.value for cell in book["patients"][1]]
    assert set(names[: len(CORE)]) == set(CORE)
    lists = {str(each.sqref): each.formula1 for each in book["patients"].data_validations.dataValidation}
    column = book["patients"].cell(1, 1 + names.index("end_state")).column_letter
    assert lists[f"{column}2:{column}2000"] == '"dead,discharged,transferred,in hospital"'


def test_instructions_say_the_unit_of_each_column(project: Project) -> None:
    table = instructions(project).set_index("column")
    assert table.at["crp", "unit"] == "mg/L"
    assert "mg/dl" in table.at["crp", "other units"]
    assert table.at["ckd", "values"] == "0, 1"
    assert table["needed"].tolist() == sorted(table["needed"], key=["core", "score", "optional"].index)


def test_nothing_is_written_over(project: Project, tmp_path: Path) -> None:
    (tmp_path / "cohort.toml").write_text("# mine\n")
    made = write_template(project, tmp_path / "a.csv")
    assert [path.name for path in made] == ["a.csv", "a-instructions.csv"]
    assert (tmp_path / "cohort.toml").read_text() == "# mine\n"
    with pytest.raises(ValueError, match=r"a.csv and .*cohort.toml are there already; edit the second"):
        write_template(project, tmp_path / "a.csv")
    with pytest.raises(ValueError, match=r"must end in .xlsx or .csv, found 'a.ods'"):
        write_template(project, tmp_path / "a.ods")


def test_of_a_table_that_is_there_come_settings_with_its_columns(project: Project, tmp_path: Path) -> None:
    table = tmp_path / "mine.csv"
    table.write_text('Estudio;Charlson;"PCR ""alta""";Sexo;hospital\nA1;2;3,5;F;Norte\n', "utf-8")
    assert write_template(project, table) == [tmp_path / "cohort.toml"]
    text = (tmp_path / "cohort.toml").read_text("utf-8")
    assert load_settings(tmp_path / "cohort.toml").columns == {"sex": "Sexo", "charlson": "Charlson"}
    assert '# of the table, to be named here: "Estudio", "Charlson", "PCR \\"alta\\"", "Sexo"\n' in text
    assert '# patient_id = ""  # Patient\n' in text
    assert "hospital =" not in text, "has our name already"
