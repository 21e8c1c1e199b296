"""A hospital's cohort: the check, its paper, and a million patients."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
from timing import Timing

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from hospital_cohort import good

SMALL, LARGE, PART = 1_000, 1_000_000, 50_000
LABORATORY = ["ldh", "ferritin", "ddimer", "alt", "platelets", "egfr", "neutrophils", "lymphocytes", "crp"]
Command = Callable[..., Timing]


def hospitals(headtohead: Command, root: Path) -> Iterator[Timing]:
    """Time check and paper of a small cohort; of a large one the check, and its chapters from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for size, name in ((SMALL, "small"), (LARGE, "large")):
            file = Path(folder, f"{name}.csv")
            _write(file, size)
            yield headtohead(
                root, f"check of {size:,} patients", 2.0 if size == SMALL else 20.0, "check", str(file)
            )
            if size == SMALL:
                yield headtohead(
                    root, f"own paper of {size:,} patients, HTML and PDF", 60.0, "hospital", str(file)
                )
            else:
                yield headtohead(
                    root, f"folder of {size:,} patients", 40.0, "hospital", str(file), "--no-build"
                )
                yield headtohead(
                    file.with_name("large-paper"), f"chapters of {size:,} patients", 60.0, "ledger"
                )


def _write(file: Path, size: int) -> None:
    """Write patients of whom no two are alike, part by part: a million as text fill the memory."""
    with duckdb.connect() as base:
        for seed in range(max(1, size // PART)):
            letters = chr(65 + seed // 26) + chr(65 + seed % 26)  # digits would run into those of the number
            part = good(min(size, PART), 7 + seed)
            part["patient_id"] += letters
            rows = base.from_df(part)
            rows.insert_into("cohort") if seed else rows.create("cohort")
        base.table("cohort").write_csv(str(file))
