"""The patients of a hospital's own paper, as its chapters begin with them."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from livingpaper.build.project import find_project

PATIENTS = Path("data", "patients.parquet")


def load_patients() -> pd.DataFrame:
    """Return everyone; numbers float, text object.

    The index counts the patients in the order of their ids, which stay in the file. Raises ``FileNotFoundError`` outside
    of a folder that ``headtohead hospital`` wrote.
    """
    path = find_project().root / PATIENTS
    if not path.is_file():
        raise FileNotFoundError(f"patients must stand in {path}, found none; run: make hospital COHORT=FILE")
    path.open("rb").close()  # who watches which files are read does not see DuckDB read
    return read_patients(path, ids=False)


def write_patients(frame: pd.DataFrame, path: Path) -> None:
    """Write the patients, one row each, sorted by ``patient_id``."""
    duckdb.from_df(frame).write_parquet(str(path))


def read_patients(path: Path, *, ids: bool = True) -> pd.DataFrame:
    """Return the patients of a file of ``write_patients``, without ``patient_id`` if not asked for.

    Equal texts are one object: a million patients have few hospitals.
    """
    table = duckdb.read_parquet(str(path))
    names = [name for name in table.columns if ids or name != "patient_id"]
    columns = {}
    for name in names:
        values = table.project(f'"{name}"').df()[name]
        if values.dtype.kind not in "fiub":
            codes, texts = pd.factorize(values)
            values = pd.Series(np.append(np.asarray(texts, object), np.nan)[codes])
        columns[name] = values
    return pd.DataFrame(columns)
