from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from headtohead.cohort.describe import apply_eligibility
from livingpaper.build.project import Project
from study.data.load import load_cohort, load_published
from study.data.published import published_tables
from study.protocol.protocol import Protocol
from study.worlds.synthetic import accept_arm, main
from study.worlds.worlds import read_worlds

WORLDS = ("null", "harm", "benefit")


@pytest.mark.parametrize("world", WORLDS)
def test_the_counts_are_exactly_the_published_ones(
    world: str, project: Project, dictionary: pd.DataFrame, protocol: Protocol
) -> None:
    cohort = load_cohort(project.data / "synthetic" / f"cohort_{world}.csv", dictionary)
    eligible, _ = apply_eligibility(
        cohort, protocol.eligibility, arm="drug", treated="anakinra", control="baricitinib"
    )
    by_drug = eligible.groupby("drug")
    assert by_drug.size().to_dict() == {"anakinra": 125, "baricitinib": 217}
    assert by_drug["imv_day"].count().to_dict() == {"anakinra": 13, "baricitinib": 10}
    assert by_drug["death_day"].count().to_dict() == {"anakinra": 22, "baricitinib": 36}
    assert (cohort["synthetic"] == 1).all()
    assert cohort.index.str.fullmatch(r"SYN-\d{4}").all()


def test_regenerating_gives_the_same_bytes(project: Project, tmp_path: Path) -> None:
    for name in ("dictionary.csv", "published.csv"):
        shutil.copy(project.data / name, tmp_path / name)
    (tmp_path / "synthetic").mkdir()
    shutil.copy(project.data / "synthetic" / "worlds.json", tmp_path / "synthetic" / "worlds.json")
    main(tmp_path, solve=False)
    shipped = sorted(
        p.relative_to(project.data) for p in (project.data / "synthetic").rglob("*") if p.is_file()
    )
    for path in shipped:
        assert (tmp_path / path).read_bytes() == (project.data / path).read_bytes(), path


def test_the_search_passes_over_draws_that_miss_the_counts(project: Project) -> None:
    stored = project.data / "synthetic" / "worlds.json"
    attempt = json.loads(stored.read_text())["accepted_attempts"]["harm"]["anakinra"]
    tables = published_tables(
        load_published(project.data / "published.csv"), treated="anakinra", control="baricitinib"
    )
    found, drawn = accept_arm(read_worlds(stored)["harm"], 1, tables, first=attempt - 3)
    assert found == attempt
    assert drawn.observed["dead"].sum() == 22


def test_the_manifest_holds_the_digests_of_the_files(project: Project) -> None:
    folder = project.data / "synthetic"
    manifest = json.loads((folder / "worlds.json").read_text())
    for name, digest in manifest["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest, name


def test_files_say_that_they_are_synthetic_and_hold_no_date(project: Project) -> None:
    for path in (project.data / "synthetic").rglob("*_*.csv"):
        text = path.read_text()
        assert text.startswith("# SYNTHETIC COHORT")
        assert re.findall(r"Made by ([\w.]+) ", text) == [main.__module__]
        body = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
        assert not re.search(r"\b(19|20)\d\d-\d\d", body), path


def test_no_analysis_reads_the_truth(project: Project) -> None:
    for path in (project.root / "lib").rglob("*.py"):
        if path.parent.name == "worlds":  # writes it
            continue
        nodes = ast.walk(ast.parse(path.read_text()))
        strings = [n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        told = "headtohead" not in path.parts  # the study compares with a truth, after the analysis
        assert not [s for s in strings if "truth/" in s or "truth_" in s or (s == "truth" and not told)], path


def test_interruption_follows_intensive_care_for_most_of_the_dead(
    project: Project, dictionary: pd.DataFrame
) -> None:
    cohort = load_cohort(project.data / "synthetic" / "cohort_null.csv", dictionary)
    dead = cohort[cohort["end_state"] == "dead"]
    assert (dead["stop_reason"] == "icu").mean() > 0.5
