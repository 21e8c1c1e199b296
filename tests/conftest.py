"""Fixtures that several tests share: reference cohorts with R's answers, the paper's own data."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from headtohead.cohort.load import load_cohort, load_dictionary
from headtohead.project import Project, find_project
from headtohead.protocol import Protocol, load_protocol
from reference import REFERENCE_COHORTS, Reference, load_reference


@pytest.fixture(params=REFERENCE_COHORTS)
def reference(request: pytest.FixtureRequest) -> Reference:
    return load_reference(request.param)


@pytest.fixture(scope="session")
def project() -> Project:
    return find_project(Path(__file__).parent)


@pytest.fixture(scope="session")
def protocol(project: Project) -> Protocol:
    return load_protocol(project.protocol)


@pytest.fixture(scope="session")
def dictionary(project: Project) -> pd.DataFrame:
    return load_dictionary(project.data / "dictionary.csv")


@pytest.fixture(scope="session")
def cohort(project: Project, dictionary: pd.DataFrame) -> pd.DataFrame:
    return load_cohort(project.data / "synthetic" / "cohort_null.csv", dictionary)
