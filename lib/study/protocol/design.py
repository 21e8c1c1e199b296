"""Choices that define the analysis: sections of ``protocol.toml`` on question, cohort, score and estimate."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Estimand = Literal["ATE", "ATT", "ATC", "ATO", "ATM"]


class Section(BaseModel):
    """A section of the protocol: frozen, every key must be known, and its values possible together."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if fault := self._fault():
            raise ValueError(fault)
        return self

    def _fault(self) -> str:
        """Return what is wrong with the values together, nothing if they can be."""
        return ""


class StudySection(Section):
    """Which paper this is and which cohort it analyses."""

    title: str
    cohort: str
    world: Literal["null", "harm", "benefit"]
    blinded: bool
    draft: bool


class Arms(Section):
    """The column that defines the arms and its two values."""

    column: str
    treated: str
    control: str

    def _fault(self) -> str:
        same = self.treated == self.control
        return f"treated and control must differ, both are {self.treated!r}" if same else ""


class Criterion(Section):
    """One eligibility criterion, applied in the order of the file."""

    label: str
    excludes: str
    column: str
    rule: Literal["at least", "equal", "present"]
    value: float | int | str | None = None

    def _fault(self) -> str:
        words = self.rule == "at least" and isinstance(self.value, str)
        if not words and (self.rule == "present") == (self.value is None):
            return ""
        must = "value must be a number for 'at least', given for 'equal' and absent for 'present'"
        return f"{must}; the criterion on {self.column!r} is {self.rule!r} with {self.value!r}"


class Term(Section):
    """One covariate of the propensity score and its functional form."""

    column: str
    form: Literal["linear", "log", "spline", "log spline", "category"]
    knots: int | None = Field(default=None, ge=3, le=5)

    def _fault(self) -> str:
        must = "knots must be given for splines and only for them"
        fits = ("spline" in self.form) == (self.knots is not None)
        return "" if fits else f"{must}, term {self.column!r} is {self.form!r}"


class Propensity(Section):
    """The propensity-score model."""

    terms: tuple[Term, ...] = Field(min_length=1, strict=False)
    min_treated_per_term: int = Field(ge=1)
    impute_from: tuple[str, ...] = Field(strict=False)

    @property
    def columns(self) -> list[str]:
        """The columns of the terms, each once."""
        return list(dict.fromkeys(term.column for term in self.terms))


class Matching(Section):
    """The replication estimator: pairs on the propensity score."""

    ratio: int = Field(ge=1)
    caliper_sd: float = Field(gt=0)
    caliper_scale: Literal["pooled", "all"]
    order: Literal["largest", "smallest", "data"]
    exact: tuple[str, ...] = Field(strict=False)
    exact_finer: tuple[str, ...] = Field(strict=False)


class Weighting(Section):
    """The weights shown beside those of the estimands."""

    truncate: tuple[float, float] = Field(strict=False)
    entropy: Literal["ATT", "ATE"]

    def _fault(self) -> str:
        ascend = 0 <= self.truncate[0] < self.truncate[1] <= 1
        return "" if ascend else f"truncate must be two ascending quantiles in 0 to 1, found {self.truncate}"


class EstimandSection(Section):
    """Whose effect is estimated."""

    primary: Estimand
    all: tuple[Estimand, ...] = Field(strict=False)

    def _fault(self) -> str:
        must = "the primary estimand must be in the list of all"
        return "" if self.primary in self.all else f"{must}, {self.primary!r} is not"


class Outcome(Section):
    """What is compared and until when."""

    primary: Literal["death", "imv", "imv_or_death"]
    secondary: tuple[Literal["death", "imv", "imv_or_death"], ...] = Field(strict=False)
    horizon_days: int = Field(ge=1, le=120)
    whole_stay_days: int = Field(ge=1)

    def _fault(self) -> str:
        must = f"whole_stay_days must reach at least the horizon of {self.horizon_days} days"
        within = self.horizon_days <= self.whole_stay_days
        return "" if within else f"{must}, found {self.whole_stay_days}"


class Equivalence(Section):
    """The margins against which similarity is tested, in percentage points."""

    margin_pp: float = Field(gt=0, lt=100)
    wide_margin_pp: float = Field(gt=0, lt=100)
    alpha: float = Field(gt=0, lt=0.5)

    @property
    def margins(self) -> dict[str, float]:
        """Both margins by name, as proportions."""
        return {"margin": self.margin_pp / 100, "wide": self.wide_margin_pp / 100}


class Inference(Section):
    """Intervals and randomness."""

    conf_level: float = Field(gt=0.5, lt=1)
    bootstrap_replicates: int = Field(ge=2)
    seed: int = Field(ge=0)


class Balance(Section):
    """How balance is judged."""

    smd_denominator: Literal["pooled", "treated"]
    smd_threshold: float = Field(gt=0)
    variance_ratio_low: float = Field(gt=0)
    variance_ratio_high: float = Field(gt=1)


class Precision(Section):
    """What the sample size can show."""

    power: float = Field(gt=0.5, lt=1)
