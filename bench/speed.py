"""How fast: the study, the builds, and the library beside its peers, each with its target.

``make bench`` runs everything but the test suite; ``python bench/speed.py study`` (``kernels``, ``builds``, ``gates``,
``tests``) runs one part. Every peer is timed in the same run on the same data, so that the ratio holds on any
machine; R stands beside it where ``Rscript`` and its package ``survival`` are installed. A kernel's target is
the fastest peer; the other targets are seconds on two idle cores.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.cohort.load import load_cohort, load_dictionary
from headtohead.matching.logistic import fit_logistic
from headtohead.matching.pairs import caliper_width, match_nearest
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.project import find_project
from headtohead.protocol import load_protocol

os.environ.setdefault("OMP_NUM_THREADS", "1")
PROJECT = find_project(Path(__file__).parent)
SMALL, LARGE, HUGE = 342, 100_000, 1_000_000  # patients: the study; a registry; a country
TARGET_SECONDS = {
    "study": 20.0, "html cold": 60.0, "html unchanged": 5.0, "html prose": 10.0, "pdf": 30.0, "tests": 240.0,
    "pairs": 0.7, "diff": 1.0, "check": 120.0,
}  # fmt: skip
FILES = (
    "protocol.toml", "requirements.txt", "_config.yml", "_toc.yml", "CITATION.cff", "claims.toml", "CHANGELOG.md",
    "pyproject.toml",
)  # fmt: skip
COVARIATES = ["treated", "age", "ldh"]
R_SCRIPT = """
suppressMessages(library(survival))
d <- read.csv(commandArgs(TRUE)[1])
best <- function(f) { f(); min(replicate(20, system.time(f())[["elapsed"]])) }
cat(best(function() coxph(Surv(time, cause == 1) ~ treated + age + ldh, d)),
    best(function() survfit(Surv(time, factor(cause)) ~ 1, d)))
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """One line of the table; ``peers`` maps names to seconds on the same data."""

    what: str
    seconds: float
    target: float
    peers: dict[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.seconds <= self.target


def best_of(work: Callable[[], object], times: int = 3) -> float:
    """Return the shortest run in seconds, after one that warms up; quick work is repeated for half a second."""
    work()
    seconds = [once(work) for _ in range(times)]
    while sum(seconds) < 0.5:
        seconds.append(once(work))
    return min(seconds)


def once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def made_up(n: int) -> pd.DataFrame:
    """Return a made-up cohort with tied days and two competing causes."""
    rng = np.random.default_rng(n)
    frame = pd.DataFrame(
        {
            "treated": rng.integers(0, 2, n).astype(float),
            "age": rng.normal(66, 13, n),
            "ldh": rng.lognormal(5.8, 0.4, n),
        }
    )
    day = np.ceil(rng.exponential(20 * np.exp(-0.02 * (frame["age"] - 66))))
    frame["cause"] = np.where(day > 28, 0, 1 + (rng.random(n) < 0.7))
    return frame.assign(time=np.minimum(day, 28), death=(frame["cause"] == 1).astype(int))


def kernels() -> Iterator[Timing]:
    """Time the estimators; a peer that is installed is the target."""
    for n in (SMALL, LARGE):
        frame = made_up(n)
        in_r = r_seconds(frame)
        yield against_peers(
            f"Cox, {n:,} patients, tied days", cox(frame), cox_peers(frame), in_r.get("coxph")
        )
        yield against_peers(
            f"Aalen-Johansen, {n:,} patients", incidence(frame), incidence_peers(frame), in_r.get("survfit")
        )
    yield pairs(HUGE)
    yield logistic(HUGE)


def against_peers(
    what: str, ours: Callable[[], object], peers: dict[str, Callable[[], object]], in_r: float | None
) -> Timing:
    seconds = {name: best_of(work) for name, work in peers.items()} | ({"R": in_r} if in_r else {})
    return Timing(what, best_of(ours), min(seconds.values()), seconds)


def cox(frame: pd.DataFrame) -> Callable[[], object]:
    return partial(fit_cox, frame["time"], frame["death"], frame[COVARIATES])


def cox_peers(frame: pd.DataFrame) -> dict[str, Callable[[], object]]:
    import survival
    from lifelines import CoxPHFitter

    data = frame[[*COVARIATES, "time", "death"]]
    return {
        "lifelines": lambda: CoxPHFitter().fit(data, "time", "death"),
        "survival": lambda: survival.coxph("Surv(time, death) ~ treated + age + ldh", data),
    }


def incidence(frame: pd.DataFrame) -> Callable[[], object]:
    return partial(aalen_johansen, frame["time"].to_numpy(), frame["cause"].to_numpy())


def incidence_peers(frame: pd.DataFrame) -> dict[str, Callable[[], object]]:
    from sksurv.nonparametric import cumulative_incidence_competing_risks

    days, cause = frame["time"].to_numpy(), frame["cause"].to_numpy()
    return {
        "scikit-survival": lambda: cumulative_incidence_competing_risks(
            cause, days, conf_type="log-log", conf_level=0.95
        )
    }


def pairs(n: int) -> Timing:
    """Time matching; no maintained Python package matches this many, so that the target is a time."""
    rng = np.random.default_rng(n)
    logit = pd.Series(rng.normal(size=n))
    treated = pd.Series(rng.random(n) < 1 / (1 + np.exp(1 - logit)))
    width = caliper_width(logit, treated, caliper_sd=0.2, scale="pooled")
    match = partial(match_nearest, logit, treated, ratio=1, caliper=width, order="largest")
    return Timing(f"matched pairs, {n:,} patients", best_of(match), TARGET_SECONDS["pairs"])


def logistic(n: int) -> Timing:
    import statsmodels.api as sm

    rng = np.random.default_rng(n)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 9))])
    y = (rng.random(n) < 1 / (1 + np.exp(1 - X[:, 1:] @ np.full(9, 0.2)))).astype(float)
    peers: dict[str, Callable[[], object]] = {"statsmodels": lambda: sm.Logit(y, X).fit(disp=0)}
    return against_peers(f"logistic, {n:,} patients x 10", partial(fit_logistic, X, y), peers, None)


def r_seconds(frame: pd.DataFrame) -> dict[str, float]:
    """Return R's times on the same data; nothing where R or its package is missing."""
    if shutil.which("Rscript") is None:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.csv"
        frame.to_csv(data, index=False)
        done = subprocess.run(
            ["Rscript", "-e", R_SCRIPT, str(data)], capture_output=True, text=True, check=False
        )
    return dict(zip(("coxph", "survfit"), map(float, done.stdout.split()), strict=False))


def study() -> Iterator[Timing]:
    """Time the whole analysis of the default cohort, compiled kernels warm."""
    from headtohead.study.run import run

    protocol = load_protocol(PROJECT.protocol)
    dictionary = load_dictionary(PROJECT.data / "dictionary.csv")
    cohort = load_cohort(PROJECT.root / protocol.study.cohort, dictionary)
    refits = protocol.inference.bootstrap_replicates
    yield Timing(
        f"study.run, {len(cohort)} patients, {refits:,} refits per estimate",
        best_of(lambda: run(cohort, dictionary, protocol), 1),
        TARGET_SECONDS["study"],
    )


def builds() -> Iterator[Timing]:
    """Time the builds in a copy of the checkout, so that nobody's chapter is edited."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "paper"
        for name in ("book", "data", "lib", "results", "versions", "tests"):
            shutil.copytree(PROJECT.root / name, copy / name)
        for name in (
            "protocol.toml",
            "requirements.txt",
            "_config.yml",
            "_toc.yml",
            "CITATION.cff",
            "claims.toml",
            "CHANGELOG.md",
            "pyproject.toml",
        ):
            shutil.copy(PROJECT.root / name, copy / name)
        build = partial(command, [str(Path(sys.executable).with_name("headtohead"))], copy)
        yield build("html, from nothing", "html cold", "html", "--cold")
        yield build("html, nothing changed", "html unchanged", "html")
        chapter = copy / "book" / "discussion.md"
        chapter.write_text(chapter.read_text("utf-8") + "\nOne more sentence.\n", encoding="utf-8")
        yield build("html, prose of one chapter edited", "html prose", "html")
        if shutil.which("xelatex"):
            yield build("pdf, after html", "pdf", "pdf")
    yield command(
        [str(Path(sys.executable).with_name("headtohead"))],
        PROJECT.root,
        "diff of two ledgers",
        "diff",
        "diff",
    )


def gates() -> Iterator[Timing]:
    """Time the gates on the paper that is built here."""
    yield command(["make", "-s"], PROJECT.root, "make check, after make paper", "check", "check")


def tests() -> Iterator[Timing]:
    """Time the test suite."""
    yield command(["make", "-s"], PROJECT.root, "make test", "tests", "test")


def command(program: list[str], folder: Path, what: str, target: str, *arguments: str) -> Timing:
    """Return how long a command takes, with its processor time; its output is shown only if it fails."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run([*program, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    seconds, after = time.perf_counter() - started, os.times()
    if done.returncode:
        sys.exit(f"{' '.join([*program, *arguments])} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return Timing(what, seconds, TARGET_SECONDS[target], {"processor time": spent})


def told(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def main() -> None:
    parts = {"kernels": kernels, "study": study, "builds": builds, "gates": gates, "tests": tests}
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", metavar="part", help=f"of {', '.join(parts)}; default all but gates and tests"
    )
    chosen = parser.parse_args().parts or ["kernels", "study", "builds"]
    if unknown := set(chosen) - set(parts):
        parser.error(f"parts are {', '.join(parts)}; found {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")  # the peers'
    print(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}: on a busy machine the times are upper bounds"
    )
    print(f"{'what':<52}{'measured':>10}{'target':>10}      beside it, in the same run")
    for part in chosen:
        for row in parts[part]():
            peers = ", ".join(f"{name} {told(seconds)}" for name, seconds in row.peers.items())
            verdict = "met" if row.met else "MISSED"
            line = f"{row.what:<52}{told(row.seconds):>10}{told(row.target):>10}  {verdict:<6}  {peers}"
            print(line.rstrip(), flush=True)


if __name__ == "__main__":
    main()
