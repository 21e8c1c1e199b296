"""What readers take along: the citation of this version, chapters as notebooks, the data of each figure."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import altair as alt
import nbformat
import pandas as pd
import pytest
from livingpaper.book.along import links, notebook, write_along
from livingpaper.book.carried import carried, tables_of
from livingpaper.book.show import Drawing
from livingpaper.build.project import Project
from pybtex.database import parse_string

FOUND = """
title: "Bread & butter"
authors:
  - {family-names: Mohn, given-names: Ada}
  - {name: The bakers}
version: 1.2.0
date-released: 2026-03-04
doi: 10.1234/x
repository-code: https://example.org/x
"""
CHAPTER = "---\nkernelspec:\n  display_name: Python 3\n  name: python3\n---\n# A\n\n```{code-cell} ipython3\n1 + 1\n```\n"


@pytest.fixture
def small(project: Project, tmp_path: Path) -> Project:
    for name, text in {
        "CITATION.cff": FOUND,
        "_toc.yml": "root: book/a\n",
        "book/a.md": CHAPTER,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    shutil.copy(project.root / "paper.toml", tmp_path)
    return Project(tmp_path)


def test_this_version_as_bibtex_and_ris(small: Project) -> None:
    folder = write_along(small)
    (entry,) = parse_string((folder / "paper.bib").read_text(), "bibtex").entries.values()
    assert entry.fields["title"] == r"{Bread \& butter}"
    assert [str(person) for person in entry.persons["author"]] == ["Mohn, Ada", "{The bakers}"]
    assert (entry.fields["version"], entry.fields["year"]) == ("1.2.0", "2026")
    assert entry.fields["doi"] == "10.1234/x"
    assert (folder / "paper.ris").read_text().splitlines() == [
        "TY  - GEN",
        "AU  - Mohn, Ada",
        "AU  - The bakers",
        "TI  - Bread & butter",
        "PY  - 2026",
        "DA  - 2026/03/04",
        "ET  - 1.2.0",
        "DO  - 10.1234/x",
        "UR  - https://example.org/x",
        "ER  - ",
    ]


def test_a_notebook_is_valid_the_same_twice_and_made_anew_for_another_text(small: Project) -> None:
    path = write_along(small) / "ipynb" / "a.ipynb"
    first = path.read_text("utf-8")
    nbformat.validate(json.loads(first))
    assert first == notebook(CHAPTER)
    assert [cell["cell_type"] for cell in json.loads(first)["cells"]] == ["markdown", "code"]
    (small.root / "book" / "a.md").write_text(CHAPTER.replace("1 + 1", "2 + 2"))
    write_along(small)
    assert "2 + 2" in path.read_text("utf-8")


def test_the_bar_names_the_repository_where_the_citation_does(small: Project) -> None:
    here = {"PDF": "../../paper.pdf", "Supplement": "../../supplement.pdf"}
    here |= {"BibTeX": "../_static/paper.bib", "RIS": "../_static/paper.ris"}
    here |= {"Notebook": "../_static/ipynb/a.ipynb"}
    assert links(small, "book/a") == here | {"Repository": "https://example.org/x"}
    (small.root / "CITATION.cff").write_text(FOUND.replace("repository-code", "url"))
    assert links(small, "book/a") == here


def panel(rows: list[dict[str, object]], title: str) -> alt.Chart:
    tooltip = [alt.Tooltip("arm:N", title="Arm"), alt.Tooltip("risk:Q", title="Risk of death, %")]
    bars = alt.Chart(pd.DataFrame(rows)).mark_bar()
    return bars.encode(
        x="risk:Q", y="arm:N", color=alt.Color("colour:N", scale=None), tooltip=tooltip
    ).properties(title=title)


def test_the_table_of_a_chart_by_hand() -> None:
    one = panel([{"arm": "A", "risk": 10.0, "colour": "#000000"}], "Day 28")
    two = panel([{"arm": "B", "risk": -2.5, "colour": "#ffffff"}], "Day 60")
    line = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule().encode(x="at:Q")
    (table,) = tables_of(((one + line) | two).to_dict())
    assert list(table) == ["Panel", "Arm", "Risk of death, %"]
    assert table.to_numpy().tolist() == [["Day 28", "A", 10.0], ["Day 60", "B", -2.5]]
    made = carried("fig-a", [table])
    assert made["csv"] == ['Panel,Arm,"Risk of death, %"\nDay 28,A,10\nDay 60,B,-2.5\n']
    assert '<th scope="col">Risk of death, %</th>' in made["html"]
    assert "<td>−2.5</td>" in made["html"]


def test_two_columns_under_one_head_both_stay_in_the_table() -> None:
    """The names of the rows of forest plots were lost: their title was that of the estimates."""
    rows = pd.DataFrame({"estimate": [1.0, 2.0], "label": ["Crude", "Weighted"], "conf_low": 0.5, "low": 0.5})
    tips = [alt.Tooltip("label:N", title="Estimate"), "conf_low:Q", "low:Q"]
    (table,) = tables_of(alt.Chart(rows).mark_point().encode(x="estimate:Q", tooltip=tips).to_dict())
    assert list(table) == ["Shown", "Estimate", "Lower limit"]  # of two that are equal one will do
    assert table["Shown"].tolist() == ["Crude", "Weighted"]


def test_a_figure_of_which_all_is_withheld_has_a_table_without_rows() -> None:
    nothing = pd.DataFrame({"day": pd.Series(dtype=str), "risk": pd.Series(dtype=float)})
    drawn = (
        alt.Chart(nothing).mark_point().encode(alt.X("day:O", title="Day"), alt.Y("risk:Q", title="Risk, %"))
    )
    (table,) = tables_of(drawn.to_dict())
    assert list(table) == ["Day", "Risk, %"]
    assert table.empty


def test_a_figure_of_a_column_that_its_data_have_not_stops_the_build() -> None:
    """Vega would draw nothing, and say nothing; what is computed on the way is there."""
    rows = pd.DataFrame({"day": [1, 2, 3, 4], "death": [0.1, 0.2, 0.2, 0.2], "home": [0.5, 0.7, 0.7, 0.8]})
    bars = alt.Chart(rows).mark_bar().encode(x="day:O", y="risk:Q")
    with pytest.raises(
        ValueError, match=r"^a figure must draw columns of its data, they have no \['risk'\]; "
    ):
        Drawing(bars, "Bars.", name="fig-a")._repr_mimebundle_()
    with pytest.raises(ValueError, match=r"\['risk'\]"):
        tables_of((bars.encode(y="death:Q") + bars).to_dict())
    assert tables_of(bars.transform_calculate(risk="1 - datum.death").to_dict())
    assert tables_of(bars.transform_fold(["death", "home"], as_=["way", "risk"]).to_dict())
    assert tables_of(bars.transform_aggregate(risk="mean(death)", groupby=["day"]).to_dict())


def test_a_figure_without_data_for_its_table_stops_the_build() -> None:
    line = alt.Chart(pd.DataFrame({"at": [0]})).mark_rule().encode(x="at:Q")
    with pytest.raises(
        ValueError, match=r"^fig-a must carry data for its table, it carries none; draw it from a"
    ):
        Drawing(line, "A line.", name="fig-a")._repr_mimebundle_()
