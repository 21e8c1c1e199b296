"""The cells of the simulation study, as the protocol states them, and the truth of each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from study.data.load import load_worlds
from study.protocol.protocol import Protocol
from study.sensitivity.multiverse import FORMS, MISSING, known_outcomes, material, plasmode, primary_set
from study.simulation.mistakes import MISTAKES
from study.simulation.replicates import Scenario
from study.simulation.simulation import ESTIMATORS
from study.worlds.replicate import recentred, without_effect
from study.worlds.worlds import Departure, World, read_worlds, reference_population

SHARP_NULL = "sharp null"
PATIENTS = 342  # as in the published study: 125 and 217
WORLDS = ("null", "harm", "benefit", SHARP_NULL)
DEPARTURES = (
    "hospital and period left out",
    "unmeasured treatment limitation",
    "poor overlap",
    "laboratory values missing by their value",
)
PLASMODE = "plasmode"


def scenarios(data: Path, frame: pd.DataFrame, protocol: Protocol) -> list[Scenario]:
    """Return every cell: four worlds as specified, four departures and a plasmode, all three last without effect.

    Parameters
    ----------
    data : Path
        Folder with ``synthetic/worlds.json``.
    frame : DataFrame
        The eligible cohort from which the plasmode is made.
    """
    worlds = read_worlds(data / "synthetic" / "worlds.json")
    worlds[SHARP_NULL] = without_effect(worlds["null"])
    cells = [_as_specified(name, index, worlds[name], protocol) for index, name in enumerate(WORLDS)]
    return [*cells, *_departures(cells[-1], protocol), _plasmode(cells[-1], frame, protocol)]


def _as_specified(name: str, index: int, world: World, protocol: Protocol) -> Scenario:
    terms, match = protocol.propensity.terms, protocol.matching
    return Scenario(
        name=name,
        index=index,
        n=PATIENTS,
        world=world,
        departure=Departure(),
        terms=terms,
        impute_from=protocol.propensity.impute_from,
        missing_in=tuple(term.column for term in terms),
        exact=match.exact,
        caliper_sd=match.caliper_sd,
        caliper_scale=match.caliper_scale,
        order=match.order,
        conf_level=protocol.inference.conf_level,
        horizon_days=protocol.outcome.horizon_days,
        bootstrap_replicates=protocol.simulation.bootstrap_replicates,
        extra_wait_days=protocol.simulation.extra_wait_days
        if name == SHARP_NULL
        else 0,  # valid without effect
    )


def _departures(base: Scenario, protocol: Protocol) -> list[Scenario]:
    """Return the cells in which the analysis or the data are not as specified, all without an effect."""
    chosen, patients = protocol.simulation, reference_population()
    place = ("hospital", "period")
    kinds = {
        "unmeasured treatment limitation": Departure(limitation=chosen.limitation_log_odds),
        "poor overlap": Departure(period_factor=chosen.period_factor),
        "laboratory values missing by their value": Departure(lab_missing=chosen.lab_missing_log_odds),
    }
    cells = []
    for number, name in enumerate(DEPARTURES, start=len(WORLDS)):
        cell = replace(base, name=name, index=number, bootstrap_replicates=0, extra_wait_days=None)
        if name in kinds:
            world = recentred(base.world, patients, kinds[name])
            cells.append(replace(cell, world=world, departure=kinds[name]))
        else:
            terms = tuple(term for term in base.terms if term.column not in place)
            fill = tuple(column for column in base.impute_from if column not in place)
            cells.append(replace(cell, terms=terms, impute_from=fill, exact=()))
    return cells


def _plasmode(base: Scenario, frame: pd.DataFrame, protocol: Protocol) -> Scenario:
    """Return the cell whose patients, scores and risks are those fitted to the cohort, without an effect."""
    frame = known_outcomes(frame, protocol)
    given = material(frame, protocol)
    strata = [frame[name] for name in protocol.matching.exact]
    exact = pd.MultiIndex.from_arrays(strata).factorize()[0] if strata else np.zeros(len(frame), int)
    return replace(
        base,
        name=PLASMODE,
        index=len(WORLDS) + len(DEPARTURES),
        n=len(frame),
        extra_wait_days=None,
        plasmode=plasmode(given, protocol),
        plasmode_design=given.designs[primary_set(protocol), FORMS[0], MISSING[0]],
        plasmode_exact=exact,
        plasmode_outcome=next(iter(given.outcomes)),
    )


def replicates(cell: Scenario, protocol: Protocol) -> int:
    """Return how many replicates a cell has."""
    chosen = protocol.simulation
    return chosen.replicates if cell.name in WORLDS else chosen.departure_replicates


def truths(cell: Scenario, data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the true risk difference of each estimator's estimand, and of each mistake.

    Two of the mistakes are risks, not differences. Without an effect all differences are zero and the
    risk under either drug is that of the control drug in the same world.
    """
    table = load_worlds(data / "synthetic" / "worlds.csv").set_index(
        ["world", "estimand", "outcome", "horizon_days"]
    )
    source = cell.name if cell.name in table.index.get_level_values("world") else "null"
    at = {name: table.loc[(source, name, "death", cell.horizon_days)] for name in set(ESTIMATORS.values())}
    overlap, known = at["ATO"], source == cell.name
    effect = {name: float(row["rd"]) if known else 0.0 for name, row in at.items()}
    risks = (overlap["risk_treated"] if known else overlap["risk_control"], overlap["risk_control"])
    mistakes = [
        risks[0] if "treated" in name else risks[1] if "control" in name else effect["ATO"]
        for name in MISTAKES
    ]
    return np.array([effect[name] for name in ESTIMATORS.values()]), np.array(mistakes)
