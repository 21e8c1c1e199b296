"""What could make two builds of the same commit differ: the clock, and the order inside a chart's PDF."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from livingpaper.book.show import in_order
from livingpaper.book.stamp import citation_file
from livingpaper.build.build import build_environment
from livingpaper.build.project import Project

RESOURCES = (
    b"<<\n    /XObject <<\n      /xo2 12 0 R\n      /xo0 8 0 R\n      /xo1 10 0 R\n    >>\n/Length 9\n>>\n"
)


def test_resources_are_sorted_and_the_length_stays() -> None:
    found = in_order(RESOURCES)
    assert found == RESOURCES.replace(
        b"      /xo2 12 0 R\n      /xo0 8 0 R\n      /xo1 10 0 R\n",
        b"      /xo0 8 0 R\n      /xo1 10 0 R\n      /xo2 12 0 R\n",
    )
    assert len(found) == len(RESOURCES)
    assert in_order(found) == found


def test_what_is_no_list_of_resources_stays() -> None:
    rest = b"/Kids [4 0 R]\n/Parent 3 0 R\n/F1 5 0 R\nstream\nx\xff\nendstream\n"
    assert in_order(rest) == rest


def test_the_clock_stands_at_the_release(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    found = build_environment(project)
    clock = datetime.fromtimestamp(int(found["SOURCE_DATE_EPOCH"]), tz=UTC)
    assert f"{clock:%Y-%m-%d %H:%M:%S}" == f"{citation_file(project)['date-released']} 00:00:00"
    assert found["FORCE_SOURCE_DATE"] == "1"


def test_a_clock_that_is_set_already_stays(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert build_environment(project)["SOURCE_DATE_EPOCH"] == "86400"
