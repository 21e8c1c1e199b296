"""The history of the protocol: no choice moves without an entry, and what is said of it is true of the entries."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from livingpaper.build.build import build_html, build_pdf
from livingpaper.build.project import Project
from livingpaper.config import Config
from livingpaper.ledger.claims import Claim, ClaimError, Rules, check_claims, holds, load_claims
from livingpaper.ledger.ledger import read_ledger
from project_copy import change, links_to
from study.protocol.history import History, fingerprint
from study.protocol.protocol import Protocol, ProtocolError, parse_protocol
from study.simulation.stored import StaleError, require_choices


@pytest.fixture
def choices(project: Project) -> dict[str, Any]:
    return tomllib.loads(project.protocol.read_text("utf-8"))


def other(value: object) -> object:
    """Another value of the same kind, which the protocol admits or not: only the fingerprint looks at it."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value * 2 + 1
    return f"{value}!" if isinstance(value, str) else None


def amended(choices: dict[str, Any], *, seen: bool, **entry: Any) -> Protocol:
    """The protocol with one more entry that leaves the choices as they are now."""
    last = choices["amendment"][-1] | {"version": "000000000000"}
    base = {"date": "2026-12-01", "version": "this file", "what": "x", "why": "y", "outcomes_seen": seen}
    new = base | {"choices": "000000000000"} | entry
    made = parse_protocol(choices | {"amendment": [*choices["amendment"][:-1], last, new]})
    new["choices"] = fingerprint(History(made).versions[-1])
    return parse_protocol(choices | {"amendment": [*choices["amendment"][:-1], last, new]})


def test_the_committed_history_is_whole(protocol: Protocol) -> None:
    assert History(protocol).faults == []
    assert len(History(protocol).versions) == len(protocol.amendment)


def test_a_changed_choice_without_an_entry_is_a_fault(choices: dict[str, Any]) -> None:
    choices["matching"]["caliper_sd"] = other(choices["matching"]["caliper_sd"])
    (fault,) = History(parse_protocol(choices)).faults
    assert "add an [[amendment]]" in fault
    assert "was (each changed choice with its value before)" in fault


def test_an_entry_with_the_value_before_makes_it_whole(choices: dict[str, Any]) -> None:
    before = choices["matching"]["caliper_sd"]
    choices["matching"]["caliper_sd"] = other(before)
    history = History(amended(choices, seen=True, was={"matching.caliper_sd": before}))
    assert history.faults == []
    assert not history.kept("matching.caliper_sd")
    assert not history.before_outcomes("matching.caliper_sd")
    assert history.kept("equivalence", "outcome")


@pytest.mark.parametrize("was", [{}, {"matching.caliper_sd": 7.0}, {"matching.ratio": 1}])
def test_an_entry_that_does_not_say_what_was_there_is_a_fault(
    choices: dict[str, Any], was: dict[str, Any]
) -> None:
    choices["matching"]["caliper_sd"] = other(choices["matching"]["caliper_sd"])
    (fault,) = History(amended(choices, seen=True, was=was)).faults
    assert "must leave the choices it names" in fault


def test_an_entry_taken_out_is_a_fault(choices: dict[str, Any]) -> None:
    for at in range(1, len(choices["amendment"])):
        shorter = deepcopy(choices)
        del shorter["amendment"][at]
        assert History(parse_protocol(shorter)).faults, at


def test_the_fingerprint_sees_every_choice(protocol: Protocol) -> None:
    now = History(protocol).versions[-1]
    for name, value in now.items():
        assert fingerprint(now | {name: other(value)}) != fingerprint(now), name


def test_there_and_back_is_not_kept(choices: dict[str, Any]) -> None:
    """By hand: a caliper that went to 0.9 and back stands as in the first version, and was still moved."""
    first = choices["matching"]["caliper_sd"]
    there = choices | {"matching": choices["matching"] | {"caliper_sd": 0.9}}
    moved = amended(there, seen=True, was={"matching.caliper_sd": first})
    back = choices | {"amendment": moved.model_dump(mode="json")["amendment"]}
    history = History(amended(back, seen=True, was={"matching.caliper_sd": 0.9}))
    assert history.faults == []
    assert not history.kept("matching.caliper_sd")


def test_outcomes_count_from_the_entry_that_has_seen_them(choices: dict[str, Any]) -> None:
    first = {**choices, "amendment": [choices["amendment"][0] | {"version": "this file"}]}
    before = first["equivalence"]["margin_pp"]
    first["equivalence"] = first["equivalence"] | {"margin_pp": other(before)}
    for seen in (False, True):
        history = History(amended(first, seen=seen, was={"equivalence.margin_pp": before}))
        assert history.before_outcomes("equivalence.margin_pp") is not seen
        assert not history.kept("equivalence.margin_pp")


def test_a_choice_that_does_not_exist_is_named(protocol: Protocol) -> None:
    with pytest.raises(KeyError, match="no choice 'matching.caliper'"):
        History(protocol).kept("matching.caliper")


def test_an_amendment_needs_its_fingerprint(choices: dict[str, Any]) -> None:
    del choices["amendment"][1]["choices"]
    with pytest.raises(ProtocolError, match="choices"):
        parse_protocol(choices)


def test_a_sentence_about_the_process_falls_with_the_history(
    project: Project, settings: Config, choices: dict[str, Any]
) -> None:
    """A caliper changed after outcomes, with its entry: each sentence that rests on it is named."""
    stated = [claim for claim in load_claims(project.claims) if "caliper" in claim.process]
    before = choices["matching"]["caliper_sd"]
    choices["matching"]["caliper_sd"] = before / 2
    protocol = amended(choices, seen=True, was={"matching.caliper_sd": before})
    ledger = read_ledger(project.ledger)
    assert stated
    with pytest.raises(ClaimError) as caught:
        check_claims(stated, project.root / "book", ledger, Rules(settings, protocol))
    assert all(claim.name in str(caught.value) for claim in stated)
    assert check_claims(stated, project.root / "book", ledger, Rules(settings)) == len(stated)


def test_a_rule_that_names_no_choice_is_a_fault(project: Project, settings: Config) -> None:
    claim = Claim("methods", "words", process="history.kept('matching.calliper')")
    with pytest.raises(ClaimError, match="matching.calliper"):
        holds(claim, read_ledger(project.ledger), Rules(settings))


def test_results_of_other_choices_stop_the_build(project: Project, protocol: Protocol) -> None:
    require_choices(project, protocol)
    matching = protocol.matching.model_copy(update={"caliper_sd": protocol.matching.caliper_sd / 2})
    with pytest.raises(StaleError, match="run make simulate"):
        require_choices(project, protocol.model_copy(update={"matching": matching}))


@pytest.mark.whole
@pytest.mark.parametrize("build", [build_html, build_pdf])
def test_a_choice_without_an_entry_or_results_of_other_choices_stop_before_anything_is_computed(
    project: Project,
    tmp_path: Path,
    choices: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
    build: Callable[[Project], None],
) -> None:
    caliper = choices["matching"]["caliper_sd"]
    made = links_to(project, tmp_path / "p", {f"caliper_sd = {caliper}": f"caliper_sd = {caliper / 2}"})
    with pytest.raises(
        ClaimError, match=r"^each choice must be in the history of the protocol: [^\n]*add an"
    ):
        build(made)
    choices["matching"]["caliper_sd"] = caliper / 2
    entry = amended(choices, seen=True, was={"matching.caliper_sd": caliper}).amendment[-1]
    change(made, project.protocol.read_text("utf-8"), {
        f"caliper_sd = {caliper}": f"caliper_sd = {caliper / 2}",
        'version = "this file"': 'version = "000000000000"',
    })  # fmt: skip
    with made.protocol.open("a", encoding="utf-8") as file:
        file.write(f"""
[[amendment]]
date = "{entry.date}"
version = "this file"
choices = "{entry.choices}"
was = {{ "matching.caliper_sd" = {caliper} }}
what = "A caliper of half the width"
why = "To test"
outcomes_seen = true
""")
    with pytest.raises(StaleError, match=r"^committed results must belong .* run make simulate[^\n]*$"):
        build(made)
    assert capsys.readouterr().err + capsys.readouterr().out == ""
    assert not made.ledger.exists() or made.ledger.read_bytes() == project.ledger.read_bytes()
