"""Cohorts for tests: the committed file, changed as a test needs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from livingpaper.build.project import Project
from project_copy import copy_project


def rows_of(project: Project) -> pd.DataFrame:
    """Return the committed cohort as text, one row per patient in the order of the file."""
    path = project.data / "synthetic" / "cohort_null.csv"
    return pd.read_csv(path, comment="#", dtype=str, keep_default_na=False)


def eligible(rows: pd.DataFrame) -> pd.Series:
    """Return who meets the criteria of ``protocol.toml``, written out here once more."""
    return (
        (rows["age"].astype(float) >= 18)
        & (rows["infection_confirmed"] == "1")
        & (rows["moderate_to_severe"] == "1")
        & (rows["imv_at_start"] == "0")
        & (rows["steroid_start_day"] != "")
        & (rows["prior_immunomodulator"] == "0")
        & (rows["contraindication"] == "0")
    )


def project_with(source: Project, root: Path, rows: pd.DataFrame) -> Project:
    """Return a copy of the project that analyses ``rows``, with a small bootstrap and a finished build."""
    made = copy_project(source, root)
    rows.to_csv(made.data / "cohort.csv", index=False)
    text = made.protocol.read_text("utf-8")
    text = text.replace("bootstrap_replicates = 2000", "bootstrap_replicates = 20")
    text = text.replace('"data/synthetic/cohort_null.csv"', '"data/cohort.csv"')
    made.protocol.write_text(text, "utf-8")
    (made.build / "html").mkdir(parents=True)
    (made.build / "html" / "index.html").write_text("the last good page")
    (made.build / "paper.pdf").write_bytes(b"%PDF the last good paper")
    return made


def from_a_hospital(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows as a hospital group would bring them: three sites, own labels, nobody ventilated in one arm."""
    rng = np.random.default_rng(20210906)
    treated = rows["drug"] == "anakinra"
    return rows.assign(
        synthetic="0",
        patient_id=[f"H{number:05d}" for number in rng.permutation(len(rows))],
        hospital=rng.choice(["Norte", "Sur", "Costa del Sol"], len(rows)),
        period=rows["period"].map({"1": "first wave", "2": "second wave", "3": "third wave"}),
        imv_day=rows["imv_day"].where(~treated, ""),
    )
