"""The result of a meta-analysis; apart from ``meta.py`` so that chapters load it without scipy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from headtohead.outcomes.estimate import Interval


@dataclass(frozen=True, slots=True)
class MetaAnalysis:
    """A pooled effect on the log scale, with how much the studies differ.

    Attributes
    ----------
    k : int
        Studies.
    log_effect : Interval
        Mean effect, standard error and limits, logarithms.
    prediction : tuple of float
        Limits for the effect in a new study, from Student's t with k - 2 degrees of freedom and the
        variance tau2 + 1 / sum(w); NaN below three studies.
    tau2, tau2_low, tau2_high : float
        Variance between studies, with its Q-profile interval, NaN where that is empty.
    i2 : float
        Share of the variation beyond chance, (Q - k + 1) / Q; a proportion, the same for every ``tau2``.
    q, q_p_value : float
        Cochran's Q and the p-value of homogeneity.
    weights : array, shape (k,)
        Share of each study; adds to 1.
    conf_level : float
    tau2_method, interval_method : str
    """

    k: int
    log_effect: Interval
    prediction: tuple[float, float]
    tau2: float
    tau2_low: float
    tau2_high: float
    i2: float
    q: float
    q_p_value: float
    weights: np.ndarray
    conf_level: float
    tau2_method: str
    interval_method: str

    @property
    def ratio(self) -> Interval:
        """The pooled ratio; its standard error is that of the logarithm."""
        low, high = np.exp(self.log_effect.conf_low), np.exp(self.log_effect.conf_high)
        return Interval(float(np.exp(self.log_effect.estimate)), self.log_effect.std_error, low, high)
