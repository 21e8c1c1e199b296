from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from livingpaper.build.project import Project
from study.evidence.contract import COLUMNS
from study.evidence.evidence import analyse_evidence
from study.evidence.results_evidence import Evidence

NEW_TRIAL: dict[str, Any] = {
    "id": "new-28", "study": "New trial", "design": "randomised trial", "drug": "baricitinib",
    "comparator": "usual care", "n_drug": 1000, "deaths_drug": 150, "n_comparator": 1000, "deaths_comparator": 100,
    "horizon": "day 28", "outcome": "death", "measure": "counts", "doi": "10.1000/new", "source": "primary",
    "include": "yes", "analysis": "baricitinib", "reason": "for the test",
}  # fmt: skip


def run(path: Path) -> Evidence:
    return analyse_evidence(path, tau2="REML", interval="modified HK", conf_level=0.95)


def test_a_row_added_to_the_file_changes_every_result(project: Project, tmp_path: Path) -> None:
    copy = tmp_path / "evidence.csv"
    shutil.copy(project.data / "evidence.csv", copy)
    before = run(copy)
    with copy.open("a", newline="") as file:
        csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n").writerow(NEW_TRIAL)
    after = run(copy)
    assert len(after.rows) == len(before.rows) + 1
    assert after.pools["baricitinib"].k == before.pools["baricitinib"].k + 1
    assert after.pools["baricitinib"].ratio.estimate > before.pools["baricitinib"].ratio.estimate + 0.02
    assert "New trial" in set(after.effects["study"])
    for table, key in (("indirect", "trials"), ("disagreement", "trials")):
        old, new = (getattr(found, table).set_index("key").at[key, "estimate"] for found in (before, after))
        assert abs(new - old) > 0.02
    assert not np.allclose(after.estimators["estimate"], before.estimators["estimate"])
    assert after.pools["jak"].ratio == before.pools["jak"].ratio  # the reproduced pool is another analysis


def test_the_published_pool_is_reproduced_and_parts_fit(project: Project) -> None:
    found = run(project.data / "evidence.csv")
    assert (found.comparison["verdict"] == "reproduced").all()
    by = found.indirect.set_index("key")["estimate"]
    for key in ("trials", "stay", "selected"):
        usual, baricitinib = by[f"{key}.usual_care"], found.pools["baricitinib"].ratio.estimate
        assert by[key] == pytest.approx(usual / baricitinib)
    # the direct ratio by hand: 22 of 125 against 36 of 217
    assert by["direct"] == pytest.approx((22 / 125) / (36 / 217))
    assert found.effects.groupby("pool")["weight"].sum().tolist() == pytest.approx([1, 1, 1])


def test_a_printed_interval_stays_as_printed(project: Project) -> None:
    row = run(project.data / "evidence.csv").indirect.set_index("key").loc["trials.usual_care"]
    assert tuple(row[["estimate", "conf_low", "conf_high"]]) == (0.96, 0.64, 1.45)
