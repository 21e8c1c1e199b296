"""One way of making the arms comparable: a weight per patient and the estimand it stands for.

Doing nothing, matching pairs and weighting all give the same object, which names itself, so every balance
table and every outcome estimator is written once. ``resample`` repeats the adjustment on bootstrap
samples: weighting refits the propensity score in each, matching draws matched sets.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import pandas as pd

from headtohead.kernels.logistic import NoMaximumError, with_intercept
from headtohead.kernels.weights import balancing_weights, bootstrap_counts, refit_scores
from headtohead.matching.pairs import Matches
from headtohead.matching.propensity import Propensity, SeparationError
from headtohead.matching.weights import Estimand, weights_from_ps

Kind = Literal["crude", "pairs", "weights", "none"]


class Resampling(Protocol):
    """How an adjustment is repeated on bootstrap samples."""

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the weights of b bootstrap samples, shape (b, n)."""
        ...


@dataclass(frozen=True, slots=True)
class Adjustment:
    """How the arms are made comparable.

    Attributes
    ----------
    key : str
        What its rows are called, for example "pairs" or "ato".
    name : str
        For legends, for example "Overlap weights".
    kind : {"crude", "pairs", "weights", "none"}
        "none" if it could not be made.
    estimand : str
        "ATE", "ATT", ..., "matched" for what pairs within a caliper estimate, "crude" for none.
    population : str
        Whose effect that is, in words.
    treated : Series of bool, shape (n,)
        True in the first arm.
    weights : Series of float, shape (n,)
        0 for patients who are not used.
    resampling : Resampling
    design : DataFrame of float, shape (n, p), or None
        The covariates that it balances.
    matched_set : Series of float, shape (n,), or None
        Number of the matched set, NaN for the unmatched.
    matches : Matches or None
    reason : str or None
        Why it could not be made, "cannot be estimated, because ...".
    optional : bool
        Whether rows say what fails; otherwise it is an error.
    """

    key: str
    name: str
    kind: Kind
    estimand: str
    population: str
    treated: pd.Series
    weights: pd.Series
    resampling: Resampling
    design: pd.DataFrame | None = None
    matched_set: pd.Series | None = None
    matches: Matches | None = None
    reason: str | None = None
    optional: bool = False

    @property
    def arm(self) -> np.ndarray:
        """True in the first arm, array of shape (n,)."""
        return self.treated.to_numpy(bool)

    @property
    def used(self) -> pd.Series:
        """Who has a positive weight, Series of bool."""
        return self.weights > 0

    def resample(self, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the weights of b bootstrap samples, the adjustment repeated in each, shape (b, n).

        Raises
        ------
        CannotAdjustError
            If it could not be made, or more than one sample in twenty has no solution.
        """
        return self.resampling.draw(self, rng, b)


def listed(adjustments: Adjustment | Iterable[Adjustment]) -> list[Adjustment]:
    """Return one adjustment or several as a list; the keys must differ."""
    found = [adjustments] if isinstance(adjustments, Adjustment) else list(adjustments)
    keys = [each.key for each in found]
    if not found or len(set(keys)) < len(keys):
        raise ValueError(f"each adjustment needs a key of its own, found {keys}; give the second one key=...")
    return found


def made(adjustments: Adjustment | Iterable[Adjustment]) -> list[Adjustment]:
    """Return the adjustments without those that could not be made."""
    return [each for each in listed(adjustments) if each.reason is None]


def need_crude(adjustment: Adjustment, what: str) -> None:
    """Raise ValueError unless this is the crude comparison."""
    if adjustment.kind != "crude":
        raise ValueError(
            f"{what} knows no weights and no pairs, found {adjustment.name.lower()}; give score.crude()"
        )


@dataclass(frozen=True, slots=True)
class Patients:
    """The bootstrap draws patients and adjusts for nothing."""

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return how often each patient is drawn."""
        return bootstrap_counts(rng, b, len(adjustment.treated))


def unadjusted(treated: pd.Series, *, design: pd.DataFrame | None = None) -> Adjustment:
    """Return the crude comparison: weight 1 for everyone."""
    ones = pd.Series(1.0, index=treated.index, name="weight")
    words = "all patients, arms as they are"
    return Adjustment("crude", "Crude", "crude", "crude", words, treated, ones, Patients(), design)


@dataclass(frozen=True, slots=True)
class MatchedSets:
    """The bootstrap draws matched sets with replacement; it does not match anew.

    References
    ----------
    Austin & Small (2014) Stat Med 33:4306-4319. doi:10.1002/sim.6276
    """

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the weights of the drawn sets."""
        sets = adjustment.matched_set
        if sets is None:
            raise ValueError(f"drawing sets needs matched sets, {adjustment.name.lower()} have none")
        member = sets.fillna(0).to_numpy(int)
        draws = bootstrap_counts(rng, b, int(sets.max()) + 1)
        return np.where(sets.notna().to_numpy(), draws[:, member], 0.0) * adjustment.weights.to_numpy()


def matched_pairs(
    matches: Matches,
    treated: pd.Series,
    *,
    key: str = "pairs",
    name: str = "Matched pairs",
    design: pd.DataFrame | None = None,
) -> Adjustment:
    """Return the adjustment by matched sets.

    A treated patient with k controls has weight 1, each control 1 / k.
    """
    pairs = matches.pairs
    numbers = pd.Series(np.arange(pairs["treated_id"].nunique()), index=pairs["treated_id"].unique())
    sets = pd.Series(np.nan, index=treated.index, name="matched_set")
    sets[numbers.index] = numbers.astype(float)
    sets[pairs["control_id"]] = numbers[pairs["treated_id"]].astype(float).to_numpy()
    size = pairs.groupby("treated_id")["control_id"].size()
    weights = pd.Series(0.0, index=treated.index, name="weight")
    weights[numbers.index] = 1.0
    weights[pairs["control_id"]] = 1.0 / size[pairs["treated_id"]].to_numpy()
    lost = len(matches.unmatched)
    words = "treated patients" if not lost else f"treated patients with a match ({lost} without are left out)"
    return Adjustment(
        key, name, "pairs", "matched", words, treated, weights, MatchedSets(), design, sets, matches
    )


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


@dataclass(frozen=True, slots=True)
class RefittedScore:
    """The bootstrap draws patients and fits the propensity score to each sample."""

    estimand: Estimand

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the weights under the refitted scores."""
        ps, counts = refitted_scores(adjustment, rng, b)
        return counts * balancing_weights(ps, adjustment.arm, self.estimand)


def propensity_weights(score: Propensity, *, estimand: Estimand) -> Adjustment:
    """Return the adjustment by propensity-score weights; the bootstrap refits the score each time."""
    return Adjustment(
        estimand.lower(), NAMES[estimand], "weights", estimand, POPULATIONS[estimand], score.treated,
        weights_from_ps(score.ps, score.treated, estimand=estimand), RefittedScore(estimand), score.design,
    )  # fmt: skip


def refitted_scores(
    adjustment: Adjustment, rng: np.random.Generator, b: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores refitted to each bootstrap sample, and the samples that have one, both (B', n).

    Raises
    ------
    SeparationError
        If more than one in twenty samples has no solution.
    """
    if adjustment.design is None:
        raise ValueError(f"refitting a score needs its design, {adjustment.name.lower()} have none")
    X, arm = with_intercept(adjustment.design.to_numpy(float)), adjustment.arm
    try:
        return refit_scores(X, arm, bootstrap_counts(rng, b, len(arm)))
    except NoMaximumError as error:
        raise SeparationError(str(error)) from None
