"""The only place that turns a number into text.

A scale says what kind of number it is; the scale alone decides decimals, sign and unit.
"""

from __future__ import annotations

from collections.abc import Callable

MINUS = "−"


def _signed(value: float, decimals: int) -> str:
    text = f"{value:+.{decimals}f}"
    if float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", MINUS)


def _plain(value: float, decimals: int) -> str:
    text = f"{value:,.{decimals}f}"
    return text.lstrip("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)


def percent(value: float) -> str:
    """Return a proportion as a percentage with one decimal."""
    return f"{_plain(100 * value, 1)}%"


def probability(value: float) -> str:
    """Return a probability as a whole percentage, never 0% or 100%."""
    if value <= 0.005:
        return "<1%"
    return ">99%" if value >= 0.995 else f"{100 * value:.0f}%"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, below 0.001 as such."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def points(value: float) -> str:
    """Return a risk difference in percentage points, signed, without unit."""
    return _signed(100 * value, 1)


VALUE: dict[str, Callable[[float], str]] = {
    "risk": percent,
    "risk, treated": percent,
    "risk, control": percent,
    "percent": lambda v: f"{_plain(v, 1)}%",
    "percentage": lambda v: f"{_plain(v, 0)}%",
    "risk difference": points,
    "absolute difference": lambda v: _plain(100 * abs(v), 1),
    "risk ratio": lambda v: _plain(v, 2),
    "odds ratio": lambda v: _plain(v, 2),
    "hazard ratio": lambda v: _plain(v, 2),
    "rate ratio": lambda v: _plain(v, 2),
    "ratio": lambda v: _plain(v, 2),
    "tau squared": lambda v: _plain(v, 3),
    "subdistribution hazard ratio": lambda v: _plain(v, 2),
    "win ratio": lambda v: _plain(v, 2),
    "net benefit": points,
    "mean days": lambda v: _plain(v, 1),
    "mean days, treated": lambda v: _plain(v, 1),
    "mean days, control": lambda v: _plain(v, 1),
    "difference in days": lambda v: _signed(v, 1),
    "ratio of hazard ratios": lambda v: _plain(v, 1),
    "e-value": lambda v: _plain(v, 2),
    "smd": lambda v: _plain(v, 2),
    "log odds": lambda v: _signed(v, 2),
    "variance ratio": lambda v: _plain(v, 2),
    "c-statistic": lambda v: _plain(v, 2),
    "score": lambda v: _plain(v, 2),
    "p value": p_value,
    "probability": probability,
    "count": lambda v: _plain(v, 0),
    "effective count": lambda v: _plain(v, 0),
    "days": lambda v: _plain(v, 0),
    "chi-square": lambda v: _plain(v, 2),
    "mean difference": lambda v: _plain(v, 2),
    "per term": lambda v: _plain(v, 1),
    "value": lambda v: f"{v:.3g}".replace("-", MINUS),
    "reference value": lambda v: _plain(v, 4),
    "deviation": lambda v: _plain(v, 5),
}
UNIT = {
    "net benefit": " percentage points",
    "mean days": " days",
    "mean days, treated": " days",
    "mean days, control": " days",
    "difference in days": " days",
    "risk difference": " percentage points",
    "absolute difference": " percentage points",
}


def value_text(value: float, scale: str) -> str:
    """Return one number of a scale, without unit.

    Raises
    ------
    KeyError
        If the scale is unknown: a number without a rule has no text.
    ValueError
        If the number is missing.
    """
    if scale not in VALUE:
        raise KeyError(
            f"a number needs a scale of {sorted(VALUE)}, found {scale!r}; add its rule to paper/format.py"
        )
    if value != value:  # NaN
        raise ValueError(f"a number of scale {scale!r} is missing; say in words why it cannot be given")
    return VALUE[scale](value)


def interval_text(low: float, high: float, scale: str) -> str:
    """Return "low to high" on a scale."""
    return f"{value_text(low, scale)} to {value_text(high, scale)}"


def estimate_text(value: float, low: float, high: float, level: float, scale: str) -> str:
    """Return the number with unit and, if there is one, its interval."""
    unit = UNIT.get(scale, "")
    text = value_text(value, scale) + unit
    if low != low or high != high:
        return text
    return f"{text} ({100 * level:.0f}% CI {interval_text(low, high, scale)})"
