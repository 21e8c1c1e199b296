"""What the further analyses of the outcomes return."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True, slots=True)
class FurtherResults:
    """Other ways to ask the same question, and the mistakes beside them.

    Attributes
    ----------
    standardised : DataFrame
        Standardisation and augmented weights, column ``approach``.
    subdistribution : DataFrame
        Fine-Gray ratios, columns ``key`` and ``cause``.
    gray : DataFrame
        Gray's test of the crude comparison: ``outcome``, ``cause``, ``chi_square``, ``p_value``, ``method``.
    days : DataFrame
        Days in each state of the course to death or discharge, columns ``key`` and ``state``.
    split : DataFrame
        Hazard ratios of death by interval of follow-up, columns ``key`` and ``interval``.
    wins, win_components : DataFrame
        Win ratio and net benefit, and where they were decided; column ``key``.
    prognostic, ventilation : DataFrame
        Maximum and Firth's likelihood side by side, column ``approach``.
    posterior, posterior_curves : DataFrame
        One row per prior; densities of prior and posterior.
    mistakes : DataFrame
        The primary difference as it should be and under two mistakes, and the hazard ratio of death with
        and without ventilation as a covariate; columns ``mistake`` and ``label``.
    occupation : DataFrame
        Probability of each state by arm and day.
    """

    standardised: pd.DataFrame
    subdistribution: pd.DataFrame
    gray: pd.DataFrame
    days: pd.DataFrame
    split: pd.DataFrame
    wins: pd.DataFrame
    win_components: pd.DataFrame
    prognostic: pd.DataFrame
    ventilation: pd.DataFrame
    posterior: pd.DataFrame
    posterior_curves: pd.DataFrame
    mistakes: pd.DataFrame
    occupation: pd.DataFrame
