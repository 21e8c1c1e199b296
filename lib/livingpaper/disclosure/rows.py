"""One row of the ledger as it may be shown: what kind of number it is, how many people it needs, how exact it may be.

The kinds have the names of the statbarns of ACRO (w3id.org/statbarnsdc), so that those who check outputs know them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from livingpaper.disclosure.profiles import Profile, decimals, digits

ENDS = {"min", "max", "minimum", "maximum", "range", "mode", "first", "last", "longest", "shortest"}
QUANTILE = re.compile(r"(?:(?P<median>median|iqr)|(?:q|p|quantile|percentile)_?(?P<share>\d{1,2}))")
LIKELIHOOD = re.compile(r"(?:^|[._])(?:log_?)?likelihood")
CONTRASTS = ("difference", "ratio", "hazard", "benefit", "per term", "log odds", "e-value")
TESTS = ("p value", "probability", "chi-square", "z", "statistic")
PEOPLE = re.compile(
    r"\b(\d[\d,]*)(?= (?:without|with|of|patients?|people|persons?|pairs?|deaths?|events?|were|are|left)\b)"
)
NUMBERS = ("estimate", "std_error", "conf_low", "conf_high", "n", "events")


@dataclass(frozen=True, slots=True)
class Shown:
    """A row as it may be shown, its kind, and why it is withheld; empty if it is not."""

    row: dict[str, Any]
    kind: str
    why: str = ""


def kind_of(row: Mapping[str, Any]) -> str:
    """Return which kind of number a row is, by its scale and the parts of its id."""
    scale, parts = str(row["scale"]).lower(), re.split(r"\.", str(row["id"]))
    words = {word for part in parts[1:] for word in part.split("_")}
    if LIKELIHOOD.search(row["id"]):
        return "HazardSurvivalTables"
    if words & ENDS:
        return "Endpoints"
    if any(map(QUANTILE.fullmatch, (*parts[1:], *words))):
        return "Position"
    if scale in ("count", "effective count") or scale.endswith("per 1,000"):
        return "Frequencies"
    if any(word in scale for word in CONTRASTS):
        return "CalculatedRatios"
    if scale.startswith("risk") or "percent" in scale:
        return "Proportions"
    if any(word in scale for word in TESTS):
        return "StatisticalHypothesisTests"
    if "days" in scale or "mean" in scale:
        return "LinearAggregations"
    return "Shape"


def shown(row: Mapping[str, Any], profile: Profile, *, people: float = np.nan) -> Shown:
    """Return a row of the ledger as it may be shown; what no rule allows is withheld.

    Parameters
    ----------
    row : mapping
        One row with the columns of the ledger; a column ``dof`` is its residual degrees of freedom.
    profile : Profile
        The thresholds.
    people : float
        The number of people behind rows that do not say it, none by default: then such rows are withheld.
    """
    kind = kind_of(row)
    n, events, estimate = (_number(row.get(name)) for name in ("n", "events", "estimate"))
    of = n if n == n else people
    why = _too_few(row, kind, profile, estimate, of, events)
    return (
        Shown(dict(row), kind, why) if why else Shown(_coarse(row, kind, profile, n, events, estimate), kind)
    )


def _too_few(
    row: Mapping[str, Any], kind: str, profile: Profile, estimate: float, of: float, events: float
) -> str:
    """Return why a row may not be shown; empty if it may."""
    k = profile.threshold
    if kind == "Endpoints":
        return "a minimum or maximum is one patient's"
    if kind == "Frequencies":
        if not estimate >= 0:
            return "a count that is missing or negative"
        known = of if of >= estimate else None
        return "" if profile.may_count(estimate, known) else f"a count below {k}, or the rest of its group"
    if of != of:
        return "how many people are behind it is not said (column n)"
    if of < k:
        return f"fewer than {k} people"
    if events == events and not profile.may_count(events, of):
        return f"fewer than {k} events, or than {k} without"
    if kind == "Proportions":
        return "" if of >= profile.percent_of else f"a percentage of fewer than {profile.percent_of}"
    if kind == "Position":
        enough = profile.may_quantile(of, _share(str(row["id"])))
        return "" if enough else f"a quantile with fewer than {k} people on a side"
    if LIKELIHOOD.search(str(row["id"])) and events != events:
        return "a likelihood tells the events of each arm, and they are not said (column events)"
    dof = _number(row.get("dof"))
    free = dof if dof == dof else of - 2
    return "" if free >= profile.dof else f"fewer than {profile.dof} residual degrees of freedom"


def _coarse(
    row: Mapping[str, Any], kind: str, profile: Profile, n: float, events: float, estimate: float
) -> dict[str, Any]:
    """Return a row with rounded counts, what is computed from counts computed anew, and no more digits than needed."""
    made = dict(row) | {
        name: profile.rounded(x) if x == x else np.nan for name, x in (("n", n), ("events", events))
    }
    numbers = {name: _number(row.get(name)) for name in ("estimate", "std_error", "conf_low", "conf_high")}
    if kind == "Frequencies":
        numbers |= dict.fromkeys(("std_error", "conf_low", "conf_high"), np.nan) | {
            "estimate": profile.rounded(estimate)
        }
    elif kind == "Proportions" and n > 0 and abs(estimate - events / n) < 1e-5:
        numbers["estimate"] = made["events"] / made["n"]
    if kind != "Frequencies" and profile.base > 1:
        numbers = {name: _few_digits(x, kind, str(row["scale"])) for name, x in numbers.items()}
    for name in ("population", "method", "estimand"):
        if isinstance(row.get(name), str):
            made[name] = PEOPLE.sub(lambda found: _people(found[1], profile), row[name])
    return made | numbers


def _few_digits(value: float, kind: str, scale: str) -> float:
    if value != value:
        return value
    if kind == "Proportions":
        return decimals(value, 0 if "percentage" in scale or (scale == "percent" and abs(value) > 1) else 2)
    return decimals(value, 3) if "risk difference" in scale or "benefit" in scale else digits(value)


def _people(number: str, profile: Profile) -> str:
    count = int(number.replace(",", ""))
    return f"fewer than {profile.threshold}" if profile.small(count) else f"{profile.rounded(count):,}"


def _share(id_: str) -> float:
    """Return which quantile an id names: ``median``, ``q25``, ``p_05``."""
    for word in (*id_.split(".")[1:], *re.split(r"[._]", id_)):
        if found := QUANTILE.fullmatch(word):
            return 0.5 if found["median"] else int(found["share"]) / 100
    return 0.0


def _number(value: object) -> float:
    return float(value) if pd.notna(value) else np.nan  # type: ignore[arg-type]
