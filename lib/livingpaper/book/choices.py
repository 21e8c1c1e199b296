"""One pre-specified choice as the text prints it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
from pydantic import BaseModel
from study.labels import OUTCOMES as OUTCOME_LABELS
from study.protocol.protocol import Protocol

from livingpaper.build.project import Project

PERCENT_KEYS = ("conf_level", "power", "concurrent_min_share", "min_equipoise_share", "max_missing_share")
PLAIN_KEYS = ("seed",)
MINUS = "\N{MINUS SIGN}"
EPONYMS = ("Barthel", "Charlson")
POPULATIONS = {
    "ATO": "patients in clinical equipoise, for whom either drug was a real possibility",
    "ATT": "patients like those given {treated}",
    "ATC": "patients like those given {control}",
    "ATM": "patients who could be matched",
    "ATE": "all patients",
}
ESTIMATORS = {
    "ATO": "overlap weights", "ATT": "weights for the treated", "ATC": "weights for the controls",
    "ATM": "matching weights", "ATE": "inverse probability weights",
}  # fmt: skip


def _population(protocol: Protocol) -> list[str]:
    arms = protocol.arms
    return [POPULATIONS[protocol.estimand.primary].format(treated=arms.treated, control=arms.control)]


PHRASES: dict[str, Callable[[Protocol], list[str]]] = {  # what follows from a choice, in words
    "population": _population,
    "estimator": lambda p: [ESTIMATORS[p.estimand.primary]],
    "primary_outcome": lambda p: [OUTCOME_LABELS[p.outcome.primary].lower()],
    "secondary_outcomes": lambda p: [OUTCOME_LABELS[name].lower() for name in p.outcome.secondary],
    "criteria": lambda p: [
        criterion.label if place == 0 else _within_sentence(criterion.label)
        for place, criterion in enumerate(p.eligibility)
    ],
    "splines": lambda p: (
        [term.column for term in p.propensity.terms if "spline" in term.form] or ["no covariate"]
    ),
}


def choice_text(protocol: Protocol, dotted: str, labels: Mapping[str, str] | None = None) -> str:
    """Return one choice as the text prints it, for example ``matching.caliper_sd`` as "0.2".

    Parameters
    ----------
    protocol : Protocol
    dotted : str
        Section and key, or ``phrase.`` and one of ``PHRASES`` for what follows from a choice.
    labels : mapping of str to str, optional
        Columns of the cohort to the words that stand for them.

    Raises
    ------
    KeyError
        If there is no such choice.
    """
    section, _, phrase = dotted.partition(".")
    if section == "phrase" and phrase in PHRASES:
        return _listed([(labels or {}).get(word, word) for word in PHRASES[phrase](protocol)])
    value: Any = protocol
    for part in dotted.split("."):
        if not hasattr(value, part):
            raise KeyError(f"no choice {dotted!r} in protocol.toml; the section has {_choices_of(value)}")
        value = getattr(value, part)
    name = dotted.rsplit(".", 1)[-1]
    if isinstance(value, tuple):
        return _listed([(labels or {}).get(str(item), _one_choice(item, name)) for item in value])
    return _one_choice(value, name)


def words_of_columns(project: Project) -> dict[str, str]:
    """Return each column of the data dictionary with its label as it stands within a sentence."""
    table = pd.read_csv(project.data / "dictionary.csv", usecols=["name", "label"])
    return {name: _within_sentence(label) for name, label in table.itertuples(index=False)}


def _within_sentence(label: str) -> str:
    first = label.split()[0]
    keeps = first in EPONYMS or first[1:2] == "-" or any(c.isupper() or c.isdigit() for c in first[1:])
    return label if keeps else label[:1].lower() + label[1:]


def _listed(items: list[str]) -> str:
    if any(mark in item for item in items for mark in (", ", " or ", " and ")):
        return "; ".join(items)
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1]


def _one_choice(value: object, name: str) -> str:
    if name in PERCENT_KEYS and isinstance(value, float):
        return f"{100 * value:g}%"
    if isinstance(value, int) and not isinstance(value, bool) and name not in PLAIN_KEYS:
        return f"{value:,}"
    return f"{value:g}".replace("-", MINUS) if isinstance(value, float) else str(value)


def _choices_of(value: object) -> list[str]:
    return sorted(type(value).model_fields) if isinstance(value, BaseModel) else []
