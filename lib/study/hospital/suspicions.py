"""What no single value betrays: missing codes, columns filled to satisfy, medians; then slips and swaps; all to be looked at."""

import math

import numpy as np
import pandas as pd

from study.hospital.columns import Ours
from study.hospital.findings import Finding, finding
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


def check_suspicions(made: Ours) -> list[Finding]:
    """Return what the distributions say: of each column, of its groups, and of pairs of columns."""
    found: list[Finding] = []
    groups = _groups(made)
    for name in made.frame:
        row = made.dictionary.loc[name]
        if row["type"] not in ("number", "integer") or not made.frame[name].count():
            found += _constant(made, name)
            continue
        found += _constant(made, name)
        values = made.frame[name].to_numpy(float)
        found += _codes(name, row, values)
        if pd.notna(row["median_low"]):
            found += _median(name, row, values)
        if row["role"] == "baseline" and (name == "barthel" or row["unit"] not in ("points", "years")):
            found += check_slips(name, row, values, groups)
    return found + _no_points(made) + check_swaps(made, groups)


def _no_points(made: Ours) -> list[Finding]:
    """Return Charlson's index if it is 0 more often than 1 in those who have several of its diagnoses."""
    names = [name for name in DIAGNOSES if made.has("charlson", name)]
    several = made.frame[names].sum(axis=1) > 1
    zero, one = (several & (made.frame["charlson"] == points) if names else several for points in (0, 1))
    do = "if it says that nothing is known, name 0 under [missing.columns], else acknowledge it"
    must = f"be above 0 in those with two or more of {', '.join(names)}"
    odd = zero & (zero.sum() - one.sum() > NO_CHANCE * np.sqrt(zero.sum() + one.sum()))
    return finding("value.code", "charlson", must, do, odd, level="warning")


def _groups(made: Ours) -> dict[str, np.ndarray]:
    """Return the codes of hospitals, arms and periods, -1 where unknown."""
    names = [name for name in ("hospital", "drug", "period") if made.has(name)]
    return {name: made.frame[name].astype("category").cat.codes.to_numpy() for name in names}


def _constant(made: Ours, name: str) -> list[Finding]:
    """Return what is the same in everybody: a column may have been filled to satisfy somebody."""
    row, values = made.dictionary.loc[name], made.frame[name]
    binary = row["type"] == "binary" and row["role"] in ("negative control", "safety", "baseline")
    measured = pd.notna(row["median_low"]) and row["unit"] not in NOT_MEASURED
    few = 2 if measured else 1
    filled = binary or name in VARY or few == 2
    if not filled or values.iloc[:SOME].nunique() > few or values.count() < 50 or values.nunique() > few:
        return []
    do = "leave the column out if it was not recorded, or acknowledge it"
    must, found = "differ between patients", "one value or two"
    return finding("column.constant", name, must, do, level="warning", found=found)


def _codes(name: str, row: pd.Series, values: np.ndarray) -> list[Finding]:
    """Return numbers that stand for nothing known: nines and the like, more often than the numbers around them."""
    found: list[Finding] = []
    for code in SENTINELS:
        count = int(np.count_nonzero(values == code))
        inside = pd.notna(row["low"]) and row["low"] <= code <= row["high"]
        repeated = str(abs(code)).strip("9") != ""  # 777 may be a measurement, and rarely is one often
        inside = inside and code < 100
        odd = code == 0 and name in FEW_ZEROS
        if count < max(5 if repeated else 1, RARE * len(values) * odd) or (
            row["unit"] != ODD.get(code, row["unit"]) and not odd
        ):
            continue
        if (inside and code < 0) or (0 <= code < 99 and not inside):
            continue
        width = 1.0 if code == 9 or odd else max(10.0, 0.05 * abs(code))
        wide = 10.0 if name == "barthel" else width  # which goes by fives; some need help in everything
        around = (np.count_nonzero(np.abs(values - code) <= wide) - count) / (2 * width)
        if count > 5 * around + (5 if inside and code else 0) and _seldom(count, around):
            do = f"if it says that nothing is known, name {code} under [missing], else acknowledge it"
            must = f"mean it where it says {code}"
            found += finding("value.code", name, must, do, values == code, level="warning")
    if np.count_nonzero(values == 0) > 3 and row["low"] > 0 and row["unit"] != "days":
        do = "if it says that nothing is known, name 0 under [missing.columns]"
        found += finding("value.code", name, "mean it where it says 0", do, values == 0)
    return found


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
    return finding(
        "unit.median", name, must, do, level="warning", found="another, which a slip of units would give"
    )
