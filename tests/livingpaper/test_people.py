"""Whether a release is of the people of earlier ones but for a few, whatever became of columns, names and order."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from livingpaper.disclosure.people import marks_of, too_near

LEAST = 10


def cohort(n: int = 300, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "record": [f"H{seed}-{i}" for i in range(n)],
            "age": rng.integers(20, 95, n),
            "crp": rng.lognormal(4, 1, n).round(1),
            "sex": rng.choice(["F", "M"], n),
            "died": rng.integers(0, 2, n),
            "day": rng.integers(0, 40, n).astype(float),
        }
    )


PEOPLE, NEW = cohort(), cohort(40, 2)
FEW = pd.concat([PEOPLE.iloc[3:], NEW.head(3)], ignore_index=True)
SHAPES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {  # which change nobody
    "as it was": lambda f: f,
    "a column more": lambda f: f.assign(note=np.arange(len(f)) % 7),
    "a column less": lambda f: f.drop(columns="crp"),
    "one more, one less": lambda f: f.assign(bmi=20 + np.arange(len(f)) / 9).drop(columns="age"),
    "a name changed": lambda f: f.rename(columns={"crp": "c_reactive", "age": "years"}),
    "all names changed": lambda f: f.set_axis([f"v{i}" for i in range(f.shape[1])], axis=1),
    "names exchanged": lambda f: f.rename(columns={"crp": "age", "age": "crp"}),
    "other rows first": lambda f: f.sample(frac=1, random_state=3),
    "other columns first": lambda f: f[[*f][::-1]],
    "numbers as text": lambda f: f.astype(str),
    "new numbers of records": lambda f: f.assign(record=[f"N{i}" for i in range(len(f))]),
    "another unit": lambda f: f.assign(crp=f["crp"] / 10),
    "all of it": lambda f: (
        f.assign(record=range(len(f)), more=1, crp=f["crp"] * 2)
        .rename(columns={"age": "x"})
        .sample(frac=1, random_state=5)
    ),
}


def left(folder: Path, *tables: pd.DataFrame) -> list[Path]:
    for number, table in enumerate(tables, 1):
        marks_of(table).to_parquet(folder / f"{number:04d}-1.parquet")
    return sorted(folder.glob("*.parquet"))


@pytest.mark.parametrize("shape", SHAPES)
def test_three_others_are_seen_in_any_shape_and_nobody_else_is_none(tmp_path: Path, shape: str) -> None:
    earlier = left(tmp_path, PEOPLE)
    assert too_near(marks_of(SHAPES[shape](FEW)), earlier, LEAST) == "release 1"
    assert too_near(marks_of(SHAPES[shape](PEOPLE)), earlier, LEAST) == ""
    more = pd.concat([PEOPLE, NEW], ignore_index=True)
    assert too_near(marks_of(SHAPES[shape](more)), earlier, LEAST) == ""


@pytest.mark.parametrize("rows", [1, 9, 10])
def test_a_few_corrected_beside_a_new_column(tmp_path: Path, rows: int) -> None:
    sex = PEOPLE["sex"].where(PEOPLE.index >= rows, "unknown")
    found = too_near(marks_of(PEOPLE.assign(sex=sex, note=1)), left(tmp_path, PEOPLE), LEAST)
    assert found == ("release 1" if rows < LEAST else "")


def test_other_people_are_others_though_few_columns_differ(tmp_path: Path) -> None:
    assert too_near(marks_of(cohort(300, 9)), left(tmp_path, PEOPLE), LEAST) == ""


def test_a_table_of_alike_rows_is_compared_as_a_whole(tmp_path: Path) -> None:
    alike = pd.DataFrame({"died": [0, 1] * 50})
    assert too_near(marks_of(alike.replace({"died": {1: 0}}).iloc[:97]), left(tmp_path, alike), LEAST) == ""
    assert too_near(marks_of(alike.iloc[:97]), left(tmp_path, alike), LEAST) == "release 1"


def test_two_parts_taken_from_the_whole_leave_five(tmp_path: Path) -> None:
    """Of 300, 200 left and 95 others: all together without both are five; with 85, fifteen."""
    earlier = left(tmp_path, PEOPLE, PEOPLE.iloc[:200].assign(ward="a"))
    assert (
        too_near(marks_of(PEOPLE.iloc[205:].assign(ward="b")), earlier, LEAST) == "earlier releases together"
    )
    assert too_near(marks_of(PEOPLE.iloc[215:].assign(ward="b")), earlier, LEAST) == ""
    assert too_near(marks_of(PEOPLE.iloc[200:].assign(ward="b")), earlier, LEAST) == ""


def test_parts_that_overlap_tell_nothing_of_who_is_in_neither(tmp_path: Path) -> None:
    """200 and 150 of 300 with 55 in both: of the five in neither no sum of the three tells."""
    earlier = left(tmp_path, PEOPLE, PEOPLE.iloc[:200])
    assert too_near(marks_of(PEOPLE.iloc[145:295]), earlier, LEAST) == ""


def test_nothing_left_before(tmp_path: Path) -> None:
    assert too_near(marks_of(PEOPLE), left(tmp_path), LEAST) == ""
