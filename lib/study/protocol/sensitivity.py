"""Choices of what is done beside the main analysis: sections of ``protocol.toml`` on robustness and conduct."""

from typing import Annotated, Any, Literal

from pydantic import Field

from study.protocol.design import Section, Term


class Subgroup(Section):
    """A column by whose levels, or below and from a cut, the effect is estimated."""

    column: str
    cut: float | None = None


class Sensitivity(Section):
    """The grids of the sensitivity analyses."""

    concurrent_min_share: float = Field(ge=0, lt=0.5)
    calipers_sd: tuple[Annotated[float, Field(gt=0)], ...] = Field(strict=False)
    imputations: int = Field(ge=2)
    imputation_rounds: int = Field(ge=1)
    imputation_bootstraps: int = Field(ge=2)
    gammas: tuple[Annotated[float, Field(ge=1)], ...] = Field(min_length=1, strict=False)
    negative_control: str
    early_days: int = Field(ge=1)
    unseen_deaths: int = Field(ge=1)
    subgroup_bootstraps: int = Field(ge=2)
    shrinkage_sd_pp: float = Field(gt=0)
    subgroups: tuple[Subgroup, ...] = Field(strict=False)


class EvidenceSection(Section):
    """How published studies are pooled."""

    tau2: Literal["ML", "REML", "DL", "PM"]
    interval: Literal["normal", "HK", "modified HK"]
    no_contrast: Literal["exclude", "half"]
    few_events: Literal["Mantel-Haenszel", "binomial-normal"]


class CovariateSet(Section):
    """Covariates of some specifications: those of the sets before it and its own."""

    name: str
    adds: tuple[str, ...] = Field(strict=False)
    interaction: tuple[str, ...] = Field(default=(), max_length=2, strict=False)


class Multiverse(Section):
    """The grid of the specification curve and its null data sets."""

    estimators: tuple[str, ...] = Field(min_length=1, strict=False)
    calipers_sd: tuple[Annotated[float, Field(gt=0)], ...] = Field(strict=False)
    covariates: tuple[CovariateSet, ...] = Field(min_length=1, strict=False)
    trim: float = Field(gt=0, lt=0.5)
    nulls: int = Field(ge=19)


class Prior(Section):
    """A normal prior of the primary risk difference; without ``sd_pp`` it is flat."""

    name: str
    label: str
    mean_pp: float
    sd_pp: float | None = Field(default=None, gt=0)

    @property
    def mean(self) -> float:
        """The mean as a difference of proportions."""
        return self.mean_pp / 100

    @property
    def sd(self) -> float | None:
        """The standard deviation as a difference of proportions, None if flat."""
        return None if self.sd_pp is None else self.sd_pp / 100


class Further(Section):
    """The further analyses of the outcomes."""

    split_day: int = Field(ge=1)
    outcome_terms: tuple[Term, ...] = Field(min_length=1, strict=False)
    predictors: tuple[Term, ...] = Field(min_length=1, strict=False)
    priors: tuple[Prior, ...] = Field(min_length=1, strict=False)


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

    def _fault(self) -> str:
        must = "equipoise must be two ascending preference scores in 0 to 1"
        return "" if 0 < self.equipoise[0] < self.equipoise[1] < 1 else f"{must}, found {self.equipoise}"


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
    choices: str = Field(pattern=r"^[0-9a-f]{12}$")
    was: dict[str, Any] = Field(default_factory=dict)  # what it changed, with the value before
    added: tuple[str, ...] = Field(default=(), strict=False)  # choices, or sections, that it brought
    what: str
    why: str
    outcomes_seen: bool
