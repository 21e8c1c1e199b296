"""One way of making the arms comparable: a weight per patient and the estimand it stands for.

Doing nothing, matching pairs and weighting all give the same object, so every balance table and every
outcome estimator is written once. ``resample`` repeats the adjustment on bootstrap samples: weighting
refits the propensity score in each, matching draws matched sets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from headtohead.matching.logistic import fit_logistic, with_intercept
from headtohead.matching.pairs import Matches
from headtohead.matching.propensity import Propensity, SeparationError
from headtohead.matching.weights import Estimand, tilted_weights, weights_from_ps

Kind = Literal["crude", "pairs", "weights"]
Resample = Callable[[np.random.Generator, int], np.ndarray]
MAX_FAILED_SHARE = 0.05
EDGE = 1e-9


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How the arms are made comparable.

    Attributes
    ----------
    name : str
        For legends, for example "Overlap weights".
    kind : {"crude", "pairs", "weights"}
    estimand : str
        "ATE", "ATT", ..., "matched" for what pairs within a caliper estimate, "crude" for none.
    population : str
        Whose effect that is, in words.
    weights : Series of float, shape (n,)
        0 for patients who are not used.
    sets : Series of float, shape (n,), or None
        Number of the matched set, NaN for the unmatched.
    resample : callable (generator, B) -> array, shape (B, n)
        Weights of B bootstrap samples, the adjustment repeated in each.
    """

    name: str
    kind: Kind
    estimand: str
    population: str
    weights: pd.Series
    sets: pd.Series | None
    resample: Resample


def unadjusted(treated: pd.Series) -> Adjustment:
    """Return the crude comparison: weight 1 for everyone."""
    n = len(treated)
    ones = pd.Series(1.0, index=treated.index, name="weight")
    return Adjustment(
        "Crude",
        "crude",
        "crude",
        "all patients, arms as they are",
        ones,
        None,
        lambda rng, b: bootstrap_counts(rng, b, n),
    )


def matched_pairs(matches: Matches, treated: pd.Series, *, name: str = "Matched pairs") -> Adjustment:
    """Return the adjustment by matched sets.

    A treated patient with k controls has weight 1, each control 1 / k. The bootstrap draws matched sets
    with replacement (Austin & Small 2014, doi:10.1002/sim.6276); it does not match anew.
    """
    pairs = matches.pairs
    numbers = pd.Series(np.arange(pairs["treated_id"].nunique()), index=pairs["treated_id"].unique())
    sets = pd.Series(np.nan, index=treated.index, name="set")
    sets[numbers.index] = numbers.astype(float)
    sets[pairs["control_id"]] = numbers[pairs["treated_id"]].astype(float).to_numpy()
    size = pairs.groupby("treated_id")["control_id"].size()
    weights = pd.Series(0.0, index=treated.index, name="weight")
    weights[numbers.index] = 1.0
    weights[pairs["control_id"]] = 1.0 / size[pairs["treated_id"]].to_numpy()
    in_set, member = sets.notna().to_numpy(), sets.fillna(0).to_numpy(int)

    def resample(rng: np.random.Generator, b: int) -> np.ndarray:
        draws = bootstrap_counts(rng, b, len(numbers))
        return np.where(in_set, draws[:, member], 0.0) * weights.to_numpy()

    lost = len(matches.unmatched)
    words = "treated patients" if not lost else f"treated patients with a match ({lost} without are left out)"
    return Adjustment(name, "pairs", "matched", words, weights, sets, resample)


POPULATIONS = {
    "ATE": "all patients",
    "ATT": "patients like the treated",
    "ATC": "patients like the controls",
    "ATO": "patients in clinical equipoise (overlap)",
    "ATM": "patients who could be matched",
}
NAMES = {
    "ATE": "Inverse probability weights",
    "ATT": "Weights for the treated",
    "ATC": "Weights for the controls",
    "ATO": "Overlap weights",
    "ATM": "Matching weights",
}


def propensity_weights(
    propensity: Propensity, design: pd.DataFrame, treated: pd.Series, *, estimand: Estimand
) -> Adjustment:
    """Return the adjustment by propensity-score weights; the bootstrap refits the score each time.

    Raises
    ------
    SeparationError
        When resampling, if more than one in twenty refits has no solution.
    """
    X, arm = with_intercept(design.to_numpy(float)), treated.to_numpy(bool)

    def resample(rng: np.random.Generator, b: int) -> np.ndarray:
        ps, counts = refitted_scores(X, arm, bootstrap_counts(rng, b, len(arm)))
        return counts * tilted_weights(ps, arm, estimand)

    weights = weights_from_ps(propensity.ps, treated, estimand=estimand)
    return Adjustment(NAMES[estimand], "weights", estimand, POPULATIONS[estimand], weights, None, resample)


def refitted_scores(X: np.ndarray, arm: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores refitted to each bootstrap sample, and the samples that have one, both (B', n).

    Raises
    ------
    SeparationError
        If more than one in twenty samples has no solution.
    """
    fits = fit_logistic(X, arm, counts)
    failed = float((~fits.converged).mean())
    if failed > MAX_FAILED_SHARE:
        raise SeparationError(
            f"the score must be estimable in resamples, {failed:.0%} of {len(counts)} had no solution; "
            "use fewer covariates or look at the overlap of the arms"
        )
    beta = fits.coefficients[fits.converged]
    ps = np.clip(1 / (1 + np.exp(-(beta @ X.T))), EDGE, 1 - EDGE)
    return ps, counts[fits.converged]


def bootstrap_counts(rng: np.random.Generator, b: int, n: int) -> np.ndarray:
    """Return how often each of n units is drawn in each of b bootstrap samples."""
    if b < 2:
        raise ValueError(f"a bootstrap needs at least 2 samples, found {b}")
    return rng.multinomial(n, np.full(n, 1 / n), size=b).astype(float)
