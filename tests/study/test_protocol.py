from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from livingpaper.build.project import Project, digest, find_project
from study.protocol.protocol import Protocol, ProtocolError, load_protocol, parse_protocol, protocol_hash
from study.protocol.words import choice_words


@pytest.fixture
def choices(project: Project) -> dict[str, Any]:
    return tomllib.loads(project.protocol.read_text())


def test_a_missing_or_broken_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(
        ProtocolError, match="there is no such file; restore it with: git checkout protocol.toml"
    ):
        load_protocol(tmp_path / "protocol.toml")
    (tmp_path / "protocol.toml").write_text("[study\ntitle = 1")
    with pytest.raises(ProtocolError, match="must be valid TOML, found: .*line 1"):
        load_protocol(tmp_path / "protocol.toml")


def test_every_impossible_choice_is_listed_at_once(choices: dict[str, Any]) -> None:
    choices["matching"]["caliper_sd"] = -0.2
    choices["matching"]["caliper_scale"] = "everyone"
    choices["outcome"]["horizon"] = 30
    choices["arms"]["control"] = choices["arms"]["treated"]
    del choices["inference"]["seed"]
    with pytest.raises(ProtocolError) as caught:
        parse_protocol(choices)
    text = str(caught.value)
    assert "5 impossible choice(s)" in text
    for part in (
        "matching.caliper_sd: Input should be greater than 0 (found -0.2)",
        "matching.caliper_scale: Input should be 'pooled' or 'all' (found 'everyone')",
        "outcome.horizon: Extra inputs are not permitted (found 30)",
        "arms: treated and control must differ, both are 'anakinra'",
        "inference.seed: Field required",
    ):
        assert part in text, part


def test_splines_need_knots_and_only_they(choices: dict[str, Any]) -> None:
    choices["propensity"]["terms"][0].pop("knots")
    with pytest.raises(ProtocolError, match="knots must be given for splines and only for them, term 'age'"):
        parse_protocol(choices)


@pytest.mark.parametrize(
    ("dotted", "text"),
    [
        ("matching.caliper_sd", "0.2"),
        ("inference.conf_level", "95%"),
        ("inference.bootstrap_replicates", "2,000"),
        ("inference.seed", "20210906"),
        ("equivalence.margin_pp", "5"),
        ("estimand.all", "ATO, ATT, ATM and ATE"),
        ("matching.exact", "hospital"),
        ("arms.treated", "anakinra"),
    ],
)
def test_choices_as_text(protocol: Protocol, project: Project, dotted: str, text: str) -> None:
    assert choice_words(protocol, dotted, project) == text


def test_an_unknown_choice_names_what_there_is(protocol: Protocol, project: Project) -> None:
    with pytest.raises(
        KeyError, match=r"no choice 'matching.calliper' in protocol.toml; the section has \['caliper_scale'"
    ):
        choice_words(protocol, "matching.calliper", project)


def test_the_protocol_is_frozen(protocol: Protocol) -> None:
    with pytest.raises(ValueError, match="frozen"):
        protocol.matching.ratio = 2  # type: ignore[misc]


def test_the_hash_follows_the_file(project: Project, tmp_path: Path) -> None:
    copy = tmp_path / "protocol.toml"
    copy.write_bytes(project.protocol.read_bytes())
    assert protocol_hash(copy) == protocol_hash(project.protocol)
    copy.write_text(copy.read_text() + "\n")
    assert protocol_hash(copy) != protocol_hash(project.protocol)


def test_the_project_is_found_from_anywhere_inside(project: Project) -> None:
    assert find_project(project.root / "book") == project
    one = digest([project.data], project.root)
    assert one == digest([project.data], project.root)
    assert one != digest([project.protocol], project.root)
