"""Results that take minutes, computed by ``headtohead simulate`` and committed under ``results/``.

The paper only reads them. Beside them, ``artefacts.toml`` holds the fingerprint of everything they rest
on; when code, data or choices have changed, a test and the build ask for ``make simulate``. Finished chunks
stay in the cache, so an interrupted run goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from headtohead.cohort.flow import apply_eligibility
from livingpaper.build.cache import code_digest, write_whole
from livingpaper.build.project import Project, digest, find_project
from livingpaper.build.tasks import Task, run_tasks

from study.data.load import load_cohort, load_dictionary
from study.protocol.protocol import Protocol
from study.results import Simulation
from study.sensitivity.multiverse import (
    NullCurves,
    null_curves,
)
from study.simulation.mistakes import bias
from study.simulation.replicates import Scenario, run_replicates
from study.simulation.scenarios import replicates, scenarios, truths
from study.simulation.simulation import COLUMNS, ESTIMATORS, performance

CHUNK, SHOWN = 25, 4  # replicates per task; replicates of each cell that are stored one by one
CHOICES: dict[str, Any] = {
    **dict.fromkeys(
        ("arms", "eligibility", "propensity", "matching", "estimand", "outcome", "multiverse", "simulation"),
        True,
    ),
    "inference": {"conf_level", "seed"},
    "equivalence": {"alpha"},
    "sensitivity": {"concurrent_min_share"},
}
FILES = ("simulation", "simulation_mistakes", "simulation_first", "multiverse_nulls")


class StaleError(ValueError):
    """A committed result does not belong to the code, data and choices that are here."""


def simulate(project: Project, protocol: Protocol, *, jobs: int = -1) -> None:
    """Compute every artefact whose inputs have changed, and write it with its fingerprint.

    Runs on all cores, or on the Dask cluster that ``DASK_SCHEDULER_ADDRESS`` names.
    """
    started = time.perf_counter()
    frame = eligible(project, protocol)
    marks = fingerprints(project, protocol)
    cells = scenarios(project.data, frame, protocol)
    tasks = [*simulation_tasks(cells, protocol), *null_tasks(null_curves(frame, protocol), protocol)]
    done = run_tasks(tasks, project.build / "cache", marks, jobs=jobs)
    tables = summarise(cells, tasks, done, project.data)
    for name, table in tables.items():
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_whole(project.root / "results" / f"{name}.csv", text.encode())
    write_whole(_sidecar(project), _toml(marks, project, protocol).encode())
    _say(f"simulate: {len(tasks)} tasks, {time.perf_counter() - started:.0f} s")


def eligible(project: Project, protocol: Protocol) -> pd.DataFrame:
    """Return the eligible patients of the paper's cohort."""
    cohort = load_cohort(
        project.root / protocol.study.cohort, load_dictionary(project.data / "dictionary.csv")
    )
    arms = protocol.arms
    return apply_eligibility(
        cohort, protocol.eligibility, arm=arms.column, treated=arms.treated, control=arms.control
    )[0]


def simulation_tasks(cells: Sequence[Scenario], protocol: Protocol) -> list[Task]:
    """Return the tasks of the simulation study."""
    seed = protocol.inference.seed
    return [
        Task("simulation", cell.name, first, last, run_replicates, (cell, seed, first, last))
        for cell in cells
        for first, last in _ranges(replicates(cell, protocol))
    ]


def null_tasks(curves: NullCurves, protocol: Protocol) -> list[Task]:
    """Return the tasks of the null curves."""
    return [
        Task("multiverse_nulls", "", first, last, curves.statistics, (first, last))
        for first, last in _ranges(protocol.multiverse.nulls)
    ]


def _ranges(n: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + CHUNK, n)) for first in range(0, n, CHUNK))


def summarise(
    cells: Sequence[Scenario], tasks: Sequence[Task], results: Sequence[Any], data: Path
) -> dict[str, pd.DataFrame]:
    """Return the tables that are stored: performance, mistakes, the first replicates, null curves."""
    performances, mistakes, first = [], [], []
    for cell in cells:
        mine = [result for task, result in zip(tasks, results, strict=True) if task.cell == cell.name]
        estimates, mistaken = (np.concatenate(part) for part in zip(*mine, strict=True))
        truth, mistake_truth = truths(cell, data)
        performances.append(performance(estimates, truth).assign(scenario=cell.name))
        mistakes.append(pd.DataFrame(bias(mistaken, mistake_truth)).assign(scenario=cell.name))
        first.append(first_replicates(cell, estimates))
    nulls = [r for task, r in zip(tasks, results, strict=True) if task.artefact == "multiverse_nulls"]
    parts = (performances, mistakes, first, nulls)
    return {name: pd.concat(part, ignore_index=True) for name, part in zip(FILES, parts, strict=True)}


def first_replicates(cell: Scenario, estimates: np.ndarray) -> pd.DataFrame:
    """Return the first replicates one by one, against which a test repeats them."""
    head = estimates[:SHOWN]
    table = pd.DataFrame(head.reshape(-1, len(COLUMNS)), columns=list(COLUMNS))
    return table.assign(
        scenario=cell.name,
        replicate=np.repeat(np.arange(len(head)), len(ESTIMATORS)),
        estimator=list(ESTIMATORS) * len(head),
    ).dropna()


def fingerprints(project: Project, protocol: Protocol) -> dict[str, str]:
    """Return for each artefact the hash of its code, data, choices and seed."""
    here = Path(__file__).parent
    data = digest(
        [
            project.data / "synthetic" / "worlds.json",
            project.data / "dictionary.csv",
            project.root / protocol.study.cohort,
        ],
        project.root,
    )
    choices = repr(protocol.model_dump(include=CHOICES))
    shared = [
        data,
        choices,
        digest([here / "scenarios.py", here.parent / "sensitivity" / "multiverse.py"], here.parent),
    ]
    parts = {
        "simulation": ["study.simulation.replicates", "study.worlds.worlds"],
        "multiverse_nulls": ["headtohead.sensitivity.multiverse", "headtohead.sensitivity.nulls"],
    }
    upstream = ["headtohead.matching.design", "study.data.endpoints", "headtohead.cohort.flow"]
    return {
        name: hashlib.sha256(
            "\0".join([*shared, *map(code_digest, [*modules, *upstream])]).encode()
        ).hexdigest()
        for name, modules in parts.items()
    }


def _sidecar(project: Project) -> Path:
    return project.root / "results" / "artefacts.toml"


def _toml(marks: dict[str, str], project: Project, protocol: Protocol) -> str:
    lines = [
        "# Fingerprints of the committed results: code, data and choices they rest on. Written by make simulate."
    ]
    for name, mark in marks.items():
        lines += [f"\n[{name}]", f'inputs = "{mark}"', f"seed = {protocol.inference.seed}"]
        lines += [f'cohort = "{cohort_digest(project, protocol)}"']
    return "\n".join(lines) + "\n"


def require_current(project: Project, protocol: Protocol) -> None:
    """Check that the committed results belong to the code, data and choices here.

    Raises
    ------
    StaleError
        If one does not, or is missing.
    """
    stored = stored_marks(project)
    now = fingerprints(project, protocol)
    stale = [name for name, mark in now.items() if stored.get(name, {}).get("inputs") != mark]
    missing = [name for name in FILES if not (project.root / "results" / f"{name}.csv").is_file()]
    if stale or missing:
        raise StaleError(
            f"committed results must belong to the code, data and choices that are here, {stale or missing} "
            "do not; run make simulate and commit what it writes"
        )


def null_curves_of(plan: Protocol) -> pd.DataFrame:
    """Return the committed null curves of this cohort, empty if they belong to another."""
    project = find_project()
    if stored_marks(project).get("multiverse_nulls", {}).get("cohort") != cohort_digest(project, plan):
        return pd.DataFrame()
    return read_artefacts(project)["multiverse_nulls"]


def read_simulation(project: Project) -> Simulation:
    """Return the committed results of the simulation study."""
    tables = read_artefacts(project)
    return Simulation(tables["simulation"], tables["simulation_mistakes"])


def cohort_digest(project: Project, protocol: Protocol) -> str:
    """Return the hash of the cohort to which null curves belong."""
    return digest([project.root / protocol.study.cohort], project.root)


def stored_marks(project: Project) -> dict[str, Any]:
    """Return the committed fingerprints, empty if there are none."""
    path = _sidecar(project)
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def read_artefacts(project: Project) -> dict[str, pd.DataFrame]:
    """Return the committed tables by name.

    Raises
    ------
    StaleError
        If one is missing.
    """
    paths = {name: project.root / "results" / f"{name}.csv" for name in FILES}
    gone = [str(path) for path in paths.values() if not path.is_file()]
    if gone:
        raise StaleError(f"committed results must be in results/, {gone} are missing; run make simulate")
    return {name: pd.read_csv(path, keep_default_na=False, na_values=[""]) for name, path in paths.items()}


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
