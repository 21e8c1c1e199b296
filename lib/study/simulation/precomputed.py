"""Results that take minutes, computed by ``make simulate`` and committed under ``results/``.

The chapters only read them (``stored``), and repeat a few replicates. Finished chunks stay in the cache, so an
interrupted run goes on where it stopped.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from headtohead.cohort.describe import apply_eligibility
from livingpaper.build.cache import write_whole
from livingpaper.build.project import Project, find_project
from livingpaper.build.tasks import Task, run_tasks

from study.data.load import load_cohort, load_dictionary
from study.protocol.protocol import Protocol, load_protocol
from study.sensitivity.multiverse import null_curves
from study.simulation.performance import naive_bias, performance
from study.simulation.replicates import SHOWN, Scenario, first_replicates, one_by_one, run_replicates
from study.simulation.scenarios import replicates, scenarios, truths
from study.simulation.stored import (
    FILES,
    StaleError,
    file_of,
    fingerprints,
    given,
    marks_of,
    read_precomputed,
    write_marks,
)  # fmt: skip

CHUNK = 25  # replicates per task
STORED = 1e-5  # relative: six digits are stored


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
        text = table.to_csv(index=False, float_format="%.6g", lineterminator="\n")
        write_whole(file_of(project, name), text.encode())
    write_marks(project, protocol)
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
    write_marks(project, protocol)


def require_repeated(again: pd.DataFrame, protocol: Protocol, *, project: Project | None = None) -> None:
    """Require that replicates computed again come out as they are stored.

    Under other choices than those of the committed results, in a trial, nothing is compared.

    Raises
    ------
    StaleError
        Naming a column that differs.
    """
    project = project or find_project()
    if marks_of(project).get("choices") == given(project, protocol)["choices"]:
        stored = read_precomputed("simulation_first", project=project)
        _require_same(again, stored[stored["scenario"].isin(again["scenario"])])


def _require_same(again: pd.DataFrame, stored: pd.DataFrame) -> None:
    now, then = (table[list(stored)].reset_index(drop=True) for table in (again, stored))
    try:
        pd.testing.assert_frame_equal(now, then, check_dtype=False, rtol=STORED, atol=0)
    except AssertionError as error:
        said = str(error).splitlines()[0]
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
