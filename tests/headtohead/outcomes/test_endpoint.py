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


@pytest.mark.parametrize("censored", [1, True, 1.0, 2, "1", "alive"])
@pytest.mark.parametrize(("event", "causes"), [("died", ()), ("left", ()), ("code", ["died", "home"])])
def test_the_censored_are_0_among_numbers(event: str, causes: list[str], censored: object) -> None:
    """Another number would be counted as an event though it is said to be none."""
    how = {"time": "day", "event": event, "causes": causes}
    for frame in (FRAME, FRAME.convert_dtypes()):
        with pytest.raises(ValueError, match="0 must stand for no event, found censored=.* code it so"):
            hh.Endpoint.of(frame, **how, censored=censored)
    right = hh.Endpoint.of(FRAME, **how).cause.tolist()
    for zero in (0, 0.0, False):
        assert hh.Endpoint.of(FRAME, **how, censored=zero).cause.tolist() == right


@pytest.mark.parametrize("kind", ["object", "category", "str"])
def test_an_event_that_is_no_number_is_said_to_be_none(kind: str) -> None:
    wrong = FRAME.assign(died=FRAME["died"].astype(kind))
    with pytest.raises(ValueError, match="the event must be 0 or 1, as a number, 'died' has .* astype.int."):
        hh.Endpoint.of(wrong, time="day", event="died")


def test_a_missing_event_is_no_censoring() -> None:
    gap = FRAME.assign(died=[1, None, 0, 1], how=["died", None, "home", "home"])
    with pytest.raises(ValueError, match="1 of 4 are not, first b"):
        hh.Endpoint.of(gap, time="day", event="died")
    with pytest.raises(ValueError, match="'how' has .* in 1 rows"):
        hh.Endpoint.of(gap, time="day", event="how", causes=["died", "home"])
