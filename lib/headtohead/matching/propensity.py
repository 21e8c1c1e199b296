"""The propensity score, each patient's probability of the first drug, and all that is made of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import rankdata
from statsmodels.discrete.discrete_model import Logit
from statsmodels.tools import sm_exceptions as sm

from headtohead import door
from headtohead.errors import CannotAdjustError, ChoiceError, NumberError, SeparationError, cannot
from headtohead.kernels.pairs import CaliperScale, Order, caliper_of_checked
from headtohead.kernels.weights import Estimand
from headtohead.matching import weights as weighting
from headtohead.matching.adjustment import Adjustment, crude, matched_pairs, unmade
from headtohead.matching.design import Terms, raw_design
from headtohead.matching.pairs import Matches, match_nearest, match_optimal
from headtohead.matching.weights import EntropyEstimand, Quantiles

EXTREME_SCORE = 1e-6
NOT_ARRIVED = (sm.PerfectSeparationWarning, sm.ConvergenceWarning, sm.HessianInversionWarning, RuntimeWarning)


@door.guarded
@dataclass(frozen=True, slots=True, repr=False)
class Score:
    """A fitted propensity score, whose methods make the arms comparable, an ``Adjustment`` each.

    With ``optional=True`` one that cannot be made is returned with its ``reason``, and estimators give rows that say
    so; otherwise it is an error. ``design`` (shape (n, p)) and ``treated`` are what it was fitted to, ``ps`` and
    ``linear_predictor`` (shape (n,)) are P(treated | covariates), strictly between 0 and 1, and its logit;
    ``coefficients`` has ``term``, ``estimate`` and ``std_error`` (log odds per unit), intercept first; ``c_statistic`` is
    the probability that a treated patient has the higher score, information, not a criterion.
    """

    design: pd.DataFrame
    treated: pd.Series
    ps: pd.Series
    linear_predictor: pd.Series
    coefficients: pd.DataFrame
    log_likelihood: float
    c_statistic: float

    def __post_init__(self) -> None:
        door.instance(self.ps, pd.Series, "a Series of scores", "give propensity(...).ps, say")
        index = self.ps.index
        found: dict[str, Any] = {"treated": door.scored(self.ps, self.treated)}
        for name, kind in (("design", pd.DataFrame), ("linear_predictor", pd.Series)):
            door.instance(getattr(self, name), kind, f"a {kind.__name__} as {name}", "give it")
            one = door.aligned(getattr(self, name), index, name)
            found[name] = door.numbers(one, f"the {name} of a score")
        door.columns(self.coefficients, ["term"], "the coefficients of a score", ("estimate", "std_error"))
        door.finite(log_likelihood=self.log_likelihood, c_statistic=self.c_statistic)
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        n, p = self.design.shape
        return f"Score({n} patients, {int(self.treated.sum())} treated, {p} terms, c-statistic {self.c_statistic:.2f})"

    def crude(self) -> Adjustment:
        """Return the arms as they are."""
        return crude(self.treated, self.design)

    def match(
        self, *, caliper_sd: float, caliper_scale: CaliperScale = "pooled", order: Order = "largest", ratio: int = 1,
        exact: Sequence[pd.Series] = (), replace: bool = False,
        mahalanobis: Sequence[str] | pd.DataFrame | None = None,
        key: str = "pairs", name: str = "Matched pairs", optional: bool = False,
    ) -> Adjustment:  # fmt: skip
        """Return greedy nearest-neighbour pairs on the logit; choices and errors of ``match_nearest``.

        ``caliper_sd`` is the largest distance in standard deviations of the logit, infinite for none, and
        ``caliper_scale`` ("pooled" or "all") of which, see ``caliper_width``; see ``matched_pairs`` for the weights and
        sets of ``replace``; ``mahalanobis`` are columns of the design or covariates (shape (n, k)) in whose Mahalanobis
        distance the nearest control within the caliper is meant.
        """
        if mahalanobis is not None and not isinstance(mahalanobis, pd.DataFrame):
            mahalanobis = self.design[door.named(self.design, mahalanobis, "covariates of the distance")]
        nearest = partial(match_nearest, mahalanobis=mahalanobis)
        match = partial(nearest, ratio=ratio, order=order, exact=exact, replace=replace)
        return self._pairs(match, self.caliper(caliper_sd, caliper_scale), key, name, optional)

    def match_optimal(
        self, *, caliper_sd: float, caliper_scale: CaliperScale = "pooled", exact: Sequence[pd.Series] = (),
        key: str = "optimal", name: str = "Optimal pairs", optional: bool = False,
    ) -> Adjustment:  # fmt: skip
        """Return the most pairs within the caliper, and of those the closest; see ``match_optimal``."""
        match = partial(match_optimal, exact=exact)
        return self._pairs(match, self.caliper(caliper_sd, caliper_scale), key, name, optional)

    def weight(self, estimand: Estimand, *, key: str | None = None, optional: bool = False) -> Adjustment:
        """Return propensity-score weights, refitted in each bootstrap sample; the key is the estimand in lower case."""
        door.choice("estimand", estimand, Estimand)
        if optional is not False:
            door.flags(optional=optional)
        return door.trusted(
            Adjustment, key or estimand.lower(), weighting.NAMES[estimand], "weights", estimand,
            weighting.POPULATIONS[estimand], self.treated, weighting.of_checked(self.ps, self.treated, estimand),
            partial(weighting.draw_refitted, estimand=estimand), self.design, optional=optional,
            estimation=partial(weighting.score_estimation, ps=self.ps, estimand=estimand),
        )  # fmt: skip

    def truncate(self, quantiles: Quantiles, *, key: str = "truncated", optional: bool = False) -> Adjustment:
        """Return stabilised inverse probability weights truncated at two of their quantiles.

        Weights below the first quantile of all patients are raised to it, those above the second are lowered; (0, 1)
        truncates nothing, and each bootstrap sample has its own. Truncation trades bias for variance (Cole & Hernan
        (2008) Am J Epidemiol 168:656-664. doi:10.1093/aje/kwn164): what it estimates is close to, but no longer exactly,
        the effect in all patients. Raises NumberError if the quantiles do not ascend within 0 and 1.

        Checked: by hand, and numpy.quantile of the repeated patients (test_truncated.py).
        """
        door.flags(optional=optional)
        low, high = quantiles
        if not 0 <= low < high <= 1:
            found = f"found {low:g} and {high:g}"
            raise NumberError(f"quantiles must ascend between 0 and 1, {found}; give (0.01, 0.99), say")
        arm = self.treated
        raw = weighting.of_checked(self.ps, arm, "ATE") * np.where(arm, arm.mean(), 1 - arm.mean())
        return door.trusted(
            Adjustment, key, "Truncated inverse probability weights", "weights", "ATE",
            f"all patients, weights truncated at {100 * low:g}% and {100 * high:g}%", self.treated,
            raw.clip(*np.quantile(raw, quantiles)).rename("weight"),
            partial(weighting.draw_truncated, quantiles=quantiles), self.design, optional=optional,
        )  # fmt: skip

    def entropy(
        self, estimand: EntropyEstimand = "ATT", *, key: str = "entropy", optional: bool = False
    ) -> Adjustment:
        """Return entropy balancing of the means of the design; see ``entropy_weights``."""
        door.choice("estimand", estimand, EntropyEstimand)
        make = partial(weighting.entropy_of_checked, self.design, self.treated, estimand)
        return self._make(make, key, "Entropy balancing", optional)

    def caliper(self, caliper_sd: float, caliper_scale: CaliperScale = "pooled") -> float:
        """Return the width on the logit of a caliper in standard deviations; see ``caliper_width``."""
        score, arm = self.linear_predictor.to_numpy(), self.treated.to_numpy()
        return caliper_of_checked(score, arm, caliper_sd, caliper_scale)

    def _pairs(
        self, match: Callable[..., Matches], caliper: float, key: str, name: str, optional: bool
    ) -> Adjustment:
        def make() -> Adjustment:
            found = match(self.linear_predictor, self.treated, caliper=caliper)
            return matched_pairs(found, self.treated, key=key, name=name, design=self.design)

        return self._make(make, key, name, optional)

    def _make(self, make: Callable[[], Adjustment], key: str, name: str, optional: bool) -> Adjustment:
        door.flags(optional=optional)
        try:
            found = make()
            same = (found.key, found.optional) == (key, optional)
            return found if same else replace(found, key=key, optional=optional)
        except CannotAdjustError as error:
            if not optional:
                raise
            return unmade(key, name, self.treated, self.design, cannot(error))


def propensity(
    frame: pd.DataFrame, arm: pd.Series | str, terms: Terms | None = None, *, treated: object = None,
    impute_from: Sequence[str] = (),
) -> Score:  # fmt: skip
    """Return the logistic propensity score.

    ``propensity(df, "drug ~ age + rcs(ferritin, 4)", treated="anakinra")``, ``propensity(df, "drug", ["age", "sex"],
    treated="anakinra")`` and ``propensity(design, is_treated)`` are ways to call it.

    Raises DependentError for constant columns and combinations of others, SeparationError if a combination of
    covariates predicts the arm perfectly, and other errors of ``errors.py``.

    ``frame`` has one row per patient. ``arm``, shape (n,), says who had which drug, of the same patients in any
    order, or is a column of the frame: True or 1 in the first arm, or names, of which ``treated`` is the first arm's.
    ``terms`` are the covariates, a formula or columns, and ``impute_from``, as in ``design_matrix``; if omitted, the
    frame is the design: columns of numbers, complete, without an intercept (but for the column ``arm``). Checked: R
    4.2.2 ``glm`` to 1e-6 (test_propensity.py).
    """
    door.instance(frame, pd.DataFrame, "a frame", "give one row per patient")
    if isinstance(arm, str) and "~" in arm:
        if terms is not None:
            found = f"found {arm!r} and terms {terms!r}"
            raise ChoiceError(f"covariates must be named once, {found}; leave one out")
        arm, _, terms = arm.partition("~")
        arm, terms = arm.strip(" `"), terms.strip()
    if not isinstance(arm, pd.Series):
        door.columns(frame, [arm], "arms")
        frame, arm = frame.drop(columns=arm), frame[arm]
    design = frame if terms is None else raw_design(frame, terms, impute_from)
    design, first = door.floating(design, "the design"), door.first_arm(arm, treated)
    arms = door.aligned(door.in_first_arm(arm, first), design.index, "the design")
    fit, units = _fit(arms, design), np.eye(design.shape[1] + 1)
    if fit is None or not _apart(fit):
        door.covariates(design, "the design")
    if fit is None:  # far from 0 or in tiny units Newton's equations are nearly singular
        fit, units = _fit_in_standard_units(arms, design)
    if fit is None:
        raise _separation(design, arms)
    ps = pd.Series(fit.predict(), index=design.index, name="ps")
    if ps.min() < EXTREME_SCORE or ps.max() > 1 - EXTREME_SCORE:
        raise _separation(design, arms)
    terms = ["(Intercept)", *design.columns]
    errors = np.sqrt(np.diag(units @ fit.cov_params() @ units.T))
    table = {"term": terms, "estimate": units @ fit.params, "std_error": errors}
    lp = np.log(ps / (1 - ps)).rename("linear_predictor")
    more = (lp, pd.DataFrame(table), float(fit.llf), c_statistic(ps, arms))
    return door.trusted(Score, design, arms, ps, *more)


def _fit(arms: pd.Series, design: pd.DataFrame) -> Any:
    """Return statsmodels' maximum-likelihood fit, None if its Newton steps do not arrive or cannot start."""
    X = np.ones((len(design), design.shape[1] + 1), order="F")
    X[:, 1:] = design
    with warnings.catch_warnings():
        for kind in NOT_ARRIVED:
            warnings.simplefilter("error", kind)
        try:
            return Logit(arms.to_numpy(float), X).fit(disp=0, method="newton", maxiter=100)
        except (*NOT_ARRIVED, sm.MissingDataError, ValueError):  # or LinAlgError, which is one
            return None


def _apart(fit: Any) -> bool:
    """Return whether a fit shows that no covariate is a combination of others: the door looks for one only if not."""
    inflation = (fit.mle_retvals["Hessian"] * len(fit.model.endog) * fit.cov_params()).diagonal()[1:]
    return inflation.size > 0 and 0 < inflation.min() <= inflation.max() < door.INFLATED


def _fit_in_standard_units(arms: pd.Series, design: pd.DataFrame) -> tuple[Any, np.ndarray]:
    """Return the fit of the standardised design, and the matrix that takes its coefficients to the design's units."""
    mean, spread = design.mean(), design.std()
    units = np.diag(np.r_[1.0, 1 / spread])
    units[0, 1:] = -mean / spread
    return _fit(arms, (design - mean) / spread), units


def _separation(design: pd.DataFrame, treated: pd.Series) -> SeparationError:
    """Return the error that names the covariates whose ranges do not overlap, if none nearly follows from others."""
    door.covariates(design, "the design", tolerance=weighting.NEARLY)
    low, high = design[treated], design[~treated]
    binary = [name for name in design if design[name].isin([0.0, 1.0]).all()]
    apart = (low.min() >= high.max()) | (high.min() >= low.max())
    one_sided = [name for name in binary if treated.groupby(design[name]).nunique().min() < 2]
    suspects = dict.fromkeys([*design.columns[apart], *one_sided])
    who = door.some(map(repr, suspects)) or "a combination of covariates"
    return SeparationError(
        f"both drugs must be possible for every kind of patient, but {who} predict the drug perfectly "
        f"in {len(design)} patients; restrict the cohort to where both were used or remove the covariate"
    )


def c_statistic(score: pd.Series, treated: pd.Series) -> float:
    """Return the share of treated-control couples in which the treated patient has the higher score."""
    n1, n0 = int(treated.sum()), int((~treated).sum())
    ranks = rankdata(score)
    return float((ranks[treated.to_numpy()].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))
