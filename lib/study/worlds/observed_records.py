"""From drawn courses to hospital records: treatment, safety, exclusions and missing values.

Everything here is an assumption of the synthetic cohort, stated in numbers; ``data/README.md`` names the
sources of the few that have one.
"""

from collections.abc import Container
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit

from study.worlds.causal_model import MEAN_AGE, SD_AGE, draw_patients
from study.worlds.multistate_model import LAST_DAY, exact_risks, features, simulate
from study.worlds.worlds import World

ARMS = {1: "anakinra", 0: "baricitinib"}
SCREENED_OUT = {  # how many made-up patients fail each criterion; an assumption, no source
    "age": 3, "infection_confirmed": 5, "moderate_to_severe": 14, "imv_at_start": 9, "steroid_start_day": 12,
    "prior_immunomodulator": 16, "contraindication": 7,
}  # fmt: skip
MISSING = {  # share missing, then log odds ratios for hospital B, period 1, severity and age (per SD)
    "bmi": (0.15, 0.8, 0.3, 0.2, 0.0),
    "sx_to_admission": (0.03, 0.0, 0.2, 0.0, 0.3),
    "barthel": (0.04, -0.8, 0.3, 0.0, -0.3),
    "charlson": (0.01, 0.0, 0.0, 0.0, -0.3),
    "spo2_fio2": (0.01, 0.3, 0.0, -0.3, 0.0),
    "pao2_fio2": (0.40, 0.3, 0.0, -0.9, 0.0),
    "resp_rate": (0.08, 0.4, 0.3, -0.2, 0.0),
    "ldh": (0.05, 0.5, 0.4, -0.3, 0.0),
    "crp": (0.01, 0.2, 0.2, -0.3, 0.0),
    "ferritin": (0.12, 0.7, 0.6, -0.3, 0.2),
    "ddimer": (0.09, 0.4, 0.6, -0.3, 0.0),
    "lymphocytes": (0.01, 0.2, 0.0, -0.2, 0.0),
    "il6": (0.50, 1.6, 1.8, -0.4, 0.0),
    "egfr": (0.01, 0.0, 0.0, -0.2, 0.0),
    "alt": (0.02, 0.2, 0.0, -0.2, 0.0),
    "neutrophils": (0.01, 0.0, 0.0, 0.0, 0.0),
    "platelets": (0.01, 0.0, 0.0, 0.0, 0.0),
    "sofa": (0.20, 0.6, 0.3, -0.6, 0.0),
}
LABS = {"ldh": (np.log(345), 0.36), "ferritin": (np.log(850), 0.85)}  # log median, log SD


@dataclass(frozen=True, slots=True)
class Drawn:
    """Patients of one arm with their course under the drug they got and under the other one."""

    patients: pd.DataFrame
    observed: dict[str, np.ndarray]
    other: dict[str, np.ndarray]


def follow(world: World, patients: pd.DataFrame, arm: int, rng: np.random.Generator) -> Drawn:
    """Return the patients with their courses under their drug and, by the same random numbers, the other."""
    x, uniforms = features(patients), rng.random((len(patients), LAST_DAY, 2))
    return Drawn(patients, *(simulate(x, world.course, a, uniforms) for a in (float(arm), 1.0 - arm)))


def assemble(
    world: World, arms: dict[int, Drawn], rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cohort as a hospital would deliver it, and the truth that no analysis may read."""
    eligible = pd.concat([_observed(arms[arm], arm, rng) for arm in ARMS], ignore_index=True)
    eligible["eligible"] = 1
    everyone = pd.concat([eligible, _ineligible(world, rng)], ignore_index=True)
    everyone = everyone.iloc[rng.permutation(len(everyone))].reset_index(drop=True)
    everyone.insert(0, "patient_id", [f"SYN-{i:04d}" for i in range(1, len(everyone) + 1)])
    everyone.insert(0, "synthetic", 1)
    truth = _truth(world, everyone)
    hidden = ["severity", "eligible", *[name for name in everyone if name.startswith("other_")]]
    return everyone.assign(**with_missing(everyone, rng)).drop(columns=hidden), truth


def _observed(drawn: Drawn, arm: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return one arm's rows: baseline, treatment, course, safety; other-drug course prefixed ``other_``."""
    course = drawn.observed
    never = {day: np.where(course[day] > 0, course[day], np.nan) for day in ("icu_day", "imv_day")}
    frame = drawn.patients.assign(
        drug=ARMS[arm], infection_confirmed=1, moderate_to_severe=1, imv_at_start=0, prior_immunomodulator=0,
        contraindication=0, **never, discharge_day=np.where(course["discharged"] == 1, course["end_day"], np.nan),
        death_day=np.where(course["dead"] == 1, course["end_day"], np.nan), transfer_day=np.nan,
        end_state=np.where(course["dead"] == 1, "dead", "discharged"), followup_day=course["end_day"],
        **{f"other_{name}": drawn.other[name] for name in ("end_day", "dead", "imv_day")},
    )  # fmt: skip
    return frame.join(treatment_course(frame, arm, rng)).join(_safety(frame, arm, rng))


def treatment_course(frame: pd.DataFrame, arm: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return dose, planned course and its end; stopping has no effect on any outcome in any world."""
    n = len(frame)
    if arm:
        dose, planned = rng.choice([100, 200, 300, 400], n), rng.integers(7, 11, n)
    else:
        dose, planned = np.where(frame["egfr"] < 60, 2, 4), np.full(n, 14)
    end = frame["followup_day"].to_numpy()
    icu = np.where(frame["icu_day"].notna() & (rng.random(n) < 0.85), frame["icu_day"], np.inf)
    toxicity = np.where(rng.random(n) < 0.03, rng.integers(2, 7, n), np.inf)
    reasons = np.column_stack([planned, icu, toxicity, end]).astype(float)
    dead, first = frame["end_state"] == "dead", reasons.argmin(axis=1)
    why = np.array(["completed", "icu", "toxicity", "discharge", "death"])
    rescue = (rng.random(n) < 0.06 * np.exp(0.5 * frame["severity"])) & (end > 3)
    return pd.DataFrame(
        {
            "dose_mg_day": dose,
            "planned_days": planned,
            "stop_day": reasons.min(axis=1),
            "stop_reason": why[first + ((first == 3) & dead)],
            "rescue_day": np.where(rescue, np.minimum(1 + rng.integers(0, 6, n), end), np.nan),
        }
    )


def _safety(frame: pd.DataFrame, arm: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return safety events with small declared drug effects, and a negative control without any."""
    stay = np.log(frame["followup_day"] / 10)
    frail = (100 - frame["barthel"]) / 25 + (frame["age"] - MEAN_AGE) / SD_AGE
    log_odds = {
        "pressure_injury": -3.2 + 0.6 * frail + 0.9 * stay,
        "secondary_infection": -2.3 + 0.9 * stay + 0.8 * frame["imv_day"].notna() + 0.10 * arm,
        "new_vte": -3.3 + 0.4 * stay + 0.3 * np.log(frame["ddimer"] / 750) - 0.20 * arm,
        "alt_rise": -3.0 + 0.3 * np.log(frame["alt"] / 36) + 0.15 * arm,
        "aki": -2.6 - 0.03 * (frame["egfr"] - 80) + 0.4 * frame["severity"] - 0.05 * arm,
    }
    draws = rng.random((len(frame), len(log_odds))).T
    events = {name: u < expit(np.asarray(log_odds[name])) for name, u in zip(log_odds, draws, strict=True)}
    return pd.DataFrame(events).astype(int)


def _ineligible(world: World, rng: np.random.Generator) -> pd.DataFrame:
    """Return made-up patients who received a drug but fail one criterion each, for the flow diagram."""
    n = sum(SCREENED_OUT.values())
    pool = draw_patients(n, rng)
    treated = rng.random(n) < world.score(pool)
    reason = rng.permutation(np.repeat(list(SCREENED_OUT), list(SCREENED_OUT.values())))
    parts = []
    for arm in ARMS:
        mine = np.flatnonzero(treated == bool(arm))
        drawn = follow(world, pool.iloc[mine].reset_index(drop=True), arm, rng)
        parts.append(_failing(_observed(drawn, arm, rng), reason[mine], rng))
    return pd.concat(parts, ignore_index=True).assign(eligible=0)


def _failing(frame: pd.DataFrame, reason: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return the rows changed so that each fails the criterion named in ``reason``."""
    frame = frame.copy()
    frame["age"] = np.where(reason == "age", rng.integers(15, 18, len(frame)), frame["age"])
    frame["steroid_start_day"] = np.where(reason == "steroid_start_day", np.nan, frame["steroid_start_day"])
    for flag, failing in (("infection_confirmed", 0), ("moderate_to_severe", 0), ("imv_at_start", 1),
                          ("prior_immunomodulator", 1), ("contraindication", 1)):  # fmt: skip
        frame[flag] = np.where(reason == flag, failing, frame[flag])
    ventilated = frame["imv_at_start"] == 1
    frame.loc[ventilated, ["icu_day", "imv_day"]] = 0
    return frame


def with_missing(
    patients: pd.DataFrame,
    rng: np.random.Generator,
    *,
    columns: Container[str] = tuple(MISSING),
    by_value: float = 0.0,
) -> dict[str, np.ndarray]:
    """Return ``columns`` with values missing at random given hospital, period, severity and age.

    ``by_value`` adds a log odds ratio per SD of the very value (missing not at random) of ``LABS``.
    """
    at_b, early = patients["hospital"] == "B", patients["period"] == 1
    age = (patients["age"] - MEAN_AGE) / SD_AGE
    terms = np.column_stack([at_b, early, patients["severity"], age]).astype(float)
    out = {}
    for name, (share, *slopes) in MISSING.items():
        if name not in columns:
            continue
        values, lift = patients[name].to_numpy(float), terms @ np.array(slopes)
        if name in LABS and by_value:
            middle, spread = LABS[name]
            lift = lift + by_value * (np.log(values) - middle) / spread
        log_odds = np.log(share / (1 - share)) + lift - lift.mean()
        out[name] = np.where(rng.random(len(values)) < expit(log_odds), np.nan, values)
    return out


def _truth(world: World, everyone: pd.DataFrame) -> pd.DataFrame:
    """Return per eligible patient: true score, exact risks, both potential outcomes, complete covariates."""
    frame = everyone[everyone["eligible"] == 1]
    x = features(frame)
    treated = (frame["drug"] == ARMS[1]).to_numpy()
    truth = pd.DataFrame({"patient_id": frame["patient_id"], "ps": world.score(frame).round(8)})
    seen = (frame["end_state"] == "dead") & (frame["followup_day"] <= 28)
    unseen = (frame["other_dead"] == 1) & (frame["other_end_day"] <= 28)
    for arm, name in ARMS.items():
        truth[f"risk28_{name}"] = exact_risks(x, world.course, float(arm), days=28).death[-1].round(8)
        truth[f"death28_{name}"] = np.where(treated == bool(arm), seen, unseen).astype(int)
    complete = frame[list(MISSING)].add_prefix("complete_")
    return truth.join(complete).sort_values("patient_id")
