"""A hospital's cohort: the check, its paper, and a million patients."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from timing import Timing

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from hospital_cohort import good

SMALL, LARGE, DIFFERENT = 1_000, 1_000_000, 500_000
LABORATORY = ["ldh", "ferritin", "ddimer", "alt", "platelets", "egfr", "neutrophils", "lymphocytes", "crp"]
Command = Callable[..., Timing]


def hospitals(headtohead: Command, root: Path) -> Iterator[Timing]:
    """Time check and paper of a small cohort; of a large one the check, and its chapters from nothing."""
    with tempfile.TemporaryDirectory() as folder:
        for size, name in ((SMALL, "small"), (LARGE, "large")):
            file = Path(folder, f"{name}.csv")
            people = good(min(size, DIFFERENT))  # of fewer, repeated, chance alone would seem to be a swap
            frame = _varied(pd.concat([people] * (size // len(people)), ignore_index=True))
            duckdb.from_df(frame).write_csv(str(file))
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


def _varied(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the patients with ids of their own and measurements that differ, so that nobody is there twice."""
    rng = np.random.default_rng(1)
    for name in LABORATORY:
        values = pd.to_numeric(frame[name])
        frame[name] = (values * rng.uniform(0.9, 1.1, len(values))).round(2).clip(values.min(), values.max())
    return frame.assign(patient_id=[f"H{number:07d}" for number in range(len(frame))])
