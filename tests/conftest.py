"""Fixtures that several tests share: reference cohorts with R's answers, the paper's own data and results."""

from __future__ import annotations

import fcntl
import os
import re
from itertools import groupby
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # as in the Makefile, and before numpy is imported:
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices on many threads take ten times as long
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import pandas as pd
import pytest
from livingpaper.build.project import Project, find_project
from livingpaper.build.together import recover
from livingpaper.config import Config, config
from livingpaper.ledger.claims import Rules
from project_copy import links_to
from reference import REFERENCE_COHORTS, Reference, load_reference
from running import Paper, run_paper
from study.data.load import load_cohort, load_dictionary
from study.protocol.protocol import Protocol, load_protocol

HERE: dict[Path, Paper] = {}  # what ran in this process
LONG = (  # files of which single tests take long, the longest first
    "test_choices_followed", "test_same_bytes", "test_killed", "test_build", "test_fuzz", "test_no_patient_leaves",
    "test_blinding", "test_lab", "test_own_cohorts", "test_protocols", "test_surroundings", "test_new", "test_package",
    "test_bad_input", "test_book", "test_corpus",
)  # fmt: skip


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out, when only some marks are asked for, files that have none of them: to import all takes ten seconds."""
    asked = re.fullmatch(r"(\w+)((?: or \w+)*)", config.option.markexpr)
    if not asked or collection_path.suffix != ".py":
        return None
    marks = asked[0].split(" or ")
    return True if not any(f"mark.{mark}" in collection_path.read_text("utf-8") for mark in marks) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the share of each worker with its part of the long files: who has none left takes from the end of a share.

    What needs all chapters stands first, so that one worker runs them for all.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    needs, size = {"fresh", "paper"}, -(-len(items) // workers)
    shares: list[list[pytest.Item]] = [[] for _ in range(workers)]
    shares[0] = [item for item in items if needs & {*getattr(item, "fixturenames", ())}]
    first = {*map(id, shares[0])}
    rest = sorted((item for item in items if id(item) not in first), key=_length)
    files = [[*found] for _, found in groupby(rest, key=lambda item: item.path)]
    long = [found for found in files if found[0].path.stem in LONG]
    for number, found in enumerate(long):
        shares[(number + 1) % workers] += found
    short = [item for found in files if found not in long for item in found]
    for share in shares:
        taken = max(0, size - len(share))
        share += short[:taken]
        short = short[taken:]
    items[:] = [item for share in (*shares, short) for item in share]


def _length(item: pytest.Item) -> tuple[int, bool]:
    return LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG), not item.get_closest_marker(
        "whole"
    )


@pytest.fixture(params=REFERENCE_COHORTS)
def reference(request: pytest.FixtureRequest) -> Reference:
    return load_reference(request.param)


@pytest.fixture(scope="session")
def project() -> Project:
    found = find_project(Path(__file__).parent)
    recover(found)  # as every command does
    return found


@pytest.fixture(scope="session")
def protocol(project: Project) -> Protocol:
    return load_protocol(project.protocol)


@pytest.fixture(scope="session")
def settings(project: Project) -> Config:
    return config(project)


@pytest.fixture(scope="session")
def rules(settings: Config) -> Rules:
    return Rules(settings)


@pytest.fixture(scope="session")
def dictionary(project: Project) -> pd.DataFrame:
    return load_dictionary(project.data / "dictionary.csv")


@pytest.fixture(scope="session")
def cohort(project: Project, dictionary: pd.DataFrame) -> pd.DataFrame:
    return load_cohort(project.data / "synthetic" / "cohort_null.csv", dictionary)


@pytest.fixture(scope="session")
def quick(protocol: Protocol) -> Protocol:
    """Return the protocol with a bootstrap of 20, for tests that do not look at its limits."""
    few = protocol.inference.model_copy(update={"bootstrap_replicates": 20})
    return protocol.model_copy(update={"inference": few})


@pytest.fixture(scope="session")
def fresh(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project of links, without truth files and ledger, whose chapters were all run.

    Run once: all workers of one run of the tests wait for the first and share its folder. Long steps are those kept here,
    under the hash of code and arguments, and stay for the next build: who begins with ``make clean`` computes all.
    """
    mine = tmp_path_factory.getbasetemp()
    shared = mine.parent if "PYTEST_XDIST_WORKER" in os.environ else mine
    made = Project(shared / "fresh")
    with (shared / "fresh.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.protocol.is_file():
            links_to(project, made.root, {})
            project.steps.mkdir(parents=True, exist_ok=True)
            made.steps.parent.mkdir(parents=True)
            made.steps.symlink_to(project.steps)
            HERE[made.root] = run_paper(made)
    return made


@pytest.fixture(scope="session")
def paper(fresh: Project) -> Paper:
    """Return what all chapters record and show: run once more if another process made ``fresh``."""
    return HERE.get(fresh.root) or run_paper(fresh)
