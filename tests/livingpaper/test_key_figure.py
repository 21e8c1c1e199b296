"""The figure that README.md shows agrees with the ledger, and holds no patient."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import altair as alt
import pandas as pd
import pytest
from livingpaper.book.show import Drawing, show
from livingpaper.build.project import Project
from livingpaper.ledger.ledger import read_ledger
from study.protocol.protocol import Protocol

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def words(project: Project) -> list[str]:
    root = ElementTree.parse(project.key_figure).getroot()
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_its_numbers_are_those_of_the_ledger(project: Project, protocol: Protocol, words: list[str]) -> None:
    primary = f"{protocol.outcome.primary}_stay.{protocol.estimand.primary.lower()}.rd"
    ids = ["counts.death.rd", *(f"worlds.{world}.{primary}" for world in ("null", "harm", "benefit"))]
    drawn = [re.findall(r"[+−]?\d+\.\d", word) for word in words if "(" in word]
    assert drawn == [
        re.findall(r"[+−]?\d+\.\d", text) for text in read_ledger(project.ledger).loc[ids, "text"]
    ]


def test_it_says_which_rows_are_published_and_which_world(words: list[str]) -> None:
    assert sum("Published counts" in word for word in words) == 1
    assert sum("world" in word for word in words) == 3


def test_svg_is_the_same_each_time_and_has_its_background() -> None:
    chart = alt.Chart(pd.DataFrame({"x": [1, 2], "y": [2, 1]})).mark_point().encode(x="x:Q", y="y:Q")
    figure = show(Drawing(chart, "Two points.", origin="design"), "fig-two", "")
    assert figure.svg("white") == figure.svg("white")
    assert 'fill="white"' in figure.svg("white")
    assert 'fill="white"' not in figure.svg()
