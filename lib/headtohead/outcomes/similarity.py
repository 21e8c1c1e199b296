"""What the counts of two arms say about similarity, as rows: tests against margins, and probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from headtohead.outcomes.equivalence import RiskPosterior, equivalence_of_counts, equivalence_rows
from headtohead.proportions.counts import TwoByTwo


def margin_tests(table: TwoByTwo, margins: Mapping[str, float], *, alpha: float) -> pd.DataFrame:
    """Return two one-sided score tests of two risks against each margin.

    Parameters
    ----------
    table : TwoByTwo
    margins : mapping of name to float
        Largest difference (a proportion) that counts as similar.

    Returns
    -------
    DataFrame as of ``equivalence_tests``.
    """
    parts = [
        equivalence_rows(
            equivalence_of_counts(table, margin=width, alpha=alpha), "Miettinen-Nurminen score"
        ).assign(margin=margin)
        for margin, width in margins.items()
    ]
    return pd.concat(parts, ignore_index=True)


def risk_posteriors(table: TwoByTwo, margins: Mapping[str, float], *, conf_level: float) -> pd.DataFrame:
    """Return the posterior of the risk difference under independent Jeffreys priors.

    Returns
    -------
    DataFrame with ``name`` ("rd": median with its equal-tailed interval, "worse": the difference lies above
    zero, "within_..." each margin, "worse_by_..." and "better_by_..." the first), ``scale``, ``estimate``,
    ``conf_low``, ``conf_high``, ``conf_level`` and ``method``.
    """
    law, (first, margin) = RiskPosterior(table), next(iter(margins.items()))
    chances = {
        "worse": 1 - law.probability_below(0.0),
        **{f"within_{name}": law.probability_within(width) for name, width in margins.items()},
        f"worse_by_{first}": 1 - law.probability_below(margin),
        f"better_by_{first}": law.probability_below(-margin),
    }
    low, high = law.interval(conf_level)
    middle = {
        "name": "rd", "scale": "risk difference", "estimate": law.interval(0.0)[0], "conf_low": low,
        "conf_high": high, "conf_level": conf_level, "method": "equal-tailed credible interval, Jeffreys prior",
    }  # fmt: skip
    return pd.DataFrame(
        [middle, *({"name": k, "scale": "probability", "estimate": v} for k, v in chances.items())]
    )


def risk_posterior_density(table: TwoByTwo, differences: np.ndarray) -> pd.DataFrame:
    """Return ``difference`` and ``density`` of the posterior of ``risk_posteriors`` at given differences."""
    return pd.DataFrame({"difference": differences, "density": RiskPosterior(table).density(differences)})
