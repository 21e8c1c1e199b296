"""Figures that readers may change: parameters of a chart with labelled controls, and sentences that follow them."""

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pandas as pd

from livingpaper.book.markup import markup


@dataclass(frozen=True, slots=True)
class Control:
    """A number that the reader may move; it starts at the paper's own value."""

    name: str  # of the parameter, a word
    label: str
    start: float
    low: float
    high: float
    step: float
    unit: str = ""

    def __post_init__(self) -> None:
        if not self.low <= self.start <= self.high or self.step <= 0:
            must = f"{self.name} must start between {self.low} and {self.high} with a positive step"
            raise ValueError(f"{must}, found {self.start} and {self.step}; widen the control")


@dataclass(frozen=True, slots=True)
class Controls:
    """What a reader may move beside a chart, and the parameters whose words are said below them.

    The chart gets a parameter ``changed``, which is true when a control does not stand at the paper's value.
    """

    controls: Sequence[Control]
    says: Sequence[str]  # names of text parameters of the chart

    @property
    def parameters(self) -> list[alt.Parameter]:
        """The parameters of all controls, and whether one was moved."""
        moved = " || ".join(f"{each.name} != {each.start!r}" for each in self.controls)
        own = [alt.param(name=each.name, value=each.start) for each in self.controls]
        return [*own, alt.param(name="changed", expr=moved)]

    @property
    def tables(self) -> list[pd.DataFrame]:
        """What the chart starts from, as a table."""
        rows = [(each.label, f"{each.start:g} {each.unit}".strip()) for each in self.controls]
        return [pd.DataFrame(rows, columns=["Choice", "Of the paper"])]

    def html(self, figure: str) -> str:
        """Return the form; without scripts it stays hidden, and the chart as it is printed."""
        return markup("controls.html", figure=figure, controls=self.controls, says=self.says)
