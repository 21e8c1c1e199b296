"""What may leave the analysis: aggregates with an origin, never a row that stands for a patient."""

from __future__ import annotations

import altair as alt
import pandas as pd
import pytest
from livingpaper.book.markup import IN_LAB
from livingpaper.book.show import (
    MAX_ROWS,
    DisclosureError,
    Drawing,
    Figure,
    Sheet,
    Table,
    in_words,
    show,
)
from livingpaper.config import Config


def figure(data: pd.DataFrame, origin: str = "synthetic") -> Figure:
    x, y = data.columns[:2]
    chart = alt.Chart(data).mark_point().encode(x=f"{x}:Q", y=f"{y}:Q")
    return show(Drawing(chart, "Some points.", origin=origin), "fig-x", "A finding.")


def grid(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"day": range(rows), "risk": 0.1})


def test_at_most_250_rows() -> None:
    assert MAX_ROWS == 250
    assert figure(grid(250)).spec()["datasets"]
    with pytest.raises(
        DisclosureError, match="at most 250 aggregated rows .*'fig-x' has 251 rows.*aggregate"
    ):
        figure(grid(251)).spec()


@pytest.mark.parametrize(
    "name", ["patient_id", "id", "ID", "Patient", "nhc", "mrn_hash", "control_id", "id_pair"]
)
def test_no_column_that_looks_like_an_identifier(name: str) -> None:
    with pytest.raises(DisclosureError, match=f"columns .*{name.lower()}"):
        figure(grid(3).assign(**{name: ["a", "b", "c"]})).spec()


@pytest.mark.parametrize("name", ["incidence", "period", "median", "identity", "risk"])
def test_ordinary_columns_are_let_through(name: str) -> None:
    assert figure(grid(3).assign(**{name: 1.0})).spec()


def test_no_way_round_by_layers_or_inline_values() -> None:
    secret = pd.DataFrame({"day": [1.0], "risk": [0.5], "patient_id": ["SYN-0001"]})
    inline = alt.Chart(alt.InlineData(values=secret.to_dict("records"))).mark_point().encode(x="day:Q")
    plain = alt.Chart(grid(3)).mark_point().encode(x="day:Q")
    hidden = alt.Chart(secret).mark_point().encode(x="day:Q")
    for chart in (inline, alt.layer(plain, hidden), alt.hconcat(plain, plain | hidden)):
        with pytest.raises(DisclosureError, match="patient_id"):
            show(Drawing(chart, "Points.", origin="real"), "fig-x", "A finding.").spec()


def test_an_identifier_in_a_later_row_is_seen() -> None:
    rows = [{"day": 1}, {"day": 2, "patient_id": "SYN-0001"}]
    chart = alt.Chart(alt.InlineData(values=rows)).mark_point().encode(x="day:Q")
    with pytest.raises(DisclosureError, match="patient_id"):
        show(Drawing(chart, "Points.", origin="real"), "fig-x", "A finding.").spec()


def test_nothing_is_rendered_of_what_may_not_be_shown() -> None:
    with pytest.raises(DisclosureError):
        figure(grid(251))._repr_mimebundle_()


@pytest.mark.parametrize("origin", ["published", "counts", "synthetic", "real"])
def test_the_caption_ends_with_the_origin(origin: str, settings: Config) -> None:
    table = show(Sheet(pd.DataFrame({"a": ["x|y"], "b": ["1"]}), origin=origin), "tbl-x", "A\n finding.")
    assert isinstance(table, Table)
    text = table.myst()
    assert (
        f":::{{table}} A finding. {settings.sentence(origin)}\n:name: tbl-x\n:class: origin-{origin}" in text
    )
    word = settings.origins[origin].brief or settings.origins[origin].says
    assert text.splitlines()[-4:] == [f"| a *({word})* | b |", "| :-- | --: |", "| x\\|y | 1 |", ":::"]


def test_column_widths_decide_alignment() -> None:
    frame = pd.DataFrame([["1"] * 4], columns=list("abcd"))
    text = show(Sheet(frame, widths="p{2.5cm}rlr", origin="design"), "tbl-x", "A finding.").myst()
    assert "| :-- | --: | :-- | --: |" in text
    assert ":::{tabularcolumns} p{2.5cm}rlr\n:::" in text


def test_in_jupyterlab_a_figure_is_its_preview_and_nothing_that_only_pages_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chart = alt.Chart(pd.DataFrame({"day": range(9)})).mark_point().encode(x=alt.X("day:Q", title="Day"))
    drawing = show(Drawing(chart, "Points.", origin="real"), "fig-x", "A finding.")
    whole = drawing._repr_mimebundle_()
    monkeypatch.setenv(IN_LAB, "1")
    seen = drawing._repr_mimebundle_()
    assert seen == {kind: whole[kind] for kind in ("text/html", "text/plain")} != whole
    assert "<svg" in seen["text/html"]


def test_in_jupyterlab_nothing_is_drawn_for_a_phone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert in_words("Withheld.").narrow is not None
    monkeypatch.setenv(IN_LAB, "1")
    assert in_words("Withheld.").narrow is None
