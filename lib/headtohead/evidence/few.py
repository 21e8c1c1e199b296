"""Pooled risk ratios when events are few: methods that keep a trial with an empty arm, without adding a half.

Mantel & Haenszel (1959) J Natl Cancer Inst 22:719-748. doi:10.1093/jnci/22.4.719
Greenland & Robins (1985) Biometrics 41:55-68. doi:10.2307/2530643
Stijnen, Hamza & Ozdemir (2010) Stat Med 29:3046-3067. doi:10.1002/sim.4040
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logsumexp
from scipy.stats import binom

from headtohead import door
from headtohead.errors import MissingError, NumberError
from headtohead.evidence.effects import HALF, NO_RATIO, no_contrast_in, possible_counts
from headtohead.evidence.pooled import ratio_row
from headtohead.outcomes.estimate import wald_interval

FewEvents = Literal["Mantel-Haenszel", "binomial-normal"]
COUNTS = ["deaths_drug", "n_drug", "deaths_comparator", "n_comparator"]
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(31)
XTOL = 1e-6
STEP = 1e-4  # of the second differences of the log-likelihood


def few_events(studies: pd.DataFrame, *, method: FewEvents, conf_level: float) -> pd.DataFrame:
    """Return the pooled risk ratio of counts, one row of ``ESTIMATE_COLUMNS``.

    ``studies`` has the four counts of each study, whole numbers. "Mantel-Haenszel" assumes one common ratio;
    "binomial-normal" a normal distribution of log ratios (see ``binomial_normal``). A study without an event in
    either arm stays in and weighs nothing. Raises ValueError if a study has no counts, or if an arm of all studies
    together has no event. Checked: metafor ``leave1out(rma.mh(measure = "RR"))`` and ``rma.glmm(measure = "IRR",
    model = "CM.EL")`` (test_few.py).
    """
    door.choice("method", method, FewEvents)
    door.level(conf_level)
    studies = door.columns(studies, [], "studies", COUNTS)
    door.patients(studies, "studies")
    counts = studies[COUNTS].astype(float)
    if counts.isna().any(axis=None):
        raise MissingError("each study needs its four counts here, some have none; leave them out and say so")
    wrong = ~possible_counts(counts).to_numpy()
    if wrong.any():
        must = "counts must be whole numbers between 0 and the patients"
        raise NumberError(f"{must}, {door.wrong_rows(wrong, studies)}; correct or exclude them")
    if no_contrast_in(counts).all():
        raise NumberError(NO_RATIO)
    if (empty := counts[["deaths_drug", "deaths_comparator"]].sum() == 0).any():
        arm = empty.idxmax().removeprefix("deaths_")
        found = f"the {arm} has none in any"
        raise NumberError(f"each arm needs an event in some study, {found}; no ratio follows")
    a, n1, c, n0 = counts.to_numpy().T
    log_ratio, se = (mantel_haenszel if method == "Mantel-Haenszel" else binomial_normal)(a, n1, c, n0)[:2]
    k, used = len(counts), int((~no_contrast_in(counts)).sum())
    said = f"{method}, {k} studies" + (f", {k - used} of them without a contrast" if used < k else "")
    return ratio_row(wald_interval(log_ratio, se, conf_level).exponential, "risk ratio", conf_level, said)


def mantel_haenszel(a: np.ndarray, n1: np.ndarray, c: np.ndarray, n0: np.ndarray) -> tuple[float, float]:
    """Return the log of sum(a n0 / N) / sum(c n1 / N) and its error by Greenland and Robins, right for sparse tables too."""
    total = n1 + n0
    r, s = (a * n0 / total).sum(), (c * n1 / total).sum()
    p = ((n1 * n0 * (a + c) - a * c * total) / total**2).sum()
    return float(np.log(r / s)), float(np.sqrt(p / (r * s)))


def binomial_normal(
    a: np.ndarray, n1: np.ndarray, c: np.ndarray, n0: np.ndarray
) -> tuple[float, float, float]:
    """Return the mean log ratio, its standard error and the standard deviation between studies.

    Given the events of a study, those under the drug are binomial with the odds ratio * n1 / n0 (exact for rates, near for
    rare events), and log ratios are normal: the conditional Poisson-normal model of Stijnen and others, by maximum
    likelihood with adaptive Gauss-Hermite quadrature. The error is from the second differences of the log-likelihood.
    """
    events, offset = (a + c)[:, None], np.log(n1 / n0)[:, None]
    crude = (np.log((a + HALF) / (c + HALF)) - np.log(n1 / n0))[:, None]
    precision = 1 / (1 / (a + HALF) + 1 / (c + HALF))[:, None]

    def minus(parts: np.ndarray) -> float:
        mean, between = parts[0], max(abs(parts[1]), XTOL)
        # nodes lie where each study and the mean put its log ratio
        scale = 1 / np.sqrt(precision + between**-2)
        ratio = scale**2 * (precision * crude + mean / between**2) + scale * NODES
        found = binom.logpmf(a[:, None], events, expit(offset + ratio)) - ((ratio - mean) / between) ** 2 / 2
        return -float(np.sum(logsumexp(found + NODES**2 / 2, b=WEIGHTS * scale / between, axis=1)))

    start = mantel_haenszel(a, n1, c, n0)[0]
    tries = [minimize(minus, (start, sd), method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10})
             for sd in (0.01, 0.5)]  # fmt: skip
    mean, between = min(tries, key=lambda found: found.fun).x
    return float(mean), _error(minus, np.array([mean, abs(between)])), float(abs(between))


def _error(minus: object, at: np.ndarray) -> float:
    """Return the standard error of the first parameter; of it alone where the second is at its bound 0."""
    one, two = np.eye(2) * STEP
    f = lambda *steps: minus(at + sum(steps, np.zeros(2)))  # type: ignore[operator]  # noqa: E731
    curvature = (f(one) - 2 * f() + f(-one)) / STEP**2
    if at[1] > 10 * STEP:
        other = (f(two) - 2 * f() + f(-two)) / STEP**2
        both = (f(one, two) - f(one, -two) - f(-one, two) + f(-one, -two)) / (4 * STEP**2)
        curvature -= both**2 / other
    return float(1 / np.sqrt(curvature))
