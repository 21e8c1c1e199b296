"""The scenarios of the simulation study, as the protocol states them, and the truth of each."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from livingpaper.build.project import find_project

from study.data.load import load_worlds
from study.protocol.protocol import Protocol
from study.sensitivity.multiverse import FORMS, MISSING, known_outcomes, material, plasmode, primary_set
from study.simulation.estimators import ESTIMATORS
from study.simulation.naive_analyses import NAIVE
from study.simulation.replicates import Resampled, Scenario
from study.worlds.replicate import recentred, without_effect
from study.worlds.worlds import AS_SHIPPED, Departure, read_worlds, reference_population

SHARP_NULL = "sharp null"
PATIENTS = 342  # as in the published study: 125 and 217
WORLDS = ("null", "harm", "benefit", SHARP_NULL)
DEPARTURES = (
    "hospital and period left out", "unmeasured treatment limitation", "poor overlap",
    "laboratory values missing by their value",
)  # fmt: skip
PLASMODE = "plasmode"


def scenarios(data: Path, frame: pd.DataFrame, protocol: Protocol) -> list[Scenario]:
    """Return every scenario: four worlds as specified, then four departures and a plasmode without effect.

    Parameters
    ----------
    data : Path
        Folder with ``synthetic/worlds.json``.
    frame : DataFrame
        The eligible cohort from which the plasmode is made.
    """
    plain = [as_specified(name, protocol, data) for name in WORLDS]
    base = replace(plain[-1], extra_wait_days=None)
    return [*plain, *_departures(base, protocol), _plasmode(base, frame, protocol)]


def as_specified(name: str, protocol: Protocol, data: Path | None = None) -> Scenario:
    """Return the scenario of one of ``WORLDS``, drawn and analysed as the protocol says."""
    worlds = read_worlds((data or find_project().data) / "synthetic" / "worlds.json")
    worlds[SHARP_NULL] = without_effect(worlds["null"])
    terms, match, chosen = protocol.propensity.terms, protocol.matching, protocol.simulation
    return Scenario(
        name=name,
        index=WORLDS.index(name),
        n=PATIENTS,
        world=worlds[name],
        departure=AS_SHIPPED,
        terms=terms,
        impute_from=protocol.propensity.impute_from,
        missing_in=tuple(protocol.propensity.columns),
        exact=match.exact,
        horizon_days=protocol.outcome.horizon_days,
        choices={
            **match.model_dump(include={"caliper_sd", "caliper_scale", "order"}),
            "conf_level": protocol.inference.conf_level, "bootstrap_replicates": chosen.bootstrap_replicates,
        },
        extra_wait_days=chosen.extra_wait_days if name == SHARP_NULL else 0,  # valid without effect
    )  # fmt: skip


def _departures(base: Scenario, protocol: Protocol) -> list[Scenario]:
    """Return the scenarios in which the analysis or the data are not as specified."""
    chosen, patients, place = protocol.simulation, reference_population(), ("hospital", "period")
    changes = [Departure(limitation=chosen.limitation_log_odds), Departure(period_factor=chosen.period_factor),
               Departure(lab_missing=chosen.lab_missing_log_odds)]  # fmt: skip
    terms = tuple(term for term in base.terms if term.column not in place)
    fill = tuple(column for column in base.impute_from if column not in place)
    cells = [replace(base, terms=terms, impute_from=fill, exact=())]
    cells += [replace(base, world=recentred(base.world, patients, one), departure=one) for one in changes]
    quick = {**base.choices, "bootstrap_replicates": 0}
    named = enumerate(zip(DEPARTURES, cells, strict=True), start=len(WORLDS))
    return [replace(cell, name=name, index=index, choices=quick) for index, (name, cell) in named]


def _plasmode(base: Scenario, frame: pd.DataFrame, protocol: Protocol) -> Scenario:
    """Return the scenario whose patients, scores and risks are those fitted to the cohort."""
    frame = known_outcomes(frame, protocol)
    given = material(frame, protocol)
    strata = [frame[name] for name in protocol.matching.exact]
    cohort = Resampled(
        model=plasmode(given, protocol),
        outcome=next(iter(given.outcomes)),
        design=given.designs[primary_set(protocol), FORMS[0], MISSING[0]],
        exact=pd.MultiIndex.from_arrays(strata).factorize()[0] if strata else np.zeros(len(frame), int),
    )
    index = len(WORLDS) + len(DEPARTURES)
    return replace(base, name=PLASMODE, index=index, n=len(frame), cohort=cohort)


def replicates(cell: Scenario, protocol: Protocol) -> int:
    """Return how many replicates a scenario has."""
    chosen = protocol.simulation
    return chosen.replicates if cell.name in WORLDS else chosen.departure_replicates


def truths(cell: Scenario, data: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return the true risk difference of each estimator's estimand, and of each naive analysis.

    Two of the naive analyses give risks, not differences. Without an effect all differences are zero and the
    risk under either drug is that of the control drug in the same world.
    """
    table = load_worlds(data / "synthetic" / "worlds.csv")
    table = table[(table["outcome"] == "death") & (table["horizon_days"] == cell.horizon_days)]
    known = cell.name in set(table["world"])
    at = table[table["world"] == (cell.name if known else "null")].set_index("estimand")
    effect = at["rd"] if known else 0 * at["rd"]
    treated, control = at.loc["ATO", ["risk_treated" if known else "risk_control", "risk_control"]]
    naive = [
        treated if "treated" in name else control if "control" in name else effect["ATO"] for name in NAIVE
    ]
    return effect[list(ESTIMATORS.values())].to_numpy(float), np.array(naive)
