"""The patients of a hospital's own paper, as its chapters begin with them."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from livingpaper.build.project import find_project
from pyarrow import parquet

PATIENTS = Path("data", "patients.parquet")


def load_patients() -> pd.DataFrame:
    """Return everyone; numbers float, text object.

    The index counts the patients in the order of their ids, which stay in the file. Raises ``FileNotFoundError`` outside
    of a folder that ``headtohead hospital`` wrote.
    """
    path = find_project().root / PATIENTS
    if not path.is_file():
        raise FileNotFoundError(f"patients must stand in {path}, found none; run: make hospital COHORT=FILE")
    path.open("rb").close()  # who watches which files are read does not see Arrow read
    return read_patients(path, ids=False)


def write_patients(frame: pd.DataFrame, path: Path) -> None:
    """Write the patients, one row each, sorted by ``patient_id``."""
    duckdb.from_df(frame).write_parquet(str(path))


def read_patients(path: Path, *, ids: bool = True) -> pd.DataFrame:
    """Return the patients of a file of ``write_patients``, without ``patient_id`` if not asked for.

    Equal texts are one object: a million patients have few hospitals.
    """
    file, columns = parquet.ParquetFile(path), {}
    for name in file.schema.names:
        if ids or name != "patient_id":
            values = file.read([name], use_threads=False).column(0).to_pandas()
            columns[name] = (
                values.copy() if values.dtype.kind in "fiub" else values.where(values.notna(), np.nan)
            )
    return pd.DataFrame(columns)
