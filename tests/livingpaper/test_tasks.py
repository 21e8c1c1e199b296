from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from livingpaper.build.tasks import Task, run_tasks

MARKS = {"sums": "one"}


def draw(seed: int, first: int, last: int) -> np.ndarray:
    return np.array([np.random.default_rng([seed, i]).normal() for i in range(first, last)])


def failing(*_: int) -> np.ndarray:
    raise AssertionError("a finished task must not run again")


def tasks(size: int, function: object = draw) -> list[Task]:
    return [Task("sums", "cell", i, i + size, function, (7, i, i + size)) for i in range(0, 12, size)]  # type: ignore[arg-type]


def test_results_do_not_depend_on_the_size_of_the_tasks(tmp_path: Path) -> None:
    one = np.concatenate(run_tasks(tasks(3), tmp_path / "a", MARKS, jobs=1))
    other = np.concatenate(run_tasks(tasks(4), tmp_path / "b", MARKS, jobs=1))
    np.testing.assert_array_equal(one, other)  # exact: every replicate has its own seed


def test_an_interrupted_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    first = run_tasks(tasks(3)[:2], tmp_path, MARKS, jobs=1)
    again = run_tasks([*tasks(3, failing)[:2], *tasks(3)[2:]], tmp_path, MARKS, jobs=1)
    np.testing.assert_array_equal(again[0], first[0])
    assert len(again) == 4


def test_other_inputs_are_computed_anew(tmp_path: Path) -> None:
    run_tasks(tasks(3), tmp_path, MARKS, jobs=1)
    with pytest.raises(AssertionError, match="must not run again"):
        run_tasks(tasks(3, failing), tmp_path, {"sums": "two"}, jobs=1)


def test_a_cluster_of_two_workers_gives_the_same_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    here = run_tasks(tasks(3), tmp_path / "here", MARKS, jobs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cluster's own, on its way down
        with distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster:
            monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.scheduler_address)
            there = run_tasks(tasks(3), tmp_path / "there", MARKS)
    np.testing.assert_array_equal(np.concatenate(here), np.concatenate(there))
