"""Each figure and each table, as the chapters show it."""

from __future__ import annotations

import re
from ast import literal_eval
from collections.abc import Iterable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pandas as pd
import pytest
import vl_convert
from book.chapters import chapters
from lifelines.datasets import load_gbsg2
from livingpaper.book.forest import forest
from livingpaper.book.output import size_of
from livingpaper.book.show import Figure, Table
from livingpaper.book.theme import NARROW, WIDTH
from livingpaper.build.project import find_project
from livingpaper.config import MIME, config
from running import Paper
from study.charts import with_deaths
from study.labels import SIMULATED, WORLDS

SETTINGS = config(find_project(Path(__file__).parent))
SHOWN = [name for chapter in chapters() for name, (source, _) in chapter.exhibits.items() if source]
FIGURES = [name for name in SHOWN if name.startswith("fig-")]
TABLES = [name for name in SHOWN if name.startswith("tbl-")]
DATA = find_project(Path(__file__).parent).data
COLUMNS = {  # of all data: names that are for programs
    *pd.read_csv(DATA / "dictionary.csv")["name"],
    *load_gbsg2().columns,
    *(name for path in DATA.glob("real/*.csv") for name in pd.read_csv(path, nrows=0, comment="#")),
} - {"death"}  # which is a word too
DEFINITIONS = {
    "tbl-eligibility",
    *(name for name in TABLES if "dictionary" in name),
}  # they say what is coded how
HOLE = re.compile(r"(?<![\w.])(nan|NaN|None|inf|NaT|<NA>)(?![\w.])")


def test_all_are_found(paper: Paper) -> None:
    assert set(paper.shown) == set(SHOWN)
    assert len(FIGURES) >= 28
    assert len(TABLES) >= 60


@pytest.mark.parametrize("name", FIGURES)
def test_figure_has_data_words_and_an_origin(name: str, paper: Paper) -> None:
    figure = paper.shown[name]
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
    assert {*figure.origin.split("+")} <= {*known, "design"}


@pytest.mark.parametrize("name", FIGURES)
def test_figure_fits_page_and_phone_with_letters_of_11_pixels(name: str, paper: Paper) -> None:
    """Both are shown as wide as they are drawn: the one on pages and paper, the other on phones."""
    figure = paper.shown[name]
    assert isinstance(figure, Figure)
    assert figure.narrow is not None
    phone = replace(figure, chart=figure.narrow, narrow=None)
    for svg, most in ((figure.svg(), WIDTH), (phone.svg(width=NARROW), NARROW)):
        assert float(size_of(svg)[0]) <= most + 1
        assert min(map(float, re.findall(r'font-size="([\d.]+)px"', svg))) >= 11
        mark = SETTINGS.sentence(figure.origin)
        text = " ".join(re.sub(r"<[^>]+>", " ", svg).split())
        assert mark in text


def for_programs(texts: Iterable[str]) -> list[str]:
    """Return those that are the name of a column, with a level or without, or of something within the code."""
    names = {text: re.split(r" ?[\[:=]", text)[0].strip() for text in texts}
    return [text for text, name in names.items() if name in COLUMNS or re.search(r"\w_\w", text)]


@pytest.mark.parametrize("name", SHOWN)
def test_readers_see_words_and_no_names_of_columns(name: str, paper: Paper) -> None:
    exhibit = paper.shown[name]
    if isinstance(exhibit, Table):
        texts = {*exhibit.frame.columns, *exhibit.frame.astype(str).stack()}
        assert for_programs(texts) == [] or name in DEFINITIONS
    else:
        svg = exhibit.svg()
        assert for_programs(unescape(text) for text in re.findall(r"<text[^>]*>([^<]+)<", svg)) == []


def test_one_world_has_one_colour(paper: Paper) -> None:
    spec = str(paper.shown["fig-simulation"].spec())
    [scale] = set(re.findall(r"'domain': (\['No effect'[^]]*\]), 'range': (\[[^]]*\])", spec))
    simulated = dict(zip(*map(literal_eval, scale), strict=True))
    rows = [row for rows in paper.shown["fig-key"].spec()["datasets"].values() for row in rows]
    drawn = {row["label"]: row["colour"] for row in rows if "adjusted" in row.get("label", "")}
    assert drawn == {f"{WORLDS[name]}, adjusted": simulated[SIMULATED[name]] for name in WORLDS}
    assert len(set(simulated.values())) == len(simulated)


def test_names_of_columns_are_seen() -> None:
    said = ["Age", "menostat [Post]", "age", "horTh=yes", "Sex: F", "sex: F", "death_stay", "SpO2/FiO2 ratio"]
    assert for_programs(said) == ["menostat [Post]", "age", "horTh=yes", "sex: F", "death_stay"]


@pytest.mark.parametrize("name", TABLES)
def test_table_has_rows_full_cells_and_an_origin(name: str, paper: Paper) -> None:
    table = paper.shown[name]
    assert isinstance(table, Table)
    assert len(table.frame) > 0
    assert table.frame.columns.is_unique
    cells = table.frame.astype(str).stack()
    assert not cells[cells.map(lambda cell: bool(HOLE.search(cell)))].size
    if "dictionary" not in name:  # prints the files' own words
        assert not cells.str.contains(r"(?<![\w.])-\d", regex=True).any(), "a minus sign is not a hyphen"
    text = table.myst()
    kind = "mixed" if "+" in table.origin else table.origin
    assert f":class: origin-{kind}" in text
    caption = " ".join(table.full_caption.split())
    assert caption.endswith(SETTINGS.sentence(table.origin))
    assert f":::{{table}} {caption}" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert len(lines) == len(table.frame) + 2
    columns = {len(re.findall(r"(?<!\\)\|", line)) - 1 for line in lines}
    assert columns == {table.frame.shape[1]}


def test_what_a_chapter_gets(paper: Paper) -> None:
    bundle = paper.shown["fig-love"]._repr_mimebundle_()
    assert set(bundle) == {MIME, "text/html", "text/plain"}
    payload = bundle[MIME]
    assert payload["svg"].startswith("<svg")
    assert payload["caption"].endswith(" Synthetic.")
    assert "<img" not in payload["svg"]
    table = paper.shown["tbl-sizes"]._repr_mimebundle_()
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
