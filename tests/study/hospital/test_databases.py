"""A cohort that stands in a database: read through ibis, the same as from a file, and no password in its settings."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
import pytest
from hospital_cohort import good, numbers
from livingpaper.build.project import Project
from study.hospital.checking import as_text, check_file
from study.hospital.settings import NAME, FileSection, SettingsError, load_settings
from study.hospital.tables import read_any

GOOD = good()
SERVER = Path(shutil.which("postgres") or "/nowhere").resolve().parent  # its other programs stand beside it
BY = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []  # it does not run as root


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL server that listens to a socket in a folder alone; return its address."""
    if not (SERVER / "initdb").is_file():
        pytest.skip("no PostgreSQL server is installed")
    home = Path(subprocess.run(["mktemp", "-d"], check=True, capture_output=True, text=True).stdout.strip())
    if BY:
        shutil.chown(home, "postgres")
    control = [*BY, SERVER / "pg_ctl", "-D", home / "data", "-w"]
    options = f"-k {home} -c listen_addresses="
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": home}
    subprocess.run([*BY, SERVER / "initdb", "-D", home / "data", "-A", "trust", "-U", "reader"], **quiet)  # type: ignore[call-overload]
    subprocess.run([*control, "-o", options, "start"], **quiet)  # type: ignore[call-overload]
    try:
        yield f"postgresql://reader@/postgres?host={home}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], **quiet)  # type: ignore[call-overload]
        shutil.rmtree(home, ignore_errors=True)


def settings_at(folder: Path, connection: str, table: str = "cohort") -> Path:
    path = folder / NAME
    path.write_text(f'[file]\nconnection = "{connection}"\ntable = "{table}"\n', "utf-8")
    return path


def same_as_the_file(project: Project, path: Path) -> None:
    report = check_file(project, path)
    assert not report.stands, as_text(report)
    made = report.made.frame.sort_values("patient_id")
    theirs = GOOD.sort_values("patient_id")
    for name in ("age", "crp", "ckd", "il6", "icu_day"):
        np.testing.assert_array_equal(made[name], numbers(theirs, name))
    assert made["hospital"].tolist() == theirs["hospital"].tolist()


def test_a_table_of_postgresql(postgres: str, project: Project, tmp_path: Path) -> None:
    kinds = {"age": "integer", "crp": "double precision", "ckd": "boolean", "il6": "numeric"}
    columns = ", ".join(f'"{name}" {kinds.get(name, "text")}' for name in GOOD)
    with psycopg.connect(postgres) as base, base.cursor() as at:
        at.execute(f"CREATE TABLE cohort ({columns})")
        rows = [[value or None for value in row] for row in GOOD.itertuples(index=False)]
        at.executemany(f"INSERT INTO cohort VALUES ({', '.join(['%s'] * len(GOOD.columns))})", rows)
    same_as_the_file(project, settings_at(tmp_path, postgres))


def test_a_table_that_is_not_there_is_named(postgres: str, tmp_path: Path) -> None:
    path = settings_at(tmp_path, postgres, "nothing")
    with pytest.raises(ValueError, match=r"the table 'nothing' must be readable through its connection: "):
        read_any(path, load_settings(path).file)


def test_settings_in_place_of_a_table_say_where_that_is(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must say where that is, as connection and table under"):
        read_any(settings_at(tmp_path, "postgresql://host/base"), FileSection())


@pytest.mark.parametrize(
    ("connection", "words"),
    [
        ("postgresql://me:secret@host/base", "must hold no password; keep it in ~/.pgpass"),
        ("postgresql://host/base?password=secret", "must hold no password"),
        ("mysql://host/base", "must begin with postgresql://; of DuckDB, name the file"),
    ],
)
def test_an_address_says_no_password(connection: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=words) as told:
        load_settings(settings_at(tmp_path, connection))
    assert "secret" not in str(told.value)
