"""The estimators at the size of a study, of a registry and of a country, beside the peers that can do the same."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.inference import Inference
from headtohead.kernels.logistic import fit_logistic
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.pairs import match_nearest
from headtohead.matching.propensity import propensity
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.fine_gray import fit_fine_gray
from headtohead.outcomes.hazard import hazard_ratios
from headtohead.outcomes.risk import risks
from timing import Timing, Work, against

STUDY, CITY, REGISTRY, COUNTRY = 342, 10_000, 100_000, 1_000_000  # patients
COVARIATES = ["treated", *(f"x{j}" for j in range(1, 8))]
FORMULA = " + ".join(COVARIATES)
R_SCRIPT = Path(__file__).with_name("peers.R")


def kernels() -> Iterator[Timing]:
    """Yield the times; a peer that cannot do a task, or would take minutes, is not beside it."""
    yield from cox(STUDY, 0.002, peers=True)
    yield from cox(REGISTRY, 1.0, peers=True)
    yield from cox(COUNTRY, 3.0, peers=False)
    yield clustered_cox(COUNTRY)
    yield from incidence()
    yield from fine_gray()
    yield pairs(COUNTRY)
    yield logistic(COUNTRY)
    yield refits(STUDY)
    yield from estimated_weights()


def made_up(n: int) -> pd.DataFrame:
    """Return a made-up cohort with tied days, two competing causes, eight covariates, weights and pairs."""
    rng = np.random.default_rng(n)
    frame = pd.DataFrame(rng.normal(size=(n, 8)), columns=COVARIATES)
    frame["treated"] = (frame["treated"] > 0).astype(float)
    day = np.ceil(rng.exponential(20 * np.exp(-0.2 * frame["x1"])))
    cause = np.where(day > 28, 0, 1 + (rng.random(n) < 0.7))
    return frame.assign(
        time=np.minimum(day, 28), cause=cause, death=(cause == 1).astype(int),
        weight=rng.uniform(0.2, 2, n), pair=np.arange(n) // 2,
    )  # fmt: skip


def cox(n: int, target: float, *, peers: bool) -> Iterator[Timing]:
    from lifelines import CoxPHFitter
    from survival import coxph

    frame = made_up(n)
    data = frame[[*COVARIATES, "time", "death"]]
    others: dict[str, Work] = {
        "lifelines": lambda: CoxPHFitter().fit(data, "time", "death"),
        "survival": lambda: coxph(f"Surv(time, death) ~ {FORMULA}", data),
    }
    ours = partial(fit_cox, frame["time"], frame["death"], frame[COVARIATES])
    what = f"Cox, {n:,} patients x 8, Efron"
    yield against(what, ours, target, others if peers else {}, in_r("coxph", frame))


def clustered_cox(n: int) -> Timing:
    frame = made_up(n)
    ours = partial(fit_cox, frame["time"], frame["death"], frame[COVARIATES], clusters=frame["pair"])
    return against(f"Cox, {n:,} patients x 8, standard error by pair", ours, 4.0, {}, None)


def incidence() -> Iterator[Timing]:
    from sksurv.nonparametric import cumulative_incidence_competing_risks as peer

    frame = made_up(REGISTRY)
    days, cause = frame["time"].to_numpy(), frame["cause"].to_numpy()
    theirs: dict[str, Work] = {
        "scikit-survival": lambda: peer(cause, days, conf_type="log-log", conf_level=0.95)
    }
    what = "Aalen-Johansen with variance, {:,} patients"
    yield against(
        what.format(REGISTRY), partial(aalen_johansen, days, cause), 0.1, theirs, in_r("survfit", frame)
    )
    frame = made_up(COUNTRY)
    ours = partial(aalen_johansen, *(frame[name].to_numpy() for name in ("time", "cause", "weight")))
    yield against("weighted " + what.format(COUNTRY), ours, 0.5, {}, in_r("survfit", frame))


def fine_gray() -> Iterator[Timing]:
    """Time the subdistribution hazard with weights and pair clusters; ``crr`` can have neither."""
    for n, target in ((CITY, 0.1), (COUNTRY, 12.0)):
        frame = made_up(n)
        ours = partial(
            fit_fine_gray, frame["time"], frame["cause"], frame[COVARIATES],
            cause_number=1, weights=frame["weight"], clusters=frame["pair"],
        )  # fmt: skip
        theirs = in_r("crr", frame) if n == CITY else None
        yield against(f"Fine-Gray, {n:,} patients x 8, weights, pairs", ours, target, {}, theirs)


def pairs(n: int) -> Timing:
    """Time matching; no maintained Python package matches this many."""
    rng = np.random.default_rng(n)
    logit = pd.Series(rng.normal(size=n))
    treated = pd.Series(rng.random(n) < 1 / (1 + np.exp(1 - logit)))
    width = caliper_width(logit, treated, caliper_sd=0.2, scale="pooled")
    ours = partial(match_nearest, logit, treated, ratio=1, caliper=width, order="largest")
    return against(f"matched pairs, {n:,} patients", ours, 0.7, {}, None)


def logistic(n: int) -> Timing:
    import statsmodels.api as sm

    rng = np.random.default_rng(n)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 9))])
    y = (rng.random(n) < 1 / (1 + np.exp(1 - X[:, 1:] @ np.full(9, 0.2)))).astype(float)
    peers: dict[str, Work] = {"statsmodels": lambda: sm.Logit(y, X).fit(disp=0)}
    theirs = in_r("glm", pd.DataFrame(X[:, 1:], columns=[f"x{j}" for j in range(1, 10)]).assign(y=y))
    return against(f"logistic, {n:,} patients x 10", partial(fit_logistic, X, y), 1.2, peers, theirs)


def refits(n: int) -> Timing:
    """Time the bootstrap that fits the score anew in every sample."""
    frame = made_up(n)
    way = propensity(frame[COVARIATES[1:]], frame["treated"] > 0).weight("ATO")
    death = Endpoint.recorded("death", frame["death"], by=28)
    ours = partial(risks, death, way, by=28, inference=Inference(bootstrap_replicates=2000))
    return against(f"overlap-weighted risk difference, {n} patients, 2,000 refits", ours, 5.0, {}, None)


def estimated_weights() -> Iterator[Timing]:
    """Time what allows for the estimation of the weights without a bootstrap."""
    for n, targets in ((STUDY, (0.01, 0.01)), (REGISTRY, (1.0, 0.5)), (COUNTRY, (5.0, 3.0))):
        frame = made_up(n)
        way = propensity(frame[COVARIATES[1:]], frame["treated"] > 0).weight("ATO")
        censored = Endpoint("death", frame["time"], frame["death"])  # the other cause as an open stay
        hazard = partial(hazard_ratios, censored, way, by=28, score="estimated")
        yield against(
            f"overlap-weighted hazard ratio, {n:,} patients, score estimated", hazard, targets[0], {}, None
        )
        risk = partial(risks, censored, way, by=28)
        yield against(f"overlap-weighted risks under censoring, {n:,} patients", risk, targets[1], {}, None)


def in_r(task: str, frame: pd.DataFrame) -> float | None:
    """Return R's seconds for the same task on the same data; nothing where R or the package is missing."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.csv"
        frame.to_csv(data, index=False)
        done = subprocess.run(
            ["Rscript", str(R_SCRIPT), task, str(data)], capture_output=True, text=True, check=False
        )
    return float(done.stdout) if done.returncode == 0 and done.stdout.strip() else None
