"""One way of making the arms comparable: a weight per patient and the estimand it stands for.

Doing nothing, matching pairs and weighting all give the same object, which names itself. ``resample`` repeats it on
bootstrap samples: weighting refits the propensity score in each, matching draws matched sets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from headtohead import door
from headtohead.errors import CannotAdjustError, CannotEstimateError, DuplicateError, InputError, NumberError
from headtohead.kernels.logistic import with_intercept
from headtohead.kernels.weights import bootstrap_counts
from headtohead.matching.pairs import Matches

Kind = Literal["crude", "pairs", "weights", "none"]
# returns the weights of b bootstrap samples, shape (b, n); a function of a module or a partial of one can be pickled
Resampling = Callable[["Adjustment", np.random.Generator, int], np.ndarray]
Estimation = Callable[["Adjustment", np.ndarray], np.ndarray]  # see ``Adjustment.influence``


@door.guarded
@dataclass(frozen=True, slots=True, repr=False)
class Adjustment:
    """How the arms are made comparable; weights, sets and design come into the order of the arms.

    ``key`` and ``name`` are what its rows are called ("pairs", "ato") and legends ("Overlap weights"); ``estimand`` is "ATE",
    "ATT", ..., "matched" for what pairs within a caliper estimate, "crude" for none; ``population`` says it in words.
    ``treated``, ``weights`` and ``matched_set``, shape (n,), are True in the first arm; 0 for patients who are not used; the
    number of the set, NaN for the unmatched. ``design``, shape (n, p), holds the covariates that it balances. ``reason`` is
    why it could not be made; if ``optional``, rows say what fails, otherwise it is an error. ``estimation`` is what
    estimating the weights adds to ``influence``, if they are smooth in the data.
    """

    key: str
    name: str
    kind: Kind
    estimand: str
    population: str
    treated: pd.Series
    weights: pd.Series
    resampling: Resampling | None
    design: pd.DataFrame | None = None
    matched_set: pd.Series | None = None
    matches: Matches | None = None
    reason: str | None = None
    optional: bool = False
    estimation: Estimation | None = None

    def __post_init__(self) -> None:
        door.choice("kind", self.kind, Kind)
        door.flags(optional=self.optional)
        found: dict[str, Any] = {"treated": door.arms(self.treated)}
        whose, index = f"of adjustment {self.key!r}", found["treated"].index
        for name, kind in (("weights", pd.Series), ("matched_set", pd.Series), ("design", pd.DataFrame)):
            if getattr(self, name) is not None:
                found[name] = door.as_float(door.aligned(getattr(self, name), index, f"{name} {whose}"))
                door.instance(found[name], kind, f"{name} {whose}", f"a {kind.__name__}")
        w = door.weights(found["weights"], f"weights {whose}")
        if self.kind != "none":
            door.need_both(found["treated"].to_numpy(), w > 0, f"patients {whose}")
        if "design" in found:
            found["design"] = door.numbers(found["design"], f"the design {whose}", missing=True)
        self._agree(w, found.get("matched_set"))
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def _agree(self, w: np.ndarray, sets: pd.Series | None) -> None:
        """Raise InputError unless weights, sets, functions and reason are those of this kind."""
        x = None if sets is None else door.floats(sets)
        x = np.full(len(w), np.nan) if x is None else x
        lost = (w > 0) & ~((x >= 0) & (x == np.floor(x)) & (x < np.inf))
        if lost.any() and (sets is not None or self.kind == "pairs"):
            must = f"matched_set of {self.key!r} must number, from 0, the set of everybody of positive weight"
            raise NumberError(f"{must}, {door.wrong_rows(lost, self.weights)}; number them, or give no sets")
        must = f"adjustment {self.key!r} of kind {self.kind!r} must have"
        if self.kind == "crude" and (w != 1).any():
            raise InputError(f"{must} weights of 1, found others; it is of kind 'weights' or 'pairs'")
        if (self.kind == "none") != (self.reason is not None):
            found = f"found {self.reason!r}"
            raise InputError(f"{must} a reason if there is none of it and only then, {found}; say why")
        for function in (self.resampling, self.estimation):
            if not (function is None or callable(function)):
                raise InputError(f"{must} functions that repeat it, found {function!r}; see help(Adjustment)")
        if self.matches is not None:
            what = f"the matches of {self.key!r}"
            door.instance(self.matches, Matches, what, "give what match_nearest returns")

    def __repr__(self) -> str:
        used = self.used.to_numpy()
        n1, n0 = np.count_nonzero(used & self.arm), np.count_nonzero(used & ~self.arm)
        return f"Adjustment({self.key!r}, {self.name}, {self.estimand}, {n1} treated and {n0} controls)"

    def on(self, index: pd.Index) -> Adjustment:
        """Return it in the order of these patients; AlignmentError unless they are the same."""
        if self.treated.index is index or self.treated.index.equals(index):
            return self
        return replace(self, treated=door.aligned(self.treated, index, f"adjustment {self.key!r}"))

    @property
    def arm(self) -> np.ndarray:
        """True in the first arm, array of shape (n,)."""
        return self.treated.to_numpy(bool)

    @property
    def arms(self) -> tuple[tuple[str, np.ndarray], tuple[str, np.ndarray]]:
        """Name and members of both arms."""
        return ("treated", self.arm), ("control", ~self.arm)

    @property
    def used(self) -> pd.Series:
        """Who has a positive weight, Series of bool."""
        return self.weights > 0

    def resample(self, rng: np.random.Generator, b: int) -> np.ndarray:
        """Return the weights of b bootstrap samples, shape (b, n); CannotAdjustError if over one in twenty has no solution."""
        if self.resampling is None:
            must = f"a bootstrap must repeat {self.key!r}"
            raise InputError(f"{must}, it has no resampling; give Adjustment(resampling=...)")
        return self.resampling(self, rng, b)

    def influence(self, gradient: np.ndarray, *, known: bool = False) -> np.ndarray:
        """Return by how much each patient moves statistics, shape (n, q), the estimation of weights included unless ``known``.

        ``gradient`` holds the derivatives of the q statistics by the weight of each patient, shape (n, q).
        Raises CannotEstimateError for weights without ``estimation``.
        """
        own = self.weights.to_numpy(float)[:, None] * gradient
        if self.kind != "weights" or known:
            return own
        if self.estimation is None:
            must = "a standard error that knows how the weights were estimated needs smooth ones"
            found = f"{self.name.lower()} are not"
            raise CannotEstimateError(f"{must}, {found}; take an estimator with a bootstrap")
        return np.asarray(own + self.estimation(self, gradient))

    def covariance(self, gradient: np.ndarray, *, known: bool = False) -> np.ndarray:
        """Return the sandwich covariance of statistics with these derivatives over patients, or matched sets."""
        moved = self.influence(gradient, known=known)
        if self.matched_set is not None:
            who = self.matched_set.fillna(0).to_numpy(int)  # the unmatched have weight 0
            moved = np.column_stack([np.bincount(who, column) for column in moved.T])
        return np.asarray(moved.T @ moved)

    @property
    def regressors(self) -> np.ndarray:
        """The design, standardised, with intercept, array of shape (n, p + 1)."""
        if self.design is None:
            raise InputError(f"refitting needs a design, {self.name.lower()} has none; build it with one")
        X = with_intercept(self.design.to_numpy(float))
        gram = X.T @ X / len(X)
        if not (np.isfinite(gram).all() and np.linalg.eigvalsh(gram)[0] > door.NEARLY_DEPENDENT):
            door.covariates(self.design, "the design")
        return X


Adjustments = Adjustment | Iterable[Adjustment]


def listed(adjustments: Adjustments) -> list[Adjustment]:
    """Return one adjustment or several as a list, in the order of the patients of the first; the keys must differ."""
    one = isinstance(adjustments, (Adjustment, Mapping)) or not isinstance(adjustments, Iterable)
    found: list[Adjustment] = [adjustments] if one else list(adjustments)  # type: ignore[list-item, arg-type]
    for each in found:
        if each.__class__ is not Adjustment:
            need_adjustment(each)
    keys = [each.key for each in found]
    if not found:
        raise InputError("an adjustment is needed, found none; give score.crude(), score.match(...), ...")
    if len(set(keys)) < len(keys):
        raise DuplicateError(f"each adjustment needs a key of its own, found {keys}; give the second key=...")
    index = found[0].treated.index
    return [each if each.treated.index is index else each.on(index) for each in found]


def need_adjustment(found: object) -> None:
    """Raise InputError unless this is an adjustment."""
    door.instance(found, Adjustment, "an adjustment", "give score.crude(), score.match(...), ...")


def made(adjustments: Adjustments, what: str = "") -> list[Adjustment]:
    """Return the adjustments without those that could not be made; InputError if none is left for ``what`` needs one."""
    found = [each for each in listed(adjustments) if each.reason is None]
    if what and not found:
        raise InputError(f"{what} needs an adjustment that could be made, found none; add score.crude(), say")
    return found


def need_crude(adjustment: Adjustment, what: str) -> None:
    """Raise InputError unless this is the crude comparison."""
    if adjustment.kind != "crude":
        name = adjustment.name.lower()
        raise InputError(f"{what} knows no weights and no pairs, found {name}; give score.crude()")


def unadjusted(treated: pd.Series, *, design: pd.DataFrame | None = None) -> Adjustment:
    """Return the crude comparison: weight 1 for everyone; the bootstrap draws patients."""
    found, index = door.arms(treated), treated.index
    if design is not None:
        design = door.numbers(door.aligned(design, index, "the design"), "the design", missing=True)
        door.instance(design, pd.DataFrame, "a design", "a DataFrame")
    return crude(found, design)


def crude(treated: pd.Series, design: pd.DataFrame | None) -> Adjustment:
    """Return ``unadjusted`` of arms and a design in one order that were checked."""
    ones = pd.Series(1.0, index=treated.index, name="weight")
    words = ("crude", "Crude", "crude", "crude", "all patients, arms as they are")
    return door.trusted(Adjustment, *words, treated, ones, _draw_patients, design)


def _draw_patients(adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
    return bootstrap_counts(rng, b, len(adjustment.treated))


def matched_pairs(
    matches: Matches, treated: pd.Series, *, key: str = "pairs", name: str = "Matched pairs",
    design: pd.DataFrame | None = None,
) -> Adjustment:  # fmt: skip
    """Return the adjustment by matched sets: weight 1 for a treated patient, 1 / k for each of k controls.

    A control taken more than once has the sum of its weights, and the treated patients who share it are one set. Weights
    of the controls add up to the treated patients; MatchIt's are these times the number of controls over that of
    matched treated patients. The bootstrap draws matched sets; it does not match anew (Austin & Small (2014) Stat Med
    33:4306-4319. doi:10.1002/sim.6276).
    """
    pairs = matches.pairs
    sets = pd.Series(np.nan, index=treated.index, name="matched_set")
    sets[pairs["treated_id"]] = sets[pairs["control_id"]] = _set_numbers(pairs).astype(float)
    weights = pd.Series(0.0, index=treated.index, name="weight")
    weights[pairs["treated_id"]] = 1.0
    size = pairs.groupby("treated_id", observed=True)["control_id"].transform("size")
    share = (1.0 / size).groupby(pairs["control_id"], observed=True).sum()
    weights[share.index] = share
    lost = len(matches.unmatched)
    words = "treated patients" if not lost else f"treated patients with a match ({lost} without are left out)"
    made_of = (words, treated, weights, _draw_sets, design, sets, matches)
    return door.trusted(Adjustment, key, name, "pairs", "matched", *made_of)


def _set_numbers(pairs: pd.DataFrame) -> np.ndarray:
    """Return the number of the set of each pair, in their order; sharing a control joins sets."""
    treated, who = pd.factorize(pairs["treated_id"])
    if pairs["control_id"].is_unique:
        return treated
    control, controls = pd.factorize(pairs["control_id"])
    size = len(who) + len(controls)
    edges = coo_matrix((np.ones(len(pairs)), (treated, len(who) + control)), shape=(size, size))
    return pd.factorize(connected_components(edges, directed=False)[1][treated])[0]


def _draw_sets(adjustment: Adjustment, rng: np.random.Generator, b: int) -> np.ndarray:
    sets = adjustment.matched_set
    if sets is None:
        raise ValueError(f"drawing sets needs matched sets, {adjustment.name.lower()} have none")
    member = sets.fillna(0).to_numpy(int)
    draws = bootstrap_counts(rng, b, int(sets.max()) + 1)
    return np.where(sets.notna().to_numpy(), draws[:, member], 0.0) * adjustment.weights.to_numpy()


def unmade(key: str, name: str, treated: pd.Series, design: pd.DataFrame | None, reason: str) -> Adjustment:
    """Return an optional adjustment that does not exist: weight 0 for everyone, and no resamples."""
    nobody = pd.Series(0.0, index=treated.index, name="weight")
    made_of = (key, name, "none", "none", "", treated, nobody, _draw_nothing, design)
    return door.trusted(Adjustment, *made_of, reason=reason, optional=True)


def _draw_nothing(adjustment: Adjustment, _rng: np.random.Generator, _b: int) -> np.ndarray:
    raise CannotAdjustError(adjustment.reason)
