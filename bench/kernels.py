"""The estimators at the size of a study, of a registry and of a country, beside the peers that can do the same."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from headtohead.inference import Inference
from headtohead.kernels.logistic import fit_logistic
from headtohead.kernels.pairs import caliper_width
from headtohead.matching.adjustment import unadjusted
from headtohead.matching.pairs import match_nearest
from headtohead.matching.propensity import propensity
from headtohead.outcomes.competing import aalen_johansen
from headtohead.outcomes.cox import fit_cox
from headtohead.outcomes.endpoint import Endpoint
from headtohead.outcomes.fine_gray import fit_fine_gray
from headtohead.outcomes.hazard import hazard_ratios
from headtohead.outcomes.risk import risks
from timing import Timing, Work, against

STUDY, REGISTRY, COUNTRY = SIZES = (342, 100_000, 1_000_000)  # patients
COVARIATES = ["treated", *(f"x{j}" for j in range(1, 8))]
FORMULA = " + ".join(COVARIATES)
R_SCRIPT = Path(__file__).with_name("peers.R")


def kernels() -> Iterator[Timing]:
    """Yield the times at each size; a peer that cannot do a task, or would take minutes, is not beside it."""
    yield importing()
    for n in SIZES:
        yield from (
            task(n) for task in (cox, clustered_cox, incidence, fine_gray, pairs, logistic, plain_risks)
        )
    yield from (mahalanobis(n) for n in (STUDY, REGISTRY))
    yield refits(STUDY)
    yield from estimated_weights()


def importing() -> Timing:
    """Time the import of the package in a fresh interpreter, which loads nothing but itself."""
    code = "import time; start = time.perf_counter(); import headtohead; print(time.perf_counter() - start)"
    took = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    return Timing("import headtohead", min(float(one.stdout) for one in took), 1.0)


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


def cox(n: int) -> Timing:
    from lifelines import CoxPHFitter
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv
    from survival import coxph

    frame = made_up(n)
    data, died = frame[[*COVARIATES, "time", "death"]], Surv.from_arrays(frame["death"] == 1, frame["time"])
    X = frame[COVARIATES].to_numpy()
    peers: dict[str, Work] = {
        "lifelines": lambda: CoxPHFitter().fit(data, "time", "death"),
        "survival": lambda: coxph(f"Surv(time, death) ~ {FORMULA}", data),
        "scikit-survival": lambda: CoxPHSurvivalAnalysis(ties="efron").fit(X, died),
    }
    if n > STUDY:
        del peers["scikit-survival"]
    ours = partial(fit_cox, frame["time"], frame["death"], frame[COVARIATES])
    target = {STUDY: 0.002, REGISTRY: 0.2, COUNTRY: 2.0}[n]
    return against(f"Cox, {n:,} patients x 8, Efron", ours, target, peers, in_r("coxph", frame))


def clustered_cox(n: int) -> Timing:
    from survival import coxph

    frame = made_up(n)
    data = frame[[*COVARIATES, "time", "death"]]
    peers: dict[str, Work] = {
        "survival": lambda: coxph(f"Surv(time, death) ~ {FORMULA}", data, cluster=frame["pair"])
    }
    ours = partial(fit_cox, frame["time"], frame["death"], frame[COVARIATES], clusters=frame["pair"])
    target = {STUDY: 0.003, REGISTRY: 0.4, COUNTRY: 4.0}[n]
    return against(f"Cox, {n:,} patients x 8, standard error by pair", ours, target, peers, None)


def incidence(n: int) -> Timing:
    from sksurv.nonparametric import cumulative_incidence_competing_risks as peer

    frame = made_up(n)
    days, cause = frame["time"].to_numpy(), frame["cause"].to_numpy()
    peers: dict[str, Work] = {
        "scikit-survival": lambda: peer(cause, days, conf_type="log-log", conf_level=0.95)
    }
    target = {STUDY: 0.001, REGISTRY: 0.1, COUNTRY: 0.5}[n]
    what, theirs = f"Aalen-Johansen with variance, {n:,} patients", in_r("survfit", frame)
    return against(what, partial(aalen_johansen, days, cause), target, peers, theirs)


def fine_gray(n: int) -> Timing:
    """Time the subdistribution hazard with its robust error, as ``crr`` has it; that of R is quadratic."""
    from comprisk import FineGrayRegression

    frame = made_up(n)
    X, days, cause = (frame[names].to_numpy() for names in (COVARIATES, "time", "cause"))
    ours = partial(fit_fine_gray, frame["time"], frame["cause"], frame[COVARIATES], cause_number=1)
    peers: dict[str, Work] = {"comprisk": lambda: FineGrayRegression().fit(X, time=days, event=cause)}
    target = {STUDY: 0.004, REGISTRY: 1.0, COUNTRY: 12.0}[n]
    theirs = in_r("crr", frame) if n == STUDY else None
    return against(f"Fine-Gray, {n:,} patients x 8", ours, target, peers, theirs)


def pairs(n: int) -> Timing:
    """Time matching; no maintained Python package matches a registry."""
    rng = np.random.default_rng(n)
    logit = pd.Series(rng.normal(size=n))
    treated = pd.Series(rng.random(n) < 1 / (1 + np.exp(1 - logit)))
    width = caliper_width(logit, treated, caliper_sd=0.2, scale="pooled")
    ours = partial(match_nearest, logit, treated, ratio=1, caliper=width, order="largest")
    target = {STUDY: 0.002, REGISTRY: 0.1, COUNTRY: 0.7}[n]
    theirs = (
        in_r("matchit", pd.DataFrame({"logit": logit, "treated": treated.astype(int)}))
        if n < COUNTRY
        else None
    )  # the time of R grows with the square
    return against(f"matched pairs, {n:,} patients", ours, target, {}, theirs)


def mahalanobis(n: int) -> Timing:
    """Time matching on the distance in five covariates, which R has quadratic, inside calipers of the score."""
    rng = np.random.default_rng(n)
    covariates, score = pd.DataFrame(rng.normal(size=(n, 5))), pd.Series(rng.normal(size=n))
    treated = pd.Series(rng.random(n) < 1 / (1 + np.exp(1 - covariates.sum(axis=1) / 3)))
    ours = partial(
        match_nearest, score, treated, ratio=1, caliper=0.2, order="largest", mahalanobis=covariates
    )
    return against(
        f"pairs in Mahalanobis distance, {n:,} patients x 5", ours, {STUDY: 0.01, REGISTRY: 2.0}[n], {}, None
    )


def logistic(n: int) -> Timing:
    import statsmodels.api as sm
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(n)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 9))])
    y = (rng.random(n) < 1 / (1 + np.exp(1 - X[:, 1:] @ np.full(9, 0.2)))).astype(float)
    peers: dict[str, Work] = {
        "statsmodels": lambda: sm.Logit(y, X).fit(disp=0),
        "scikit-learn": lambda: LogisticRegression(C=np.inf, solver="newton-cholesky").fit(X[:, 1:], y),
    }
    theirs = in_r("glm", pd.DataFrame(X[:, 1:], columns=[f"x{j}" for j in range(1, 10)]).assign(y=y))
    target = {STUDY: 0.002, REGISTRY: 0.15, COUNTRY: 1.2}[n]
    return against(f"logistic, {n:,} patients x 10", partial(fit_logistic, X, y), target, peers, theirs)


def plain_risks(n: int) -> Timing:
    """Time the four crude rows; the peers have a risk in each arm, or the interval of the difference alone."""
    from lifelines import KaplanMeierFitter
    from statsmodels.stats.proportion import confint_proportions_2indep as peer

    frame = made_up(n)
    arm, died = frame["treated"] > 0, frame["death"]
    death, crude = Endpoint.recorded("death", died, by=28), unadjusted(arm)
    peers: dict[str, Work] = {
        "statsmodels": lambda: peer(
            died[arm].sum(), arm.sum(), died[~arm].sum(), (~arm).sum(), method="newcomb", compare="diff"
        ),
        "lifelines": lambda: [
            KaplanMeierFitter().fit(frame["time"][one], died[one]).predict(28) for one in (arm, ~arm)
        ],
    }
    target = {STUDY: 0.02, REGISTRY: 0.05, COUNTRY: 0.3}[n]
    return against(
        f"risks, difference and ratio, {n:,} patients",
        partial(risks, death, crude, by=28),
        target,
        peers,
        in_r("risks", frame),
    )


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
