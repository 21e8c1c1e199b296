"""What is kept of a step rests on every choice that it reads: after any change of a choice the ledger is the one from nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from contextlib import chdir, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from livingpaper.build.project import Project, find_project
from livingpaper.build.reads import files_read
from livingpaper.chapters import store, taking
from livingpaper.chapters.cells import own_chapters
from livingpaper.chapters.executing import ChapterRun
from livingpaper.chapters.run import run_chapters
from livingpaper.chapters.session import start
from livingpaper.chapters.tracked import KINDS, choices_read
from project_copy import FEW, change, links_to
from study.protocol import protocol as protocols
from study.protocol.protocol import Protocol, load_protocol

pytestmark = pytest.mark.whole
WHOLE = {"plan", "file"}
CHANGES = {  # one choice in turn, and what it is changed to
    "smd_threshold = 0.1": "smd_threshold = 0.2",
    "caliper_sd = 0.2": "caliper_sd = 0.15",
}


def test_after_a_change_the_kept_steps_give_the_ledger_from_nothing(project: Project, tmp_path: Path) -> None:
    warm = links_to(project, tmp_path / "warm")
    text = warm.protocol.read_text("utf-8")
    run_chapters(warm)
    for at, (old, new) in enumerate(CHANGES.items()):
        change(warm, text, {old: new})
        run_chapters(warm)
        cold = links_to(project, tmp_path / f"cold-{at}", FEW | {old: new})
        run_chapters(cold)
        assert warm.ledger.read_bytes() == cold.ledger.read_bytes(), new


@contextmanager
def fields_read(plan: Protocol) -> Iterator[list[str]]:
    """Give the fields of the very objects of the choices that were read, in order, however they were reached.

    What a property reads stays out, it itself counts: its value is what a result rests on.
    """
    sections = {name for name in type(plan).model_fields if isinstance(getattr(plan, name), KINDS)}
    paths = {id(plan): ""} | {id(getattr(plan, name)): f"{name}." for name in sections}
    kinds = {type(plan), *(type(getattr(plan, name)) for name in sections)}
    seen, within = list[str](), list[str]()

    def noting(self: Any, name: str) -> Any:
        computed = isinstance(getattr(type(self), name, None), property)
        counts = computed or (name in type(self).model_fields and name not in sections)
        if not counts or within or id(self) not in paths:
            return object.__getattribute__(self, name)
        seen.append(paths[id(self)] + name)
        within.extend([name] if computed else [])
        try:
            return object.__getattribute__(self, name)
        finally:
            within.clear()

    for kind in kinds:
        kind.__getattribute__ = noting
    try:
        yield seen
    finally:
        for kind in kinds:
            del kind.__getattribute__


def uncovered(fields: Set[str], reads: Set[str]) -> list[str]:
    """Return the fields that no read names: its last two parts, its section, or all of the choices."""
    named = {".".join(read.split(".")[-2:]) for read in reads} | {read.split(".")[-1] for read in reads}
    return sorted(field for field in fields if not {field, field.split(".")[0], *WHOLE} & named)


def test_no_step_and_no_chapter_reads_a_choice_that_is_not_noted(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step is run from nothing and listened to from below: not by what notes the reads, but by the choices' own fields."""
    made, checked = links_to(project, tmp_path / "p"), dict[str, list[str]]()
    monkeypatch.setattr(protocols, "load_protocol", cache(load_protocol))  # all read the very objects
    plan, own = protocols.load_protocol(made.protocol), store.stored

    with fields_read(plan) as fields:

        def listened(shelf: store.Shelf, compute: Callable[[], Any], read: store.Read, *rest: Any) -> Any:
            before = len(fields)

            def noted(files: set[str]) -> Set[str]:
                reads = read(files)
                checked[f"{shelf.name} {len(checked)}"] = uncovered({*fields[before:]}, reads)
                return reads

            return own(shelf, compute, noted, *rest)

        for module in (store, taking):
            monkeypatch.setattr(module, "stored", listened)
        with chdir(made.root):
            for name, path in own_chapters(made).items():
                before = len(fields)
                with files_read() as seen:
                    ChapterRun(made, path).record()
                checked[name] = uncovered({*fields[before:]}, choices_read(made, seen))
    start(find_project(), strict=False)
    assert {name: lacking for name, lacking in checked.items() if lacking} == {}
    assert len(checked) > 40
    assert len({*fields}) > 50, "who reads is heard"
