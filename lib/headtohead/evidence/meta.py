"""Random-effects meta-analysis of log ratios.

statsmodels' ``combine_effects`` gives Paule-Mandel only well: its DerSimonian-Laird may be negative, and it
has neither likelihood estimates of the variance between studies nor a prediction interval. Those are here.

Viechtbauer (2005) J Educ Behav Stat 30:261-293. doi:10.3102/10769986030003261
Rover, Knapp & Friede (2015) BMC Med Res Methodol 15:99. doi:10.1186/s12874-015-0091-1
Higgins, Thompson & Spiegelhalter (2009) J R Stat Soc A 172:137-159. doi:10.1111/j.1467-985X.2008.00552.x
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy.optimize import brentq, minimize_scalar
from scipy.stats import chi2, norm, t

from headtohead import door
from headtohead.errors import AlignmentError, NumberError
from headtohead.evidence.effects import NO_RATIO, PUBLISHED_LEVEL
from headtohead.evidence.pooled import MetaAnalysis, ratio_row
from headtohead.outcomes.estimate import TINY, Interval, wald_interval

Tau2 = Literal["ML", "REML", "DL", "PM"]
Limits = Literal["normal", "HK", "modified HK"]
XTOL = 1e-12
FLAT = 1e-10  # a gain in likelihood below this is rounding: the maximum is at 0


def meta_analysis(studies: pd.DataFrame, *, tau2: Tau2, interval: Limits, conf_level: float) -> MetaAnalysis:
    """Return the random-effects mean of what ``study_effects`` found; choices and errors of ``random_effects``.

    A study that says nothing of a ratio has the weight 0.
    """
    studies = door.columns(studies, [], "studies", ["log_effect", "variance"])
    used = _speaking(studies)
    log_effect, variance = used["log_effect"], used["variance"]
    found = random_effects(log_effect, variance, tau2=tau2, interval=interval, conf_level=conf_level)
    weights = pd.Series(found.weights, used.index).reindex(studies.index, fill_value=0.0)
    return replace(found, studies=studies.assign(weight=weights))


def _speaking(studies: pd.DataFrame) -> pd.DataFrame:
    """Return the studies without those that say nothing of a ratio; ``NumberError`` if none does."""
    said = studies[studies["basis"] != "nothing"] if "basis" in studies else studies
    if len(studies) and said.empty:
        raise NumberError(NO_RATIO)
    return said


def combined(studies: pd.DataFrame, *, tau2: Tau2, interval: Limits, conf_level: float) -> pd.DataFrame:
    """Return one row: the ratio of the only study, its limits as printed, or the pooled ratio of several."""
    _check_choices(tau2, interval, conf_level)
    door.patients(studies, "studies")
    studies = door.columns(studies, ["basis", "measure", "method"], "studies", ["log_effect", "std_error"])
    if len(studies := _speaking(studies)) > 1:
        return meta_analysis(studies, tau2=tau2, interval=interval, conf_level=conf_level).estimate()
    one = studies.iloc[0]
    ratio = wald_interval(one["log_effect"], one["std_error"], conf_level).exponential
    if conf_level == PUBLISHED_LEVEL and one["basis"] == "limits":
        ratio = ratio._replace(conf_low=float(one["printed_low"]), conf_high=float(one["printed_high"]))
    return ratio_row(ratio, str(one["measure"]), conf_level, str(one["method"]))


def every_meta_analysis(studies: pd.DataFrame, *, conf_level: float) -> pd.DataFrame:
    """Return the pooled ratio under every estimator and interval.

    DataFrame of ``ESTIMATE_COLUMNS``, ``estimator``, ``interval`` and ``tau2``, the variance between studies.
    """
    rows = []
    for tau2, interval in product(get_args(Tau2), get_args(Limits)):
        one = meta_analysis(studies, tau2=tau2, interval=interval, conf_level=conf_level)
        rows.append(one.estimate().assign(estimator=tau2, interval=interval, tau2=one.tau2))
    return pd.concat(rows, ignore_index=True)


def leave_one_out(studies: pd.DataFrame, *, tau2: Tau2, interval: Limits, conf_level: float) -> pd.DataFrame:
    """Return the pooled ratio without each study: ``ESTIMATE_COLUMNS`` and ``left_out``, its ``id``.

    Of two studies what remains is the other one. Choices and errors of ``combined``. Checked: metafor ``leave1out``.
    """
    door.columns(studies, ["id"], "studies")
    used = _speaking(studies)
    if len(used) < 2:
        raise NumberError(f"leaving one out needs at least two studies, found {len(used)}; report the one")
    how = {"tau2": tau2, "interval": interval, "conf_level": conf_level}
    rows = [combined(used.drop(index=at), **how).assign(left_out=used.at[at, "id"]) for at in used.index]  # type: ignore[arg-type]
    return pd.concat(rows, ignore_index=True)


def random_effects(
    log_effect: pd.Series | np.ndarray, variance: pd.Series | np.ndarray,
    *, tau2: Tau2, interval: Limits, conf_level: float,
) -> MetaAnalysis:  # fmt: skip
    """Return the random-effects mean of log ratios.

    ``log_effect`` and ``variance``, shape (k,), are the log ratio of each study and its sampling variance; ``tau2``
    is the estimator of the variance between studies. Hartung-Knapp ("HK") scales the variance of the mean by q = sum
    w (y - mean)^2 / (k - 1) and takes Student's t. When studies happen to agree q is near 0 and the interval absurdly
    short; "modified HK" therefore never takes q below 1, and nor does "HK" where all found the same, as its interval
    would be a point (Rover and others 2015). Raises ValueError if there are fewer than two studies, or an effect or
    variance is missing or not positive. Checked: metafor 3.8 and meta on twelve trials of JAK inhibitors and metafor's
    BCG example (test_meta.py).
    """
    if isinstance(log_effect, pd.Series) and isinstance(variance, pd.Series):
        variance = door.aligned(variance, log_effect.index, "variances")
    y, v = door.read(log_effect, "effects"), door.read(variance, "variances")
    _check_choices(tau2, interval, conf_level)
    _check(y, v)
    k, between = len(y), _tau2(y, v, tau2)
    w = 1 / (v + between)
    mean = float(w @ y / w.sum())
    q = float(w @ (y - mean) ** 2 / (k - 1))
    if interval == "HK" and q <= TINY:
        interval = "modified HK"
    scale = {"normal": 1.0, "HK": q, "modified HK": max(1.0, q)}[interval]
    se, tail = float(np.sqrt(scale / w.sum())), 0.5 + conf_level / 2
    half = (norm.ppf(tail) if interval == "normal" else t.ppf(tail, k - 1)) * se
    spread = t.ppf(tail, k - 2) * np.sqrt(between + 1 / w.sum()) if k > 2 else np.nan
    homogeneity = cochran_q(y, v, 0.0)
    return MetaAnalysis(
        k, Interval(mean, se, mean - half, mean + half), (mean - spread, mean + spread),
        between, *_q_profile(y, v, conf_level),
        max(0.0, 1 - (k - 1) / homogeneity) if homogeneity > 0 else 0.0,
        homogeneity, float(chi2.sf(homogeneity, k - 1)), w / w.sum(), conf_level, tau2, interval,
    )  # fmt: skip


def cochran_q(y: np.ndarray, v: np.ndarray, between: float) -> float:
    """Return the generalised Q, sum of (y - mean)^2 / (v + tau2); at 0 it is Cochran's."""
    w = 1 / (v + between)
    return float(w @ (y - w @ y / w.sum()) ** 2)


def _check_choices(tau2: str, interval: str, conf_level: float) -> None:
    door.choice("tau2", tau2, Tau2)
    door.choice("interval", interval, Limits)
    door.level(conf_level)


def _check(y: np.ndarray, v: np.ndarray) -> None:
    if y.shape != v.shape:
        raise AlignmentError(f"each effect needs its variance, found {y.size} and {v.size}; give both")
    if len(y) < 2:
        raise NumberError(f"pooling needs at least two studies, found {len(y)}; report the one study")
    bad = np.flatnonzero(~(np.isfinite(y) & np.isfinite(v) & (v > 0)))
    if len(bad):
        must = f"each study needs an effect and a variance above 0, {len(bad)} of {len(y)} have not"
        raise NumberError(f"{must}, at places {list(map(int, bad[:3]))}; complete or exclude them")


def _tau2(y: np.ndarray, v: np.ndarray, method: Tau2) -> float:
    """Return the variance between studies, never below 0."""
    k, excess = len(y), cochran_q(y, v, 0.0) - (len(y) - 1)
    if method == "DL":
        w = 1 / v
        return max(0.0, excess / float(w.sum() - (w**2).sum() / w.sum()))
    top = 10 * float(np.ptp(y) ** 2 + v.max())
    if method == "PM":
        if excess <= 0:
            return 0.0
        return float(brentq(lambda between: cochran_q(y, v, between) - (k - 1), 0.0, top, xtol=XTOL))

    def minus_log_likelihood(between: float) -> float:
        w = 1 / (v + between)
        value = -np.log(w).sum() + cochran_q(y, v, between)
        return float(value + np.log(w.sum())) if method == "REML" else float(value)

    # Searched on the square root: the likelihood is flat and one-sided near 0.
    found = minimize_scalar(lambda root: minus_log_likelihood(root**2), bounds=(0, np.sqrt(top)),
                            method="bounded", options={"xatol": 1e-10})  # fmt: skip
    between = float(found.x**2)
    return between if minus_log_likelihood(between) < minus_log_likelihood(0.0) - FLAT else 0.0


def _q_profile(y: np.ndarray, v: np.ndarray, conf_level: float) -> tuple[float, float]:
    """Return Viechtbauer's interval: where Q equals quantiles of its chi-square law; NaN if studies agree too well."""
    df, tail, q = len(y) - 1, (1 - conf_level) / 2, cochran_q(y, v, 0.0)

    def limit(target: float) -> float:
        if q <= target:
            return 0.0
        top = float(np.ptp(y) ** 2 + v.max())
        while cochran_q(y, v, top) > target:
            top *= 4
        return float(brentq(lambda b: cochran_q(y, v, b) - target, 0.0, top, xtol=XTOL))

    low, high = chi2.isf(tail, df), chi2.ppf(tail, df)
    return (limit(low), limit(high)) if q >= high else (np.nan, np.nan)
