"""What no single value betrays: missing codes, columns filled to satisfy, medians; then slips and swaps; all to be looked at."""

import math
from collections.abc import Iterator

import numpy as np
import pandas as pd

from study.hospital.columns import Ours
from study.hospital.findings import Finding, finding, warning
from study.hospital.slips import check_slips
from study.hospital.swaps import DIAGNOSES, check_swaps

NOT_MEASURED = ("points", "days", "mg dexamethasone/day")
VARY = ("age", "sex", "followup_day")  # what cannot be the same in everybody
SENTINELS = (0, 9, 88, 99, 999, 9999, 99999, 888, 777, 8888, 7777, 666, -1, -9, -99, -999)
SOME = 1000  # rows, which mostly tell that a column is not constant
NO_CHANCE = 2.5  # standard errors: 1 is never the rarer, so that even equal numbers are odd
RARE = 0.01  # of the rows: so many are in bed, or fail in no organ; a code is in more
FEW_ZEROS = ("sofa", "barthel")  # in these patients, where 0 is possible
ODD = {0: "years", 9: "points"}  # codes that are looked for in columns of one unit


def check_suspicions(made: Ours) -> Iterator[Finding]:
    """Yield what the distributions say: of each column, of its groups, and of pairs of columns."""
    groups = _groups(made)
    for name in made.frame:
        row = made.dictionary.loc[name]
        yield from _constant(name, row, made.frame[name])
        if row["type"] not in ("number", "integer") or not made.frame[name].count():
            continue
        values = made.frame[name].to_numpy(float)
        yield from _codes(name, row, values)
        if pd.notna(row["median_low"]):
            yield from _median(name, row, values)
        if row["role"] == "baseline" and (name == "barthel" or row["unit"] not in ("points", "years")):
            yield from check_slips(name, row, values, groups)
    yield from _no_points(made)
    yield from check_swaps(made, groups)


def _no_points(made: Ours) -> list[Finding]:
    """Return Charlson's index if it is 0 more often than 1 in those who have several of its diagnoses."""
    names = [name for name in DIAGNOSES if made.has("charlson", name)]
    several = made.frame[names].sum(axis=1) > 1
    zero, one = (several & (made.frame["charlson"] == points) if names else several for points in (0, 1))
    do = "if it says that nothing is known, name 0 under [missing.columns], else acknowledge it"
    must = f"be above 0 in those with two or more of {', '.join(names)}"
    odd = zero & (zero.sum() - one.sum() > NO_CHANCE * np.sqrt(zero.sum() + one.sum()))
    return warning("value.code", "charlson", must, do, odd)


def _groups(made: Ours) -> dict[str, np.ndarray]:
    """Return the codes of hospitals, arms and periods, -1 where unknown."""
    return {name: made.codes(name) for name in filter(made.has, ("hospital", "drug", "period"))}


def _constant(name: str, row: pd.Series, values: pd.Series) -> list[Finding]:
    """Return what is the same in everybody: a column may have been filled to satisfy somebody."""
    binary = row["type"] == "binary" and row["role"] in ("negative control", "safety", "baseline")
    measured = pd.notna(row["median_low"]) and row["unit"] not in NOT_MEASURED
    few = 2 if measured else 1
    filled = binary or name in VARY or measured
    if not filled or values.iloc[:SOME].nunique() > few or values.count() < 50 or values.nunique() > few:
        return []
    do = "leave the column out if it was not recorded, or acknowledge it"
    must, found = "differ between patients", "one value or two"
    return warning("column.constant", name, must, do, found=found)


def _codes(name: str, row: pd.Series, values: np.ndarray) -> Iterator[Finding]:
    """Yield numbers that stand for nothing known: nines and the like, more often than the numbers around them."""
    for code in SENTINELS:
        count = int(np.count_nonzero(values == code))
        inside = pd.notna(row["low"]) and row["low"] <= code <= row["high"] and code < 100
        repeated = str(abs(code)).strip("9") != ""  # 777 may be a measurement, and rarely is one often
        odd = code == 0 and name in FEW_ZEROS
        few = count < max(5 if repeated else 1, RARE * len(values) * odd)
        other = row["unit"] != ODD.get(code, row["unit"]) and not odd
        if few or other or (inside and code < 0) or (0 <= code < 99 and not inside):
            continue
        width = 1.0 if code == 9 or odd else max(10.0, 0.05 * abs(code))
        wide = 10.0 if name == "barthel" else width  # which goes by fives; some need help in everything
        around = (np.count_nonzero(np.abs(values - code) <= wide) - count) / (2 * width)
        if count > 5 * around + (5 if inside and code else 0) and _seldom(count, around):
            do = f"if it says that nothing is known, name {code} under [missing], else acknowledge it"
            yield from warning("value.code", name, f"mean it where it says {code}", do, values == code)
    if np.count_nonzero(values == 0) > 3 and row["low"] > 0 and row["unit"] != "days":
        do = "if it says that nothing is known, name 0 under [missing.columns]"
        yield from finding("value.code", name, "mean it where it says 0", do, values == 0)


def _seldom(count: int, expected: float) -> bool:
    """Return whether chance gives so many less than once in 300 columns (Poisson)."""
    fewer = sum(expected**k / math.factorial(k) for k in range(min(count, 20)))
    return 1 - math.exp(-expected) * fewer < 1 / 300


def _median(name: str, row: pd.Series, values: np.ndarray) -> list[Finding]:
    known = values[~np.isnan(values)]
    if len(known) < 30 or row["median_low"] <= np.median(known) <= row["median_high"]:
        return []
    must = f"have a median between {row['median_low']:g} and {row['median_high']:g} {row['unit']}".strip()
    do = "name their unit under [units], or acknowledge it"
    return warning("unit.median", name, must, do, found="another, which a slip of units would give")
