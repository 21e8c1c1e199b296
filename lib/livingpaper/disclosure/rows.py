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

ENDS = {
    "min", "max", "minimum", "maximum", "range", "mode", "first", "last", "longest", "shortest", "common", "outlier",
}  # fmt: skip
# one patient's, or one pair's
ENDS_OF = ({"largest", "weight"}, {"largest", "distance"}, {"smallest", "distance"})
QUANTILE = re.compile(
    r"(?P<median>median|q2)|(?P<quarter>iqr|q1|q3)|(?:q|p|quantile|percentile)_?(?P<share>\d\d)"
)
LIKELIHOOD = re.compile(r"(?:^|[._])(?:log_?)?likelihood")
OF_BALANCE = ("variance ratio", "per term", "c-statistic", "smd", "score", "deviation")
CONTRASTS = ("difference", "ratio", "hazard", "benefit", "log odds", "e-value")
TESTS = ("p value", "probability", "chi-square", "z", "statistic")
# kinds that all of the cohort may stand behind
INHERIT = ("Shape", "CalculatedRatios", "StatisticalHypothesisTests")
PEOPLE = re.compile(
    r"(?<=n = )\d[\d,]*|\b\d[\d,]*(?= (?:without|with|of|patients?|people|persons?|pairs?|deaths?|events?|were|are|left)\b)"
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
    scale, parts = str(row["scale"]).lower(), str(row["id"]).split(".")
    words = {word for part in parts[1:] for word in part.split("_")}
    if LIKELIHOOD.search(str(row["id"])):
        return "HazardSurvivalTables"
    if words & ENDS or any(each <= words for each in ENDS_OF):
        return "Endpoints"
    if any(map(QUANTILE.fullmatch, (*parts[1:], *words))):
        return "Position"
    if scale in ("count", "effective count") or scale.endswith("per 1,000"):
        return "Frequencies"
    if any(word in scale for word in OF_BALANCE):
        return "Shape"
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
        The people of the cohort, who stand behind contrasts, tests and measures of balance without ``n``. Of other
        kinds, and if it is not known, rows without ``n`` are withheld.
    """
    kind = kind_of(row)
    n, events, estimate = (number(row.get(name)) for name in ("n", "events", "estimate"))
    of = people if n != n and kind in INHERIT else n
    if why := _too_few(row, kind, profile, estimate, of, events):
        return Shown(dict(row), kind, why)
    return Shown(_coarse(row, kind, profile, n, events, estimate), kind)


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
        # n patients are not all of n who had something
        itself = of == estimate and str(row["id"]).endswith(".n")
        known = of if of >= estimate and not itself else None
        return "" if profile.may_count(estimate, known) else f"a count below {k}, or the rest of its group"
    if of != of:
        return "how many people are behind it is not said (column n)"
    if of < k:
        return f"fewer than {k} people"
    if kind == "Proportions":
        if of < profile.percent_of:
            return f"a percentage of fewer than {profile.percent_of}"
        events = events if events == events else float(np.rint(share_of(row) * of))
    if events == events and not profile.may_count(events, of):
        return f"fewer than {k} events, or than {k} without"
    if kind == "Position":
        enough = profile.may_quantile(of, _quantile(str(row["id"])))
        return "" if enough else f"a quantile with fewer than {k} people on a side"
    if kind == "HazardSurvivalTables" and events != events:
        return "a likelihood tells the events of each arm, and they are not said (column events)"
    dof = number(row.get("dof"))
    free = dof if dof == dof else of - 2
    return "" if free >= profile.dof else f"fewer than {profile.dof} residual degrees of freedom"


def share_of(row: Mapping[str, Any]) -> float:
    """Return a proportion as a share, whether its row says it in per cent or not."""
    estimate = number(row.get("estimate"))
    return estimate / 100 if "percent" in str(row["scale"]) and abs(estimate) > 1 else estimate


def _coarse(
    row: Mapping[str, Any], kind: str, profile: Profile, n: float, events: float, estimate: float
) -> dict[str, Any]:
    """Return a row with rounded counts, what is computed from counts computed anew, and no more digits than needed."""
    made = dict(row) | {
        name: profile.rounded(x) if x == x else np.nan for name, x in (("n", n), ("events", events))
    }
    numbers = {name: number(row.get(name)) for name in ("estimate", "std_error", "conf_low", "conf_high")}
    if kind == "Frequencies":
        numbers = dict.fromkeys(numbers, np.nan) | {"estimate": profile.rounded(estimate)}
    elif kind == "Proportions" and n > 0 and unweighted(row):
        numbers["estimate"] *= profile.rounded(share_of(row) * n) / made["n"] / (share_of(row) or 1.0)
    elif kind == "Shape":
        made["events"] = np.nan  # how many have what is compared; only to judge by
    if kind != "Frequencies" and profile.base > 1:
        numbers = {name: _few_digits(x, kind, str(row["scale"])) for name, x in numbers.items()}
    for name in ("population", "method", "estimand", *(["text"] if estimate != estimate else [])):
        if isinstance(row.get(name), str):
            made[name] = PEOPLE.sub(lambda found: _people(found[0], profile), row[name])
    return made | numbers


def unweighted(row: Mapping[str, Any]) -> bool:
    """Return whether a proportion is one whole number of people over another."""
    n, events = number(row.get("n")), number(row.get("events"))
    count = share_of(row) * n
    return bool(
        abs(count - np.rint(count)) < 1e-4 * max(1.0, n / 100)
        and (events != events or abs(count - events) < 0.5)
    )


def _few_digits(value: float, kind: str, scale: str) -> float:
    if value != value:
        return value
    if kind == "Proportions":
        return decimals(value, 0 if "percentage" in scale or (scale == "percent" and abs(value) > 1) else 2)
    if scale == "smd":
        return decimals(value, 2)
    return decimals(value, 3) if "risk difference" in scale or "benefit" in scale else digits(value)


def _people(text: str, profile: Profile) -> str:
    count = int(text.replace(",", ""))
    return f"fewer than {profile.threshold}" if profile.small(count) else f"{profile.rounded(count):,}"


def _quantile(id_: str) -> float:
    """Return which quantile an id names: ``median``, ``q1``, ``q25``, ``p_05``; 0 if none."""
    for word in (*id_.split(".")[1:], *re.split(r"[._]", id_)):
        if found := QUANTILE.fullmatch(word):
            return 0.5 if found["median"] else 0.25 if found["quarter"] else int(found["share"]) / 100
    return 0.0


def differing(rows: pd.DataFrame, ledger: pd.DataFrame, *, rtol: float) -> list[str]:
    """Return the ids of rows whose numbers, to a relative tolerance, or texts are not those of a ledger indexed by id."""
    known = ledger.reindex(rows["id"])
    ours, theirs = (each[[*NUMBERS]].to_numpy(float) for each in (rows, known))
    same = np.isclose(ours, theirs, rtol=rtol, equal_nan=True).all(axis=1)
    return list(rows["id"][~same | (rows["text"].to_numpy() != known["text"].to_numpy())])


def number(value: object) -> float:
    """Return a cell as a number, NaN where it is empty."""
    return float(value) if pd.notna(value) else np.nan  # type: ignore[arg-type]
