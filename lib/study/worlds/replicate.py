"""One cohort drawn from the causal model and from nothing else: the replicates of the simulation study.

The shipped cohorts are conditioned on the published counts, which pins their crude difference; no
coverage and no type-I error can be computed from such draws. Here the number of patients is fixed and
everything else is random.
"""

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq

from study.worlds.causal_model import draw_patients
from study.worlds.multistate_model import Course, features, simulate
from study.worlds.observed_records import with_missing
from study.worlds.worlds import AS_SHIPPED, Departure, World


def without_effect(world: World) -> World:
    """Return the world in which the drug changes no hazard of any patient: the sharp null."""
    return replace(world, name="sharp null", course=Course(world.course.baseline, (0.0,) * 8))


def recentred(world: World, patients: pd.DataFrame, departure: Departure) -> World:
    """Return the world with the intercept that keeps the share of the first drug under a departure."""
    share = float(world.score(patients).mean())

    def gap(intercept: float) -> float:
        return float(replace(world, intercept=intercept).score(patients, departure).mean() - share)

    return replace(world, intercept=float(brentq(gap, world.intercept - 5, world.intercept + 5)))


def draw_replicate(
    world: World,
    n: int,
    rng: np.random.Generator,
    *,
    days: int,
    columns: tuple[str, ...],
    departure: Departure = AS_SHIPPED,
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
    treated = rng.random(n) < world.score(patients, departure)
    course = simulate(features(patients), world.course, treated.astype(float), rng.random((n, days, 2)))
    missing = with_missing(patients, rng, columns=columns, by_value=departure.lab_missing)
    return pd.concat([patients.assign(**missing), pd.DataFrame({"treated": treated, **course})], axis=1)
