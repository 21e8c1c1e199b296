from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from livingpaper.build.project import Project
from study.data.contract import ContractError, baseline_columns, require_baseline, validate_cohort
from study.data.load import load_cohort


@pytest.fixture
def raw(project: Project) -> pd.DataFrame:
    return pd.read_csv(project.data / "synthetic" / "cohort_null.csv", comment="#")


def test_the_shipped_cohort_keeps_the_contract_and_row_order_does_not_matter(
    raw: pd.DataFrame, dictionary: pd.DataFrame
) -> None:
    sound = validate_cohort(raw, dictionary)
    shuffled = validate_cohort(raw.sample(frac=1, random_state=1).reset_index(drop=True), dictionary)
    pd.testing.assert_frame_equal(sound, shuffled)


@pytest.mark.parametrize(
    ("column", "row", "value", "message"),
    [
        ("death_day", 3, -2, "column death_day: must have values from 1 to 120 days; 1 row.* SYN-0004 \\(-2"),
        ("steroid_start_day", 7, 3, "column steroid_start_day: must have values from -30 to 0 days"),
        ("drug", 1, "anakinra ", "column drug: must have one of anakinra, baricitinib"),
        ("sex", 2, None, "column sex: must have a value in every row"),
        ("age", 2, 17.5, None),
        ("barthel", 5, 99.5, "column barthel: must have whole numbers"),
        ("aki", 5, 2, "column aki: must have 0 or 1"),
        ("followup_day", 0, 1, "each row: must have discharge_day equal to followup_day"),
        ("high_flow_oxygen", 0, 1, "high_flow_oxygen in agreement with o2_device"),
    ],
)
def test_each_violation_is_named(
    raw: pd.DataFrame, dictionary: pd.DataFrame, column: str, row: int, value: object, message: str | None
) -> None:
    bad = raw.astype({column: object})
    bad.loc[row, column] = value
    if message is None:
        validate_cohort(bad, dictionary)
        return
    with pytest.raises(ContractError, match=message):
        validate_cohort(bad, dictionary)


def test_a_slip_of_units_is_found_by_the_median(raw: pd.DataFrame, dictionary: pd.DataFrame) -> None:
    with pytest.raises(
        ContractError, match="column crp: must have a median between 20 and 300 mg/L \\(check the unit\\)"
    ):
        validate_cohort(raw.assign(crp=raw["crp"] / 10), dictionary)


def test_all_violations_come_at_once(raw: pd.DataFrame, dictionary: pd.DataFrame) -> None:
    bad = raw.assign(crp=raw["crp"] / 10).drop(columns="ldh").assign(extra=1)
    bad.loc[5, "patient_id"] = bad.loc[4, "patient_id"]
    bad = bad.assign(ldh=np.nan)
    bad.loc[8, ["icu_day", "imv_day"]] = [9, 4]
    with pytest.raises(ContractError) as caught:
        validate_cohort(bad, dictionary)
    text = str(caught.value)
    for part in (
        "column extra: is not in data/dictionary.csv",
        "each value once",
        "check the unit",
        "icu_day no later than imv_day",
    ):
        assert part in text
    with pytest.raises(ContractError, match="column ldh: is required, not in the file"):
        validate_cohort(raw.drop(columns="ldh"), dictionary)


def test_covariates_from_after_time_zero_are_refused(dictionary: pd.DataFrame) -> None:
    require_baseline(["age", "hospital", "period"], dictionary)
    with pytest.raises(
        ContractError, match="'imv_day' has the role 'outcome' and the window 'after time zero'"
    ):
        require_baseline(["age", "imv_day"], dictionary)
    with pytest.raises(ContractError, match="'troponin' is not in data/dictionary.csv"):
        require_baseline(["troponin"], dictionary)


def test_no_baseline_column_is_measured_after_time_zero(dictionary: pd.DataFrame) -> None:
    windows = dictionary.set_index("name").loc[baseline_columns(dictionary), "window"]
    assert set(windows) <= {"before time zero", "at time zero"}


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs")])
def test_another_separator_is_named(
    project: Project, dictionary: pd.DataFrame, tmp_path: Path, mark: str, name: str
) -> None:
    text = (project.data / "synthetic" / "cohort_null.csv").read_text("utf-8")
    path = tmp_path / "own.csv"
    path.write_text(
        "".join(line for line in text.splitlines(True) if line[0] != "#").replace(",", mark), "utf-8"
    )
    with pytest.raises(
        ContractError, match=f"separated by commas, its header is separated by {name}; export it"
    ):
        load_cohort(path, dictionary)


def test_a_mark_of_order_and_a_hash_in_a_label_are_read(
    project: Project, dictionary: pd.DataFrame, tmp_path: Path
) -> None:
    """Spreadsheets begin a file with a byte-order mark, and wards are called "#3"."""
    source = project.data / "synthetic" / "cohort_null.csv"
    path = tmp_path / "own.csv"
    text = "".join(line for line in source.read_text("utf-8").splitlines(True) if line[0] != "#")
    path.write_text("\ufeff" + text.replace(",A,", ",A #3,"), "utf-8")
    own, shipped = load_cohort(path, dictionary), load_cohort(source, dictionary)
    assert set(own["hospital"]) == {"A #3", "B"}
    pd.testing.assert_frame_equal(own.drop(columns="hospital"), shipped.drop(columns="hospital"))
