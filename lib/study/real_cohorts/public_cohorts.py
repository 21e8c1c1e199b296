"""Five public cohorts of real people as two-arm frames: who, how long, what happened, which arm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from lifelines.datasets import load_gbsg2


@dataclass(frozen=True, slots=True)
class PublicCohort:
    """One cohort with two arms.

    Attributes
    ----------
    name, title, arms : str
        Key, printed name, and the arms in words, the first one "treated".
    unit : str
        Unit of time.
    time : Series of float, shape (n,)
    cause : Series of int, shape (n,)
        0 censored, 1 the event of interest, 2 a competing event.
    treated : Series of bool, shape (n,)
    covariates : DataFrame of float, shape (n, p)
        May have missing values; models use complete rows.
    """

    name: str
    title: str
    arms: str
    unit: str
    time: pd.Series
    cause: pd.Series
    treated: pd.Series
    covariates: pd.DataFrame

    def complete(self) -> PublicCohort:
        """Return the cohort restricted to rows without missing covariates."""
        keep = self.covariates.notna().all(axis=1)
        parts = (part[keep] for part in (self.time, self.cause, self.treated, self.covariates))
        return PublicCohort(self.name, self.title, self.arms, self.unit, *parts)


def load_public_cohorts(folder: Path) -> list[PublicCohort]:
    """Return the five cohorts; ``folder`` is ``data/real``, the breast cancer study ships with lifelines."""
    build: dict[str, Callable[[pd.DataFrame], PublicCohort]] = {
        "lung": _lung,
        "veteran": _veteran,
        "mgus2": _mgus2,
        "melanoma": _melanoma,
    }
    stored = [make(pd.read_csv(folder / f"{name}.csv")) for name, make in build.items()]
    return [_breast_cancer(load_gbsg2()), *stored]


def _breast_cancer(people: pd.DataFrame) -> PublicCohort:
    grade = pd.get_dummies(people["tgrade"], dtype=float)[["II", "III"]].add_prefix("grade ")
    post = (people["menostat"] == "Post").astype(float).rename("post-menopausal")
    numbers = people[["age", "tsize", "pnodes", "progrec", "estrec"]].astype(float)
    return PublicCohort(
        "gbsg2",
        "German Breast Cancer Study 2",
        "hormonal therapy or none",
        "days",
        people["time"].astype(float),
        people["cens"].astype(int),
        people["horTh"] == "yes",
        pd.concat([numbers, post, grade], axis=1),
    )


def _lung(people: pd.DataFrame) -> PublicCohort:
    return PublicCohort(
        "lung",
        "Advanced lung cancer",
        "women or men",
        "days",
        people["time"].astype(float),
        (people["status"] == 2).astype(int),
        people["sex"] == 2,
        people[["age", "ph.ecog"]].astype(float),
    )


def _veteran(people: pd.DataFrame) -> PublicCohort:
    cells = pd.get_dummies(people["celltype"], dtype=float)[["smallcell", "adeno", "large"]]
    return PublicCohort(
        "veteran",
        "Veterans' lung cancer trial",
        "test or standard chemotherapy",
        "days",
        people["time"].astype(float),
        people["status"].astype(int),
        people["trt"] == 2,
        pd.concat([cells, people[["karno", "diagtime", "age", "prior"]].astype(float)], axis=1),
    )


def _mgus2(people: pd.DataFrame) -> PublicCohort:
    progressed = people["pstat"] == 1
    return PublicCohort(
        "mgus2",
        "Monoclonal gammopathy",
        "men or women",
        "months",
        people["ptime"].where(progressed, people["futime"]).astype(float),
        pd.Series(np.where(progressed, 1, 2 * people["death"]), index=people.index),
        people["sex"] == "M",
        people[["age", "mspike"]].astype(float),
    )


def _melanoma(people: pd.DataFrame) -> PublicCohort:
    return PublicCohort(
        "melanoma",
        "Malignant melanoma",
        "men or women",
        "days",
        people["time"].astype(float),
        people["status"].map({1: 1, 2: 0, 3: 2}).astype(int),
        people["sex"] == 1,
        people[["age", "thickness", "ulcer"]].astype(float),
    )
