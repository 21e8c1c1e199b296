"""A fitted propensity score and everything that is made of it: pairs, weights, balance of means."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from headtohead.matching.adjustment import Adjustment, matched_pairs, propensity_weights, unadjusted
from headtohead.matching.entropy import EntropyEstimand, entropy_weights
from headtohead.matching.errors import CannotAdjustError
from headtohead.matching.optimal import match_optimal
from headtohead.matching.pairs import CaliperScale, Order, caliper_width, match_nearest
from headtohead.matching.propensity import Propensity, fit_propensity
from headtohead.matching.truncated import Quantiles, truncated_weights
from headtohead.matching.weights import Estimand


def propensity(design: pd.DataFrame, treated: pd.Series) -> Score:
    """Return the fitted propensity score; parameters and errors are those of ``fit_propensity``."""
    fit = fit_propensity(design, treated)
    return Score(**{field.name: getattr(fit, field.name) for field in fields(Propensity)})


@dataclass(frozen=True, slots=True)
class Unmade:
    """An adjustment that does not exist has no resamples."""

    def draw(self, adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:  # noqa: ARG002
        """Raise the reason."""
        raise CannotAdjustError(adjustment.reason)


@dataclass(frozen=True, slots=True)
class Score(Propensity):
    """A propensity score from which the arms are made comparable.

    Every method returns an ``Adjustment`` that knows the arms and the design of this score. With
    ``optional=True`` one that cannot be made is returned with its ``reason``, and estimators give rows
    that say so; otherwise it is an error.
    """

    def crude(self) -> Adjustment:
        """Return the arms as they are."""
        return unadjusted(self.treated, design=self.design)

    def match(
        self,
        *,
        caliper_sd: float,
        caliper_scale: CaliperScale = "pooled",
        order: Order = "largest",
        ratio: int = 1,
        exact: Sequence[pd.Series] = (),
        key: str = "pairs",
        name: str = "Matched pairs",
        optional: bool = False,
    ) -> Adjustment:
        """Return greedy nearest-neighbour pairs on the logit; see ``match_nearest``.

        Parameters
        ----------
        caliper_sd : float
            Largest distance in standard deviations of the logit; infinite for none.
        caliper_scale : {"pooled", "all"}
            Of which standard deviation, see ``caliper_width``.

        Raises
        ------
        NoMatchError
            If no pair lies within the caliper.
        """

        def make() -> Adjustment:
            found = match_nearest(
                self.linear_predictor, self.treated, ratio=ratio, order=order, exact=exact,
                caliper=self.caliper(caliper_sd, caliper_scale),
            )  # fmt: skip
            return matched_pairs(found, self.treated, key=key, name=name, design=self.design)

        return self._make(make, key, name, optional)

    def match_optimal(
        self,
        *,
        caliper_sd: float,
        caliper_scale: CaliperScale = "pooled",
        exact: Sequence[pd.Series] = (),
        key: str = "optimal",
        name: str = "Optimal pairs",
        optional: bool = False,
    ) -> Adjustment:
        """Return the most pairs within the caliper, and of those the closest; see ``match_optimal``."""

        def make() -> Adjustment:
            width = self.caliper(caliper_sd, caliper_scale)
            found = match_optimal(self.linear_predictor, self.treated, caliper=width, exact=exact)
            return matched_pairs(found, self.treated, key=key, name=name, design=self.design)

        return self._make(make, key, name, optional)

    def weight(self, estimand: Estimand, *, key: str | None = None, optional: bool = False) -> Adjustment:
        """Return propensity-score weights; the key is the estimand in lower case if none is given."""
        found = propensity_weights(self, estimand=estimand)
        return replace(found, key=key or found.key, optional=optional)

    def truncate(self, quantiles: Quantiles, *, key: str = "truncated", optional: bool = False) -> Adjustment:
        """Return stabilised inverse probability weights truncated at two of their quantiles."""
        return replace(truncated_weights(self, quantiles=quantiles), key=key, optional=optional)

    def entropy(
        self, estimand: EntropyEstimand = "ATT", *, key: str = "entropy", optional: bool = False
    ) -> Adjustment:
        """Return entropy balancing of the means of the design; see ``entropy_weights``."""
        return self._make(
            lambda: entropy_weights(self.design, self.treated, estimand=estimand),
            key,
            "Entropy balancing",
            optional,
        )

    def caliper(self, caliper_sd: float, caliper_scale: CaliperScale = "pooled") -> float:
        """Return the width on the logit of a caliper in standard deviations; see ``caliper_width``."""
        return caliper_width(self.linear_predictor, self.treated, caliper_sd=caliper_sd, scale=caliper_scale)

    def _make(self, make: Callable[[], Adjustment], key: str, name: str, optional: bool) -> Adjustment:
        try:
            return replace(make(), key=key, optional=optional)
        except CannotAdjustError as error:
            if not optional:
                raise
            reason = f"cannot be estimated, because {error}"
        nobody = pd.Series(0.0, index=self.treated.index, name="weight")
        return Adjustment(
            key, name, "none", "none", "", self.treated, nobody, Unmade(), self.design,
            reason=reason, optional=True,
        )  # fmt: skip
