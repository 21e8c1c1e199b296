"""One replicate of one scenario: a cohort drawn with known truth, analysed by every estimator.

A replicate's random numbers depend on the seed, the scenario and its own number only, so results do not
depend on how replicates are spread over processes or machines.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from headtohead.errors import NoMatchError, SeparationError
from headtohead.kernels.logistic import NoMaximumError
from headtohead.matching.design import design_matrix
from headtohead.sensitivity.joint_inference import Plasmode

from study.simulation.estimators import COLUMNS, ESTIMATORS, estimate_replicate
from study.simulation.naive_analyses import COMPLETED, NAIVE, naive_estimates
from study.worlds.observed_records import treatment_course
from study.worlds.replicate import draw_replicate
from study.worlds.worlds import Departure, World

SHOWN = 4  # replicates of each scenario that are stored one by one


@dataclass(frozen=True, slots=True)
class Resampled:
    """A fitted cohort to draw from instead of a world: with its design (n, p) and its strata (n,)."""

    model: Plasmode
    outcome: str
    design: np.ndarray
    exact: np.ndarray

    def draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
        """Return outcome, arm, design and strata of one data set."""
        rows, arm, outcomes = self.model.draw(rng)
        return outcomes[self.outcome].to_numpy(), arm, self.design[rows], [self.exact[rows]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A data-generating mechanism with the analysis of its cohorts.

    Attributes
    ----------
    index : int
        Part of every seed; no two scenarios share one.
    n : int
        Patients per replicate.
    world, departure
        What they are drawn from.
    terms, impute_from, exact
        Of the score and of the pairs, as the analysis uses them.
    missing_in : tuple of str
        Columns with missing values.
    choices : mapping
        Other arguments of ``estimate_replicate``.
    extra_wait_days : int or None
        For the naive analyses, mean extra wait of the first drug; 0 leaves out that one, None all of them.
    cohort : Resampled or None
        What is drawn from instead of the world.
    """

    name: str
    index: int
    n: int
    world: World
    departure: Departure
    terms: tuple[Any, ...]
    impute_from: tuple[str, ...]
    missing_in: tuple[str, ...]
    exact: tuple[str, ...]
    horizon_days: int
    choices: Mapping[str, Any]
    extra_wait_days: int | None = None
    cohort: Resampled | None = field(default=None, repr=False)


def run_replicates(scenario: Scenario, seed: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Return replicates ``first`` to ``last - 1``.

    Returns
    -------
    Estimates of shape (replicates, estimators, 4), and of shape (replicates, naive analyses); rows of a
    replicate for which an estimate does not exist are NaN.
    """
    done = [_one(scenario, seed, number) for number in range(first, last)]
    return np.array([one[0] for one in done]), np.array([one[1] for one in done])


def first_replicates(scenario: Scenario, seed: int) -> pd.DataFrame:
    """Return the first replicates of a scenario as they are stored, a row per estimator."""
    return one_by_one(scenario.name, run_replicates(scenario, seed, 0, SHOWN)[0])


def one_by_one(name: str, estimates: np.ndarray) -> pd.DataFrame:
    """Return the estimates of ``run_replicates`` as a table: ``scenario``, ``replicate``, ``estimator``."""
    index = pd.MultiIndex.from_product([range(len(estimates)), ESTIMATORS], names=["replicate", "estimator"])
    table = pd.DataFrame(estimates.reshape(-1, len(COLUMNS)), index, columns=list(COLUMNS))
    named = table.dropna().reset_index().assign(scenario=name)
    return named[[*COLUMNS, "scenario", "replicate", "estimator"]]


def _one(scenario: Scenario, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    draw, bootstrap, course = (np.random.default_rng([seed, scenario.index, number, i]) for i in range(3))
    naive = np.full(len(NAIVE), np.nan)
    if scenario.cohort is not None:
        event, treated, design, exact = scenario.cohort.draw(draw)
    else:
        days, missing, departure = scenario.horizon_days, scenario.missing_in, scenario.departure
        frame = draw_replicate(
            scenario.world, scenario.n, draw, days=days, columns=missing, departure=departure
        )
        design = design_matrix(frame, scenario.terms, impute_from=scenario.impute_from).to_numpy(float)
        event, treated = frame["dead"].to_numpy(float), frame["treated"].to_numpy(bool)
        exact = [frame[name].to_numpy() for name in scenario.exact]
        if scenario.extra_wait_days is not None:
            naive = _naive(frame, design, scenario.extra_wait_days, days, course)
    try:
        return estimate_replicate(event, treated, design, exact, **scenario.choices, rng=bootstrap), naive
    except (NoMaximumError, SeparationError, NoMatchError):  # counted as failed by ``performance``
        return np.full((len(ESTIMATORS), len(COLUMNS)), np.nan), naive


def _naive(
    frame: pd.DataFrame, design: np.ndarray, extra: int, days: int, rng: np.random.Generator
) -> np.ndarray:
    end, treated = frame["end_day"].to_numpy(float), frame["treated"].to_numpy(bool)
    wait = frame["admission_to_dose"].to_numpy()
    later = wait + np.where(treated, rng.integers(0, 2 * extra + 1, len(frame)), 0)
    died, left = (np.where(frame[how] == 1, end, np.inf) for how in ("dead", "discharged"))
    found = naive_estimates(
        design, treated, death_day=died, discharge_day=left, ventilated=frame["imv_day"].to_numpy() > 0,
        completed=_completed(frame, rng), wait_days=wait, longer_wait_days=later, horizon_days=days,
    )  # fmt: skip
    if not extra:
        found[NAIVE.index("from admission, one drug later")] = np.nan
    return found


def _completed(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return who took the planned course, or left hospital alive before its end."""
    course = frame.assign(
        followup_day=frame["end_day"],
        icu_day=frame["icu_day"].where(frame["icu_day"] > 0),
        end_state=np.where(frame["dead"] == 1, "dead", "discharged"),
    )
    completed = np.empty(len(frame), bool)
    for arm in (1, 0):
        rows = frame["treated"].to_numpy() == bool(arm)
        reasons = treatment_course(course[rows].reset_index(drop=True), arm, rng)["stop_reason"]
        completed[rows] = reasons.isin(COMPLETED)
    return completed
