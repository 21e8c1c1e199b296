"""A cohort that nothing stands against, as a hospital would export it, and ways to write it."""

from __future__ import annotations

import numpy as np
import pandas as pd

DRUGS = ("anakinra", "baricitinib")


def good(n: int = 360, seed: int = 7) -> pd.DataFrame:
    """Return n patients of two hospitals with our columns as text; numbers correlated as in people."""
    rng = np.random.default_rng(seed)
    severity, frailty = rng.normal(size=n), rng.normal(size=n)
    treated = rng.random(n) < 0.4
    age = np.clip(np.round(65 + 13 * frailty), 18, 99)
    binary = {
        name: (rng.random(n) < 1 / (1 + np.exp(-(shift + 0.8 * frailty)))).astype(int)
        for name, shift in {
            "hypertension": 0,
            "diabetes": -1,
            "ckd": -2,
            "copd": -2,
            "ihd": -2,
            "cancer": -2.2,
        }.items()
    }
    wait = rng.poisson(1.1, n)
    egfr = np.clip(np.round(80 - 14 * frailty + 15 * rng.normal(size=n)), 17, 130)
    bmi = np.round(np.clip(29 + 5 * rng.normal(size=n), 18, 48), 1)
    device = np.select(
        [severity > 1.1, severity > 0.4, severity > -1.2], ["high flow", "reservoir", "low"], "none"
    )
    ratio = np.clip(np.round(260 - 75 * severity + 25 * rng.normal(size=n)), 90, 470)
    dead = rng.random(n) < 1 / (1 + np.exp(-(-2 + 0.8 * frailty + 0.7 * severity)))
    end = 1 + rng.geometric(0.09, n)
    icu = np.where(
        (severity > 0.9) & (rng.random(n) < 0.8), np.minimum(rng.geometric(0.3, n) - 1, end), np.nan
    )
    planned = np.where(treated, rng.choice([7, 10], n), 14)
    stop = np.minimum(np.minimum(planned, end), np.where(np.isnan(icu), 999, icu))
    reason = np.select([stop == icu, stop == planned, dead], ["icu", "completed", "death"], "discharge")

    def lab(middle: float, spread: float, digits: int, on: np.ndarray = severity) -> np.ndarray:
        return np.round(
            middle * np.exp(spread * np.clip(0.5 * on + 0.85 * rng.normal(size=n), -2.6, 2.6)), digits
        )

    frame = pd.DataFrame(
        {
            "patient_id": [f"H{number:05d}" for number in rng.permutation(n)],
            "hospital": rng.choice(["Norte", "Costa"], n, p=[0.6, 0.4]),
            "period": rng.choice(["first wave", "second wave"], n),
            "drug": np.where(treated, *DRUGS),
            "age": age,
            "sex": rng.choice(["F", "M"], n, p=[0.4, 0.6]),
            "infection_confirmed": 1,
            "moderate_to_severe": 1,
            "imv_at_start": 0,
            "steroid_start_day": -rng.integers(0, 3, n),
            "prior_immunomodulator": 0,
            "contraindication": 0,
            "bmi": bmi,
            "obesity": (bmi >= 30).astype(int),
            "admission_to_dose": wait,
            "barthel": np.clip(5 * np.round(19 - 3 * np.clip(frailty, 0, None)), 0, 100),
            "charlson": sum(binary.values()) + rng.poisson(0.3, n),
            **binary,
            "spo2_fio2": ratio,
            "pao2_fio2": np.clip(np.round(0.78 * ratio + 12 * rng.normal(size=n)), 45, 500),
            "o2_device": device,
            "high_flow_oxygen": (device == "high flow").astype(int),
            "ldh": lab(345, 0.35, 0),
            "crp": lab(95, 0.7, 1),
            "ferritin": lab(900, 0.7, 0),
            "ddimer": lab(750, 0.7, 0),
            "il6": lab(36, 0.9, 1),
            "alt": lab(35, 0.5, 0),
            "lymphocytes": lab(0.9, 0.4, 2),
            "neutrophils": lab(6.3, 0.4, 1),
            "platelets": lab(230, 0.35, 0),
            "egfr": egfr,
            "sofa": np.clip(np.round(2 + severity + 0.5 * rng.normal(size=n)), 0, 10),
            "dose_mg_day": np.where(treated, rng.choice([100, 200, 400], n), 4),
            "planned_days": planned,
            "stop_day": stop,
            "stop_reason": reason,
            "icu_day": icu,
            "end_state": np.where(dead, "dead", "discharged"),
            "followup_day": end,
            "pressure_injury": (rng.random(n) < 0.1).astype(int),
            "new_vte": (rng.random(n) < 0.06).astype(int),
        }
    )
    for name in ("il6", "ddimer", "sofa"):
        frame.loc[rng.random(n) < 0.1, name] = np.nan
    return frame.replace({999: 998, 99.0: 98.0}).map(_text)


def _text(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:g}"
    return str(value)


def numbers(frame: pd.DataFrame, name: str) -> pd.Series:
    return pd.to_numeric(frame[name])


def text(values: pd.Series) -> pd.Series:
    return values.astype(float).map(lambda value: "" if np.isnan(value) else f"{value:g}")
