"""What the chapters of a hospital's own paper begin with: its choices, its dictionary and its patients."""

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from livingpaper.build.project import find_project

from study.data.load import load_dictionary, load_plan
from study.hospital.own_choices import OwnProtocol

PATIENTS = Path("data", "patients.parquet")


def load_own() -> tuple[OwnProtocol, pd.DataFrame, pd.DataFrame]:
    """Return choices, dictionary (columns that are there) and everyone, by ``patient_id``; numbers float, text object.

    ``headtohead hospital`` wrote them from a table that nothing stood against. Raises ``FileNotFoundError`` outside
    of such a folder.
    """
    path = find_project().root / PATIENTS
    if not path.is_file():
        raise FileNotFoundError(f"patients must stand in {path}, found none; run: make hospital COHORT=FILE")
    path.open("rb").close()  # who watches which files are read does not see DuckDB read
    plan: OwnProtocol = load_plan()  # type: ignore[assignment]
    return plan, load_dictionary(), read_patients(path)


def write_patients(frame: pd.DataFrame, path: Path) -> None:
    """Write the patients, one row each, sorted by ``patient_id``."""
    duckdb.from_df(frame).write_parquet(str(path))


def read_patients(path: Path) -> pd.DataFrame:
    """Return the patients of a file of ``write_patients``, indexed by ``patient_id``."""
    frame = duckdb.read_parquet(str(path)).df()
    words = [name for name in frame if frame[name].dtype.kind not in "fiub"]
    for name in words:
        values = frame[name].astype(object)
        frame[name] = values.where(values.notna(), np.nan)
    return frame.set_index("patient_id")
