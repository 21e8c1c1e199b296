"""What a user gets wrong, at the command line: one message, no traceback, nothing overwritten."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from livingpaper.build.project import Project
from livingpaper.chapters.run import main as main_of_run
from own_cohort import eligible, project_with, rows_of
from project_copy import change, fingerprints
from study.data.contract import ContractError
from study.data.load import load_cohort, load_dictionary

Rows = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True)
class Mistake:
    """What is wrong, in the protocol (old text, new text) or in the rows, and what must be said."""

    name: str
    says: tuple[str, ...]
    protocol: tuple[str, str] = ("", "")
    rows: Rows = lambda rows: rows
    lines: int = 8  # at most


def broken_contract(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows.copy()
    rows.loc[0:1, "sex"] = "X"
    rows.loc[5, "age"] = "140"
    rows.loc[3, "patient_id"] = "SYN-0001"
    rows.loc[7, "ldh"] = "high"
    rows.loc[rows.index[rows["end_state"] == "dead"][0], "death_day"] = "119"
    return rows


def transferred(rows: pd.DataFrame) -> pd.DataFrame:
    rows, two = rows.copy(), rows.index[eligible(rows) & (rows["end_state"] == "discharged")][:2]
    rows.loc[two, "transfer_day"] = rows.loc[two, "discharge_day"]
    rows.loc[two, "discharge_day"] = ""
    rows.loc[two, "end_state"] = "transferred"
    return rows


def one_of_each(rows: pd.DataFrame) -> pd.DataFrame:
    some = rows[eligible(rows)]
    return pd.concat([some[some["drug"] == drug].head(1) for drug in ("anakinra", "baricitinib")])


MISTAKES = (
    Mistake(
        "unknown key",
        ("1 impossible choice", "matching.calliper", "not permitted (found 1)", "correct them"),
        protocol=("[matching]\n", "[matching]\ncalliper = 1\n"),
    ),
    Mistake(
        "inadmissible value",
        ("matching.caliper_sd", "greater than 0 (found -0.2)", "correct them"),
        protocol=("caliper_sd = 0.2", "caliper_sd = -0.2"),
    ),
    Mistake(
        "broken TOML",
        ("must be valid TOML", "line", "correct that line"),
        protocol=("[matching]", "[matching"),
    ),
    Mistake(
        "no such cohort file",
        ("a file must exist at", "nowhere.csv", "check the path in protocol.toml"),
        protocol=('"cohort.csv"', '"nowhere.csv"'),
    ),
    Mistake(
        "unknown covariate in a term",
        ("must be columns of the cohort", "'egffr' is not in data/dictionary.csv", "correct the name in protocol.toml"),
        protocol=('column = "egfr"', 'column = "egffr"'),
    ),
    Mistake(
        "covariate after time zero",
        ("at or before time zero", "'icu_day'", "'after time zero'", "remove it from protocol.toml"),
        protocol=('column = "egfr"', 'column = "icu_day"'),
    ),
    *(
        Mistake(
            f"{name} after time zero",
            ("at or before time zero", f"'{column}'", "'after time zero'", "remove it from protocol.toml"),
            protocol=change,
        )
        for name, column, change in (
            ("subgroup", "icu_day", ('{ column = "sex" }', '{ column = "icu_day" }')),
            ("exact match", "end_state", ('exact_finer = ["hospital", "period"]', 'exact_finer = ["end_state"]')),
            ("column to impute from", "rescue_day", ('impute_from = ["age"', 'impute_from = ["rescue_day"')),
        )
    ),
    Mistake(
        "unknown world",
        ("study.world", "'null', 'harm' or 'benefit' (found 'nil')", "correct them"),
        protocol=('world = "null"', 'world = "nil"'),
    ),
    Mistake(
        "horizon beyond the stay",
        ("outcome: ", "whole_stay_days must reach at least the horizon of 28 days, found 20", "correct them"),
        protocol=("whole_stay_days = 120", "whole_stay_days = 20"),
    ),
    Mistake(
        "value that does not fit its rule",
        ("the criterion on 'age' is 'at least' with '18'", "value must be a number for 'at least'"),
        protocol=("value = 18", 'value = "18"'),
    ),
    Mistake(
        "unknown outcomes",
        (
            "every outcome must be known to day 120 (outcome.whole_stay_days), 2 of 342 patients",
            "transferred or still in hospital", "first SYN-", "lower whole_stay_days towards the horizon of 28 days",
        ),
        rows=transferred,
    ),
    Mistake(
        "unknown column to match on exactly",
        ("must be columns of the cohort", "'ward' is not in data/dictionary.csv", "correct the name"),
        protocol=('exact = ["hospital"]', 'exact = ["ward"]'),
    ),
    Mistake(
        "unknown column to impute from",
        ("must be columns of the cohort", "'agge' is not in data/dictionary.csv", "correct the name"),
        protocol=('impute_from = ["age"', 'impute_from = ["agge"'),
    ),
    Mistake(
        "incomplete column to impute from",
        ("columns to impute from must be finite and complete, 'ldh' have missing values", "leave the columns out"),
        protocol=('impute_from = ["age"', 'impute_from = ["ldh"'),
    ),
    Mistake(
        "covariate that nobody measured",
        ("missing values of 'ldh'", "found 6 for 0 known values", "remove a covariate that was hardly measured"),
        rows=lambda rows: rows.assign(ldh=""),
    ),
    Mistake(
        "unknown column in a criterion",
        ("eligibility and arms must be columns of the frame, 1 are not: 'contraindicated'", "'contraindication'"),
        protocol=('column = "contraindication"', 'column = "contraindicated"'),
    ),
    Mistake(
        "broken contract",
        (
            "book/cohort.md, cell ", "): ContractError: the cohort breaks its contract in 5 place(s)",
            "column patient_id: must have each value once; 2 row(s) have not, first SYN-0001",
            "column age: must have values from 0 to 110 years; 1 row(s) have not, first SYN-0006 (140)",
            "column sex: must have one of F, M; 2 row(s) have not, first SYN-0001, SYN-0002 (X, X)",
            "column ldh: must have numbers only; 1 row(s) have not, first SYN-0008 (high)",
            "death_day equal to followup_day when end_state is dead; 1 row(s) have not",
        ),
        rows=broken_contract,
        lines=1,
    ),
    Mistake(
        "columns missing and unknown",
        ("in 2 place(s)", "column alt: is required", "add it", "column weight: is not in", "describe it there or drop it"),
        rows=lambda rows: rows.drop(columns="alt").assign(weight="80"),
    ),
    Mistake(
        "made-up and real patients mixed",
        ("must have the same value of synthetic", "the column as a whole has not"),
        rows=lambda rows: rows.assign(synthetic=["0", "0", *rows["synthetic"][2:]]),
    ),
    Mistake(
        "empty arm",
        ("each arm needs at least one eligible patient", "'baricitinib' in column 'drug' has none of 148", "check the arm"),
        rows=lambda rows: rows[rows["drug"] == "anakinra"],
    ),
    Mistake(
        "no patient at all",
        ("the frame must have patients, found none", "look at the filters"),
        rows=lambda rows: rows.head(0),
    ),
    Mistake(
        "perfect separation",
        ("both drugs must be possible", "'hospital[Z]'", "in 342 patients", "restrict the cohort"),
        rows=lambda rows: rows.assign(hospital=rows["hospital"].where(rows["drug"] != "anakinra", "Z")),
    ),
    Mistake(
        "no pair within the caliper",
        ("needs a control within the caliper of 3.77e-08", "none of 125 has one", "widen the caliper"),
        protocol=("caliper_sd = 0.2", "caliper_sd = 0.00000005"),
    ),
    Mistake(
        "one hospital only",
        ("must vary between patients, 1 have one value in all 342: 'hospital'", "remove it from the terms"),
        rows=lambda rows: rows.assign(hospital="A"),
    ),
    Mistake(
        "constant covariate",
        ("must vary between patients, 1 have one value in all 342: 'egfr'", "remove them from the model"),
        rows=lambda rows: rows.assign(egfr="60"),
    ),
    Mistake(
        "eighteen patients",
        ("both drugs must be possible", "predict the drug perfectly in 18 patients", "remove the covariate"),
        rows=lambda rows: rows[eligible(rows)].head(18),
    ),
    Mistake(
        "two patients",
        ("must vary between patients", "in all 2", "remove it from the terms"),
        rows=one_of_each,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def rows(project: Project) -> pd.DataFrame:
    return rows_of(project)


def mistaken(mistake: Mistake, project: Project, rows: pd.DataFrame, root: Path) -> Project:
    """Return a project with a finished build in which one thing is wrong."""
    made = project_with(project, root, mistake.rows(rows))
    shutil.copyfile(project.ledger, made.ledger)
    toc = (made.root / "_toc.yml").read_text(
        "utf-8"
    )  # of the chapters only those on patients: all others wait for them
    others = re.compile(r".*book/(?!.*(cohort|matching|outcomes|sensitivity|index|supplement$)).*\n")
    (made.root / "_toc.yml").unlink()
    (made.root / "_toc.yml").write_text(others.sub("", toc), "utf-8")
    change(made, made.protocol.read_text("utf-8"), dict([mistake.protocol]))
    return made


def finished(project: Project) -> dict[str, bytes]:
    """Return the results and the last good paper."""
    return fingerprints(project.root / "results", project.build / "html") | {
        "pdf": (project.build / "paper.pdf").read_bytes()
    }


def told(mistake: Mistake, said: str) -> None:
    for part in mistake.says:
        assert part in said, said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= mistake.lines, said


@pytest.mark.whole
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_one_message_and_nothing_overwritten(
    mistake: Mistake, project: Project, rows: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The process that runs the chapters, here: its start alone takes seconds."""
    made = mistaken(mistake, project, rows, tmp_path / "p")
    before = finished(made)
    assert main_of_run([str(made.root)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    told(mistake, said.err)
    assert finished(made) == before


@pytest.mark.whole
@pytest.mark.parametrize(
    ("name", "mistake"),
    [("ledger", MISTAKES[0]), ("ledger", MISTAKES[-2]), ("html", MISTAKES[2]), ("ledger", MISTAKES[-5])],
    ids=lambda value: getattr(value, "name", value),
)
def test_the_command_says_the_same_and_the_last_good_paper_stays(
    name: str, mistake: Mistake, project: Project, rows: pd.DataFrame, tmp_path: Path
) -> None:
    made = mistaken(mistake, project, rows, tmp_path / "p")
    before = finished(made)
    done = command(name, made.root)
    assert done.returncode == 1
    assert done.stdout == ""
    told(mistake, done.stderr)
    assert finished(made) == before


@pytest.mark.parametrize("content", ["", "accents"])
def test_files_that_are_no_table(content: str, project: Project, rows: pd.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(rows.assign(hospital="Málaga").to_csv(index=False).encode("latin-1") if content else b"")
    with pytest.raises(
        ContractError, match=r"own.csv must (have a header line|be text in UTF-8), found .*export it again"
    ):
        load_cohort(path, load_dictionary(project.data / "dictionary.csv"))


def test_without_a_paper_anywhere(project: Project, tmp_path: Path) -> None:
    """The code must lie outside any project: inside one, the command finds the project around itself."""
    shutil.copytree(project.root / "lib", tmp_path / "lib")  # with what is compiled: that takes seconds
    done = command("ledger", tmp_path, PYTHONPATH=str(tmp_path / "lib"))
    assert done.returncode == 1
    assert done.stderr == (
        f"a paper.toml must stand in {tmp_path} or above it, found none; go to the folder of a paper\n"
    )
    assert not (tmp_path / "_build").exists()


def test_the_protocol_vanished_while_the_folder_is_known(
    project: Project, rows: pd.DataFrame, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = project_with(project, tmp_path / "p", rows)
    made.protocol.unlink()
    assert main_of_run([str(made.root)]) == 1
    assert "there is no such file; restore it with: git checkout protocol" in capsys.readouterr().err
    assert not made.ledger.exists()


def command(name: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "livingpaper", name],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
