"""Outcomes from the columns of a frame."""

from __future__ import annotations

import headtohead as hh
import pandas as pd
import pytest

FRAME = pd.DataFrame(
    {
        "day": [3, 9, 28, 28],
        "died": [1, 0, 0, 1],
        "left": [True, False, False, False],
        "how": ["died", "home", "still there", "died"],
        "code": [1, 2, 0, 1],
    },
    index=list("abcd"),
)


def test_an_event_is_counted_and_called_like_its_column() -> None:
    died = hh.Endpoint.of(FRAME, time="day", event="died")
    assert (died.name, died.causes) == ("died", ("died",))
    assert died.cause.tolist() == [1, 0, 0, 1]
    assert died.time_days.tolist() == [3.0, 9.0, 28.0, 28.0]
    assert died.cause.index.tolist() == list("abcd")
    assert hh.Endpoint.of(FRAME, time="day", event="left").cause.tolist() == [1, 0, 0, 0]


def test_competing_events_are_named_by_the_words_of_the_column_or_stand_for_its_numbers() -> None:
    words = hh.Endpoint.of(FRAME, time="day", event="how", causes=["died", "home"], censored="still there")
    numbers = hh.Endpoint.of(FRAME, time="day", event="code", causes=["died", "home"])
    assert words.cause.tolist() == numbers.cause.tolist() == [1, 2, 0, 1]
    assert words.causes == numbers.causes == ("died", "home")


@pytest.mark.parametrize(
    ("event", "words", "message"),
    [
        (
            "code",
            {},
            r"from 0 .censored. to 1, 1 of 4 are not, first b .values 0, 1, 2.; code them so, and name every cause",
        ),
        ("how", {}, "'how' has .*'died', 'home', 'still there'.* in 4 rows"),
        (
            "how",
            {"causes": ["died", "home"]},
            r"\['still there'\] in 1 rows; .* what is no event in censored",
        ),
        ("dead", {}, "must be columns of the frame, 1 are not: 'dead'; it has 'day', 'died'"),
    ],
)
def test_an_event_that_nobody_named_is_refused(event: str, words: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hh.Endpoint.of(FRAME, time="day", event=event, **words)


def test_a_missing_event_is_no_censoring() -> None:
    gap = FRAME.assign(died=[1, None, 0, 1], how=["died", None, "home", "home"])
    with pytest.raises(ValueError, match="1 of 4 are not, first b"):
        hh.Endpoint.of(gap, time="day", event="died")
    with pytest.raises(ValueError, match="'how' has .* in 1 rows"):
        hh.Endpoint.of(gap, time="day", event="how", causes=["died", "home"])
