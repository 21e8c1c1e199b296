"""Choices about the conduct of the study: sections of ``protocol.toml`` that say how it is checked and told.

Kept apart from ``protocol.py``, which holds the choices that define the analysis.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A section of the protocol: frozen, and every key must be known."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Simulation(Section):
    """The simulation study."""

    replicates: int = Field(ge=2)
    bootstrap_replicates: int = Field(ge=2)
    departure_replicates: int = Field(ge=2)
    period_factor: float = Field(gt=0)
    limitation_log_odds: float
    lab_missing_log_odds: float
    extra_wait_days: int = Field(ge=0)


class Diagnostics(Section):
    """Thresholds that the design has to meet before its estimates are looked at."""

    equipoise: tuple[float, float] = Field(strict=False)
    min_equipoise_share: float = Field(ge=0, le=1)
    max_detectable_pp: float = Field(gt=0)
    max_missing_share: float = Field(ge=0, le=1)
    max_coefficient: float = Field(gt=0)
    min_score: float = Field(ge=0, lt=0.5)
    negative_control: str

    @model_validator(mode="after")
    def _band_ascends(self) -> Self:
        if not 0 < self.equipoise[0] < self.equipoise[1] < 1:
            raise ValueError(
                f"equipoise must be two ascending preference scores in 0 to 1, found {self.equipoise}"
            )
        return self


class DeviationTerm(Section):
    """One baseline covariate of the model of deviating."""

    column: str
    form: Literal["linear", "log", "category"]
    knots: None = None


class Deviations(Section):
    """What counts as leaving the strategy, and the model of it."""

    permitted_stops: tuple[str, ...] = Field(strict=False)
    rescue_permitted: bool
    terms: tuple[DeviationTerm, ...] = Field(min_length=1, strict=False)
    bootstrap_replicates: int = Field(ge=2)


class Amendment(Section):
    """One version of the protocol: when, what, why, and whether outcomes had been seen."""

    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    version: str = Field(pattern=r"^([0-9a-f]{12}|this file)$")
    what: str
    why: str
    outcomes_seen: bool
