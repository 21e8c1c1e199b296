"""Risks from an outcome model: standardisation (g-computation) and its augmentation by the score.

Standardisation predicts everyone's risk under each drug and averages over a target population. The augmented estimator
adds the weighted mean residual of each arm; it is right if either the outcome model or the score is. Both models are
refitted in every bootstrap sample, all samples at once.

Hernan & Robins (2020) Causal Inference: What If, chapter 13. Chapman & Hall/CRC.
Bang & Robins (2005) Biometrics 61:962-973. doi:10.1111/j.1541-0420.2005.00377.x
Mao, Li & Greene (2019) Stat Methods Med Res 28:2439-2454. doi:10.1177/0962280218781171
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import CannotEstimateError, ChoiceError, cannot
from headtohead.inference import DEFAULT, InferenceChoices, Stream, checked, stream_of
from headtohead.kernels.logistic import MAX_FAILED_SHARE, fits_of_checked, logistic, with_intercept
from headtohead.kernels.weights import EDGE, Estimand, balancing_weights, bootstrap_counts
from headtohead.matching.propensity import Score
from headtohead.matching.weights import POPULATIONS
from headtohead.outcomes import estimate as est
from headtohead.outcomes.endpoint import Endpoints
from headtohead.outcomes.risk import NO_RATIO, SCALES, need_known

METHODS = ("standardisation", "augmented weights")


@dataclass(frozen=True, slots=True)
class Predictions:
    """Score and predicted risks under each drug, shapes (B, n), with the sample weights that made them."""

    score: np.ndarray
    if_treated: np.ndarray
    if_control: np.ndarray
    counts: np.ndarray


def standardised_risks(
    endpoints: Endpoints, score: Score, outcome_design: pd.DataFrame, *, by: int,
    estimands: Sequence[Estimand], inference: InferenceChoices = DEFAULT, stream: Stream = "standardised",
) -> pd.DataFrame:  # fmt: skip
    """Return risks, difference and ratio by both methods for each endpoint and estimand.

    DataFrame of ``ESTIMATE_COLUMNS`` plus ``approach`` ("standardisation" or "augmented weights") and
    ``influence_error`` (influence-function standard error of the augmented difference, else NaN). Where a
    model has no maximum, in the data or in more than one bootstrap sample of twenty, ``method`` says so.
    Raises MissingError if an outcome is missing.

    With h the weight of the target population, w = h / e or h / (1 - e), and m_a the predicted risk:
    mean_h(m_a) for standardisation, plus mean_w(Y - m_a) over arm a when augmented (Hajek's form).

    ``outcome_design``, shape (n, q), holds the covariates of the logistic outcome model; the drug is added, without
    interactions. ``estimands`` ("ATE", "ATT", "ATC", "ATO", "ATM") are the populations over which predictions are
    averaged. The design of ``score`` is refitted in each bootstrap sample. Checked: What If, table 2.2; a truth with
    one of the models wrong (test_standardised.py).
    """
    checked(inference)
    if isinstance(estimands, str) or not len(estimands):
        raise ChoiceError(f"estimands must be a list, found {estimands!r}; give ['ATE'], say")
    for estimand in estimands:
        door.choice("estimand", estimand, Estimand)
    found, (crude,), (by,) = est.together(endpoints, score.crude(), by, plain=True)
    outcome_design = door.aligned(outcome_design, crude.treated.index, "the outcome design")
    if outcome_design.shape[1]:
        outcome_design = door.covariates(outcome_design, "the outcome design")
    rows: list[est.Row] = []
    for endpoint in found:
        event = endpoint.by(by)
        need_known(event.to_frame())
        named = {"outcome": endpoint.name, "horizon_days": by}
        rng = stream_of(inference, stream, endpoint.name)
        try:
            rows += _rows(event.to_numpy(), score, outcome_design, estimands, named, inference, rng)
        except CannotEstimateError as error:
            blank = est.estimate_row(**named, scale="risk difference", method=cannot(error))
            both = ((estimand, approach) for estimand in estimands for approach in METHODS)
            rows += [blank | {"estimand": estimand, "approach": approach} for estimand, approach in both]
    return pd.DataFrame(rows, columns=[*est.ESTIMATE_COLUMNS, "approach", "influence_error"])


def _rows(
    y: np.ndarray, score: Score, outcome_design: pd.DataFrame, estimands: Sequence[Estimand], named: est.Row,
    inference: InferenceChoices, rng: np.random.Generator,
) -> list[est.Row]:  # fmt: skip
    arm, level, rows = score.treated.to_numpy(bool), inference.conf_level, []
    Z, X = (with_intercept(covariates.to_numpy(float)) for covariates in (outcome_design, score.design))
    point = _predict(y, arm, Z, X, np.ones((1, len(y))))
    resampled = _predict(y, arm, Z, X, bootstrap_counts(rng, inference.bootstrap_replicates, len(y)))
    for estimand in estimands:
        shared = named | {"estimand": estimand, "population": POPULATIONS[estimand], "conf_level": level,
                          "n": len(y), "events": int(y.sum())}  # fmt: skip
        error = influence_error(y, arm, point, estimand)
        both = zip(METHODS, _risks(y, arm, point, estimand), _risks(y, arm, resampled, estimand), strict=True)
        for approach, one, many in both:
            done = f"{approach}; percentile interval of {many.shape[1]} bootstraps, models refitted"
            results = est.bootstrap_contrasts(one[:, 0], many, level)
            for scale, found in zip(SCALES, results, strict=True):
                augmented = approach == METHODS[1] and scale == "risk difference"
                more = {"approach": approach, "influence_error": error if augmented else np.nan}
                cells = est.result(found, done, NO_RATIO)
                rows.append(est.estimate_row(**shared, scale=scale, **cells) | more)
    return rows


def _predict(y: np.ndarray, arm: np.ndarray, Z: np.ndarray, X: np.ndarray, counts: np.ndarray) -> Predictions:
    """Return score and predictions of the samples in which both models have a maximum."""
    with_drug, two = np.column_stack([Z, arm.astype(float)]), (y[None], arm[None].astype(float))
    risk, score = (fits_of_checked(of, x, counts) for of, x in zip((with_drug, X), two, strict=True))
    good = risk.converged & score.converged
    if (~good).mean() > MAX_FAILED_SHARE:
        raise CannotEstimateError(
            f"the outcome model needs events of every kind of patient, {int((~good).sum())} of {len(good)} "
            f"fits with {int(y.sum())} events and {with_drug.shape[1]} terms had no maximum; use fewer terms"
        )
    base = risk.coefficients[good, :-1] @ Z.T
    effect = risk.coefficients[good, -1:]
    ps = np.clip(logistic(score.coefficients[good] @ X.T), EDGE, 1 - EDGE)
    return Predictions(ps, logistic(base + effect), logistic(base), counts[good])


def _risks(y: np.ndarray, arm: np.ndarray, p: Predictions, estimand: Estimand) -> list[np.ndarray]:
    """Return for each method the risks under treatment and control, arrays of shape (2, B)."""
    w = balancing_weights(p.score, arm, estimand)
    h = p.counts * w * np.where(arm, p.score, 1 - p.score)
    total = h.sum(axis=1)
    plain = [(h * m).sum(axis=1) / total for m in (p.if_treated, p.if_control)]
    augmented = []
    for mean, m, mine in zip(plain, (p.if_treated, p.if_control), (arm, ~arm), strict=True):
        mass = p.counts[:, mine] * w[:, mine]
        augmented.append(mean + (mass * (y[mine] - m[:, mine])).sum(axis=1) / mass.sum(axis=1))
    return [np.array(plain), np.array(augmented)]


def influence_error(y: np.ndarray, arm: np.ndarray, p: Predictions, estimand: Estimand) -> float:
    """Return the influence-function error of the augmented difference: models correct, outside the ATE the score known."""
    w, m1, m0 = balancing_weights(p.score, arm, estimand)[0], p.if_treated[0], p.if_control[0]
    h = w * np.where(arm, p.score[0], 1 - p.score[0])
    gain = np.average(m1 - m0, weights=h)
    influence = h / h.mean() * (m1 - m0 - gain)
    for sign, m, mine in ((1, m1, arm), (-1, m0, ~arm)):
        mass = w * mine
        residual = np.average(y - m, weights=mass)
        influence = influence + sign * mass / mass.mean() * (y - m - residual)
    return float(influence.std(ddof=1) / np.sqrt(len(y)))
