"""What no single value betrays: slips of units, missing codes, swapped columns; warnings that somebody must look at."""

import itertools

import numpy as np
import pandas as pd

from study.hospital.columns import Ours
from study.hospital.findings import Finding, finding

LEAST = 10  # values in a group, to compare it with the others
FOLD, HOURS = (
    np.log(4.0),
    np.log(8.0),
)  # between medians of groups; hours in place of days are 24 times as many
VARY = ("age", "sex", "followup_day")  # what cannot be the same in everybody
SENTINELS = (0, 9, 88, 99, 999, 9999, 99999, 888, 777, 8888, 7777, 666, -1, -9, -99, -999)
ODD = {0: "years", 9: "points"}  # codes that are looked for in columns of one unit
SMOOTH, BINS = 0.28, 160  # bandwidth in standard deviations, bins of the logarithm
SWAP = 0.5  # by how much, in logarithms, two columns must fit better under each other's name
CHANCE = 3.0  # over the root of a hospital's patients, by how much more: medians of few vary, and hospitals are many
LIKE = ("crp", "alt", "il6", "ldh", "ferritin", "ddimer", "platelets", "egfr", "resp_rate", "bmi", "age")
LOOK = "look at the unit, then correct or acknowledge it"


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
            found += _slips(name, values, groups, HOURS if row["unit"] == "days" else FOLD)
    return found + _swapped(made, groups)


def _groups(made: Ours) -> dict[str, np.ndarray]:
    """Return the codes of hospitals, arms and periods, -1 where unknown."""
    names = [name for name in ("hospital", "drug", "period") if made.has(name)]
    return {name: made.frame[name].astype("category").cat.codes.to_numpy() for name in names}


def _constant(made: Ours, name: str) -> list[Finding]:
    """Return what is the same in everybody: a column may have been filled to satisfy somebody."""
    row, values = made.dictionary.loc[name], made.frame[name]
    binary = row["type"] == "binary" and row["role"] in ("negative control", "safety", "baseline")
    few = (
        2
        if pd.notna(row["median_low"]) and row["unit"] not in ("points", "days", "mg dexamethasone/day")
        else 1
    )
    filled = binary or name in VARY or few == 2
    if not filled or values.count() < 50 or values.nunique() > few:
        return []
    do = "leave the column out if it was not recorded, or acknowledge it"
    return finding(
        "column.constant",
        name,
        "differ between patients",
        do,
        level="warning",
        found="one value or two",
    )


def _codes(name: str, row: pd.Series, values: np.ndarray) -> list[Finding]:
    """Return numbers that stand for nothing known: nines and the like, more often than the numbers around them."""
    found: list[Finding] = []
    known = np.sort(values[~np.isnan(values)])
    for code in SENTINELS:
        hits = values == code
        count = int(hits.sum())
        inside = pd.notna(row["low"]) and row["low"] <= code <= row["high"]
        repeated = str(abs(code)).strip("9") != ""  # 777 may be a measurement, and rarely is one often
        inside = inside and code < 100
        if count < (5 if repeated else 1) or row["unit"] != ODD.get(code, row["unit"]):
            continue
        if (inside and code < 0) or (0 <= code < 99 and not inside):
            continue
        width = 1.0 if code == 9 else max(10.0, 0.05 * abs(code))
        near = np.searchsorted(known, code + width, "right") - np.searchsorted(known, code - width) - count
        around = near / (2 * width)
        if count > 5 * around + (5 if inside and code else 0):
            do = f"if it says that nothing is known, name {code} under [missing], else acknowledge it"
            found += finding("value.code", name, f"mean it where it says {code}", do, hits, level="warning")
    zeros = values == 0
    if zeros.sum() > 3 and pd.notna(row["low"]) and row["low"] > 0 and row["unit"] != "days":
        do = "if it says that nothing is known, name 0 under [missing.columns]"
        found += finding("value.code", name, "mean it where it says 0", do, zeros)
    return found


def _median(name: str, row: pd.Series, values: np.ndarray) -> list[Finding]:
    known = values[~np.isnan(values)]
    if len(known) < 30 or row["median_low"] <= np.median(known) <= row["median_high"]:
        return []
    must = f"have a median between {row['median_low']:g} and {row['median_high']:g} {row['unit']}".strip()
    do = "name their unit under [units], or acknowledge it"
    return finding(
        "unit.median", name, must, do, level="warning", found="another, which a slip of units would give"
    )


def _slips(name: str, values: np.ndarray, groups: dict[str, np.ndarray], fold: float) -> list[Finding]:
    """Return a slip of units in a group, or in part of the rows."""
    logs = np.log(np.where(values > 0, values, np.nan))
    for by, codes in groups.items():
        known = np.unique(codes[codes >= 0])
        for group in known[:1] if len(known) == 2 else known:  # of two, each is all others of the other
            mine = codes == group
            here, there = logs[mine & ~np.isnan(logs)], logs[~mine & ~np.isnan(logs)]
            if min(len(here), len(there)) >= LEAST and abs(np.median(here) - np.median(there)) > fold:
                must = f"have like values in each {by}"
                return finding("unit.group", name, must, LOOK, mine & ~np.isnan(logs), level="warning")
    return _two_humps(name, logs) if fold == FOLD and name != "barthel" else []


def _two_humps(name: str, logs: np.ndarray) -> list[Finding]:
    """Return rows of the smaller of two humps that lie more than fourfold apart with a valley between."""
    known = logs[~np.isnan(logs)]
    spread = float(np.std(known)) if len(known) else 0.0
    if len(known) < 60 or spread < FOLD / 4:
        return []
    counts, edges = np.histogram(known, BINS)
    step = edges[1] - edges[0]
    reach = np.arange(-BINS, BINS + 1) * step
    quartiles = np.subtract(*np.percentile(known, [75, 25])) / 1.35
    width = SMOOTH * min(spread, max(quartiles, step)) * (200 / max(200, len(known))) ** 0.1
    kernel = np.exp(-0.5 * (reach / width) ** 2)
    height = np.convolve(counts, kernel / kernel.sum())[BINS : 2 * BINS]
    peaks = np.flatnonzero((height[1:-1] > height[:-2]) & (height[1:-1] >= height[2:])) + 1
    for low, high in itertools.combinations(peaks, 2):
        valley = low + int(np.argmin(height[low : high + 1]))
        lesser = min(height[low], height[high])
        apart = (high - low) * step > FOLD and height[valley] < 0.6 * lesser
        below = known < edges[valley]
        if apart and min(below.sum(), (~below).sum()) >= max(LEAST, 0.05 * len(known)):
            smaller = logs < edges[valley] if below.mean() < 0.5 else logs >= edges[valley]
            must = "have its values in one range, not in two fourfold apart"
            return finding("unit.mixture", name, must, LOOK, smaller, level="warning")
    return []


def _swapped(made: Ours, groups: dict[str, np.ndarray]) -> list[Finding]:
    """Return pairs of columns that would fit better under each other's name, in all rows or in a hospital."""
    found: list[Finding] = []
    typical = {
        name: np.log(np.sqrt(row["median_low"] * row["median_high"]))
        for name, row in made.dictionary.iterrows()
        if name in LIKE and made.has(str(name))
    }
    sets = {"": np.ones(len(made.lines), bool)}
    sets |= _parts(groups)
    values = {name: made.frame[name].to_numpy(float) for name in typical}
    centres = {
        part: {name: _log_median(column[mask]) for name, column in values.items()}
        for part, mask in sets.items()
    }
    for one, other in itertools.combinations(typical, 2):
        for part, mask in sets.items():
            a, b = centres[part][one], centres[part][other]
            own = abs(a - typical[one]) + abs(b - typical[other])
            least = SWAP + (CHANCE / np.sqrt(mask.sum()) if part else 0.0)
            if own - abs(b - typical[one]) - abs(a - typical[other]) > least:
                do = f"if {one} and {other} are swapped, name them right under [columns]; else acknowledge it"
                rows = mask if part else None
                must = f"not fit better as {other}"
                where = {} if part else {"found": f"medians nearer to those of {other}"}
                found += finding("columns.swapped", one, must, do, rows, level="warning", **where)
                break
    return found + _ratios(made, groups) + _indices(made, groups)


def _parts(groups: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the rows of each hospital, arm and period, where there are several."""
    known = {by: np.unique(codes[codes >= 0]) for by, codes in groups.items()}
    return {f"{by} {code}": groups[by] == code for by in known if len(known[by]) > 1 for code in known[by]}


def _log_median(values: np.ndarray) -> float:
    known = values[values > 0]
    return float(np.log(np.median(known))) if len(known) >= 2 * LEAST else np.nan


def _ratios(made: Ours, groups: dict[str, np.ndarray]) -> list[Finding]:
    """SpO2/FiO2 lies above PaO2/FiO2 in nearly all who are short of oxygen (Rice and others, Chest 2007;132:410)."""
    if not made.has("spo2_fio2", "pao2_fio2"):
        return []
    spo2, pao2 = made.frame["spo2_fio2"].to_numpy(float), made.frame["pao2_fio2"].to_numpy(float)
    lower, both = pao2 > spo2, ~np.isnan(pao2 + spo2)
    sets = {"": np.ones(len(both), bool)} | _parts(groups)
    if not any(
        (both & m).sum() >= LEAST and lower[both & m].mean() > (0.5 if by else 0.25) for by, m in sets.items()
    ):
        return []
    do = "if spo2_fio2 and pao2_fio2 are swapped, name them right under [columns]; else acknowledge it"
    return finding("columns.swapped", "spo2_fio2", "lie above pao2_fio2 in most", do, lower, level="warning")


def _indices(made: Ours, groups: dict[str, np.ndarray]) -> list[Finding]:
    """Charlson counts diagnoses and SOFA organ failure: diagnoses must go with the first more than with the second."""
    names = [name for name in ("ckd", "copd", "ihd", "cancer", "diabetes") if made.has(name)]
    if not made.has("charlson", "sofa") or len(names) < 3:
        return []
    table = made.frame[["charlson", "sofa"]].assign(
        diagnoses=made.frame[names].sum(axis=1, min_count=len(names))
    )
    do = "if charlson and sofa are swapped, name them right under [columns]; else acknowledge it"
    must = "go with the number of diagnoses more than sofa does"
    for part, mask in ({"": np.ones(len(table), bool)} | _parts(groups)).items():
        known = table[mask].dropna()
        if len(known) < 3 * LEAST or (known.nunique() < 2).any():
            continue
        with_charlson, with_sofa = known.corr()["diagnoses"].loc[["charlson", "sofa"]]
        if with_sofa > with_charlson + 0.05 + (CHANCE / np.sqrt(len(known)) if part else 0.0):
            rows = mask if part else None
            where = {} if part else {"found": "the opposite"}
            return finding("columns.swapped", "charlson", must, do, rows, level="warning", **where)
    return []
