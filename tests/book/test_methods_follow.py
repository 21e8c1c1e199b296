"""The methods' words follow the choices: what the chapter calls a choice changes with the file, and not silently."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from livingpaper.build.project import Project
from study.charts import risk_days
from study.protocol.history import History, fingerprint
from study.protocol.protocol import Protocol, parse_protocol
from study.protocol.words import ESTIMATORS, PHRASES, POPULATIONS, choice_words


@pytest.fixture
def choices(project: Project) -> dict[str, Any]:
    return tomllib.loads(project.protocol.read_text("utf-8"))


def said(choices: dict[str, Any], project: Project) -> dict[str, str]:
    protocol = parse_protocol(choices)
    return {name: choice_words(protocol, f"phrase.{name}", project) for name in PHRASES}


def last_choices(protocol: Protocol) -> str:
    return fingerprint(History(protocol).versions[-1])


def test_no_choice_changes_without_an_entry_in_the_history(protocol: Protocol) -> None:
    """After a change: add an ``[[amendment]]`` that says what and why; the message gives its ``choices``."""
    assert protocol.amendment[-1].version == "this file"
    assert History(protocol).faults == []


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("estimand", "primary", "ATT"),
        ("matching", "caliper_sd", 0.1),
        ("equivalence", "margin_pp", 3.0),
        ("inference", "seed", 1),
        ("arms", "control", "tocilizumab"),
    ],
)
def test_the_fingerprint_sees_every_kind_of_choice(
    choices: dict[str, Any], protocol: Protocol, section: str, key: str, value: object
) -> None:
    choices[section][key] = value
    assert last_choices(parse_protocol(choices)) != last_choices(protocol)


def test_the_fingerprint_ignores_the_cohort_and_the_history(
    choices: dict[str, Any], protocol: Protocol
) -> None:
    choices["study"] |= {"cohort": "data/own.csv", "blinded": True}
    choices["amendment"][-1]["why"] = "Another reason"
    assert last_choices(parse_protocol(choices)) == last_choices(protocol)


def test_each_phrase_follows_its_choice(choices: dict[str, Any], project: Project) -> None:
    before = said(choices, project)
    choices["estimand"]["primary"] = "ATT"
    choices["matching"] |= {"ratio": 2, "order": "data"}
    choices["study"]["world"] = "harm"
    choices["outcome"] |= {"primary": "imv_or_death", "secondary": ["imv", "death"]}
    choices["eligibility"] = choices["eligibility"][:2]
    choices["further"]["priors"] = choices["further"]["priors"][:2]
    choices["propensity"]["terms"] = [t for t in choices["propensity"]["terms"] if "spline" not in t["form"]]
    assert all(before.values())
    assert said(choices, project) == {
        "population": "patients like those given anakinra",
        "estimator": "weights for the treated",
        "primary_outcome": "invasive mechanical ventilation or death",
        "secondary_outcomes": "invasive mechanical ventilation and death",
        "criteria": "Aged 18 years or older; SARS-CoV-2 infection confirmed",
        "splines": "no covariate",
        "order": "in the order of the data",
        "ratio": "two to one",
        "world": "harm",
        "negative_control": "pressure injury",
        "widest_prior": "“Sceptical: a difference above 6 points is unlikely” with a mean of 0.0 "
        "and a standard deviation of 3 points",
    }
    choices["further"]["priors"] = choices["further"]["priors"][:1]
    assert said(choices, project)["widest_prior"] == "a mean of 0.0 and a standard deviation of 10 points"


def test_the_words_as_they_stand(choices: dict[str, Any], project: Project) -> None:
    found = said(choices, project)
    assert found["splines"] == "age, SpO2/FiO2 ratio and lactate dehydrogenase"
    assert found["secondary_outcomes"] == (
        "invasive mechanical ventilation or death; invasive mechanical ventilation"
    )
    assert "disease; not on invasive mechanical ventilation; on a systemic" in found["criteria"]


def test_every_estimand_has_words() -> None:
    assert set(POPULATIONS) == set(ESTIMATORS)
    assert {"ATO", "ATT", "ATC", "ATM", "ATE"} == set(ESTIMATORS)


def test_the_chapters_use_every_phrase(project: Project) -> None:
    text = "".join(
        path.read_text("utf-8")
        for path in [*project.root.glob("book/*.md"), *project.root.glob("hospital/book/*.md")]
    )
    for name in PHRASES:
        assert f"{{choice}}`phrase.{name}`" in text, name


@pytest.mark.parametrize(("horizon", "days"), [(28, [0, 7, 14, 21, 28]), (14, [0, 7, 14]), (60, [0, 21, 42])])
def test_the_days_under_a_curve_reach_the_horizon(
    choices: dict[str, Any], horizon: int, days: list[int]
) -> None:
    choices["outcome"]["horizon_days"] = horizon
    assert risk_days(parse_protocol(choices)) == days
