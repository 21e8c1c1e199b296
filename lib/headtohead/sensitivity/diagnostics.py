"""Diagnostics that a design has to meet before anyone looks at its estimates.

Each check is a row: what was measured, its threshold, and whether it holds. None uses the outcome by arm but the
negative control, an outcome that neither drug can change.

Walker et al. (2013) Comparative Effectiveness Research 3:11-20. doi:10.2147/CER.S40357 (equipoise)
Schuemie et al. (2020) J Am Med Inform Assoc 27:1331-1337. doi:10.1093/jamia/ocaa103 (diagnostics before estimates)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
import pandas as pd

from headtohead import door
from headtohead.errors import cannot
from headtohead.outcomes.equivalence import minimum_detectable_difference

COLUMNS = ("key", "diagnostic", "scale", "value", "low", "high", "rule", "threshold", "passed", "method")
Rule = Literal["at most", "at least", "within"]


def check(
    key: str, diagnostic: str, scale: str, value: float, *, rule: Rule, threshold: float, **more: Any
) -> dict[str, Any]:
    """Return one row of the panel: short name, words, how the value is printed, and whether it holds.

    ``rule`` says how the value has to stand to the threshold; "within": the interval ``low`` to ``high`` lies inside
    it on both sides of zero. A value that cannot be had is NaN: the check fails, ``method`` says why. ``low``,
    ``high`` and ``method`` are among ``more``. Raises ValueError if the value is missing without a reason.
    """
    door.choice("rule", rule, Rule)
    row: dict[str, Any] = {"low": np.nan, "high": np.nan, "method": ""} | more
    if np.isnan(value):
        if not row["method"]:
            raise ValueError(f"a check without a value must say why, {key!r} does not; give method")
        passed = False
    elif rule == "within":
        passed = bool(-threshold < row["low"] and row["high"] < threshold)
    else:
        passed = bool(value <= threshold if rule == "at most" else value >= threshold)
    row |= {"key": key, "diagnostic": diagnostic, "scale": scale, "value": float(value)}
    return row | {"rule": rule, "threshold": threshold, "passed": passed}


def panel(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Return the checks as a frame with ``COLUMNS``."""
    return pd.DataFrame(list(rows), columns=list(COLUMNS))


@door.guarded
def preference_score(ps: pd.Series, treated: pd.Series) -> pd.Series:
    """Return the score freed of how common each drug is: logit F = logit e - logit Pr(A = 1) (Walker et al.)."""
    # one half means that a patient's covariates do not favour either drug
    treated = door.scored(ps, treated)
    odds = ps / (1 - ps) / (treated.mean() / (1 - treated.mean()))
    return (odds / (1 + odds)).rename("preference")


@door.guarded
def share_in_equipoise(ps: pd.Series, treated: pd.Series, *, low: float, high: float) -> float:
    """Return the smaller of both arms' shares with a preference score in ``low`` to ``high``: each drug must have been open."""
    treated, inside = door.scored(ps, treated), preference_score(ps, treated).between(low, high)
    return float(min(inside[treated].mean(), inside[~treated].mean()))


def largest_missing_share(frame: pd.DataFrame) -> tuple[str, float]:
    """Return the column with the most missing values, and their share."""
    share = door.as_float(frame).isna().mean()
    return str(share.idxmax()), float(share.max())


def largest_standardised_coefficient(design: pd.DataFrame, coefficients: pd.DataFrame) -> tuple[str, float]:
    """Return the term (column of the design) with the largest coefficient per standard deviation, and that."""
    slope = coefficients.set_index("term")["estimate"].reindex(design.columns)
    size = (slope * design.std()).abs()
    return str(size.idxmax()), float(size.max())


def distance_from_certainty(ps: pd.Series) -> float:
    """Return how near the most extreme score comes to zero or one."""
    return float(np.minimum(ps, 1 - ps).min())


def detectable(
    risk: float, n_treated: float, n_control: float, *, power: float, alpha: float
) -> tuple[float, str]:
    """Return the smallest increase of a risk that is found with this power, and why if there is none."""
    # the risk is that of both arms together: blind to the comparison; numbers of patients are effective ones
    try:
        harm, _ = minimum_detectable_difference(risk, n_treated, n_control, power=power, alpha=alpha)
    except ValueError as error:
        return float("nan"), cannot(error)
    return harm, ""
