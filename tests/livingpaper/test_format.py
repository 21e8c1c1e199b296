"""Numbers as text."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livingpaper.build.project import find_project
from livingpaper.config import config
from livingpaper.ledger.format import (
    FORMATS,
    MINUS,
    estimate_text,
    interval_text,
    p_value,
    points,
    probability,
    scale_of,
    value_text,
)

SETTINGS = config(find_project(Path(__file__).parent))


@pytest.mark.parametrize(
    ("value", "scale", "text"),
    [
        (0.176, "risk", "17.6%"),
        (0.0, "risk", "0.0%"),
        (10.4, "percent", "10.4%"),
        (0.0101, "risk difference", "+1.0"),
        (-0.0101, "risk difference", f"{MINUS}1.0"),
        (-0.0101, "absolute difference", "1.0"),
        (1.0609, "risk ratio", "1.06"),
        (12.345, "odds ratio", "12.35"),
        (0.5, "hazard ratio", "0.50"),
        (-0.231, "smd", f"{MINUS}0.23"),
        (0.31, "log odds", "+0.31"),
        (1629, "count", "1,629"),
        (88.6, "effective count", "89"),
        (8.333, "per term", "8.3"),
        (7.7264, "chi-square", "7.73"),
        (3.441, "mean difference", "3.44"),
    ],
)
def test_the_scale_alone_decides_decimals_sign_and_unit(value: float, scale: str, text: str) -> None:
    assert value_text(value, scale) == text


@pytest.mark.parametrize(
    ("value", "text"),
    # a half that binary floating point holds exactly goes to the even digit, as in R's format() and sprintf()
    [(0.125, "0.12"), (0.375, "0.38"), (0.625, "0.62"), (1.005, "1.00"), (2.675, "2.67"), (0.995, "0.99")],
)
def test_halves_round_as_in_r(value: float, text: str) -> None:
    assert value_text(value, "risk ratio") == text


@pytest.mark.parametrize("scale", ["risk difference", "smd", "log odds", "mean difference", "risk"])
def test_a_rounded_zero_has_no_sign(scale: str) -> None:
    for value in (-0.0, -0.0001, 0.0001):
        assert value_text(value, scale) in ("0.0", "0.00", "0.0%")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "<0.001"),
        (0.00099, "<0.001"),
        (0.001, "0.001"),
        (0.0390, "0.039"),
        (0.8109, "0.811"),
        (1.0, "1.000"),
    ],
)
def test_p_values(value: float, text: str) -> None:
    assert p_value(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "<1%"),
        (0.005, "<1%"),
        (0.0051, "1%"),
        (0.5, "50%"),
        (0.9949, "99%"),
        (0.995, ">99%"),
        (1.0, ">99%"),
    ],
)
def test_a_probability_is_never_certain(value: float, text: str) -> None:
    assert probability(value) == text


@given(st.floats(0, 1))
def test_no_probability_prints_as_nought_or_hundred(value: float) -> None:
    assert probability(value) not in ("0%", "100%")


@given(st.floats(-1, 1))
def test_turning_the_arms_round_turns_only_the_sign(value: float) -> None:
    turned = points(-value).translate({ord("+"): MINUS, ord(MINUS): "+"})
    assert points(value) == turned


@given(st.sampled_from(sorted({*FORMATS, *SETTINGS.scales})), st.floats(-5, 5))
def test_the_text_is_within_half_a_digit_of_the_number(scale: str, value: float) -> None:
    text = value_text(value, scale)
    assert "-" not in text, "a minus sign is not a hyphen"
    if (
        "<" in text
        or ">" in text
        or FORMATS[scale_of(scale).format] in (FORMATS["probability"], FORMATS["whole100"])
    ):
        return
    number = float(text.replace(MINUS, "-").replace(",", "").rstrip("%"))
    kind = scale_of(scale).format
    exact = value * (100 if kind in ("percent", "whole percent", "points") else 1)
    exact = abs(100 * value) if kind == "absolute" else exact
    decimals = len(text.rstrip("%").partition(".")[2])
    assert abs(number - exact) <= 0.5 * 10**-decimals + 1e-9  # 1e-9: the product by 100


def test_estimates_carry_unit_level_and_interval() -> None:
    text = estimate_text(0.0101, -0.0716, 0.0977, 0.95, "risk difference")
    assert text == f"+1.0 percentage points (95% CI {MINUS}7.2 to +9.8)"
    assert estimate_text(1.06, 0.66, 1.72, 0.9, "risk ratio") == "1.06 (90% CI 0.66 to 1.72)"
    assert estimate_text(342, math.nan, math.nan, 0.95, "count") == "342"
    assert interval_text(-0.05, 0.05, "risk difference") == f"{MINUS}5.0 to +5.0"


def test_no_text_without_a_rule_or_a_number() -> None:
    with pytest.raises(
        KeyError, match="a number needs a scale of .*'furlongs'; add it to .scales. of paper.toml"
    ):
        value_text(1.0, "furlongs")
    with pytest.raises(ValueError, match="of scale 'risk' is missing; say in words why"):
        value_text(math.nan, "risk")
