"""What the analysis returns: frozen, aggregated, without a single patient row."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pandas as pd
from headtohead.outcomes.estimate import Equivalence
from headtohead.proportions.counts import TwoByTwo
from headtohead.sensitivity.deviations import PerProtocol

from study.outcomes.further_results import FurtherResults
from study.protocol.protocol import Protocol
from study.sensitivity.results_robustness import Robustness


@dataclass(frozen=True, slots=True)
class CohortResults:
    """Who was analysed; see ``cohort/flow.py`` and ``cohort/describe.py`` for the columns."""

    synthetic: bool
    attrition: pd.DataFrame
    table_one: pd.DataFrame
    strata: pd.DataFrame
    missing: pd.DataFrame
    follow_up: pd.DataFrame


@dataclass(frozen=True, slots=True)
class MatchingResults:
    """How the arms were made comparable, and what it cost.

    ``report`` is the before-and-after table of the recorded covariates, ``chance`` what randomising the
    matched patients would leave, ``designs`` one row per way of matching, ``strata`` its pairs by
    stratum, and ``skipped`` why an adjustment could not be made, by key.
    """

    coefficients: pd.DataFrame
    histogram: pd.DataFrame
    overlap: dict[str, float]
    pairs: dict[str, float]
    lost: pd.DataFrame
    balance: pd.DataFrame
    sizes: pd.DataFrame
    report: pd.DataFrame
    chance: SimpleNamespace
    designs: pd.DataFrame
    strata: pd.DataFrame
    skipped: dict[str, str]


@dataclass(frozen=True, slots=True)
class OutcomeResults:
    """Estimates, curves and checks."""

    estimates: pd.DataFrame
    curves: pd.DataFrame
    kaplan_meier: pd.DataFrame
    hazards: pd.DataFrame
    proportional: pd.DataFrame
    equivalence: dict[str, Equivalence]
    regression: pd.DataFrame


@dataclass(frozen=True, slots=True)
class SensitivityResults:
    """What happens to the primary estimate elsewhere, and if the drug is taken as intended."""

    subsets: pd.DataFrame
    calipers: pd.DataFrame
    per_protocol: PerProtocol


@dataclass(frozen=True, slots=True)
class Study:
    """All results of one cohort; ``diagnostics`` is the panel of ``sensitivity/diagnostics.py``."""

    cohort: CohortResults
    matching: MatchingResults
    outcomes: OutcomeResults
    sensitivity: SensitivityResults
    further: FurtherResults
    diagnostics: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Reanalysis:
    """Results that rest on the published counts alone.

    Attributes
    ----------
    published : DataFrame
        ``data/published.csv``.
    comparison : DataFrame
        Published percentage or p-value, recomputed value, difference, verdict.
    tests, effects : DataFrame
        Every test and every interval, column ``outcome``.
    bounds : DataFrame
        Deaths without ventilation, and ventilation or death, per arm.
    equivalence : dict
        (outcome, "margin" or "wide") to ``Equivalence``.
    numbers : DataFrame
        ``name``, ``scale``, ``value``: precision, posterior, fragility and E-values.
    posterior : DataFrame
        ``outcome``, ``difference``, ``density``.
    tables : dict of str to TwoByTwo
    """

    published: pd.DataFrame
    comparison: pd.DataFrame
    tests: pd.DataFrame
    effects: pd.DataFrame
    bounds: pd.DataFrame
    equivalence: dict[tuple[str, str], Equivalence]
    numbers: pd.DataFrame
    posterior: pd.DataFrame
    tables: dict[str, TwoByTwo]


@dataclass(frozen=True, slots=True)
class Multiverse:
    """The specification curve of the paper's cohort.

    Attributes
    ----------
    grid : DataFrame
        ``excluded`` (reason; empty: valid) and ``n``: how the full product splits.
    curve : DataFrame
        One row per valid specification; see ``sensitivity/multiverse.py::curve``.
    joint : DataFrame
        Statistics of the whole curve with joint p-values; empty if the committed null curves belong to
        another cohort.
    variance : Series
        Share of the variance of the estimates between the levels of each axis.
    """

    grid: pd.DataFrame
    curve: pd.DataFrame
    joint: pd.DataFrame
    variance: pd.Series


@dataclass(frozen=True, slots=True)
class World:
    """What the paper shows of a synthetic cohort whose truth is known: estimates, margin tests, mistakes."""

    n_pairs: int
    estimates: pd.DataFrame
    equivalence: dict[str, Equivalence]
    mistakes: pd.DataFrame


def primary_row(estimates: pd.DataFrame, protocol: Protocol) -> pd.Series:
    """Return the primary result: risk difference, primary outcome, horizon and estimand."""
    mine = (
        (estimates["key"] == protocol.estimand.primary.lower())
        & (estimates["outcome"] == protocol.outcome.primary)
        & (estimates["horizon_days"] == protocol.outcome.horizon_days)
        & (estimates["scale"] == "risk difference")
    )
    return estimates[mine].iloc[0]


@dataclass(frozen=True, slots=True)
class Paper:
    """Everything the chapters show; no patient is in it.

    Attributes
    ----------
    protocol : Protocol
    dictionary : DataFrame
    reanalysis : Reanalysis
        Published counts.
    study : Study
        The cohort named in the protocol.
    worlds : dict of str to World
        The three synthetic worlds.
    truth : DataFrame
        True effects per world, estimand, outcome and horizon.
    multiverse : Multiverse
        Every defensible specification.
    robustness : Robustness
        What else could have made or hidden the primary estimate.
    """

    protocol: Protocol
    dictionary: pd.DataFrame
    reanalysis: Reanalysis
    study: Study
    worlds: dict[str, World]
    truth: pd.DataFrame
    multiverse: Multiverse
    robustness: Robustness
