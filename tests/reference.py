"""Made-up cohorts with the answers of R, see ``goldens/README.md``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.matching.propensity import Propensity, fit_propensity
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
    design: pd.DataFrame
    propensity: Propensity

    @property
    def treated(self) -> pd.Series:
        return self.frame["treated"] == 1


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
    propensity = fit_propensity(design, frame["treated"] == 1)
    return Reference(name, frame, golden("reference_cohorts.json")[name], design, propensity)
