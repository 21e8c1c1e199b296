"""One cohort drawn from the causal model and from nothing else: the replicates of the simulation study.

The shipped cohorts are conditioned on the published counts, which pins their crude difference; no
coverage and no type-I error can be computed from such draws. Here the number of patients is fixed and
everything else is random.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit

from study.worlds.causal_model import MEAN_AGE, SD_AGE, draw_patients, propensity
from study.worlds.disease_course import Course, features, simulate
from study.worlds.records import MISSING
from study.worlds.worlds import World

LABS = {"ldh": (np.log(345), 0.36), "ferritin": (np.log(850), 0.85)}  # log median, log SD
PERIOD_STEERING = 0.8 * np.array([1.1, 0.1, -0.8])  # as in causal_model.propensity


@dataclass(frozen=True, slots=True)
class Departure:
    """How a replicate departs from the causal model of the shipped cohorts.

    Attributes
    ----------
    period_factor : float
        Multiplies the log odds by which the period steers the drug; above 1 the arms overlap less.
    limitation : float
        Log odds ratio of the first drug for patients with a treatment limitation, which no model measures.
    lab_missing : float
        Log odds ratio of a missing laboratory value per SD of that very value (missing not at random).
    """

    period_factor: float = 1.0
    limitation: float = 0.0
    lab_missing: float = 0.0


def without_effect(world: World) -> World:
    """Return the world in which the drug changes no hazard of any patient: the sharp null."""
    return replace(world, name="sharp null", course=Course(world.course.baseline, (0.0,) * 8))


def true_score(world: World, patients: pd.DataFrame, departure: Departure) -> np.ndarray:
    """Return each patient's true probability of the first drug under a departure."""
    ps = propensity(patients, intercept=world.intercept, steering=world.steering)
    extra = (departure.period_factor - 1) * PERIOD_STEERING[patients["period"].to_numpy() - 1]
    extra = extra + departure.limitation * patients["dni"].to_numpy()
    return expit(np.log(ps / (1 - ps)) + extra)


def recentred(world: World, patients: pd.DataFrame, departure: Departure) -> World:
    """Return the world with the intercept that keeps the share of the first drug under a departure."""
    share = float(propensity(patients, intercept=world.intercept, steering=world.steering).mean())

    def gap(intercept: float) -> float:
        return float(true_score(replace(world, intercept=intercept), patients, departure).mean() - share)

    return replace(world, intercept=float(brentq(gap, world.intercept - 5, world.intercept + 5)))


def draw_replicate(
    world: World,
    n: int,
    rng: np.random.Generator,
    *,
    days: int,
    columns: tuple[str, ...],
    departure: Departure = Departure(),
) -> pd.DataFrame:
    """Return one cohort of ``n`` patients followed for ``days``, drawn without any condition.

    Parameters
    ----------
    columns : tuple of str
        Baseline columns in which values go missing as in the shipped cohorts; others stay complete.

    Returns
    -------
    DataFrame with the baseline columns of ``draw_patients``, ``treated`` (bool), ``dead`` and
    ``discharged`` (0/1, by the last day), ``end_day``, ``icu_day`` and ``imv_day`` (0: never).
    """
    patients = draw_patients(n, rng)
    treated = rng.random(n) < true_score(world, patients, departure)
    course = simulate(features(patients), world.course, treated.astype(float), rng.random((n, days, 2)))
    missing = _missing(patients, rng, columns, departure.lab_missing)
    return pd.concat([patients.assign(**missing), pd.DataFrame({"treated": treated, **course})], axis=1)


def _missing(
    patients: pd.DataFrame, rng: np.random.Generator, columns: tuple[str, ...], by_value: float
) -> dict[str, np.ndarray]:
    """Return the columns with missing values, by the model of ``records.MISSING`` and the value itself."""
    terms = np.column_stack(
        [
            patients["hospital"] == "B",
            patients["period"] == 1,
            patients["severity"],
            (patients["age"] - MEAN_AGE) / SD_AGE,
        ]
    ).astype(float)
    out = {}
    for name, (share, *slopes) in MISSING.items():
        if name not in columns:
            continue
        values = patients[name].to_numpy(float)
        lift = terms @ np.array(slopes)
        if name in LABS and by_value:
            middle, spread = LABS[name]
            lift = lift + by_value * (np.log(values) - middle) / spread
        log_odds = np.log(share / (1 - share)) + lift - lift.mean()
        out[name] = np.where(rng.random(len(values)) < expit(log_odds), np.nan, values)
    return out
