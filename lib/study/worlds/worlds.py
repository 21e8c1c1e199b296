"""Three data-generating mechanisms ("worlds") with the same published counts and different truths.

In each the true effect of the drug on death is fixed first (none, harm, benefit). The remaining
parameters - how ill the patients are, how strongly the sicker are steered to one drug, the effect on
ventilation - are then solved so that the **expected** counts are the published ones. The counts fix
only the sum of effect and confounding; the worlds split that sum in three ways.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.proportions.counts import TwoByTwo
from livingpaper.build.project import text_of
from scipy.optimize import root
from scipy.special import expit

from study.worlds.causal_model import MEAN_AGE, SD_AGE, draw_patients
from study.worlds.multistate_model import LAST_DAY, Course, Risks, exact_risks, features

TRUE_LOG_HR_DEATH = {"null": 0.0, "harm": 0.45, "benefit": -0.45}
SHARE_IN_INTENSIVE_CARE = 0.21
REFERENCE_SIZE, REFERENCE_SEED = 12_000, 7
FIXED_BASELINE = {"WR": -2.95, "CD": -3.20, "CR": -3.10, "VD": -3.45, "VR": -4.20}
PERIOD_LOG_ODDS = 0.8 * np.array([1.1, 0.1, -0.8])
OUTCOMES = ("death", "imv", "imv_or_death")


@dataclass(frozen=True, slots=True)
class Departure:
    """How the choice of the drug and missing values depart from those of the shipped cohorts.

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


AS_SHIPPED = Departure()


@dataclass(frozen=True, slots=True)
class World:
    """One solved data-generating mechanism: everything needed to draw patients and to know the truth.

    ``intercept`` and ``steering`` are those of the score; the latter is how strongly sicker and older patients
    are led to anakinra (log odds per composite standard deviation; negative: away from it).
    """

    name: str
    course: Course
    intercept: float
    steering: float

    def score(self, patients: pd.DataFrame, departure: Departure = AS_SHIPPED) -> np.ndarray:
        """Return each patient's true probability of anakinra.

        Period, hospital, kidney function and ferritin steer the drug in every world.
        """
        frailer = 0.45 * patients["severity"] + 0.45 * (patients["age"] - MEAN_AGE) / SD_AGE
        log_odds = (
            self.intercept
            + departure.period_factor * PERIOD_LOG_ODDS[patients["period"].to_numpy() - 1]
            + 0.7 * (patients["hospital"] == "A")
            + 0.9 * (patients["egfr"] < 30)
            + 0.29 * np.log(patients["ferritin"] / 850)
            + self.steering * frailer
            + departure.limitation * patients["dni"]
        )
        return expit(log_odds.to_numpy())

    def risks(self, x: np.ndarray) -> dict[int, Risks]:
        """Return the exact risks of patients with the features ``x`` under drug 1 and under drug 0."""
        return {arm: exact_risks(x, self.course, float(arm)) for arm in (1, 0)}


def reference_population() -> pd.DataFrame:
    """Return the patients over whom expected counts and true effects are computed."""
    return draw_patients(REFERENCE_SIZE, np.random.default_rng(REFERENCE_SEED))


def solve_world(
    name: str, log_hr_death: float, imv: TwoByTwo, death: TwoByTwo, patients: pd.DataFrame
) -> World:
    """Return the world whose expected counts equal the published ones.

    Raises
    ------
    RuntimeError
        If no parameters reproduce the counts.

    Checked: the residual of every equation is below 1e-9 (tests/study/worlds/test_worlds.py).
    """
    x, start = features(patients), np.array([-4.05, -7.0, -3.65, 1.0, 0.0, -1.07])

    def gap(theta: np.ndarray) -> np.ndarray:
        return moment_residuals(_world(name, log_hr_death, theta), imv, death, patients, x)

    found = root(gap, start, method="hybr", options={"xtol": 1e-12})
    world, worst = _world(name, log_hr_death, found.x), np.abs(gap(found.x)).max()
    if worst > 1e-9:
        raise RuntimeError(
            f"expected counts must equal the published ones, world {name!r} misses by {worst:.2g}; "
            "choose another start or another share in intensive care"
        )
    return world


def _world(name: str, log_hr_death: float, theta: np.ndarray) -> World:
    """Return the world with the free parameters (WC, WD, CV, IMV effect, steering, intercept)."""
    wc, wd, cv, imv_effect, steering, intercept = (float(value) for value in theta)
    fixed = FIXED_BASELINE
    baseline = (wc, wd, fixed["WR"], cv, fixed["CD"], fixed["CR"], fixed["VD"], fixed["VR"])
    drug = (0.0, log_hr_death, 0.0, imv_effect, log_hr_death, 0.0, log_hr_death, 0.0)
    return World(name, Course(baseline, drug), intercept, steering)


def moment_residuals(
    world: World, imv: TwoByTwo, death: TwoByTwo, patients: pd.DataFrame, x: np.ndarray
) -> np.ndarray:
    """Return expected minus published shares: four risks, the arm's share and intensive care."""
    ps, under = world.score(patients), world.risks(x)
    share = imv.n_treated / (imv.n_treated + imv.n_control)
    treated, control = ps / ps.sum(), (1 - ps) / (1 - ps).sum()
    icu = share * treated @ under[1].icu[-1] + (1 - share) * control @ under[0].icu[-1]
    return np.array([
        treated @ under[1].imv[-1] - imv.risk_treated, control @ under[0].imv[-1] - imv.risk_control,
        treated @ under[1].death[-1] - death.risk_treated, control @ under[0].death[-1] - death.risk_control,
        ps.mean() - share, icu - SHARE_IN_INTENSIVE_CARE,
    ])  # fmt: skip


def true_effects(world: World, patients: pd.DataFrame, *, horizons: tuple[int, ...]) -> pd.DataFrame:
    """Return the true risks under both drugs for each estimand, outcome and horizon (days)."""
    ps, under = world.score(patients), world.risks(features(patients))
    rows, minor = [], np.minimum(ps, 1 - ps)
    tilts = {"ATE": np.ones_like(ps), "ATT": ps, "ATC": 1 - ps, "ATO": ps * (1 - ps), "ATM": minor}
    for estimand, tilt in tilts.items():
        w = tilt / tilt.sum()
        for outcome in OUTCOMES:
            for horizon in horizons:
                day = min(horizon, LAST_DAY) - 1
                risk1, risk0 = (float(w @ getattr(under[a], outcome)[day]) for a in (1, 0))
                rows.append((world.name, estimand, outcome, horizon, risk1, risk0, risk1 - risk0))
    columns = ["world", "estimand", "outcome", "horizon_days", "risk_treated", "risk_control", "rd"]
    return pd.DataFrame(rows, columns=columns)


def write_worlds(worlds: dict[str, World], path: Path, **extra: object) -> None:
    """Write the solved parameters and what belongs to them as JSON."""
    payload = {name: asdict(world) for name, world in worlds.items()}
    path.write_text(json.dumps({"worlds": payload, **extra}, indent=1) + "\n", encoding="utf-8")


def read_worlds(path: Path) -> dict[str, World]:
    """Return the solved worlds of ``data/synthetic/worlds.json``."""
    solved = json.loads(text_of(path))["worlds"]
    courses = {name: map(tuple, row.pop("course").values()) for name, row in solved.items()}
    return {name: World(course=Course(*courses[name]), **row) for name, row in solved.items()}
