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
FEWER = FEW | {
    "bootstrap_replicates = 2000": "bootstrap_replicates = 4",
    "bootstrap_replicates = 200\n\n# Versions": "bootstrap_replicates = 2\n\n# Versions",
    "subgroup_bootstraps = 500": "subgroup_bootstraps = 2",
    "imputation_bootstraps = 200": "imputation_bootstraps = 2",
    "imputations = 20 ": "imputations = 2 ",
    "imputation_rounds = 10": "imputation_rounds = 1",
}
# Every choice that may move but those of what is committed (multiverse, simulation, the day of the null curves), each in
# one of three groups: of what one step reads as much as possible in different ones, for a choice that is not noted hides
# behind another that is. What moves every patient, draw or interval hides all: it stands alone.
GROUPS = {
    "first": {
        "min_treated_per_term = 8": "min_treated_per_term = 7",
        "ratio = 1\n": "ratio = 2\n",
        'exact_finer = ["hospital", "period"]': 'exact_finer = ["period"]',
        "truncate = [0.01, 0.99]": "truncate = [0.05, 0.95]",
        'all = ["ATO", "ATT", "ATM", "ATE"]': 'all = ["ATO", "ATT", "ATE"]',
        "\nmargin_pp = 5.0": "\nmargin_pp = 4.0",
        'smd_denominator = "pooled"': 'smd_denominator = "treated"',
        "variance_ratio_high = 2.0": "variance_ratio_high = 1.8",
        "concurrent_min_share = 0.3": "concurrent_min_share = 0.2",
        "imputation_rounds = 1 ": "imputation_rounds = 2 ",
        "early_days = 1 ": "early_days = 2 ",
        "shrinkage_sd_pp = 5.0": "shrinkage_sd_pp = 4.0",
        'tau2 = "REML"': 'tau2 = "DL"',
        'interval = "modified HK"': 'interval = "normal"',
        "split_day = 7": "split_day = 5",
        "sd_pp = 3.0": "sd_pp = 2.0",
        "equipoise = [0.3, 0.7]": "equipoise = [0.25, 0.75]",
        "max_missing_share = 0.2": "max_missing_share = 0.1",
        '"toxicity", "discharge"': '"discharge"',
        "bootstrap_replicates = 2\n\n# Versions": "bootstrap_replicates = 3\n\n# Versions",
        'caliper_scale = "pooled" ': 'caliper_scale = "all" ',
        "imputations = 2 ": "imputations = 3 ",
        "gammas = [1.0, 1.25,": "gammas = [1.0, 1.1,",
        "max_detectable_pp = 10.0": "max_detectable_pp = 9.0",
        '{ column = "age", form = "linear" },\n  { column = "barthel", form = "linear" },\n  { column = "charlson"': (
            '{ column = "age", form = "linear" },\n  { column = "charlson"'
        ),
        '  { column = "spo2_fio2", form = "linear" },\n  { column = "ldh", form = "log" },\n]': (
            '  { column = "ldh", form = "log" },\n]'
        ),
    },
    "second": {
        '{ column = "age", form = "spline", knots = 3 }': '{ column = "age", form = "linear" }',
        "caliper_sd = 0.2": "caliper_sd = 0.15",
        'exact = ["hospital"]': "exact = []",
        'entropy = "ATT"': 'entropy = "ATE"',
        'secondary = ["imv_or_death", "imv"]': 'secondary = ["imv", "imv_or_death"]',
        "whole_stay_days = 120": "whole_stay_days = 60",
        "wide_margin_pp = 10.0": "wide_margin_pp = 8.0",
        "smd_threshold = 0.1": "smd_threshold = 0.2",
        "power = 0.8": "power = 0.9",
        "calipers_sd = [0.05, 0.1, 0.2, 0.3, 0.5, 1.0]": "calipers_sd = [0.1, 0.2, 0.4]",
        "imputation_bootstraps = 2 ": "imputation_bootstraps = 3 ",
        "unseen_deaths = 28": "unseen_deaths = 20",
        "cut = 65.0": "cut = 70.0",
        'no_contrast = "exclude"': 'no_contrast = "half"',
        '  { column = "ldh", form = "log" },\n  { column = "hospital", form = "category" },\n]': (
            '  { column = "ldh", form = "log" },\n]'
        ),
        "min_equipoise_share = 0.5": "min_equipoise_share = 0.4",
        "max_coefficient = 3.0": "max_coefficient = 2.0",
        "rescue_permitted = false": "rescue_permitted = true",
        'impute_from = ["age", "sex", "high_flow_oxygen", "hospital", "period"]': 'impute_from = ["age", "sex"]',
        'order = "largest"': 'order = "smallest"',
        "alpha = 0.05": "alpha = 0.025",
        "bootstrap_replicates = 4": "bootstrap_replicates = 5",
        "variance_ratio_low = 0.5": "variance_ratio_low = 0.6",
        "subgroup_bootstraps = 2 ": "subgroup_bootstraps = 3 ",
        'few_events = "binomial-normal"': 'few_events = "Mantel-Haenszel"',
        "min_score = 0.01": "min_score = 0.02",
    },
    "third": {
        'treated = "anakinra"': 'treated = "baricitinib"',
        'control = "baricitinib"': 'control = "anakinra"',
        "value = 18": "value = 40",
        'primary = "ATO"': 'primary = "ATT"',
        "seed = 20210906": "seed = 7",
        "conf_level = 0.95": "conf_level = 0.9",
    },
}  # fmt: skip


def test_after_a_change_the_kept_steps_give_the_ledger_from_nothing(project: Project, tmp_path: Path) -> None:
    warm = links_to(project, tmp_path / "warm", FEWER)
    text = warm.protocol.read_text("utf-8")
    run_chapters(warm)
    for name, changes in GROUPS.items():
        change(warm, text, changes)
        run_chapters(warm)
        cold = links_to(project, tmp_path / name, {})
        change(cold, text, changes)
        run_chapters(cold)
        assert warm.ledger.read_bytes() == cold.ledger.read_bytes(), name


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
