"""A canary: one patient with values nobody else has, who must not be found in anything shown or stored."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
import struct

import pandas as pd
import pytest
from exhibits import makers
from livingpaper.book.show import DisclosureError, Figure, show
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import ledger_csv
from own_cohort import eligible, project_with, rows_of
from study.data.load import load_cohort
from study.numbers import paper_ledger
from study.protocol.protocol import Protocol
from study.results import Paper
from study.run import run

ID, AGE, LDH = "SYN-9001", 103.37, 2777.31


@pytest.fixture(scope="module")
def cohort_with_canary(
    project: Project, dictionary: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> pd.DataFrame:
    rows = rows_of(project)
    canary = (
        rows[eligible(rows) & (rows["drug"] == "anakinra")].head(1).assign(patient_id=ID, age=AGE, ldh=LDH)
    )
    made = project_with(project, tmp_path_factory.mktemp("canary") / "p", pd.concat([rows, canary]))
    return load_cohort(made.data / "cohort.csv", dictionary)


@pytest.fixture(scope="module")
def shown(cohort_with_canary: pd.DataFrame, dictionary: pd.DataFrame, quick: Protocol, paper: Paper) -> Paper:
    """Return the paper on the cohort with the canary."""
    return dataclasses.replace(paper, study=run(cohort_with_canary, dictionary, quick))


def traces(content: bytes) -> list[str]:
    """Return what of the canary is in the bytes: its id, or its values as text or as binary numbers."""
    numbers = (AGE, LDH, math.log(LDH))
    binary = {f"{v!r} as {order}double": struct.pack(f"{order}d", v) for v in numbers for order in "<>"}
    wanted = {ID: ID.encode(), str(AGE): str(AGE).encode(), str(LDH): str(LDH).encode(), **binary}
    return [name for name, sought in wanted.items() if sought in content]


def test_the_canary_is_in_the_data_and_the_search_finds_it(
    cohort_with_canary: pd.DataFrame, shown: Paper
) -> None:
    found = traces(pickle.dumps(cohort_with_canary))
    assert {ID, f"{AGE!r} as <double", f"{LDH!r} as <double"} <= set(found)
    assert {ID, str(AGE), str(LDH)} <= set(traces(cohort_with_canary.to_csv().encode()))
    flow = shown.study.cohort.attrition
    assert flow[flow["step"] == flow["step"].max()]["n_remaining"].sum() == 343, "342 patients and the canary"


def test_not_in_the_stored_results(shown: Paper) -> None:
    assert traces(pickle.dumps(shown)) == []


def test_not_in_the_ledger(shown: Paper) -> None:
    assert traces(ledger_csv(paper_ledger(shown)).encode()) == []


@pytest.mark.parametrize("name", makers())
def test_not_in_a_figure_or_table(name: str, shown: Paper) -> None:
    exhibit = show(makers()[name](shown), "x", "")
    if isinstance(exhibit, Figure):
        content = json.dumps(exhibit.spec()) + exhibit.alt  # ``spec`` refuses long data and identifiers
    else:
        assert len(exhibit.frame) <= 250
        content = exhibit.myst() + exhibit.frame.to_html()
    assert traces(content.encode()) == []


def test_a_chart_of_patients_is_refused(cohort_with_canary: pd.DataFrame) -> None:
    import altair as alt
    from livingpaper.book.show import Drawing

    some = cohort_with_canary.reset_index()[["patient_id", "age", "ldh"]].tail(100)
    for data in (some, cohort_with_canary[["age", "ldh"]]):  # named, or one point per patient
        chart = alt.Chart(data).mark_point().encode(x="age:Q", y="ldh:Q")
        with pytest.raises(DisclosureError, match="aggregate before drawing"):
            show(Drawing(chart, "Points.", "real"), "fig-x", "").spec()
