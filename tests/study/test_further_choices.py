"""The history of the protocol is the one that the project's history holds, and its sections refuse nonsense."""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
from typing import Any

import pytest
from livingpaper.build.project import Project
from study.protocol.protocol import Protocol, ProtocolError, parse_protocol


@pytest.fixture
def choices(project: Project) -> dict[str, Any]:
    return tomllib.loads(project.protocol.read_text())


def git(project: Project, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=project.root, capture_output=True, check=True).stdout


def test_every_version_named_is_in_the_history_at_its_date(project: Project, protocol: Protocol) -> None:
    try:
        log = (
            git(project, "log", "--format=%H %ad", "--date=short", "--", "protocol.toml").decode().split("\n")
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this copy of the project has no history")
    dates = {}
    for line in filter(None, log):
        commit, date = line.split()
        version = hashlib.sha256(git(project, "show", f"{commit}:protocol.toml")).hexdigest()[:12]
        dates[version] = date
    if len(dates) < 2:
        pytest.skip("this copy of the project has only its last version")
    for named in protocol.amendment[:-1]:
        assert dates[named.version] == named.date
    assert protocol.amendment[-1].version == "this file"


@pytest.mark.parametrize(
    ("section", "key", "value", "message"),
    [
        ("diagnostics", "equipoise", [0.7, 0.3], "equipoise must be two ascending preference scores"),
        ("diagnostics", "min_score", 0.5, "diagnostics.min_score: Input should be less than 0.5"),
        ("deviations", "bootstrap_replicates", 1, "greater than or equal to 2"),
        ("equivalence", "margin_pp", 100.0, "equivalence.margin_pp: Input should be less than 100"),
        ("equivalence", "wide_margin_pp", 500.0, "equivalence.wide_margin_pp: Input should be less than 100"),
        ("matching", "caliper_sd", float("inf"), "matching.caliper_sd: Input should be a finite number"),
        (
            "sensitivity",
            "calipers_sd",
            [0.2, float("inf")],
            "sensitivity.calipers_sd.1: Input should be a finite",
        ),
        ("sensitivity", "calipers_sd", [0.0], "sensitivity.calipers_sd.0: Input should be greater than 0"),
        (
            "sensitivity",
            "gammas",
            [1.0, float("inf")],
            "sensitivity.gammas.1: Input should be a finite number",
        ),
        ("sensitivity", "gammas", [0.5], "sensitivity.gammas.0: Input should be greater than or equal to 1"),
        ("study", "blinded", "no", "study.blinded: Input should be a valid boolean"),
    ],
)
def test_impossible_conduct(
    choices: dict[str, Any], section: str, key: str, value: object, message: str
) -> None:
    choices[section][key] = value
    with pytest.raises(ProtocolError, match=message):
        parse_protocol(choices)


def test_an_amendment_says_whether_outcomes_had_been_seen(choices: dict[str, Any]) -> None:
    del choices["amendment"][0]["outcomes_seen"]
    with pytest.raises(ProtocolError, match=r"amendment.0.outcomes_seen: Field required"):
        parse_protocol(choices)
