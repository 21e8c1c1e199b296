"""What the robustness checks return."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class Robustness:
    """Missing values, hidden bias, negative controls, unseen deaths and subgroups of the paper's cohort.

    Attributes
    ----------
    missing : DataFrame
        ``ESTIMATE_COLUMNS`` of the primary risk difference by ``handling`` ("complete", "single",
        "multiple") and ``key`` (adjustment), with ``patients``, ``pairs_low``, ``pairs_high``, ``fmi``
        and ``mc_error`` (NaN where they mean nothing).
    hidden_bias : DataFrame
        See ``sensitivity/rosenbaum.py::bounds``.
    discordant : dict
        Pairs in which only the ``treated`` or only the ``control`` patient had the event; NaN if the
        sets are no pairs.
    gammas : dict
        ``overturn`` and ``hide``: see ``rosenbaum.py::largest_gamma`` and ``hiding_gamma``; None if none.
    negative : DataFrame
        Risks and their difference of the negative control and of early events, column ``key``.
    tipping : DataFrame
        See ``sensitivity/tipping.py::tipping_grid``.
    benchmarks : DataFrame
        See ``sensitivity/benchmarks.py``; ``covariate`` is "column|level".
    subgroups : DataFrame
        Primary analysis by ``column`` and ``level``.
    interactions : DataFrame
        One row per column and scale, see ``sensitivity/interaction.py``; ``method`` says why one is missing.
    shrunken : DataFrame
        Differences by ``column`` and ``level`` drawn towards each other, see ``sensitivity/shrinkage.py``.
    """

    missing: pd.DataFrame
    hidden_bias: pd.DataFrame
    discordant: dict[str, float]
    gammas: dict[str, float | None]
    negative: pd.DataFrame
    tipping: pd.DataFrame
    benchmarks: pd.DataFrame
    subgroups: pd.DataFrame
    interactions: pd.DataFrame
    shrunken: pd.DataFrame
