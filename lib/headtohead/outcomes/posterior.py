"""What to believe about an adjusted difference: a normal likelihood under several priors.

The estimate and its bootstrap standard error stand for the data; a normal prior of known mean and
standard deviation is combined with them in closed form.

References
----------
Spiegelhalter, Abrams & Myles (2004) Bayesian Approaches to Clinical Trials, chapter 3. Wiley.
doi:10.1002/0470092602
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm


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
