"""Run many independent tasks over cores or a cluster, keeping what is finished."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from livingpaper.build.cache import cached


@dataclass(frozen=True, slots=True)
class Task:
    """Some consecutive replicates.

    Attributes
    ----------
    artefact : str
        The committed result it contributes to.
    cell : str
        Part of that result.
    first, last : int
        Replicates ``first`` to ``last - 1``.
    function : callable
    arguments : tuple
    """

    artefact: str
    cell: str
    first: int
    last: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class _MissingError(Exception):
    """A task has not been computed yet."""


def run_tasks(tasks: Sequence[Task], folder: Path, marks: Mapping[str, str], *, jobs: int = -1) -> list[Any]:
    """Return the result of each task, in order; finished ones are kept and not computed again.

    Parameters
    ----------
    folder : Path
        Cache; may be deleted at any time.
    marks : mapping
        For each artefact the hash of everything its tasks rest on.
    jobs : int
        Processes, -1 for one per core. If ``DASK_SCHEDULER_ADDRESS`` is set, tasks go to that cluster
        instead and this is ignored; results are the same.
    """
    results = [_stored(task, folder, marks) for task in tasks]
    waiting = [i for i, result in enumerate(results) if result is None]
    silent = not sys.stderr.isatty()
    with (
        _workers(jobs),
        tqdm(total=len(tasks), initial=len(tasks) - len(waiting), unit="task", disable=silent) as bar,
    ):
        calls = (delayed(tasks[i].function)(*tasks[i].arguments) for i in waiting)
        for i, result in zip(waiting, Parallel(return_as="generator")(calls), strict=True):
            results[i] = _keep(tasks[i], folder, marks, result)
            bar.update()
    return results


@contextmanager
def _workers(jobs: int) -> Iterator[None]:
    """Send the tasks to the cluster that the environment names, or to the cores of this machine."""
    address = os.environ.get("DASK_SCHEDULER_ADDRESS")
    if not address:
        with parallel_config(n_jobs=jobs):
            yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise ModuleNotFoundError(
            "DASK_SCHEDULER_ADDRESS is set and needs the package distributed, which is not installed; "
            "install it or unset the variable"
        ) from None
    with Client(address), parallel_config(backend="dask"):
        yield


def _name(task: Task) -> str:
    cell = hashlib.sha256(task.cell.encode()).hexdigest()[:8]
    return f"{task.artefact}-{cell}-{task.first:05d}-{task.last:05d}"


def _stored(task: Task, folder: Path, marks: Mapping[str, str]) -> Any:
    def missing() -> Any:
        raise _MissingError

    try:
        return cached(folder, _name(task), {"mark": marks[task.artefact]}, missing)
    except _MissingError:
        return None


def _keep(task: Task, folder: Path, marks: Mapping[str, str], result: Any) -> Any:
    return cached(folder, _name(task), {"mark": marks[task.artefact]}, lambda: result)
