"""Results that rest on published studies and on public cohorts, frozen."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from headtohead.evidence.pooled import MetaAnalysis


@dataclass(frozen=True, slots=True)
class Evidence:
    """What trials and cohorts say about the two drugs.

    Attributes
    ----------
    rows : DataFrame
        ``data/evidence.csv`` as checked.
    effects : DataFrame
        Per analysis (``pool``) and study: counts, ratio, limits, weight, how the ratio was obtained.
    pools : dict of str to MetaAnalysis
        By analysis: "jak" (as published), "baricitinib", "baricitinib without the largest", "anakinra".
    comparison : DataFrame
        The published pooled result on JAK inhibitors: as printed, ours, difference, verdict.
    estimators : DataFrame
        Baricitinib under every estimator of the variance between studies.
    indirect : DataFrame
        Anakinra against baricitinib, direct and indirect: ``key``, ``label``, ratio and limits.
    disagreement : DataFrame
        Ratio of the direct to each indirect comparison and its p-value.
    """

    rows: pd.DataFrame
    effects: pd.DataFrame
    pools: dict[str, MetaAnalysis]
    comparison: pd.DataFrame
    estimators: pd.DataFrame
    indirect: pd.DataFrame
    disagreement: pd.DataFrame


@dataclass(frozen=True, slots=True)
class RealCohorts:
    """The library on public cohorts, against R.

    Attributes
    ----------
    sizes : DataFrame
        ``cohort``, ``n``, ``treated``, ``events`` of each.
    comparison : DataFrame
        Number in R or in print, ours, difference and verdict; one row each, column ``cohort``.
    effects : DataFrame
        Two-arm hazard ratios, crude, weighted and matched, column ``cohort``.
    balance : DataFrame
        Largest standardised difference per ``cohort`` and adjustment.
    """

    sizes: pd.DataFrame
    comparison: pd.DataFrame
    effects: pd.DataFrame
    balance: pd.DataFrame
