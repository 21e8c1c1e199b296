"""The choices: ``protocol.toml`` as a frozen, checked object."""

import hashlib
import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from livingpaper.build.project import content_of, text_of
from pydantic import Field, ValidationError

from study.protocol import design
from study.protocol import sensitivity as other


class ProtocolError(ValueError):
    """``protocol.toml`` is missing, cannot be read or states an impossible choice."""


class Protocol(design.Section):
    """Every choice, one attribute per section of ``protocol.toml``."""

    none_is_a_choice: ClassVar[bool] = True  # in the history; TOML cannot hold it

    study: design.StudySection
    arms: design.Arms
    eligibility: tuple[design.Criterion, ...] = Field(strict=False)
    propensity: design.Propensity
    matching: design.Matching
    weighting: design.Weighting
    estimand: design.EstimandSection
    outcome: design.Outcome
    equivalence: design.Equivalence
    inference: design.Inference
    balance: design.Balance
    precision: design.Precision
    sensitivity: other.Sensitivity
    evidence: other.EvidenceSection
    multiverse: other.Multiverse
    simulation: other.Simulation
    further: other.Further
    diagnostics: other.Diagnostics
    deviations: other.Deviations
    amendment: tuple[other.Amendment, ...] = Field(min_length=1, strict=False)

    @property
    def baseline_columns(self) -> list[str]:
        """Every column that a model, a stratum or a subgroup takes as known at time zero."""
        models = (*self.propensity.terms, *self.further.outcome_terms), self.deviations.terms
        named = [part.column for group in (*models, self.sensitivity.subgroups) for part in group]
        strata = (*self.propensity.impute_from, *self.matching.exact, *self.matching.exact_finer)
        return list(dict.fromkeys([*named, *strata]))

    def fewer_bootstraps(self, replicates: int) -> "Protocol":
        """Return the same choices with another number of bootstrap samples."""
        few = self.inference.model_copy(update={"bootstrap_replicates": replicates})
        return self.model_copy(update={"inference": few})


def load_protocol(path: Path, kind: type[Protocol] = Protocol) -> Protocol:
    """Return the checked protocol, of the study or of another ``kind``.

    Raises
    ------
    ProtocolError
        If the file is missing or not TOML, or lists every choice that is missing, unknown or impossible.
    """
    try:
        return _checked(text_of(path), str(path), kind)
    except FileNotFoundError:
        must = f"the choices of the paper must stand in {path}, there is no such file"
        raise ProtocolError(f"{must}; restore it with: git checkout {path.name}") from None


@lru_cache(maxsize=16)
def _checked(text: str, source: str, kind: type[Protocol]) -> Protocol:
    """Return the protocol of a text, checked once: a chapter asks for its choices some twenty times."""
    try:
        return parse_protocol(tomllib.loads(text), source, kind)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"{source} must be valid TOML, found: {error}; correct that line") from None


def parse_protocol(
    choices: dict[str, Any], source: str = "protocol.toml", kind: type[Protocol] = Protocol
) -> Protocol:
    """Return the protocol that a nested dict of choices describes; see ``load_protocol`` for errors."""
    try:
        return kind.model_validate(choices)
    except ValidationError as error:
        said = [f"{source} has {error.error_count()} impossible choice(s):"]
        for item in error.errors():
            place, what = ".".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, ")
            said.append(f"  - {place}: {what} (found {item['input']!r:.60})")
        said.append("correct them; CONTRIBUTING.md names the admissible values")
        raise ProtocolError("\n".join(said)) from None


def protocol_hash(path: Path) -> str:
    """Return the first 12 hex digits of the file's sha256: the fingerprint printed in the paper."""
    return hashlib.sha256(content_of(path)).hexdigest()[:12]
