"""Made-up cohorts with the answers of R, see ``goldens/README.md``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.matching.propensity import Score, propensity
from headtohead.outcomes.endpoint import Endpoint
from study.protocol.design import Term

GOLDENS = Path(__file__).parent / "goldens"
REFERENCE_COHORTS = ("cohort_342", "cohort_3000", "cohort_ties_600")
REFERENCE_COVARIATES = ("age", "male", "hospital", "charlson", "barthel", "ldh", "spo2_fio2")


@dataclass(frozen=True)
class Reference:
    """One made-up cohort with R's answers."""

    name: str
    frame: pd.DataFrame
    answers: dict[str, Any]
    further: dict[str, Any]
    design: pd.DataFrame
    propensity: Score

    @property
    def treated(self) -> pd.Series:
        return self.frame["treated"] == 1

    @property
    def death(self) -> Endpoint:
        return Endpoint(
            "death", self.frame["time"].astype(float), self.frame["status"], ("death", "discharge")
        )

    @property
    def death28(self) -> Endpoint:
        """Death by day 28, known for everybody."""
        return Endpoint.recorded("death", self.frame["death28"], by=28)


def terms() -> list[Term]:
    return [
        Term(column=name, form="category" if name == "hospital" else "linear")
        for name in REFERENCE_COVARIATES
    ]


def golden(name: str) -> Any:
    return json.loads((GOLDENS / name).read_text())


@cache
def load_reference(name: str) -> Reference:
    frame = pd.read_csv(GOLDENS / f"{name}.csv").set_index("id")
    design = design_matrix(frame, terms())
    score = propensity(design, frame["treated"] == 1)
    return Reference(
        name,
        frame,
        golden("reference_cohorts.json")[name],
        golden("reference_further.json")[name],
        design,
        score,
    )
