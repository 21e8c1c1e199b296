"""What to believe about a difference: an adjusted one under several normal priors, or that of two counts.

The estimate and its bootstrap standard error stand for the data; a normal prior of known mean and
standard deviation is combined with them in closed form. Two independent risks have beta posteriors.

Spiegelhalter, Abrams & Myles (2004) Bayesian Approaches to Clinical Trials, chapter 3. Wiley. doi:10.1002/0470092602
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import integrate, optimize, special, stats

from headtohead import door
from headtohead.errors import NumberError
from headtohead.inference import DEFAULT, InferenceChoices, checked
from headtohead.proportions.counts import TwoByTwo

Priors = Iterable[Any]  # of ``Prior``, or of a section of a protocol with its four fields
Law = Any  # a frozen ``scipy.stats.norm``, which has no type of its own


@dataclass(frozen=True, slots=True)
class RiskPosterior:
    """Independent beta posteriors of two risks (Jeffreys prior), integrated numerically, not sampled."""

    table: TwoByTwo

    def probability_below(self, difference: float) -> float:
        """Return the probability that risk treated - risk control lies below ``difference``."""
        (a, b), (c, d) = self.table.counts + 0.5
        low, high = special.betaincinv(a, b, 1e-14), special.betainccinv(a, b, 1e-14)

        def density(p: float) -> float:
            law = np.exp(special.xlogy(a - 1, p) + special.xlog1py(b - 1, -p) - special.betaln(a, b))
            return float(law * special.betaincc(c, d, min(max(p - difference, 0.0), 1.0)))

        return float(integrate.quad(density, low, high, epsabs=1e-12, epsrel=1e-10, limit=200)[0])

    def interval(self, level: float) -> tuple[float, float]:
        """Return the equal-tailed credible interval of the difference; level 0 gives its median twice."""
        tail = (1 - level) / 2
        low, high = (
            optimize.brentq(lambda d, q=q: self.probability_below(d) - q, -0.999, 0.999, xtol=1e-10)
            for q in (tail, 1 - tail)
        )
        return float(low), float(high)

    def density(self, differences: np.ndarray) -> np.ndarray:
        """Return the posterior density of the difference at given points."""
        treated, control = (stats.beta(*shape) for shape in self.table.counts + 0.5)
        p = np.linspace(treated.ppf(1e-10), treated.isf(1e-10), 2001)
        joint = treated.pdf(p)[None, :] * control.pdf(p[None, :] - np.asarray(differences)[:, None])
        return np.asarray(integrate.simpson(joint, x=p, axis=1))


@dataclass(frozen=True, slots=True)
class Prior:
    """A normal prior on the scale of the estimate; without ``sd`` it is flat."""

    name: str
    label: str
    mean: float = 0.0
    sd: float | None = None

    def __post_init__(self) -> None:
        door.finite(mean=self.mean)
        if self.sd is not None:
            door.positive("sd", self.sd)


def posteriors(
    row: pd.Series, priors: Priors, *, margins: Mapping[str, float], inference: InferenceChoices = DEFAULT,
) -> pd.DataFrame:  # fmt: skip
    """Return what to believe about a difference under each prior.

    DataFrame with ``prior``, ``label``, ``name`` ("rd": the posterior mean with its credible interval; "worse",
    "within_<margin>", "worse_by_<first margin>": probabilities), ``scale``, ``estimate``, ``conf_low``, ``conf_high``,
    ``conf_level`` and ``method``. ``row`` is a result with ``estimate`` and ``std_error``; without the latter the
    numbers are missing. ``margins`` are the largest differences that count as similar, by name.
    """
    checked(inference)
    margins = door.margins(margins, row.get("scale", "risk difference"))
    parts = []
    for prior in _priors(priors):
        law = _law(row, prior)
        words = f"normal posterior, credible interval; prior: {prior.label}"
        limits = law.interval(inference.conf_level)
        rows = _rows(law.mean(), limits, inference.conf_level, words, _beliefs(law.cdf, margins))
        parts.append(rows.assign(prior=prior.name, label=prior.label))
    return pd.concat(parts, ignore_index=True)


def _rows(
    middle: float, limits: tuple[float, float], level: float, method: str, beliefs: Mapping[str, float]
) -> pd.DataFrame:
    rows = [{"name": "rd", "scale": "risk difference", "estimate": middle, "conf_low": limits[0],
             "conf_high": limits[1], "conf_level": level, "method": method}]  # fmt: skip
    chances = ({"name": name, "scale": "probability", "estimate": p} for name, p in beliefs.items())
    return pd.DataFrame([*rows, *chances])


def _beliefs(below: Callable[[float], float], margins: Mapping[str, float]) -> dict[str, float]:
    """Return what is believed, given the probability that the difference lies below a value."""
    first, narrow = next(iter(margins.items()))
    within = {f"within_{name}": below(margin) - below(-margin) for name, margin in margins.items()}
    return {"worse": 1 - below(0.0)} | within | {f"worse_by_{first}": 1 - below(narrow)}


def _priors(priors: Priors) -> list[Prior]:
    """Return the priors as a list, of which there is one, each with a name of its own."""
    found = list(priors)
    if not found or not all(hasattr(prior, "sd") for prior in found):
        kinds = door.some(type(prior).__name__ for prior in found) or "none"
        raise NumberError(f"priors are needed, found {kinds}; give Prior('flat', 'no prior'), say")
    door.unique(pd.Index([prior.name for prior in found]), "names of priors")
    return found


def _law(row: pd.Series, prior: Prior) -> Law:
    """Return the posterior; without a standard error it is nowhere."""
    row = door.as_float(door.columns(row.to_frame().T, [], "a result", ["estimate", "std_error"])).iloc[0]
    if not row["std_error"] > 0:
        return stats.norm(np.nan, np.nan)
    return normal_posterior(row["estimate"], row["std_error"], prior_mean=prior.mean, prior_sd=prior.sd)


def posterior_densities(row: pd.Series, priors: Priors, *, grid: np.ndarray) -> pd.DataFrame:
    """Return ``prior``, ``difference`` (the grid) and the posterior ``density``; no row without a standard error."""
    laws = {prior.name: _law(row, prior) for prior in _priors(priors)}
    grid = door.numbers(pd.Series(grid), "the grid").to_numpy(float)
    parts = [
        pd.DataFrame({"prior": name, "difference": grid, "density": law.pdf(grid)})
        for name, law in laws.items() if law.std() > 0
    ]  # fmt: skip
    return pd.concat(parts or [pd.DataFrame(columns=["prior", "difference", "density"])], ignore_index=True)


def normal_posterior(estimate: float, std_error: float, *, prior_mean: float, prior_sd: float | None) -> Law:
    """Return the posterior, a normal law of SciPy; without ``prior_sd`` the prior is flat. NumberError without an estimate."""
    # precisions add, the mean is their weighted average
    if not (np.isfinite(estimate) and std_error > 0 and (prior_sd is None or prior_sd > 0)):
        must = f"a posterior needs an estimate and positive standard deviations, found {estimate}"
        raise NumberError(f"{must}, {std_error} and {prior_sd}; report why the estimate is missing instead")
    door.sized(std_error=std_error)
    if prior_sd is None:
        return stats.norm(estimate, std_error)
    data, prior = float(std_error) ** -2, float(prior_sd) ** -2
    mean = (data * estimate + prior * prior_mean) / (data + prior)
    return stats.norm(mean, (data + prior) ** -0.5)


def risk_posteriors(table: TwoByTwo, margins: Mapping[str, float], *, conf_level: float) -> pd.DataFrame:
    """Return the posterior of the risk difference under independent Jeffreys priors.

    DataFrame with ``name`` ("rd": median with its equal-tailed interval, "worse": the difference lies above
    zero, "within_..." each margin, "worse_by_..." and "better_by_..." the first), ``scale``, ``estimate``,
    ``conf_low``, ``conf_high``, ``conf_level`` and ``method``.
    """
    door.level(conf_level)
    margins = door.margins(margins)
    law, (first, margin) = RiskPosterior(table), next(iter(margins.items()))
    beliefs = _beliefs(law.probability_below, margins)
    beliefs |= {f"better_by_{first}": law.probability_below(-margin)}
    words = "equal-tailed credible interval, Jeffreys prior"
    return _rows(law.interval(0.0)[0], law.interval(conf_level), conf_level, words, beliefs)


def risk_posterior_density(table: TwoByTwo, differences: np.ndarray) -> pd.DataFrame:
    """Return ``difference`` and ``density`` of the posterior of ``risk_posteriors`` at given differences."""
    differences = door.numbers(pd.Series(differences), "differences").to_numpy(float)
    return pd.DataFrame({"difference": differences, "density": RiskPosterior(table).density(differences)})
