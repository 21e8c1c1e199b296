"""Each figure and each table, made from the results of the whole paper."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pandas as pd
import pytest
import vl_convert
from exhibits import Make, makers
from livingpaper.book.forest import forest, with_deaths
from livingpaper.book.show import Figure, Table, show
from livingpaper.build.project import find_project
from livingpaper.config import MIME, config
from study.results import Paper

MAKERS = makers()
SETTINGS = config(find_project(Path(__file__).parent))
FIGURES = [name for name in MAKERS if name.startswith("figures.")]
TABLES = [name for name in MAKERS if name.startswith("tables.")]
HOLE = re.compile(r"(?<![\w.])(nan|NaN|None|inf|NaT|<NA>)(?![\w.])")


def test_all_are_found() -> None:
    assert len({name.partition("(")[0] for name in FIGURES}) >= 16
    assert len({name.partition("(")[0] for name in TABLES}) >= 20


def made(name: str, paper: Paper) -> Figure | Table:
    maker: Make = MAKERS[name]
    label = ("fig-" if name in FIGURES else "tbl-") + "x"
    return show(maker(paper), label, "A finding.")


@pytest.mark.parametrize("name", FIGURES)
def test_figure_has_data_words_and_an_origin(name: str, paper: Paper) -> None:
    figure = made(name, paper)
    assert isinstance(figure, Figure)
    spec = figure.spec()
    data = spec["datasets"]
    assert data
    assert all(rows for rows in data.values())
    assert figure.alt.endswith(".")
    assert not HOLE.search(figure.alt), figure.alt
    assert spec["description"] == figure.alt.strip()
    known = SETTINGS.origins
    assert spec["usermeta"]["origin"] == (
        known[figure.origin].says if figure.origin in known else figure.origin
    )
    assert figure.origin in {*known, *SETTINGS.mixed, "design"}


@pytest.mark.parametrize("name", TABLES)
def test_table_has_rows_full_cells_and_an_origin(name: str, paper: Paper) -> None:
    table = made(name, paper)
    assert isinstance(table, Table)
    assert len(table.frame) > 0
    assert table.frame.columns.is_unique
    cells = table.frame.astype(str).stack()
    assert not cells[cells.map(lambda cell: bool(HOLE.search(cell)))].size
    assert not cells.str.contains(r"(?<![\w.])-\d", regex=True).any(), "a minus sign is not a hyphen"
    text = table.myst()
    assert f":class: origin-{table.origin}" in text
    sentence = SETTINGS.sentence(table.origin)
    assert f":::{{table}} A finding. {sentence}".rstrip() in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == len(table.frame) + 2
    columns = {len(re.findall(r"(?<!\\)\|", line)) - 1 for line in lines}
    assert columns == {table.frame.shape[1]}


@pytest.mark.parametrize(
    ("world_is", "sentence"),
    [(True, "Synthetic cohort: no patient is in it."), (False, "Real people")],
)
def test_what_is_drawn_from_the_cohort_says_whose_it_is(world_is: bool, sentence: str, paper: Paper) -> None:
    cohort = dataclasses.replace(paper.study.cohort, synthetic=world_is)
    other = dataclasses.replace(paper, study=dataclasses.replace(paper.study, cohort=cohort))
    for name in ("figures.study.cohort.figures.flow_diagram", "tables.study.cohort.tables.table_one"):
        assert sentence in SETTINGS.sentence(made(name, other).origin)


def test_what_a_chapter_gets(paper: Paper) -> None:
    bundle = made("figures.study.matching.figures.love_plot", paper)._repr_mimebundle_()
    assert set(bundle) == {MIME, "text/html", "text/plain"}
    payload = bundle[MIME]
    assert payload["svg"].startswith("<svg")
    assert payload["caption"] == "A finding. Synthetic cohort: no patient is in it."
    assert "<img" not in payload["svg"]
    table = made("tables.study.matching.tables.sizes", paper)._repr_mimebundle_()
    assert table[MIME]["kind"] == "table"
    assert "<table" in table["text/html"]


def test_a_forest_keeps_the_row_that_cannot_be_estimated() -> None:
    rows = pd.DataFrame(
        {
            "label": [with_deaths("All", 3.0), with_deaths("Few", float("nan"))],
            "estimate": [0.01, float("nan")],
            "conf_low": [-0.02, float("nan")],
            "conf_high": [0.04, float("nan")],
            "colour": ["#000", "#000"],
        }
    )
    svg = vl_convert.vegalite_to_svg(
        forest(rows, scale="risk difference", title="x", domain=(-9, 9)).to_json()
    )
    for words in ("All, 3 deaths", ">Few<", "cannot be estimated", "+1.0"):
        assert words in svg
    assert "NaN" not in svg
    assert svg.count('aria-roledescription="point"') == 1
