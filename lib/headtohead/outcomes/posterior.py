"""What to believe about an adjusted difference: a normal likelihood under several priors.

The estimate and its bootstrap standard error stand for the data; a normal prior of known mean and
standard deviation is combined with them in closed form.

References
----------
Spiegelhalter, Abrams & Myles (2004) Bayesian Approaches to Clinical Trials, chapter 3. Wiley.
doi:10.1002/0470092602
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.stats import norm

from headtohead.inference import DEFAULT, InferenceChoices


@dataclass(frozen=True, slots=True)
class NormalPosterior:
    """Posterior of a difference.

    Attributes
    ----------
    mean, sd : float
        On the scale of the estimate.
    """

    mean: float
    sd: float

    def probability_below(self, difference: float) -> float:
        """Return the probability that the difference lies below a value."""
        return float(norm.cdf(difference, self.mean, self.sd))

    def probability_within(self, margin: float) -> float:
        """Return the probability that the absolute difference is below a margin."""
        return self.probability_below(margin) - self.probability_below(-margin)

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed credible interval."""
        half = float(norm.ppf(0.5 + level / 2)) * self.sd
        return self.mean - half, self.mean + half

    def density(self, differences: np.ndarray) -> np.ndarray:
        """Return the posterior density at given points."""
        return np.asarray(norm.pdf(differences, self.mean, self.sd))


class NormalPrior(Protocol):
    """A named prior of a difference; without ``sd`` it is flat."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102
    @property
    def mean(self) -> float: ...  # noqa: D102
    @property
    def sd(self) -> float | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Prior:
    """A normal prior on the scale of the estimate; without ``sd`` it is flat."""

    name: str
    label: str
    mean: float = 0.0
    sd: float | None = None


def posteriors(
    row: pd.Series,
    priors: Iterable[NormalPrior],
    *,
    margins: Mapping[str, float],
    inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:
    """Return what to believe about a difference under each prior.

    Parameters
    ----------
    row : Series
        A result with ``estimate`` and ``std_error``.
    priors : NormalPrior, several
    margins : mapping of name to float
        Largest differences that count as similar; to be worse by more than the first is one of the rows.

    Returns
    -------
    DataFrame with ``prior``, ``label``, ``name`` ("rd": the posterior mean with its credible interval;
    "worse", "within_<margin>", "worse_by_<first margin>": probabilities), ``scale``, ``estimate``,
    ``conf_low``, ``conf_high``, ``conf_level`` and ``method``. Without a standard error, as when nobody
    had the event, the numbers are missing.
    """
    parts = []
    for prior in priors:
        law = _law(row, prior)
        words = f"normal posterior, credible interval; prior: {prior.label}"
        low, high = law.interval(inference.conf_level) if law else (np.nan, np.nan)
        rows = [{"name": "rd", "scale": "risk difference", "estimate": law.mean if law else np.nan,
                 "conf_low": low, "conf_high": high, "conf_level": inference.conf_level, "method": words}]  # fmt: skip
        rows += [
            {"name": name, "scale": "probability", "estimate": value(law) if law else np.nan}
            for name, value in _beliefs(margins).items()
        ]
        parts.append(pd.DataFrame(rows).assign(prior=prior.name, label=prior.label))
    return pd.concat(parts, ignore_index=True)


def _law(row: pd.Series, prior: NormalPrior) -> NormalPosterior | None:
    if not row["std_error"] > 0:
        return None
    return normal_posterior(row["estimate"], row["std_error"], prior_mean=prior.mean, prior_sd=prior.sd)


def _beliefs(margins: Mapping[str, float]) -> dict[str, Callable[[NormalPosterior], float]]:
    first, narrow = next(iter(margins.items()))
    within = {
        f"within_{name}": partial(NormalPosterior.probability_within, margin=m) for name, m in margins.items()
    }
    return {
        "worse": lambda law: 1 - law.probability_below(0.0),
        **within,
        f"worse_by_{first}": lambda law: 1 - law.probability_below(narrow),
    }


def posterior_densities(row: pd.Series, priors: Iterable[NormalPrior], *, grid: np.ndarray) -> pd.DataFrame:
    """Return the posterior density under each prior: ``prior``, ``difference`` (the grid), ``density``.

    Without a standard error there is none, and no row.
    """
    parts = [pd.DataFrame(columns=["prior", "difference", "density"])]
    for prior in priors:
        law = _law(row, prior)
        if law:
            parts.append(
                pd.DataFrame({"prior": prior.name, "difference": grid, "density": law.density(grid)})
            )
    return pd.concat(parts[1:] or parts, ignore_index=True)


def normal_posterior(
    estimate: float, std_error: float, *, prior_mean: float, prior_sd: float | None
) -> NormalPosterior:
    """Return the posterior of a difference.

    Parameters
    ----------
    estimate, std_error : float
    prior_mean : float
    prior_sd : float or None
        None is the flat prior, Jeffreys' for a normal mean: the posterior is the likelihood.

    Raises
    ------
    ValueError
        If a standard deviation is not positive or the estimate is missing.

    Notes
    -----
    Precisions add; the mean is their weighted average.
    """
    if not (np.isfinite(estimate) and std_error > 0 and (prior_sd is None or prior_sd > 0)):
        raise ValueError(
            f"a posterior needs an estimate and positive standard deviations, found {estimate}, {std_error} "
            f"and {prior_sd}; report why the estimate is missing instead"
        )
    if prior_sd is None:
        return NormalPosterior(estimate, std_error)
    data, prior = std_error**-2, prior_sd**-2
    return NormalPosterior(
        float((data * estimate + prior * prior_mean) / (data + prior)), float((data + prior) ** -0.5)
    )
