"""Results that take minutes, computed by ``make simulate`` and committed under ``results/``.

The chapters only read them, and repeat a few replicates. Beside them, ``artefacts.toml`` holds the
fingerprints of the files and of everything they rest on; when code, data or choices have changed, a test
asks for ``make simulate``. Finished chunks stay in the cache, so an interrupted run goes on where it stopped.
"""

import hashlib
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from headtohead.cohort.describe import apply_eligibility
from livingpaper.build.cache import code_digest, write_whole
from livingpaper.build.project import Project, digest, find_project, text_of
from livingpaper.build.tasks import Task, run_tasks

from study.data.load import load_cohort, load_dictionary
from study.protocol.protocol import Protocol, load_protocol
from study.sensitivity.multiverse import null_curves
from study.simulation.performance import naive_bias, performance
from study.simulation.replicates import SHOWN, Scenario, first_replicates, one_by_one, run_replicates
from study.simulation.scenarios import replicates, scenarios, truths

CHUNK = 25  # replicates per task
STORED = 1e-5  # relative: six digits are stored
WHOLE = ("arms", "eligibility", "propensity", "matching", "estimand", "outcome", "multiverse", "simulation")
CHOICES: dict[str, Any] = dict.fromkeys(WHOLE, True) | {
    "inference": {"conf_level", "seed"},
    "equivalence": {"alpha"},
    "sensitivity": {"concurrent_min_share"},
}
MARKS = "results/artefacts.toml"
FILES = ("simulation", "simulation_mistakes", "simulation_first", "multiverse_nulls")
MODULES = {
    "simulation": ("study.simulation.replicates", "study.worlds.worlds"),
    "multiverse_nulls": ("headtohead.sensitivity.multiverse", "headtohead.sensitivity.joint_inference"),
}
UPSTREAM = ("headtohead.matching.design", "study.data.endpoints", "headtohead.cohort.describe")


class StaleError(ValueError):
    """A committed result does not belong to the code, data and choices that are here."""


def simulate(project: Project, protocol: Protocol | None = None, *, jobs: int = -1) -> None:
    """Compute every table whose inputs have changed, and write it with its fingerprint.

    Runs on all cores, or on the Dask cluster that ``DASK_SCHEDULER_ADDRESS`` names.
    """
    started, protocol = time.perf_counter(), protocol or load_protocol(project.protocol)
    frame, marks = eligible(project, protocol), fingerprints(project, protocol)
    cells = scenarios(project.data, frame, protocol)
    tasks = list(_tasks(cells, frame, protocol))
    done = run_tasks(tasks, project.build / "cache", marks, jobs=jobs)
    for name, table in summarise(cells, tasks, done, project.data).items():
        write_whole(_file(project, name), _csv(table).encode())
    _write_marks(project, protocol)
    sys.stderr.write(f"simulate: {len(tasks)} tasks, {time.perf_counter() - started:.0f} s\n")


def renew(project: Project, protocol: Protocol) -> None:
    """Write the fingerprints of what is here, after the first replicates have come out as they are stored.

    For changes of code that change no result, such as moved modules. Raises ``StaleError`` where one does.
    """
    frame = eligible(project, protocol)
    for cell in scenarios(project.data, frame, protocol):
        require_repeated(first_replicates(cell, protocol.inference.seed), protocol, project=project)
    nulls = read_precomputed("multiverse_nulls", project=project)
    _require_same(null_curves(frame, protocol).statistics(0, 1), nulls[nulls["number"] == 0])
    _write_marks(project, protocol)


def require_repeated(again: pd.DataFrame, protocol: Protocol, *, project: Project | None = None) -> None:
    """Require that replicates computed again come out as they are stored.

    Under other choices than those of the committed results, in a trial, nothing is compared.

    Raises
    ------
    StaleError
        Naming a column that differs.
    """
    project = project or find_project()
    if _marks(project).get("choices") == _given(project, protocol)["choices"]:
        stored = read_precomputed("simulation_first", project=project)
        _require_same(again, stored[stored["scenario"].isin(again["scenario"])])


def _require_same(again: pd.DataFrame, stored: pd.DataFrame) -> None:
    now, then = (table[list(stored)].reset_index(drop=True) for table in (again, stored))
    try:
        pd.testing.assert_frame_equal(now, then, check_dtype=False, rtol=STORED, atol=0)
    except AssertionError as error:
        said = " ".join(str(error).split())
        raise StaleError(
            f"what is computed again must be as it is stored, it is not: {said}; run make simulate"
        ) from None


def eligible(project: Project, protocol: Protocol) -> pd.DataFrame:
    """Return the eligible patients of the paper's cohort."""
    dictionary = load_dictionary(project.data / "dictionary.csv")
    everyone = load_cohort(project.root / protocol.study.cohort, dictionary)
    arms = {"arm": protocol.arms.column, "treated": protocol.arms.treated, "control": protocol.arms.control}
    return apply_eligibility(everyone, protocol.eligibility, **arms)[0]


def _tasks(cells: Sequence[Scenario], frame: pd.DataFrame, protocol: Protocol) -> Iterator[Task]:
    """Yield chunks of the simulation study, then of the null curves."""
    seed, curves = protocol.inference.seed, null_curves(frame, protocol)
    for cell in cells:
        for ends in _ranges(replicates(cell, protocol)):
            yield Task("simulation", cell.name, *ends, run_replicates, (cell, seed, *ends))
    for ends in _ranges(protocol.multiverse.nulls):
        yield Task("multiverse_nulls", "", *ends, curves.statistics, ends)


def _ranges(n: int) -> Iterator[tuple[int, int]]:
    return ((first, min(first + CHUNK, n)) for first in range(0, n, CHUNK))


def summarise(
    cells: Sequence[Scenario], tasks: Sequence[Task], results: Sequence[Any], data: Path
) -> dict[str, pd.DataFrame]:
    """Return the tables that are stored: performance, naive analyses, the first replicates, null curves."""
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in FILES}
    by_cell: dict[tuple[str, str], list[Any]] = {}
    for task, result in zip(tasks, results, strict=True):
        by_cell.setdefault((task.artefact, task.cell), []).append(result)
    for cell in cells:
        estimates, naive = map(np.concatenate, zip(*by_cell["simulation", cell.name], strict=True))
        truth, naive_truth = truths(cell, data)
        tables["simulation"].append(performance(estimates, truth).assign(scenario=cell.name))
        tables["simulation_mistakes"].append(naive_bias(naive, naive_truth).assign(scenario=cell.name))
        tables["simulation_first"].append(one_by_one(cell.name, estimates[:SHOWN]))
    tables["multiverse_nulls"] = by_cell["multiverse_nulls", ""]
    return {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}


def fingerprints(project: Project, protocol: Protocol) -> dict[str, str]:
    """Return for ``simulation`` and ``multiverse_nulls`` the hash of their code, data, choices and seed."""
    here = Path(__file__).parent
    data = [project.data / "synthetic" / "worlds.json", project.data / "dictionary.csv"]
    shared = [
        digest([*data, project.root / protocol.study.cohort], project.root),
        digest([here / "scenarios.py", here.parent / "sensitivity" / "multiverse.py"], here.parent),
        *_given(project, protocol).values(),
        *map(code_digest, UPSTREAM),
    ]
    return {name: _hash("".join([*shared, *map(code_digest, modules)])) for name, modules in MODULES.items()}


def _given(project: Project, protocol: Protocol) -> dict[str, str]:
    """Return the hashes of the choices and of the cohort that results belong to."""
    choices = _hash(repr(protocol.model_dump(include=CHOICES)))
    return {"choices": choices, "cohort": digest([project.root / protocol.study.cohort], project.root)}


def require_current(project: Project, protocol: Protocol) -> None:
    """Check that the committed results belong to the code, data and choices here.

    Raises
    ------
    StaleError
        If one does not.
    """
    stored = _marks(project).get("inputs", {})
    stale = [name for name, now in fingerprints(project, protocol).items() if stored.get(name) != now]
    if stale:
        raise StaleError(
            f"committed results must belong to the code, data and choices that are here, {stale} do not; "
            "run make simulate and commit what it writes"
        )


def require_choices(project: Project, protocol: Protocol) -> None:
    """Check that the committed results were computed under the choices here; ``StaleError`` if not."""
    if _marks(project).get("choices") != _given(project, protocol)["choices"]:
        raise StaleError(
            "committed results must belong to the choices in protocol.toml, results/ holds those of other choices; "
            "run make simulate and commit what it writes"
        )


def null_statistics(protocol: Protocol, *, project: Project | None = None) -> pd.DataFrame:
    """Return the statistics of the committed null curves, empty if they are those of another cohort."""
    project = project or find_project()
    nulls, cohort = read_precomputed("multiverse_nulls", project=project), _given(project, protocol)["cohort"]
    return nulls if _marks(project).get("cohort") == cohort else nulls.iloc[:0]


def read_precomputed(name: str, *, project: Project | None = None) -> pd.DataFrame:
    """Return one of ``FILES`` as it was computed.

    Raises
    ------
    StaleError
        If the file is missing, or is not the one whose fingerprint was written with it.
    """
    project = project or find_project()
    path = _file(project, name)
    if not path.is_file():
        raise StaleError(f"committed results must be in results/, {path} is missing; run make simulate")
    if _hash(text_of(path)) != _marks(project).get("files", {}).get(name):
        raise StaleError(
            f"{path} must be as it was computed, it was changed; restore it, or run make simulate"
        )
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def _marks(project: Project) -> dict[str, Any]:
    """Return the committed fingerprints, empty if there are none."""
    path = project.root / MARKS
    return tomllib.loads(text_of(path)) if path.is_file() else {}


def _write_marks(project: Project, protocol: Protocol) -> None:
    files = {name: _hash(text_of(_file(project, name))) for name in FILES}
    says = "# Fingerprints of the committed results and of what they rest on. Written by make simulate.\n"
    given, inputs = _given(project, protocol), fingerprints(project, protocol)
    parts = [says, _lines(given), "\n[files]\n", _lines(files), "\n[inputs]\n", _lines(inputs)]
    write_whole(project.root / MARKS, "".join(parts).encode())


def _lines(marks: dict[str, str]) -> str:
    return "".join(f'{name} = "{mark}"\n' for name, mark in marks.items())


def _file(project: Project, name: str) -> Path:
    return project.root / "results" / f"{name}.csv"


def _csv(table: pd.DataFrame) -> str:
    return table.to_csv(index=False, float_format="%.6g", lineterminator="\n")


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
