"""The only place that turns a number into text; its scale, of ``paper.toml``, alone decides decimals, sign and unit."""

from collections.abc import Callable
from functools import partial

from livingpaper.config import Scale, config

MINUS = "−"


def _decimal(value: float, decimals: int, kind: str = ",") -> str:
    text = f"{value:{kind}.{decimals}f}"
    return text.lstrip("+-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)


def percent(value: float) -> str:
    """Return a proportion as a percentage with one decimal."""
    return f"{_decimal(100 * value, 1)}%"


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
    return _decimal(100 * value, 1, "+")


FORMATS: dict[str, Callable[[float], str]] = {
    "percent": percent, "points": points, "probability": probability, "p value": p_value,
    "count": partial(_decimal, decimals=0), "digits3": lambda v: f"{v:.3g}".replace("-", MINUS),
    **{f"decimal{n}": partial(_decimal, decimals=n) for n in range(1, 6)},
    **{f"signed{n}": partial(_decimal, decimals=n, kind="+") for n in (0, 1, 2, 4)},
    "absolute": lambda v: _decimal(100 * abs(v), 1), "of100": lambda v: f"{_decimal(v, 1)}%",
    "whole percent": lambda v: f"{_decimal(100 * v, 0)}%", "whole100": lambda v: f"{_decimal(v, 0)}%",
}  # fmt: skip


def scale_of(name: str) -> Scale:
    """Return a scale of ``paper.toml``, or a format as a scale of its own; ``KeyError`` if it is neither."""
    known = config().scales
    scale = known.get(name) or Scale(format=name)
    if scale.format not in FORMATS:
        cure = "add it to [scales] of paper.toml with one of the formats"
        raise KeyError(f"a number needs a scale of {sorted({*known, *FORMATS})}, found {name!r}; {cure}")
    return scale


def value_text(value: float, scale: str) -> str:
    """Return one number of a scale, without unit; ``ValueError`` if it is missing, ``KeyError`` as ``scale_of``."""
    write = FORMATS[scale_of(scale).format]
    if value != value:  # NaN
        raise ValueError(f"a number of scale {scale!r} is missing; say in words why it cannot be given")
    return write(value)


def interval_text(low: float, high: float, scale: str) -> str:
    """Return "low to high" on a scale."""
    return f"{value_text(low, scale)} to {value_text(high, scale)}"


def estimate_text(value: float, low: float, high: float, level: float, scale: str) -> str:
    """Return the number with unit and, if there is one, its interval."""
    text = f"{value_text(value, scale)} {scale_of(scale).unit}".rstrip()
    known = low == low and high == high  # not NaN
    return f"{text} ({100 * level:.0f}% CI {interval_text(low, high, scale)})" if known else text
