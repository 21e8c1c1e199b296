"""The specification curve of one cohort: its grid, its designs, its estimates and its null curves."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, product

import numpy as np
import pandas as pd
from headtohead.matching.design import design_matrix
from headtohead.sensitivity.joint_inference import Link, Plasmode, fit_plasmode, joint_p_values, statistics
from headtohead.sensitivity.multiverse import NOT_USED, Material, curve, grid

from study.data.endpoints import OutcomeName, endpoint
from study.long import long
from study.protocol.design import Term
from study.protocol.protocol import Protocol
from study.protocol.sensitivity import CovariateSet

NO_NULLS = "not computed for this cohort; run make simulate"
JOINT = {
    "n": "count", "median": "risk difference", "null_median": "risk difference", "p_median": "p value",
    "small_p": "risk", "p_small_p": "p value", "one_sign": "risk", "p_one_sign": "p value",
}  # fmt: skip
NULL_STREAM = 5  # keeps the random numbers of the null curves apart from others of the same seed
FORMS = ("as in the score", "linear")
MISSING = ("filled", "complete cases")
POPULATIONS = ("all", "concurrent", "trimmed")
PRIMARY_ESTIMATOR = {"ATO": "overlap weights", "ATE": "inverse probability weights", "ATM": "matching weights",
                     "ATT": "entropy balancing"}  # fmt: skip


def levels(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """Return the levels of every axis of the grid."""
    return {
        "estimator": protocol.multiverse.estimators,
        "caliper": (*(f"{width:g}" for width in protocol.multiverse.calipers_sd), "none"),
        "covariates": tuple(one.name for one in protocol.multiverse.covariates),
        "form": FORMS,
        "missing": MISSING,
        "outcome": tuple(_outcome_names(protocol)),
        "population": POPULATIONS,
    }


def _outcome_names(protocol: Protocol) -> dict[str, tuple[OutcomeName, int]]:
    """Return the printed name of each outcome of the grid with its key and horizon."""
    days, stay = protocol.outcome.horizon_days, protocol.outcome.whole_stay_days
    return {
        f"death, day {days}": ("death", days),
        "death in hospital": ("death", stay),
        f"ventilation or death, day {days}": ("imv_or_death", days),
    }


def specifications(protocol: Protocol) -> pd.DataFrame:
    """Return the full product with exclusions; ``primary`` marks the primary analysis."""
    table, first = grid(levels(protocol)), _outcome_names(protocol)
    wanted = {
        "estimator": PRIMARY_ESTIMATOR.get(protocol.estimand.primary, "overlap weights"),
        "caliper": NOT_USED,
        "covariates": primary_set(protocol),
        "form": FORMS[0],
        "missing": MISSING[0],
        "outcome": next(iter(first)),
        "population": POPULATIONS[0],
    }
    return table.assign(primary=(table[list(wanted)] == pd.Series(wanted)).all(axis=1))


def primary_set(protocol: Protocol) -> str:
    """Return the name of the covariate set that holds the terms of the score and nothing else."""
    score, sets = set(protocol.propensity.columns), _cumulative(protocol)
    return next((one.name for one, columns in sets if set(columns) == score and not one.interaction), "")


def _cumulative(protocol: Protocol) -> Iterator[tuple[CovariateSet, list[str]]]:
    sets = protocol.multiverse.covariates
    return zip(sets, accumulate([*one.adds] for one in sets), strict=True)


def known_outcomes(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the patients of whom every outcome of the grid is known: nobody transferred before a horizon."""
    return frame[_outcomes(frame, protocol).notna().all(axis=1)]


def _outcomes(frame: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return each outcome of the grid as 0/1, NaN where the patient was censored before it."""
    named = _outcome_names(protocol)
    return pd.DataFrame({name: endpoint(frame, key).by(days) for name, (key, days) in named.items()})


def material(frame: pd.DataFrame, protocol: Protocol) -> Material:
    """Return the designs, drugs and outcomes that all specifications draw on.

    Knots and filled values are those of all patients; a restriction of the population does not move them.
    ``frame`` holds patients whose outcomes are known (``known_outcomes``).
    """
    outcomes, designs = _outcomes(frame, protocol).reset_index(drop=True), {}
    for (one, columns), form in product(_cumulative(protocol), FORMS):
        terms = [_term(protocol, name, linear=form == "linear") for name in columns]
        design = design_matrix(frame, terms, impute_from=protocol.propensity.impute_from)
        filled = _with_interaction(design, one.interaction).to_numpy(float)
        complete = frame[columns].notna().all(axis=1).to_numpy()
        designs[one.name, form, MISSING[0]] = filled
        designs[one.name, form, MISSING[1]] = np.where(complete[:, None], filled, np.nan)
    return Material(designs, frame["treated"].to_numpy(bool), outcomes, frame["period"].to_numpy())


def _term(protocol: Protocol, name: str, *, linear: bool) -> Term:
    """Return the form of a covariate in the score, linear if it has none there."""
    plain = Term(column=name, form="linear")
    term = next((term for term in protocol.propensity.terms if term.column == name), plain)
    return plain if linear and term.form != "category" else term


def _with_interaction(design: pd.DataFrame, pair: tuple[str, ...]) -> pd.DataFrame:
    """Return the design with the products of the dummies of two categories."""
    if not pair:
        return design
    first, second = ([name for name in design if name.startswith(f"{part}[")] for part in pair)
    products = {f"{a}:{b}": design[a] * design[b] for a in first for b in second}
    return pd.concat([design, pd.DataFrame(products)], axis=1)


def specification_curve(table: pd.DataFrame, given: Material, protocol: Protocol) -> pd.DataFrame:
    """Return the estimates of all valid rows of ``specifications``."""
    return curve(
        table[table["excluded"] == ""], given, min_share=protocol.sensitivity.concurrent_min_share,
        trim=protocol.multiverse.trim, caliper_scale=protocol.matching.caliper_scale,
        order=protocol.matching.order,
    )  # fmt: skip


def plasmode(given: Material, protocol: Protocol) -> Plasmode:
    """Return the data-generating models of the null curves, fitted with the terms of the score."""
    by_28, in_hospital, either = list(given.outcomes)
    links = (Link(either), Link(by_28, either, 1), Link(in_hospital, by_28, 0))
    design = given.designs[primary_set(protocol), FORMS[0], MISSING[0]]
    return fit_plasmode(design, given.arm, given.outcomes, links)


@dataclass(frozen=True, slots=True)
class NullCurves:
    """Everything a process needs to compute null curves."""

    table: pd.DataFrame
    given: Material
    model: Plasmode
    protocol: Protocol

    def statistics(self, first: int, last: int) -> pd.DataFrame:
        """Return the statistics of null data sets ``first`` to ``last - 1``; each has its own seed."""
        return pd.concat([self._one(number) for number in range(first, last)], ignore_index=True)

    def _one(self, number: int) -> pd.DataFrame:
        rng = np.random.default_rng([self.protocol.inference.seed, NULL_STREAM, number])
        rows, arm, outcomes = self.model.draw(rng)
        resampled = self.given.take(rows, arm, outcomes[list(self.given.outcomes)])
        found = specification_curve(self.table, resampled, self.protocol)
        return statistics(found, alpha=self.protocol.equivalence.alpha).assign(number=number)


def null_curves(frame: pd.DataFrame, protocol: Protocol) -> NullCurves:
    """Return the null curves of a cohort, ready to be computed."""
    given = material(known_outcomes(frame, protocol), protocol)
    return NullCurves(specifications(protocol), given, plasmode(given, protocol), protocol)


def curve_of(patients: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the specification curve of patients whose outcomes are known."""
    return specification_curve(specifications(protocol), material(patients, protocol), protocol)


def place_of_primary(curve: pd.DataFrame) -> float:
    """Return the share of the specifications of its outcome that lie below the primary one."""
    primary = curve[curve["primary"]].iloc[0]
    same = curve[curve["outcome"] == primary["outcome"]]
    return float((same["estimate"] < primary["estimate"]).mean())


def joint_rows(curve: pd.DataFrame, nulls: pd.DataFrame, protocol: Protocol) -> pd.DataFrame:
    """Return the statistics of the whole curve and their joint p-values as rows, per ``facet``.

    ``nulls`` are the null curves of this cohort; without any there are no numbers, and ``method`` says so.
    """
    if nulls.empty:
        missing = {name: JOINT[name] for name in ("null_median", "p_median", "p_small_p", "p_one_sign")}
        row = {"facet": "all", "nulls": 0, "method": NO_NULLS} | dict.fromkeys(missing, np.nan)
        return long(pd.DataFrame([row]), missing)
    return long(joint_p_values(statistics(curve, alpha=protocol.equivalence.alpha), nulls), JOINT)
