"""Charts drawn for others are those drawn alone, whatever was drawn before; who draws may fail, or die."""

import multiprocessing
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import altair as alt
import pandas as pd
import pytest
from livingpaper.book import painting


def spec(values: list[float]) -> dict[str, Any]:
    chart = alt.Chart(pd.DataFrame({"x": values})).mark_point(clip=True)
    return (chart.encode(x="x:Q") | chart.encode(y="x:Q")).to_dict()  # two clipped panels


SPAWN = multiprocessing.get_context("spawn")
ONE, OTHER = spec([1.0, 2.0]), spec([1.0, 3.0])


@pytest.fixture
def painter() -> Iterator[Any]:
    pipe, other = SPAWN.Pipe()  # what draws is already in this process: it cannot be forked
    process = SPAWN.Process(target=painting.paint_for_others, args=(other,), daemon=True)
    process.start()
    other.close()
    painting.paint_with(pipe)
    yield process
    painting.paint_with(None)
    pipe.close()
    process.terminate()
    process.join()


@pytest.mark.usefixtures("painter")
def test_what_a_painter_draws_is_what_is_drawn_alone_in_any_order() -> None:
    for_others = [painting.svg_of(each) for each in (OTHER, ONE, OTHER)]
    painting.paint_with(None)
    assert for_others == [painting.svg_of(each) for each in (OTHER, ONE, OTHER)]
    assert painting.svg_of(ONE) == for_others[1]


def test_parts_of_two_drawings_have_different_names() -> None:
    named = [re.findall(r'clipPath id="([^"]+)"', painting.svg_of(each)) for each in (ONE, OTHER)]
    assert len(named[0]) == 2
    assert len({*named[0], *named[1]}) == 4
    used = re.findall(r"url\(#([^)]+)\)", painting.svg_of(ONE))
    assert set(used) == set(named[0])


@pytest.mark.usefixtures("painter")
def test_what_cannot_be_drawn_is_said_to_who_asked_and_the_next_is_drawn() -> None:
    with pytest.raises(ValueError, match="(?i)vega"):
        painting.svg_of({"mark": {"type": "nothing"}}, vl_version="5.20")
    assert painting.svg_of(ONE).startswith("<svg")


def test_a_painter_that_died_is_named(painter: Any) -> None:
    os.kill(painter.pid, signal.SIGKILL)
    painter.join()
    with pytest.raises(RuntimeError, match="must live while chapters show, it ended; is memory short"):
        painting.svg_of(ONE)
