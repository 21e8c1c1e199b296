"""Committed results of computations that take minutes, ``results/``, read only where they belong to what is here.

Beside them, ``artefacts.toml`` holds the fingerprints of the files and of everything they rest on; when code, data or
choices have changed, a test asks for ``make simulate``.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pandas as pd
from livingpaper.build.cache import code_digest, write_whole
from livingpaper.build.project import Project, digest, find_project, text_of

from study.protocol.protocol import Protocol

WHOLE = ("arms", "eligibility", "propensity", "matching", "estimand", "outcome", "multiverse", "simulation")
CHOICES: dict[str, Any] = dict.fromkeys(WHOLE, True) | {
    "inference": {"conf_level", "seed"},
    "equivalence": {"alpha"},
    "sensitivity": {"concurrent_min_share"},
}
MARKS = "results/artefacts.toml"
FILES = ("simulation", "simulation_mistakes", "simulation_first", "multiverse_nulls")
MODULES = {
    "simulation": ("study.simulation.replicates", "study.worlds.worlds"),
    "multiverse_nulls": ("headtohead.sensitivity.multiverse", "headtohead.sensitivity.joint_inference"),
}
UPSTREAM = ("headtohead.matching.design", "study.data.endpoints", "headtohead.cohort.describe")


class StaleError(ValueError):
    """A committed result does not belong to the code, data and choices that are here."""


def fingerprints(project: Project, protocol: Protocol) -> dict[str, str]:
    """Return for ``simulation`` and ``multiverse_nulls`` the hash of their code, data, choices and seed."""
    here = Path(__file__).parent
    data = [project.data / "synthetic" / "worlds.json", project.data / "dictionary.csv"]
    shared = [
        digest([*data, project.root / protocol.study.cohort], project.root),
        digest([here / "scenarios.py", here.parent / "sensitivity" / "multiverse.py"], here.parent),
        *given(project, protocol).values(),
        *map(code_digest, UPSTREAM),
    ]
    return {name: _hash("".join([*shared, *map(code_digest, modules)])) for name, modules in MODULES.items()}


def given(project: Project, protocol: Protocol) -> dict[str, str]:
    """Return the hashes of the choices and of the cohort that results belong to."""
    choices = _hash(repr(protocol.model_dump(include=CHOICES)))
    return {"choices": choices, "cohort": digest([project.root / protocol.study.cohort], project.root)}


def require_current(project: Project, protocol: Protocol) -> None:
    """Check that the committed results belong to the code, data and choices here.

    Raises
    ------
    StaleError
        If one does not.
    """
    stored = marks_of(project).get("inputs", {})
    stale = [name for name, now in fingerprints(project, protocol).items() if stored.get(name) != now]
    if stale:
        raise StaleError(
            f"committed results must belong to the code, data and choices that are here, {stale} do not; "
            "run make simulate and commit what it writes"
        )


def require_choices(project: Project, protocol: Protocol) -> None:
    """Check that the committed results were computed under the choices here; ``StaleError`` if not."""
    if marks_of(project).get("choices") != given(project, protocol)["choices"]:
        raise StaleError(
            "committed results must belong to the choices in protocol.toml, results/ holds those of other choices; "
            "run make simulate and commit what it writes"
        )


def null_statistics(protocol: Protocol, *, project: Project | None = None) -> pd.DataFrame:
    """Return the statistics of the committed null curves, empty if they are those of another cohort."""
    project = project or find_project()
    nulls, cohort = read_precomputed("multiverse_nulls", project=project), given(project, protocol)["cohort"]
    return nulls if marks_of(project).get("cohort") == cohort else nulls.iloc[:0]


def read_precomputed(name: str, *, project: Project | None = None) -> pd.DataFrame:
    """Return one of ``FILES`` as it was computed.

    Raises
    ------
    StaleError
        If the file is missing, or is not the one whose fingerprint was written with it.
    """
    project = project or find_project()
    path = file_of(project, name)
    if not path.is_file():
        raise StaleError(f"committed results must be in results/, {path} is missing; run make simulate")
    if _hash(text_of(path)) != marks_of(project).get("files", {}).get(name):
        raise StaleError(
            f"{path} must be as it was computed, it was changed; restore it, or run make simulate"
        )
    return pd.read_csv(path, keep_default_na=False, na_values=[""])


def marks_of(project: Project) -> dict[str, Any]:
    """Return the committed fingerprints, empty if there are none."""
    path = project.root / MARKS
    return tomllib.loads(text_of(path)) if path.is_file() else {}


def write_marks(project: Project, protocol: Protocol) -> None:
    """Write the fingerprints of the results that are there and of what they rest on."""
    files = {name: _hash(text_of(file_of(project, name))) for name in FILES}
    says = "# Fingerprints of the committed results and of what they rest on. Written by make simulate.\n"
    choices, inputs = given(project, protocol), fingerprints(project, protocol)
    parts = [says, _lines(choices), "\n[files]\n", _lines(files), "\n[inputs]\n", _lines(inputs)]
    write_whole(project.root / MARKS, "".join(parts).encode())


def _lines(marks: dict[str, str]) -> str:
    return "".join(f'{name} = "{mark}"\n' for name, mark in marks.items())


def file_of(project: Project, name: str) -> Path:
    """Return where one of ``FILES`` lies."""
    return project.root / "results" / f"{name}.csv"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
