"""The only place that turns a number into text; its scale, of ``paper.toml``, alone decides decimals, sign and unit."""

from collections.abc import Callable
from functools import partial

from livingpaper.config import Scale, config

MINUS = "−"


def _decimal(value: float, decimals: int, kind: str = ",", *, times: int = 1, unit: str = "") -> str:
    text = f"{times * value:{kind}.{decimals}f}"
    said = text.lstrip("+-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)
    return said + unit


percent = partial(_decimal, decimals=1, times=100, unit="%")  # of a proportion
points = partial(_decimal, decimals=1, kind="+", times=100)  # of a risk difference: signed, without unit


def probability(value: float) -> str:
    """Return a probability as a whole percentage, never 0% or 100%."""
    if value <= 0.005:
        return "<1%"
    return ">99%" if value >= 0.995 else f"{100 * value:.0f}%"


def p_value(value: float) -> str:
    """Return a p-value with three decimals, below 0.001 as such."""
    return "<0.001" if value < 0.001 else f"{value:.3f}"


FORMATS: dict[str, Callable[[float], str]] = {
    "percent": percent, "points": points, "probability": probability, "p value": p_value,
    "count": partial(_decimal, decimals=0), "digits3": lambda v: f"{v:.3g}".replace("-", MINUS),
    **{f"decimal{n}": partial(_decimal, decimals=n) for n in range(1, 6)},
    **{f"signed{n}": partial(_decimal, decimals=n, kind="+") for n in (0, 1, 2, 4)},
    "absolute": lambda v: _decimal(abs(v), 1, times=100), "of100": partial(_decimal, decimals=1, unit="%"),
    "whole percent": partial(_decimal, decimals=0, times=100, unit="%"),
    "whole100": partial(_decimal, decimals=0, unit="%"),
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
