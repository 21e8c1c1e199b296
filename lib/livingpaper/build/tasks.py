"""Run many independent tasks over cores or a cluster, keeping what is finished."""

import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

from joblib import Parallel, delayed, parallel_config
from tqdm import tqdm

from livingpaper.build.cache import sha, write_whole
from livingpaper.build.project import Project
from livingpaper.chapters.store import recalled, stored_at
from livingpaper.config import config


@dataclass(frozen=True, slots=True)
class Task:
    """Replicates ``first`` to ``last - 1`` of a ``cell`` of the committed result ``artefact``: a call to make."""

    artefact: str
    cell: str
    first: int
    last: int
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def simulate(project: Project) -> None:
    """Recompute the committed results of the paper's own hook."""
    paper = config(project)
    paper.hook(paper.hooks.simulate)(project, paper.plan())


def run_own(project: Project, words: Sequence[str]) -> int:
    """Return the exit status of a command that ``[hooks.commands]`` of ``paper.toml`` adds; ``words`` begin with its name."""
    paper = config(project)
    return int(paper.hook(paper.hooks.commands[words[0]].run)(project, words[1:]) or 0)


def run_tasks(tasks: Sequence[Task], folder: Path, marks: Mapping[str, str], *, jobs: int = -1) -> list[Any]:
    """Return the result of each task, in order; finished ones are kept in ``folder`` and not computed again.

    ``marks`` holds for each artefact the hash of everything its tasks rest on. ``jobs`` are processes, -1 for one per
    core; if ``DASK_SCHEDULER_ADDRESS`` is set, tasks go to that cluster instead, with the same results.
    """
    paths = []
    for each in tasks:
        name = f"{each.artefact}-{sha(each.cell)[:8]}-{each.first:05d}-{each.last:05d}"
        paths.append(stored_at(folder, name, {"mark": marks[each.artefact]}))
    results = [recalled(path) for path in paths]
    waiting = [i for i, result in enumerate(results) if result is None]
    done = len(tasks) - len(waiting)
    with _workers(jobs), tqdm(total=len(tasks), initial=done, unit="task", disable=None) as bar:
        calls = (delayed(tasks[i].function)(*tasks[i].arguments) for i in waiting)
        for i, result in zip(waiting, Parallel(return_as="generator")(calls), strict=True):
            write_whole(paths[i], pickle.dumps(result))
            results[i] = result
            bar.update()
    return results


@contextmanager
def _workers(jobs: int) -> Iterator[None]:
    """Send the tasks to the cluster that the environment names, or to the cores of this machine."""
    address = os.environ.get("DASK_SCHEDULER_ADDRESS")
    if address and not find_spec("distributed"):
        must = "DASK_SCHEDULER_ADDRESS is set and needs the package distributed, which is not installed"
        raise ModuleNotFoundError(f"{must}; install it or unset the variable")
    client = resolve_name("distributed.Client")(address) if address else nullcontext()
    with client, parallel_config(**({"backend": "dask"} if address else {"n_jobs": jobs})):
        yield
