"""What happens after time zero: a daily multi-state course from ward to death or discharge.

States: W ward, C intensive care without ventilation, V invasive ventilation, D dead, R discharged.
On day t a patient leaves a state with probability 1 - exp(-sum of hazards); the cause is drawn in
proportion to the hazards. Because the chain is Markov given the baseline, every patient's risk under
either drug is computed exactly by recursion: the truth carries no Monte-Carlo noise.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from study.worlds.causal_model import MEAN_AGE, SD_AGE

LAST_DAY = 120
TRANSITIONS = ("WC", "WD", "WR", "CV", "CD", "CR", "VD", "VR")
FEATURES = ("severity", "age", "barthel", "charlson", "ldh", "high_flow", "dni", "period", "hospital")
EFFECTS = pd.DataFrame(  # log hazard ratio per unit of each feature
    [
        [+0.75, -0.10, 0.00, 0.00, +0.35, +0.35, -1.6, +1.0, 0.00],
        [+0.45, +0.75, +0.35, +0.22, +0.25, +0.30, +1.3, +1.0, 0.10],
        [-0.45, -0.25, -0.10, -0.08, -0.15, -0.20, 0.0, -0.5, 0.00],
        [+0.35, 0.00, 0.00, 0.00, +0.15, 0.00, -2.5, +1.0, 0.00],
        [+0.30, +0.65, +0.20, +0.20, +0.20, 0.00, +0.5, +1.0, 0.00],
        [-0.35, -0.30, 0.00, -0.10, 0.00, 0.00, 0.0, -0.4, 0.00],
        [0.00, +0.50, 0.00, +0.20, +0.15, 0.00, 0.0, 0.0, 0.00],
        [0.00, -0.35, 0.00, -0.10, 0.00, 0.00, 0.0, 0.0, 0.00],
    ],
    index=TRANSITIONS,
    columns=FEATURES,
)
PERIOD_SCORE = np.array([0.25, 0.0, -0.10])


@dataclass(frozen=True, slots=True)
class Course:
    """Baseline log hazards per day and the drug's log hazard ratios, both in the order of TRANSITIONS."""

    baseline: tuple[float, ...]
    drug: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Risks:
    """Exact cumulative risks per patient, arrays of shape (days, n): row t - 1 is the end of day t."""

    death: np.ndarray
    imv: np.ndarray
    imv_or_death: np.ndarray
    icu: np.ndarray


def features(patients: pd.DataFrame) -> np.ndarray:
    """Return the matrix of prognostic features, shape (n, 9), each near mean 0."""
    columns = (
        patients["severity"],
        (patients["age"] - MEAN_AGE) / SD_AGE,
        (100 - patients["barthel"]) / 25,
        patients["charlson"] - 1.3,
        np.log(patients["ldh"] / 345) / 0.36,
        patients["high_flow_oxygen"],
        patients["dni"],
        PERIOD_SCORE[patients["period"].to_numpy() - 1],
        patients["hospital"] == "A",
    )
    return np.column_stack(columns).astype(float)


def hazards(x: np.ndarray, course: Course, anakinra: np.ndarray | float) -> np.ndarray:
    """Return hazards per day before the time modifier, shape (8, n)."""
    log_hazard = np.asarray(course.baseline)[:, None] + EFFECTS.to_numpy() @ x.T
    return np.exp(log_hazard + np.asarray(course.drug)[:, None] * anakinra)


def time_modifiers(days: int) -> np.ndarray:
    """Return how each hazard changes with the day, shape (days, 8)."""
    t = np.arange(1, days + 1, dtype=float)
    one = np.ones(days)
    return np.column_stack([
        1.9 * np.exp(-(((t - 1) / 4) ** 1.2)) + 0.10, 0.6 + 0.6 * np.exp(-(((t - 8) / 6) ** 2)),
        np.minimum(1.8, (t / 6) ** 1.6), 1.6 * np.exp(-t / 9) + 0.25, one, np.minimum(1.6, (t / 9) ** 1.2),
        one, np.minimum(1.6, (t / 18) ** 1.3),
    ])  # fmt: skip


def exact_risks(x: np.ndarray, course: Course, anakinra: float, *, days: int = LAST_DAY) -> Risks:
    """Return every patient's cumulative risks under one drug, by recursion over days."""
    h, n = hazards(x, course, anakinra), len(x)
    ward, care, vent = np.ones(n), np.zeros(n), np.zeros(n)
    dead, imv, either, icu = np.zeros((4, n))
    out = np.empty((4, days, n))
    for t, modifier in enumerate(time_modifiers(days)):
        p = h * modifier[:, None]
        from_ward, from_care, from_vent = map(_leave, (p[:3], p[3:6], p[6:]))
        died_early = ward * from_ward[1] + care * from_care[1]
        intubated = care * from_care[0]
        icu = icu + ward * from_ward[0]
        dead = dead + died_early + vent * from_vent[0]
        imv = imv + intubated
        either = either + intubated + died_early
        vent = vent * (1 - from_vent.sum(0)) + intubated
        care = care * (1 - from_care.sum(0)) + ward * from_ward[0]
        ward = ward * (1 - from_ward.sum(0))
        out[:, t] = dead, imv, either, icu
    return Risks(*out)


def _leave(rates: np.ndarray) -> np.ndarray:
    """Return the daily probability of each exit from the rates of one state, shape (exits, n)."""
    total = rates.sum(axis=0)
    return -np.expm1(-total) * rates / total


def simulate(
    x: np.ndarray, course: Course, anakinra: np.ndarray | float, uniforms: np.ndarray
) -> dict[str, np.ndarray]:
    """Return one drawn course per patient.

    Parameters
    ----------
    x : array, shape (n, 9)
        From ``features``.
    anakinra : 0/1 array of shape (n,) or a scalar
        The drug.
    uniforms : array, shape (n, days, 2)
        Uniform random numbers: whether the patient leaves the state that day, and to where. The same
        numbers under both drugs give a patient's two potential outcomes.

    Returns
    -------
    Arrays of shape (n,): ``end_day``, ``dead``, ``discharged`` (0/1), ``icu_day`` and ``imv_day``
    (0: never). A patient who is neither dead nor discharged is still in hospital on the last day.
    """
    n, days = uniforms.shape[:2]
    h = hazards(x, course, anakinra)
    state = np.zeros(n, dtype=int)
    end_day = np.full(n, days)
    icu_day, imv_day = np.zeros((2, n), dtype=int)
    exits = ((0, slice(0, 3), (1, 3, 4)), (1, slice(3, 6), (2, 3, 4)), (2, slice(6, 8), (3, 4)))
    for t, modifier in enumerate(time_modifiers(days)):
        before = state.copy()
        for origin, rows, targets in exits:
            here = np.flatnonzero(before == origin)
            rates = h[rows][:, here] * modifier[rows, None]
            total = rates.sum(axis=0)
            leaves = uniforms[here, t, 0] < -np.expm1(-total)
            cause = (uniforms[here, t, 1] > np.cumsum(rates / total, axis=0)[:-1]).sum(axis=0)
            state[here[leaves]] = np.asarray(targets)[cause[leaves]]
        changed = state != before
        icu_day[changed & (state == 1)] = t + 1
        imv_day[changed & (state == 2)] = t + 1
        end_day[changed & (state >= 3)] = t + 1
        if (state >= 3).all():
            break
    ends = {"dead": (state == 3).astype(int), "discharged": (state == 4).astype(int)}
    return {"end_day": end_day, **ends, "icu_day": icu_day, "imv_day": imv_day}
