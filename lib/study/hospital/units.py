"""Units that laboratories and wards write, and by what each is multiplied to become ours (``data/dictionary.csv``)."""

import re

import numpy as np
import pandas as pd

CELLS = {"10^9/l": 1, "10^3/ul": 1, "g/l": 1, "cells/ul": 1e-3, "/ul": 1e-3, "/mm3": 1e-3, "10^6/l": 1e-3}
ENZYME = {"u/l": 1, "iu/l": 1, "ui/l": 1, "ukat/l": 60.0, "nkat/l": 0.06}  # 1 katal is 6e7 units
DAYS = {"days": 1, "d": 1, "hours": 1 / 24, "h": 1 / 24}
FACTORS: dict[str, dict[str, float]] = {
    "age": {"years": 1, "months": 1 / 12},
    "crp": {"mg/l": 1, "mg/dl": 10, "ug/ml": 1, "g/l": 1000, "nmol/l": 0.105},  # 105 mg are a mmol of the native subunit
    "ferritin": {"ng/ml": 1, "ug/l": 1, "mcg/l": 1, "ug/dl": 10, "mg/l": 1000},
    "ddimer": {
        "ng/ml feu": 1, "ug/l feu": 1, "ug/ml feu": 1000, "mg/l feu": 1000,
        "ng/ml ddu": 2, "ug/l ddu": 2, "ug/ml ddu": 2000, "mg/l ddu": 2000,
    },
    "ldh": ENZYME,
    "alt": ENZYME,
    "il6": {"pg/ml": 1, "ng/l": 1, "ng/ml": 1000},
    "lymphocytes": CELLS,
    "neutrophils": CELLS,
    "platelets": CELLS,
    "pao2_fio2": {"mmhg": 1, "kpa": 7.50062},
    "egfr": {"ml/min": 1, "ml/min/1.73m2": 1, "ml/s": 60, "ml/s/1.73m2": 60},
    "steroid_dose": {
        "mg dexamethasone/day": 1, "mg prednisone/day": 0.15, "mg prednisolone/day": 0.15,
        "mg methylprednisolone/day": 0.1875, "mg hydrocortisone/day": 0.0375,
    },
    "dose_mg_day": {"mg/day": 1, "g/day": 1000},
    "bmi": {"kg/m2": 1},
    "resp_rate": {"per min": 1, "/min": 1},
}  # fmt: skip
CREATININE = {"creatinine mg/dl": 1.0, "creatinine umol/l": 1 / 88.42}  # in place of a filtration rate
SIGNS = str.maketrans({"µ": "u", "μ": "u", "²": "2", "³": "3", "⁹": "^9", "⁶": "^6", "×": "", "*": "^"})


def normal(unit: str) -> str:
    """Return a unit as the tables have it: small letters, ASCII, ``10^9``."""
    text = re.sub(r"\s+", " ", unit.translate(SIGNS).casefold().strip()).replace("mcg", "ug")
    return re.sub(r"^x ?10|^10e", "10", text).replace("10^ ", "10^").replace("109/l", "10^9/l")


def known_units(column: str, unit: str) -> list[str]:
    """Return the units that a column can come in; ours first."""
    if column in FACTORS:
        return [*FACTORS[column], *(CREATININE if column == "egfr" else ())]
    return list(DAYS) if unit == "days" else [normal(unit)]


def factor(column: str, unit: str, ours: str) -> float | None:
    """Return by what values in a unit are multiplied, None if the unit is unknown or no multiple of ours."""
    name = normal(unit)
    if column in FACTORS:
        return FACTORS[column].get(name)
    return DAYS.get(name) if ours == "days" else (1.0 if name == normal(ours) else None)


def filtration_rate(creatinine: pd.Series, unit: str, age: pd.Series, female: pd.Series) -> pd.Series:
    """Return mL/min/1.73 m² by the CKD-EPI equation of 2021 (Inker and others, N Engl J Med 2021;385:1737), whole numbers.

    Raises ``KeyError`` unless the unit is one of ``CREATININE``.
    """
    milligrams = creatinine * CREATININE[normal(unit)]
    kappa, alpha = np.where(female, 0.7, 0.9), np.where(female, -0.241, -0.302)
    ratio = milligrams / kappa
    rate = 142 * ratio.clip(upper=1) ** alpha * ratio.clip(lower=1) ** -1.2 * 0.9938**age
    return (rate * np.where(female, 1.012, 1.0)).round()
