"""One replicate of one scenario: a cohort drawn with known truth, analysed by every estimator.

A replicate's random numbers depend on the seed, the scenario and its own number only, so results do not
depend on how replicates are spread over processes or machines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.matching.pairs import CaliperScale, NoMatchError, Order
from headtohead.sensitivity.nulls import Plasmode
from headtohead.sensitivity.refits import NoMaximumError

from study.simulation.mistakes import MISTAKES, mistaken_estimates
from study.simulation.simulation import COLUMNS, ESTIMATORS, estimate_replicate
from study.worlds.observed_records import treatment_course
from study.worlds.replicate import draw_replicate
from study.worlds.worlds import Departure, World

DRAW, BOOTSTRAP, COURSE = range(3)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One cell of the simulation study.

    Attributes
    ----------
    name : str
    index : int
        Part of every seed; no two scenarios share one.
    n : int
        Patients per replicate.
    world : World
    departure : Departure
    terms : tuple
        Terms of the score that the analysis uses.
    impute_from : tuple of str
    missing_in : tuple of str
        Columns with missing values.
    exact : tuple of str
    caliper_sd, caliper_scale, order, conf_level, horizon_days
        As in the protocol.
    bootstrap_replicates : int
        0 for none.
    extra_wait_days : int or None
        For the mistakes, mean extra wait of the first drug; 0 leaves out that mistake, None all of them.
    plasmode : Plasmode or None
        Draw from a fitted cohort instead of the causal model, with ``plasmode_design`` (n, p) and
        ``plasmode_exact`` (n,).
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
    caliper_sd: float
    caliper_scale: CaliperScale
    order: Order
    conf_level: float
    horizon_days: int
    bootstrap_replicates: int
    extra_wait_days: int | None = None
    plasmode: Plasmode | None = field(default=None, repr=False)
    plasmode_design: np.ndarray | None = field(default=None, repr=False)
    plasmode_exact: np.ndarray | None = field(default=None, repr=False)
    plasmode_outcome: str = ""


def run_replicates(scenario: Scenario, seed: int, first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
    """Return replicates ``first`` to ``last - 1``.

    Returns
    -------
    Estimates of shape (replicates, estimators, 4), and of shape (replicates, mistakes); rows of a
    replicate for which an estimate does not exist are NaN.
    """
    done = [_one(scenario, seed, number) for number in range(first, last)]
    return np.array([one[0] for one in done]), np.array([one[1] for one in done])


def _one(scenario: Scenario, seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    streams = [np.random.default_rng([seed, scenario.index, number, part]) for part in range(3)]
    if scenario.plasmode is not None:
        event, treated, design, exact = _resampled(scenario, scenario.plasmode, streams[DRAW])
        return _estimates(scenario, event, treated, design, exact, streams[BOOTSTRAP]), _nothing()
    frame = draw_replicate(
        scenario.world,
        scenario.n,
        streams[DRAW],
        days=scenario.horizon_days,
        columns=scenario.missing_in,
        departure=scenario.departure,
    )
    design = design_matrix(frame, scenario.terms, impute_from=scenario.impute_from).to_numpy(float)
    event, treated = frame["dead"].to_numpy(float), frame["treated"].to_numpy(bool)
    exact = [frame[name].to_numpy() for name in scenario.exact]
    mistaken = _nothing()
    if scenario.extra_wait_days is not None:
        mistaken = _mistakes(frame, design, scenario, scenario.extra_wait_days, streams[COURSE])
    return _estimates(scenario, event, treated, design, exact, streams[BOOTSTRAP]), mistaken


def _nothing() -> np.ndarray:
    return np.full(len(MISTAKES), np.nan)


def _resampled(
    scenario: Scenario, model: Plasmode, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[np.ndarray]]:
    if scenario.plasmode_design is None or scenario.plasmode_exact is None:
        raise ValueError("a plasmode needs the design and the strata of its cohort, found none; give both")
    rows, arm, outcomes = model.draw(rng)
    event = outcomes[scenario.plasmode_outcome].to_numpy()
    return event, arm, scenario.plasmode_design[rows], [scenario.plasmode_exact[rows]]


def _estimates(
    scenario: Scenario,
    event: np.ndarray,
    treated: np.ndarray,
    design: np.ndarray,
    exact: list[np.ndarray],
    rng: np.random.Generator,
) -> np.ndarray:
    try:
        return estimate_replicate(
            event,
            treated,
            design,
            exact,
            caliper_sd=scenario.caliper_sd,
            caliper_scale=scenario.caliper_scale,
            order=scenario.order,
            conf_level=scenario.conf_level,
            bootstrap_replicates=scenario.bootstrap_replicates,
            rng=rng,
        )
    except (NoMaximumError, NoMatchError):
        return np.full((len(ESTIMATORS), len(COLUMNS)), np.nan)  # counted as failed by ``performance``


def _mistakes(
    frame: pd.DataFrame, design: np.ndarray, scenario: Scenario, extra: int, rng: np.random.Generator
) -> np.ndarray:
    dead, left = frame["dead"].to_numpy(bool), frame["discharged"].to_numpy(bool)
    end, treated = frame["end_day"].to_numpy(float), frame["treated"].to_numpy(bool)
    wait = frame["admission_to_dose"].to_numpy()
    later = wait + np.where(treated, rng.integers(0, 2 * extra + 1, len(frame)), 0)
    found = mistaken_estimates(
        design,
        treated,
        death_day=np.where(dead, end, np.inf),
        discharge_day=np.where(left, end, np.inf),
        ventilated=frame["imv_day"].to_numpy() > 0,
        completed=_completed(frame, rng),
        wait_days=wait,
        longer_wait_days=later,
        horizon_days=scenario.horizon_days,
    )
    if not extra:
        found[MISTAKES.index("from admission, one drug later")] = np.nan
    return found


def _completed(frame: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Return who took the planned course, or left hospital alive before its end."""
    course = frame.assign(
        followup_day=frame["end_day"],
        icu_day=frame["icu_day"].where(frame["icu_day"] > 0),
        end_state=np.where(frame["dead"] == 1, "dead", "discharged"),
    )
    reason = pd.Series("", index=frame.index)
    for arm in (1, 0):
        rows = frame["treated"] == bool(arm)
        stopped = treatment_course(course[rows].reset_index(drop=True), arm, rng)["stop_reason"]
        reason[rows] = stopped.to_numpy()
    return reason.isin(["completed", "discharge"]).to_numpy()
