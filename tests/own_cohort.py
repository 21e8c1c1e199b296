"""Cohorts for tests: the committed file, changed as a test needs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from livingpaper.build.project import Project
from project_copy import FEW, links_to

COMMITTED = '"data/synthetic/cohort_null.csv"'


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


def project_with(
    source: Project, root: Path, rows: pd.DataFrame, changes: Mapping[str, str] = FEW
) -> Project:
    """Return a project of links that analyses ``rows``, with few repetitions and a finished build."""
    made = links_to(source, root, {**changes, COMMITTED: '"cohort.csv"'})
    rows.to_csv(made.root / "cohort.csv", index=False)
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


def with_periods(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the rows with the patients dealt to so many periods."""
    dealt = np.random.default_rng(12).integers(1, number + 1, len(rows))
    return rows.assign(period=[f"month {each:02d}" for each in dealt])


def with_sites(rows: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the rows with the patients dealt to so many hospitals."""
    dealt = np.random.default_rng(5).integers(0, number, len(rows))
    return rows.assign(hospital=["ABCDEFGHIJ"[each] for each in dealt])


def alive(rows: pd.DataFrame, but: int = 0) -> pd.DataFrame:
    """Return the rows with every death a discharge; ``but`` so many of the eligible in each arm."""
    dead = rows["end_state"] == "dead"
    kept = rows[dead & eligible(rows)].groupby("drug").head(but).index
    changed = dead & ~rows.index.isin(kept)
    return rows.assign(
        end_state=rows["end_state"].mask(changed, "discharged"),
        discharge_day=rows["discharge_day"].mask(changed, rows["followup_day"]),
        death_day=rows["death_day"].mask(changed, ""),
    )
