"""The published evidence: pooled per drug, then anakinra against baricitinib through usual care."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
import pandas as pd
from headtohead.evidence.effects import Prefer, study_effects
from headtohead.evidence.indirect import bucher, disagreement
from headtohead.evidence.meta import IntervalKind, Tau2, random_effects
from headtohead.evidence.pooled import MetaAnalysis
from headtohead.outcomes.estimate import Interval
from scipy.stats import norm

from study.evidence.contract import load_evidence, rows_of
from study.evidence.results_evidence import Evidence

POOLS: dict[str, Prefer] = {"jak": "published", "baricitinib": "counts", "anakinra": "published"}
PUBLISHED_TAU2: Tau2 = "ML"
PUBLISHED_INTERVAL: IntervalKind = "HK"  # both of the individual-patient meta-analysis that is reproduced
PRINTED_PLACES = 4


class Pooling(NamedTuple):
    """How studies are pooled; see ``random_effects``."""

    tau2: Tau2
    interval: IntervalKind
    conf_level: float


def analyse_evidence(path: Path, *, tau2: Tau2, interval: IntervalKind, conf_level: float) -> Evidence:
    """Return the pooled ratios, the reproduction of a published pool and the indirect comparisons.

    ``path`` is ``data/evidence.csv``; a row added there enters every result here.
    """
    rows, how = load_evidence(path), Pooling(tau2, interval, conf_level)
    studies = {name: study_effects(rows_of(rows, name), prefer=prefer) for name, prefer in POOLS.items()}
    pools = {name: _pool(found, how) for name, found in studies.items() if name != "jak"}
    pools["jak"] = _pool(studies["jak"], Pooling(PUBLISHED_TAU2, PUBLISHED_INTERVAL, conf_level))
    heaviest = studies["baricitinib"]["study"].iloc[int(pools["baricitinib"].weights.argmax())]
    kept = studies["baricitinib"][studies["baricitinib"]["study"] != heaviest]
    pools["baricitinib without the largest"] = _pool(kept, how)
    indirect, apart = _compare_drugs(rows, pools, how)
    return Evidence(
        rows=rows,
        effects=pd.concat(
            [
                _with_limits(found, pools[name], conf_level).assign(pool=name)
                for name, found in studies.items()
            ],
            ignore_index=True,
        ),
        pools=pools,
        comparison=_reproduce(rows, pools["jak"]),
        estimators=_estimators(studies["baricitinib"], conf_level),
        indirect=indirect,
        disagreement=apart,
    )


def _pool(studies: pd.DataFrame, how: Pooling) -> MetaAnalysis:
    return random_effects(studies["log_effect"], studies["variance"], **how._asdict())


def _with_limits(studies: pd.DataFrame, pool: MetaAnalysis, conf_level: float) -> pd.DataFrame:
    """Return the studies with their ratio, Wald limits and weight in the pool."""
    half = norm.ppf(0.5 + conf_level / 2) * np.sqrt(studies["variance"])
    return studies.assign(
        estimate=np.exp(studies["log_effect"]),
        conf_low=np.exp(studies["log_effect"] - half),
        conf_high=np.exp(studies["log_effect"] + half),
        weight=pool.weights,
    )


def _reproduce(rows: pd.DataFrame, pool: MetaAnalysis) -> pd.DataFrame:
    """Return the published pooled ratio and its limits beside ours."""
    printed = rows_of(rows, "reproduced").iloc[0]
    ours = pool.ratio
    table = pd.DataFrame(
        [
            ("Pooled odds ratio", printed["effect"], ours.estimate),
            ("Lower limit", printed["conf_low"], ours.conf_low),
            ("Upper limit", printed["conf_high"], ours.conf_high),
        ],
        columns=["label", "value", "ours"],
    )
    same = table["ours"].round(PRINTED_PLACES) == table["value"]
    verdict = same.map({True: "reproduced", False: "differs"})
    return table.assign(difference=table["ours"] - table["value"], verdict=verdict)


def _estimators(studies: pd.DataFrame, conf_level: float) -> pd.DataFrame:
    """Return the pool under every estimator and interval."""
    found = []
    for tau2 in get_args(Tau2):
        for interval in get_args(IntervalKind):
            pool = _pool(studies, Pooling(tau2, interval, conf_level))
            ratio = pool.ratio
            found.append((tau2, interval, pool.tau2, ratio.estimate, ratio.conf_low, ratio.conf_high))
    columns = ["tau2_method", "interval_method", "tau2", "estimate", "conf_low", "conf_high"]
    return pd.DataFrame(found, columns=columns)


def _published(rows: pd.DataFrame, analysis: str, prefer: Prefer, how: Pooling) -> Interval:
    """Return the ratio of the one study of an analysis, or the pool if there are several."""
    chosen = rows_of(rows, analysis)
    studies = study_effects(chosen, prefer=prefer)
    if len(studies) > 1:
        return _pool(studies, how).ratio
    log_effect, se = float(studies["log_effect"].iloc[0]), float(np.sqrt(studies["variance"].iloc[0]))
    limits = np.exp(log_effect + np.array([-1, 1]) * norm.ppf(0.5 + how.conf_level / 2) * se)
    if studies["basis"].iloc[0] == "limits":  # as printed
        limits = chosen[["conf_low", "conf_high"]].iloc[0].to_numpy(float)
    return Interval(float(np.exp(log_effect)), se, float(limits[0]), float(limits[1]))


def _compare_drugs(
    rows: pd.DataFrame, pools: dict[str, MetaAnalysis], how: Pooling
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return anakinra against baricitinib: direct, through usual care, and how far apart they are."""
    direct = _published(rows, "direct", "counts", how)
    baricitinib = pools["baricitinib"].ratio
    against = {
        "trials": ("Trials of anakinra, by day 28", _published(rows, "anakinra trials", "published", how)),
        "stay": ("Trials of anakinra, until discharge", _published(rows, "anakinra stay", "published", how)),
        "selected": ("Single studies of anakinra, by day 28 or 30", pools["anakinra"].ratio),
    }
    found = [("direct", "Direct: published counts, crude", *direct)]
    apart = []
    for key, (label, anakinra) in against.items():
        ratio = bucher(anakinra, baricitinib, conf_level=how.conf_level)
        found.append((key, label, *ratio))
        found.append((f"{key}.usual_care", label, *anakinra))
        between, p_value = disagreement(direct, ratio, conf_level=how.conf_level)
        apart.append((key, label, *between, p_value))
    columns = ["key", "label", *Interval._fields]
    return pd.DataFrame(found, columns=columns), pd.DataFrame(apart, columns=[*columns, "p_value"])
