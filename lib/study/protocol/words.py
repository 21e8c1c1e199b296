"""What follows from the choices, in words: the ``{choice}`` role of the chapters."""

from collections.abc import Callable
from operator import itemgetter

from livingpaper.book.choices import choice_text, listed
from livingpaper.build.project import Project
from livingpaper.config import config
from livingpaper.ledger.format import points

from study.data.reading import read_table
from study.labels import ADJUSTMENTS, OUTCOMES, WORLDS
from study.protocol.protocol import Protocol

EPONYMS = ("Barthel", "Charlson")
POPULATIONS = {
    "ATO": "patients in clinical equipoise, for whom either drug was a real possibility",
    "ATT": "patients like those given {treated}",
    "ATC": "patients like those given {control}",
    "ATM": "patients who could be matched",
    "ATE": "all patients",
}
NUMBERS = ("none", "one", "two", "three", "four", "five")
ESTIMATORS = {estimand: ADJUSTMENTS[estimand.lower()].lower() for estimand in POPULATIONS}


def widest_prior(plan: Protocol) -> tuple[str, float, float]:
    """Return label, mean and standard deviation of the widest normal prior, in points; one around none if there is none."""
    priors = [(prior.label, prior.mean_pp, prior.sd_pp) for prior in plan.further.priors if prior.sd_pp]
    return max(priors, key=itemgetter(2), default=("", 0.0, plan.equivalence.wide_margin_pp))


def _drawn_first(plan: Protocol) -> str:
    label, mean, sd = widest_prior(plan)
    label = f"“{label}” with " if label else ""
    return f"{label}a mean of {points(mean / 100)} and a standard deviation of {sd:g} points"


PHRASES: dict[str, Callable[[Protocol], list[str]]] = {  # what follows from a choice, in words
    "population": lambda p: [POPULATIONS[p.estimand.primary].format(**p.arms.model_dump())],
    "estimator": lambda p: [ESTIMATORS[p.estimand.primary]],
    "primary_outcome": lambda p: [OUTCOMES[p.outcome.primary].lower()],
    "secondary_outcomes": lambda p: [OUTCOMES[name].lower() for name in p.outcome.secondary],
    "criteria": lambda p: [
        c.label if c is p.eligibility[0] else _within_sentence(c.label) for c in p.eligibility
    ],
    "negative_control": lambda p: [p.sensitivity.negative_control],
    "splines": lambda p: [t.column for t in p.propensity.terms if "spline" in t.form] or ["no covariate"],
    "order": lambda p: [
        "in the order of the data" if (o := p.matching.order) == "data" else f"{o} score first"
    ],
    "ratio": lambda p: [f"{dict(enumerate(NUMBERS)).get(p.matching.ratio, p.matching.ratio)} to one"],
    "widest_prior": lambda p: [_drawn_first(p)],
    "world": lambda p: [WORLDS[p.study.world].removesuffix(" world").lower()],
}


def choice_words(protocol: Protocol, dotted: str, project: Project) -> str:
    """Return one choice as the text prints it; ``phrase.`` and one of ``PHRASES`` for what follows from a choice."""
    labels = _column_labels(project)
    section, _, phrase = dotted.partition(".")
    if section == "phrase" and phrase in PHRASES:
        return listed([labels.get(word, word) for word in PHRASES[phrase](protocol)])
    return choice_text(protocol, dotted, labels, config(project).choices)


def _column_labels(project: Project) -> dict[str, str]:
    """Return each column of the data dictionary with its label as it stands within a sentence."""
    table = read_table(project.data / "dictionary.csv", keep_missing=False)
    return {row.name: _within_sentence(row.label) for row in table.itertuples(index=False)}


def _within_sentence(label: str) -> str:
    first = label.split()[0]
    keeps = first in EPONYMS or first[1:2] == "-" or any(c.isupper() or c.isdigit() for c in first[1:])
    return label if keeps else label[:1].lower() + label[1:]
