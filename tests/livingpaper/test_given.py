"""What an edition was made from: choices and inputs of versions, revisions and the checkout, side by side."""

from __future__ import annotations

from pathlib import Path

import pytest
from livingpaper.build.project import Project
from livingpaper.versions.given import Given, changes, given_here, given_in
from livingpaper.versions.sources import versions
from project_copy import copy_project


def test_choices_by_hand() -> None:
    before = Given({"a.x": 1, "a.y": [1, 2], "b.z": 0, "c.w": 1}, None)
    after = Given({"a.x": 2, "a.y": [1, 2], "d.v": "new", "d.u": 3, "c.w": 1, "c.q": True}, None)
    assert changes(before, after) == {
        "Choices that changed": [
            "a.x: 1 → 2",
            "d: new, as a whole",
            "c.q: none → true",
            "b: gone, as a whole",
        ]
    }


def test_inputs_by_hand() -> None:
    before, after = (
        Given(None, {"x": "1", "y": "2", "z": "3"}),
        Given({"a": 1}, {"x": "1", "y": "9", "w": "4"}),
    )
    assert changes(before, after) == {"Inputs that changed": ["w (new)", "y", "z (gone)"]}
    assert changes(after, before) == {"Inputs that changed": ["w (gone)", "y", "z (new)"]}


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert changes(Given(None, None), Given({"a": 1}, {"x": "1"})) == {}


@pytest.mark.parametrize("place", [0, -1])
def test_a_frozen_version_knows_its_choices(project: Project, place: int) -> None:
    version = versions(project)[place]
    given = given_in(project, project.root / "versions" / f"v{version}.tar.xz")
    assert given.choices
    assert "matching.caliper_sd" in given.choices
    assert not any(name.startswith(("amendment", "study.title")) for name in given.choices)


def test_a_choice_and_an_input_that_were_changed_are_named(project: Project, tmp_path: Path) -> None:
    before, copy = given_here(project), copy_project(project, tmp_path / "copy")
    assert changes(before, given_here(copy)) == {}
    text = copy.protocol.read_text("utf-8")
    caliper = (before.choices or {})["matching.caliper_sd"]
    copy.protocol.write_text(text.replace(f"caliper_sd = {caliper}", "caliper_sd = 0.07", 1), "utf-8")
    dictionary = copy.data / "dictionary.csv"
    dictionary.write_text(dictionary.read_text("utf-8") + "\n", "utf-8")
    assert changes(before, given_here(copy)) == {
        "Choices that changed": [f"matching.caliper_sd: {caliper} → 0.07"],
        "Inputs that changed": ["data/dictionary.csv"],
    }
