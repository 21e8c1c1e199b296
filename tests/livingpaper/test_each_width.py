"""Charts drawn for the width at hand, with what both drawings share written once."""

from __future__ import annotations

import colorsys
import json

import altair as alt
import numpy as np
import pandas as pd
import pytest
from livingpaper.book.output import size_of
from livingpaper.book.show import Drawing, show
from livingpaper.book.theme import NARROW, WIDTH, at_each_width, drawn_for, lines, narrow, width
from livingpaper.config import MIME, Config
from study.outcomes.over_time import STATE_COLOURS


@at_each_width
def bars(rows: int) -> Drawing:
    data = pd.DataFrame({"day": range(rows)})
    return Drawing(
        alt.Chart(data).mark_bar().encode(x="day:Q").properties(width=width() - 20),
        "Bars.",
        origin="synthetic",
    )


def test_the_width_is_that_of_a_page_unless_one_draws_for_a_phone() -> None:
    assert (width(), narrow()) == (WIDTH, False)
    with drawn_for(NARROW):
        assert (width(), narrow()) == (NARROW, True)
    with pytest.raises(KeyError), drawn_for(NARROW):
        raise KeyError
    assert width() == WIDTH


def test_words_are_broken_on_a_phone_only() -> None:
    text = "Risk difference, percentage points"
    assert lines(text, 120) == text
    with drawn_for(NARROW):
        assert lines(text, 120) == ["Risk difference,", "percentage points"]


def test_a_page_gets_both_drawings_and_their_data_once(settings: Config) -> None:
    payload = show(bars(7), "fig-x", "A finding.")._repr_mimebundle_()[MIME]
    wide, phone = (float(size_of(payload[which])[0]) for which in ("svg", "narrow"))
    assert wide - phone == WIDTH - NARROW
    given = json.loads(payload["vega"])
    assert given["wide"] == {"width": WIDTH - 20}
    assert given["narrow"] == {"width": NARROW - 20}
    assert payload["vega"].count('{"day":6}') == 1
    assert given["both"]["title"]["text"] == [settings.sentence("synthetic")]
    for svg in (payload["svg"], payload["narrow"]):
        assert settings.sentence("synthetic") in svg


def test_a_figure_without_results_has_no_mark() -> None:
    chart = alt.Chart(pd.DataFrame({"x": [1]})).mark_bar().encode(x="x:Q")
    assert "title" not in show(Drawing(chart, "A bar.", sources=()), "fig-x", "A drawing.").spec()


def test_a_mark_that_is_too_long_for_a_phone_takes_lines() -> None:
    chart = alt.Chart(pd.DataFrame({"x": [1]})).mark_bar().encode(x="x:Q")
    figure = show(Drawing(chart, "A bar.", origin="counts+synthetic"), "fig-x", "A finding.")
    assert [len(figure.spec(width=pixels)["title"]["text"]) for pixels in (WIDTH, NARROW)] == [1, 2]


def test_a_picture_that_states_no_size_is_an_error() -> None:
    with pytest.raises(ValueError, match="must state width and height, found '<svg>'"):
        size_of("<svg>")


@pytest.mark.parametrize("state", STATE_COLOURS)
def test_states_keep_their_hue_on_dark_pages(state: str) -> None:
    """CSS filter effects: invert(.9), then hue-rotate(180deg); black and grey have no hue to keep, and swap."""
    rgb = np.array([int(STATE_COLOURS[state][at : at + 2], 16) / 255 for at in (1, 3, 5)])
    luminance = np.array([0.213, 0.715, 0.072])
    turned = (2 * np.outer(np.ones(3), luminance) - np.eye(3)) @ (0.9 - 0.8 * rgb)
    (hue, _, much), (dark_hue, _, dark_much) = (
        colorsys.rgb_to_hls(*np.clip(one, 0, 1)) for one in (rgb, turned)
    )
    assert min(much, dark_much) > 0.2
    assert abs((hue - dark_hue + 0.5) % 1 - 0.5) < 0.09
