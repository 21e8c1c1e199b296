"""Draw the synthetic cohorts: exact published counts, known truth, no patient.

``python -m study.worlds.synthetic data`` solves the worlds, draws until the counts are exactly the
published ones and writes every file in ``data/synthetic``. The accepted attempt of each arm is stored,
so regenerating takes a second and gives the same bytes.
"""

import hashlib
import json
import sys
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.proportions.counts import TwoByTwo
from livingpaper.build.project import text_of
from tqdm import tqdm

from study.data.load import load_dictionary, load_published
from study.data.published import published_tables
from study.worlds.causal_model import draw_patients
from study.worlds.multistate_model import LAST_DAY
from study.worlds.observed_records import ARMS, Drawn, assemble, follow
from study.worlds.worlds import (
    TRUE_LOG_HR_DEATH,
    World,
    read_worlds,
    reference_population,
    solve_world,
    true_effects,
    write_worlds,
)

SEED = 4019
HORIZONS = (14, 28, 60, LAST_DAY)
POOL = 5
HEADER = (
    "# SYNTHETIC COHORT, world '{world}': no row is a patient. Made by study.worlds.synthetic to\n"
    "# reproduce the published counts of doi:10.3390/jcm10174019. It says how the analysis behaves,\n"
    "# nothing about the drugs.\n"
)


def draw_arm(world: World, arm: int, n: int, rng: np.random.Generator) -> Drawn | None:
    """Return ``n`` patients to whom ``world`` gives the drug ``arm``, or None if the pool was too small."""
    pool = draw_patients(POOL * n, rng)
    chosen = np.flatnonzero((rng.random(len(pool)) < world.score(pool)) == bool(arm))[:n]
    if len(chosen) < n:
        return None
    return follow(world, pool.iloc[chosen].reset_index(drop=True), arm, rng)


def accept_arm(world: World, arm: int, tables: dict[str, TwoByTwo], *, first: int = 0) -> tuple[int, Drawn]:
    """Return the first attempt from ``first`` on that hits the arm's published counts, and its draw; nobody is left in hospital.

    Notes
    -----
    Rejection gives an exact draw from the causal model given the counts: every dependence between
    covariates, times and outcomes stays as the model has it. Choosing the patients of highest risk
    would hit the counts too, and would exaggerate every risk factor.
    """
    imv, death = tables["imv"], tables["death"]
    n = death.n_treated if arm else death.n_control
    target = [imv.events_treated, death.events_treated] if arm else [imv.events_control, death.events_control]
    index = list(TRUE_LOG_HR_DEATH).index(world.name)
    attempts = tqdm(count(first), f"{world.name}, {ARMS[arm]}", disable=not sys.stderr.isatty())
    draws = ((i, draw_arm(world, arm, n, np.random.default_rng([SEED, index, arm, i]))) for i in attempts)
    return next((i, drawn) for i, drawn in draws if drawn is not None and _counts(drawn.observed) == target)


def _counts(course: dict[str, np.ndarray]) -> list[int]:
    """Return how many were ventilated and died, -1 where somebody is left in hospital."""
    ended = (course["dead"] + course["discharged"]).all()
    return [(course["imv_day"] > 0).sum(), course["dead"].sum()] if ended else [-1, -1]


def to_csv(frame: pd.DataFrame, world: str) -> str:
    """Return the frame as CSV text with the synthetic header; whole numbers without a decimal point."""
    whole = [name for name in frame.select_dtypes("number") if (frame[name].dropna() % 1 == 0).all()]
    text = frame.astype(dict.fromkeys(whole, "Int64")).to_csv(index=False, lineterminator="\n")
    return HEADER.format(world=world) + text


def write_all(data: Path, worlds: dict[str, World], attempts: dict[str, dict[str, int]]) -> None:
    """Write cohorts, truth, true effects and the manifest (seeds, sha256) into ``data/synthetic``."""
    columns, tables = list(load_dictionary(data / "dictionary.csv")["name"]), _tables(data)
    folder, accepted, digests = data / "synthetic", {}, {}
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    for name, world in worlds.items():
        first, drawn = attempts.get(name, {}), {}
        for arm, drug in ARMS.items():
            first[drug], drawn[arm] = accept_arm(world, arm, tables, first=first.get(drug, 0))
        accepted[name] = first
        rng = np.random.default_rng([SEED, list(TRUE_LOG_HR_DEATH).index(name), 9])
        cohort, truth = assemble(world, drawn, rng)
        for path, table in ((f"cohort_{name}.csv", cohort[columns]), (f"truth/truth_{name}.csv", truth)):
            text = to_csv(table, name)
            (folder / path).write_text(text, encoding="utf-8")
            digests[path] = hashlib.sha256(text.encode()).hexdigest()
    patients = reference_population()
    effects = pd.concat([true_effects(world, patients, horizons=HORIZONS) for world in worlds.values()])
    effects.round(8).to_csv(folder / "worlds.csv", index=False, lineterminator="\n")
    write_worlds(worlds, folder / "worlds.json", seed=SEED, accepted_attempts=accepted, sha256=digests)


def _tables(data: Path) -> dict[str, TwoByTwo]:
    return published_tables(load_published(data / "published.csv"), treated=ARMS[1], control=ARMS[0])


def main(data: Path, *, solve: bool) -> None:
    """Regenerate ``data/synthetic``; ``solve`` also solves the worlds and searches for the draws anew."""
    stored = data / "synthetic" / "worlds.json"
    if not solve:
        attempts = json.loads(text_of(stored))["accepted_attempts"]
        write_all(data, read_worlds(stored), attempts)
        return
    tables, patients, worlds = _tables(data), reference_population(), {}
    for name, effect in tqdm(TRUE_LOG_HR_DEATH.items(), desc="solving", disable=not sys.stderr.isatty()):
        worlds[name] = solve_world(name, effect, tables["imv"], tables["death"], patients)
    write_all(data, worlds, {})


if __name__ == "__main__":
    main(Path(sys.argv[1]), solve="--solve" in sys.argv)
