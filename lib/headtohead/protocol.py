"""The pre-specified choices: ``protocol.toml`` as a frozen, checked object.

Only ``study.py`` unpacks a ``Protocol``; every other function takes plain arguments.
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError, model_validator

from headtohead.conduct import Amendment, Deviations, Diagnostics, Section, Simulation

Estimand = Literal["ATE", "ATT", "ATC", "ATO", "ATM"]


class ProtocolError(ValueError):
    """``protocol.toml`` is missing, cannot be read or states an impossible choice."""


class StudySection(Section):
    """Which paper this is and which cohort it analyses."""

    title: str
    cohort: str
    world: str
    blinded: bool


class Arms(Section):
    """The column that defines the arms and its two values."""

    column: str
    treated: str
    control: str

    @model_validator(mode="after")
    def _two_arms(self) -> Self:
        if self.treated == self.control:
            raise ValueError(f"treated and control must differ, both are {self.treated!r}")
        return self


class Criterion(Section):
    """One eligibility criterion, applied in the order of the file."""

    label: str
    excludes: str
    column: str
    rule: Literal["at least", "equal", "present"]
    value: float | int | str | None = None


class Term(Section):
    """One covariate of the propensity score and its functional form."""

    column: str
    form: Literal["linear", "log", "spline", "log spline", "category"]
    knots: int | None = Field(default=None, ge=3, le=5)

    @model_validator(mode="after")
    def _knots_for_splines(self) -> Self:
        if ("spline" in self.form) != (self.knots is not None):
            raise ValueError(
                f"knots must be given for splines and only for them, term {self.column!r} is {self.form!r}"
            )
        return self


class Propensity(Section):
    """The propensity-score model."""

    terms: tuple[Term, ...] = Field(min_length=1, strict=False)
    min_treated_per_term: int = Field(ge=1)
    impute_from: tuple[str, ...] = Field(strict=False)


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

    @model_validator(mode="after")
    def _quantiles_ascend(self) -> Self:
        if not 0 <= self.truncate[0] < self.truncate[1] <= 1:
            raise ValueError(f"truncate must be two ascending quantiles in 0 to 1, found {self.truncate}")
        return self


class EstimandSection(Section):
    """Whose effect is estimated."""

    primary: Estimand
    all: tuple[Estimand, ...] = Field(strict=False)

    @model_validator(mode="after")
    def _primary_is_listed(self) -> Self:
        if self.primary not in self.all:
            raise ValueError(f"the primary estimand must be in the list of all, {self.primary!r} is not")
        return self


class Outcome(Section):
    """What is compared and until when."""

    primary: Literal["death", "imv", "imv_or_death"]
    secondary: tuple[Literal["death", "imv", "imv_or_death"], ...] = Field(strict=False)
    horizon_days: int = Field(ge=1, le=120)
    whole_stay_days: int = Field(ge=1)


class Equivalence(Section):
    """The margins against which similarity is tested, in percentage points."""

    margin_pp: float = Field(gt=0)
    wide_margin_pp: float = Field(gt=0)
    alpha: float = Field(gt=0, lt=0.5)


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


class Subgroup(Section):
    """A column by whose levels, or below and from a cut, the effect is estimated."""

    column: str
    cut: float | None = None


class Sensitivity(Section):
    """The grids of the sensitivity analyses."""

    concurrent_min_share: float = Field(ge=0, lt=0.5)
    calipers_sd: tuple[float, ...] = Field(strict=False)
    imputations: int = Field(ge=2)
    imputation_rounds: int = Field(ge=1)
    imputation_bootstraps: int = Field(ge=2)
    gammas: tuple[float, ...] = Field(min_length=1, strict=False)
    negative_control: str
    early_days: int = Field(ge=1)
    unseen_deaths: int = Field(ge=1)
    subgroup_bootstraps: int = Field(ge=2)
    subgroups: tuple[Subgroup, ...] = Field(strict=False)


class EvidenceSection(Section):
    """How published studies are pooled."""

    tau2: Literal["ML", "REML", "DL", "PM"]
    interval: Literal["normal", "HK", "modified HK"]


class CovariateSet(Section):
    """Covariates of some specifications: those of the sets before it and its own."""

    name: str
    adds: tuple[str, ...] = Field(strict=False)
    interaction: tuple[str, ...] = Field(default=(), max_length=2, strict=False)


class Multiverse(Section):
    """The grid of the specification curve and its null data sets."""

    estimators: tuple[str, ...] = Field(min_length=1, strict=False)
    calipers_sd: tuple[float, ...] = Field(strict=False)
    covariates: tuple[CovariateSet, ...] = Field(min_length=1, strict=False)
    trim: float = Field(gt=0, lt=0.5)
    nulls: int = Field(ge=19)


class Prior(Section):
    """A normal prior of the primary risk difference; without ``sd_pp`` it is flat."""

    name: str
    label: str
    mean_pp: float
    sd_pp: float | None = Field(default=None, gt=0)


class Further(Section):
    """The further analyses of the outcomes."""

    split_day: int = Field(ge=1)
    outcome_terms: tuple[Term, ...] = Field(min_length=1, strict=False)
    predictors: tuple[Term, ...] = Field(min_length=1, strict=False)
    priors: tuple[Prior, ...] = Field(min_length=1, strict=False)


class Protocol(Section):
    """Every pre-specified choice, one attribute per section of ``protocol.toml``."""

    study: StudySection
    arms: Arms
    eligibility: tuple[Criterion, ...] = Field(strict=False)
    propensity: Propensity
    matching: Matching
    weighting: Weighting
    estimand: EstimandSection
    outcome: Outcome
    equivalence: Equivalence
    inference: Inference
    balance: Balance
    precision: Precision
    sensitivity: Sensitivity
    evidence: EvidenceSection
    multiverse: Multiverse
    simulation: Simulation
    further: Further
    diagnostics: Diagnostics
    deviations: Deviations
    amendment: tuple[Amendment, ...] = Field(min_length=1, strict=False)


def load_protocol(path: Path) -> Protocol:
    """Return the checked protocol.

    Raises
    ------
    ProtocolError
        If the file is missing or not TOML, or lists every choice that is missing, unknown or impossible.
    """
    try:
        choices = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ProtocolError(
            f"the choices of the paper must stand in {path}, there is no such file; "
            f"restore it with: git checkout {path.name}"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{path} must be valid TOML, found: {error}; correct that line") from None
    return parse_protocol(choices, str(path))


def parse_protocol(choices: dict[str, Any], source: str = "protocol.toml") -> Protocol:
    """Return the protocol that a nested dict of choices describes; see ``load_protocol`` for errors."""
    try:
        return Protocol.model_validate(choices)
    except ValidationError as error:
        problems = "\n".join(
            f"  - {'.'.join(str(part) for part in item['loc'])}: {item['msg'].removeprefix('Value error, ')}"
            f" (found {_short(item['input'])})"
            for item in error.errors()
        )
        raise ProtocolError(
            f"{source} has {error.error_count()} impossible choice(s):\n{problems}\n"
            "correct them; CONTRIBUTING.md names the admissible values"
        ) from None


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def protocol_hash(path: Path) -> str:
    """Return the first 12 hex digits of the file's sha256: the fingerprint printed in the paper."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
