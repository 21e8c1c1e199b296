"""Five public cohorts of real people as two-arm frames: who, how long, what happened, which arm."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.outcomes.endpoint import Endpoint
from lifelines.datasets import load_gbsg2
from livingpaper.build.project import find_project

EVENT = "event of interest"
FIVE_YEARS = 1826  # days
CAUSES = (EVENT, "competing event")
TITLES = {
    "gbsg2": "German Breast Cancer Study 2",
    "lung": "Advanced lung cancer",
    "veteran": "Veterans' lung cancer trial",
    "mgus2": "Monoclonal gammopathy",
    "melanoma": "Malignant melanoma",
}
ARMS = {  # in words, the first is "treated"
    "gbsg2": "hormonal therapy versus none",
    "lung": "women versus men",
    "veteran": "test versus standard chemotherapy",
    "mgus2": "men versus women",
    "melanoma": "men versus women",
}


@dataclass(frozen=True, slots=True)
class PublicCohort:
    """One cohort with two arms.

    Attributes
    ----------
    name : str
        Key of ``TITLES`` and ``ARMS``.
    endpoint : Endpoint
        Cause 1 is the event of interest, 2 a competing event; the times of gammopathy are months.
    treated : Series of bool, shape (n,)
    covariates : DataFrame of float, shape (n, p)
        May have missing values; models use complete rows.
    """

    name: str
    endpoint: Endpoint
    treated: pd.Series
    covariates: pd.DataFrame

    def complete(self) -> "PublicCohort":
        """Return the cohort restricted to rows without missing covariates."""
        keep = self.covariates.notna().all(axis=1)
        time, cause = self.endpoint.time_days[keep], self.endpoint.cause[keep]
        endpoint = replace(self.endpoint, time_days=time, cause=cause)
        return PublicCohort(self.name, endpoint, self.treated[keep], self.covariates[keep])

    @property
    def follow_up(self) -> int:
        """The first whole day (month) after the longest follow-up."""
        return int(self.endpoint.time_days.max()) + 1

    @property
    def sizes(self) -> dict[str, int]:
        """People, of them treated and not, and events of interest."""
        n, treated, events = len(self.treated), int(self.treated.sum()), int((self.endpoint.cause == 1).sum())
        return {"n": n, "treated": treated, "control": n - treated, "events": events}


def load_public_cohorts(folder: str | Path = "data/real") -> dict[str, PublicCohort]:
    """Return the five cohorts by name; the breast cancer study ships with lifelines, the others stand in ``folder``."""
    place, cohorts = find_project().root / folder, {"gbsg2": _breast_cancer(load_gbsg2())}
    for read in (_lung, _veteran, _mgus2, _melanoma):
        name = read.__name__.removeprefix("_")
        cohorts[name] = read(pd.read_csv(place / f"{name}.csv"))
    return cohorts


def _cohort(
    name: str, time: pd.Series, cause: pd.Series, treated: pd.Series, covariates: pd.DataFrame
) -> PublicCohort:
    endpoint = Endpoint(EVENT, time.astype(float), cause.astype(int), CAUSES[: int(cause.max())])
    return PublicCohort(name, endpoint, treated, covariates.astype(float))


def _breast_cancer(people: pd.DataFrame) -> PublicCohort:
    grade = pd.get_dummies(people["tgrade"])[["II", "III"]].add_prefix("grade ")
    post = (people["menostat"] == "Post").rename("post-menopausal")
    covariates = pd.concat([people[["age", "tsize", "pnodes", "progrec", "estrec"]], post, grade], axis=1)
    return _cohort("gbsg2", people["time"], people["cens"], people["horTh"] == "yes", covariates)


def _lung(people: pd.DataFrame) -> PublicCohort:
    died, women = people["status"] == 2, people["sex"] == 2
    return _cohort("lung", people["time"], died, women, people[["age", "ph.ecog"]])


def _veteran(people: pd.DataFrame) -> PublicCohort:
    cells = pd.get_dummies(people["celltype"])[["smallcell", "adeno", "large"]]
    covariates = pd.concat([cells, people[["karno", "diagtime", "age", "prior"]]], axis=1)
    return _cohort("veteran", people["time"], people["status"], people["trt"] == 2, covariates)


def _mgus2(people: pd.DataFrame) -> PublicCohort:
    progressed, men = people["pstat"] == 1, people["sex"] == "M"
    time = people["ptime"].where(progressed, people["futime"])
    cause = pd.Series(np.where(progressed, 1, 2 * people["death"]), index=people.index)
    return _cohort("mgus2", time, cause, men, people[["age", "mspike"]])


def _melanoma(people: pd.DataFrame) -> PublicCohort:
    cause, men = people["status"].map({1: 1, 2: 0, 3: 2}), people["sex"] == 1
    return _cohort("melanoma", people["time"], cause, men, people[["age", "thickness", "ulcer"]])
